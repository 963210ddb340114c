/* sd_notify, the few lines of it that are needed: one datagram to a Unix socket. libsystemd was left: it is a megabyte
 * of library for one sendto. A failure is not reported: systemd's own timeout is the answer. Loop thread. */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fieldline/number.h"

void notify_send(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path) {
        return;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, bytes);
    (void)sent;
    close(fd);
}

int64_t notify_watchdog_ms(void) {
    const char *text = getenv("WATCHDOG_USEC");
    int64_t us;
    if (text == NULL || !number_i64(text, strlen(text), 1000, INT64_MAX, &us)) {
        return 0;
    }
    return us / 1000 / 2;
}
