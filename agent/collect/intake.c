/* Datagram sockets for statsd and syslog.
 *
 * The loop is level-triggered, so at most ROUND datagrams are read each time one is ready: a program that floods gets
 * its datagrams dropped by its own socket's queue (the kernel's, bounded) and not at the expense of acks and timers.
 * Of a Unix socket nothing is dropped unseen (the sender blocks or gets EAGAIN); what the kernel dropped of UDP comes
 * with the next datagram (SO_RXQ_OVFL). The Unix socket's folder belongs to the agent; its group decides who may send
 * (0660). Abstract sockets were left: they have no permissions. Loop thread. */
#include "collect/intake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fieldline/bytes.h"

enum { ROUND = 64, UNIX_SOCKET_MODE = 0660 };

struct intake {
    struct loop *loop;
    int unix_fd, udp_fd; /* -1: off */
    char *path;
    intake_fn *fn;
    void *self;
    uint64_t oversize_count, dropped_count;
    uint32_t dropped_told;                       /* the kernel's own count, which wraps */
    uint8_t datagram[INTAKE_DATAGRAM_BYTES + 1]; /* one more, to see that it was too long */
};

static void count_dropped(struct intake *in, struct msghdr *message) {
    struct cmsghdr *at = CMSG_FIRSTHDR(message);
    uint32_t told;
    if (at != NULL && at->cmsg_level == SOL_SOCKET && at->cmsg_type == SO_RXQ_OVFL) {
        memcpy(&told, CMSG_DATA(at), sizeof told);
        in->dropped_count += told - in->dropped_told;
        in->dropped_told = told;
    }
}

static void receive(struct intake *in, int fd) {
    for (int i = 0; i < ROUND; i++) {
        _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint32_t))];
        struct iovec part = {in->datagram, sizeof in->datagram};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC);
        if (got < 0) {
            return;
        }
        count_dropped(in, &message);
        if (got > INTAKE_DATAGRAM_BYTES) {
            in->oversize_count++;
            continue;
        }
        in->fn(in->self, in->datagram, (size_t)got);
    }
}

static void on_unix(void *self, uint32_t events) {
    (void)events;
    struct intake *in = self;
    receive(in, in->unix_fd);
}

static void on_udp(void *self, uint32_t events) {
    (void)events;
    struct intake *in = self;
    receive(in, in->udp_fd);
}

static int unix_socket(const char *path, struct fault *fault) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(path) >= sizeof address.sun_path) {
        fault_set(fault, RESULT_TOO_BIG, "socket path %s is longer than %zu bytes", path, sizeof address.sun_path - 1);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
        fault_set(fault, RESULT_CONFLICT, "%s exists and is not a socket", path);
        return -1;
    }
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(path, UNIX_SOCKET_MODE) != 0) {
        fault_set(fault, RESULT_IO, "cannot listen on %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static int udp_socket(int64_t port, struct fault *fault) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        fault_set(fault, RESULT_IO, "cannot listen on UDP 127.0.0.1:%d: %s", (int)port, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

enum result intake_open(struct loop *loop, const char *name, const char *path, int64_t port, intake_fn *fn, void *self,
                        struct intake **out, struct fault *fault) {
    struct intake *in = mem_alloc(sizeof *in);
    *in = (struct intake){.loop = loop, .unix_fd = -1, .udp_fd = -1, .fn = fn, .self = self};
    if (path != NULL) {
        in->unix_fd = unix_socket(path, fault);
        if (in->unix_fd < 0) {
            goto failed;
        }
        in->path = mem_strdup(path);
    }
    if (port != 0) {
        in->udp_fd = udp_socket(port, fault);
        if (in->udp_fd < 0) {
            goto failed;
        }
    }
    if ((in->unix_fd >= 0 && loop_watch(loop, in->unix_fd, EPOLLIN, on_unix, in) != RESULT_OK) ||
        (in->udp_fd >= 0 && loop_watch(loop, in->udp_fd, EPOLLIN, on_udp, in) != RESULT_OK)) {
        fault_set(fault, RESULT_IO, "cannot watch: %s", strerror(errno));
        goto failed;
    }
    *out = in;
    return RESULT_OK;
failed:
    fault_prefix(fault, "[%s]", name);
    intake_close(in);
    return RESULT_IO;
}

void intake_close(struct intake *in) {
    if (in == NULL) {
        return;
    }
    if (in->unix_fd >= 0) {
        loop_unwatch(in->loop, in->unix_fd);
        close(in->unix_fd);
    }
    if (in->udp_fd >= 0) {
        loop_unwatch(in->loop, in->udp_fd);
        close(in->udp_fd);
    }
    if (in->path != NULL) {
        unlink(in->path);
    }
    free(in->path);
    free(in);
}

uint64_t intake_dropped_count(const struct intake *in) {
    return in->dropped_count;
}

uint64_t intake_oversize_count(const struct intake *in) {
    return in->oversize_count;
}
