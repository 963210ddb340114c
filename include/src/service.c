/* The whole protocol is one datagram, so it is written here rather than linking libsystemd, which would bring its own
 * dependencies into the agent. A name that begins with '@' is in the abstract namespace. */
#include "fieldline/service.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fieldline/number.h"

void service_notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (path[0] == '@')
        to.sun_path[0] = 0;
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    const socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    /* Nobody there to listen is the manager's affair, not ours. */
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, length);
    close(fd);
}

long service_watchdog_ms(void) {
    const char *text = getenv("WATCHDOG_USEC"), *whom = getenv("WATCHDOG_PID");
    int64_t us, pid;
    if (!text || !number_i64(text, strlen(text), 1, INT64_MAX, &us))
        return 0;
    if (whom && (!number_i64(whom, strlen(whom), 1, INT64_MAX, &pid) || pid != getpid()))
        return 0; /* inherited: a parent of ours is meant */
    return (long)(us / 2000);
}
