/* The listening end of a tool: loopback or nothing. */
#include "tool_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/number.h"

enum { WAITING_CONNECTIONS = 32 };

enum result tool_listen(const char *text, int *fd, int *port, struct fault *fault) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const bool is_v6 = strncmp(text, "[::1]:", 6) == 0;
    const char *number = is_v6 ? text + 6 : text + 10;
    int64_t wanted;
    if ((!is_v6 && strncmp(text, "127.0.0.1:", 10) != 0) || !number_i64(number, strlen(number), 0, 65535, &wanted)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s': expected 127.0.0.1:PORT or [::1]:PORT", text);
    }
    v4.sin_port = v6.sin6_port = htons((uint16_t)wanted);
    struct sockaddr *address = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t bytes = is_v6 ? sizeof v6 : sizeof v4;
    int socket_fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_fd < 0 || bind(socket_fd, address, bytes) != 0 || listen(socket_fd, WAITING_CONNECTIONS) != 0 ||
        getsockname(socket_fd, address, &bytes) != 0) {
        fault_set(fault, RESULT_IO, "%s: %s", text, strerror(errno));
        if (socket_fd >= 0) {
            close(socket_fd);
        }
        return RESULT_IO;
    }
    *port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
    *fd = socket_fd;
    return RESULT_OK;
}
