/* What a session of ours stands beside: the same keys, the same shell on the same kind of terminal, and nothing between
 * but a plain TCP relay. Two processes, as in a session: the far end, which has the terminal, and the relay, through
 * which the near end comes. No TLS, no record, no framing.
 *
 *   bench-relay      listens on a free port of loopback, prints it; serves one connection, ends with it */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(in_port_t port) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A listening socket on a free port. */
static int listener(in_port_t *port) {
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        fail("listen");
    }
    *port = address.sin_port;
    return fd;
}

static int without_delay(int fd) {
    const int yes = 1;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) {
        fail("connection");
    }
    return fd;
}

static int dial(in_port_t port) {
    const struct sockaddr_in address = loopback(port);
    const int fd = without_delay(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail("connect");
    }
    return fd;
}

/* One read, all of it written. False: this end is over. */
static bool pass(int from, int to) {
    static char bytes[PIECE];
    const ssize_t count = read(from, bytes, sizeof bytes);
    for (ssize_t at = 0; at < count;) {
        const ssize_t written = write(to, bytes + at, (size_t)(count - at));
        if (written <= 0) {
            return false;
        }
        at += written;
    }
    return count > 0;
}

static void pump(int a, int b) {
    struct pollfd ends[] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    while (poll(ends, 2, -1) > 0) {
        if ((ends[0].revents && !pass(a, b)) || (ends[1].revents && !pass(b, a))) {
            return;
        }
    }
}

static void far_end(int listening) {
    int terminal = -1;
    const int fd = without_delay(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
    const pid_t shell = forkpty(&terminal, NULL, NULL, NULL);
    if (shell < 0) {
        fail("forkpty");
    }
    if (shell == 0) {
        execl("/bin/sh", "sh", (char *)NULL);
        _exit(127);
    }
    pump(fd, terminal);
    kill(shell, SIGHUP);
    exit(0);
}

int main(void) {
    in_port_t near_port, far_port;
    const int near = listener(&near_port), far = listener(&far_port);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const pid_t child = fork();
    if (child < 0) {
        fail("fork");
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        far_end(far);
    }
    printf("%u\n", ntohs(near_port));
    fflush(stdout);
    pump(without_delay(accept4(near, NULL, NULL, SOCK_CLOEXEC)), dial(far_port));
    return 0;
}
