/* A service manager's ear: binds the socket that NOTIFY_SOCKET names and prints what arrives, a line for each, with the
 * milliseconds since it began to listen. Ends with its standard input.
 *
 *   fake-manager PATH
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fieldline/clock.h"

enum { MESSAGE_BYTES = 4096 };

static int listen_at(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof at.sun_path)
        return -1;
    memcpy(at.sun_path, path, strlen(path));
    unlink(path);
    return bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

static void print_message(int fd, long long ms) {
    char text[MESSAGE_BYTES];
    const ssize_t count = recv(fd, text, sizeof text - 1, 0);
    if (count < 0)
        return;
    text[count] = 0;
    for (char *c = text; *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    printf("%lld %s\n", ms, text);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "fake-manager: usage: fake-manager PATH\n");
        return 2;
    }
    const int fd = listen_at(argv[1]);
    if (fd < 0) {
        fprintf(stderr, "fake-manager: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    printf("0 listening\n");
    fflush(stdout);
    const int64_t began_ms = clock_mono_ms();
    struct pollfd polls[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    while (poll(polls, 2, -1) > 0 || errno == EINTR) {
        if (polls[0].revents)
            print_message(fd, clock_mono_ms() - began_ms);
        if (polls[1].revents)
            break;
    }
    unlink(argv[1]);
    return 0;
}
