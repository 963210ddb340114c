/* The stop button's socket. Loop thread; stop_door_ask runs in a command line of its own.
 *
 * A socket and not a signal or a file that is polled: the rights of its file say who may, the peer's user id can be
 * logged, and the caller learns whether somebody heard. Packets (SEQPACKET), so that there is nothing to reassemble.
 * One caller at a time and one packet from it: who connects and says nothing is closed when the next one comes; what
 * somebody has said is heard before that. */
#include "stop_door.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fieldline/number.h"

enum { ANSWER_WAIT_MS = 2000, BACKLOG = 8, SESSIONS_SANE = 1000 };

struct stop_door {
    struct loop *loop;
    stop_door_fn *stop;
    void *self;
    int fd, caller_fd;
    struct sockaddr_un address;
};

static enum result address_of(const char *run_dir, struct sockaddr_un *out, struct fault *fault) {
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    return snprintf(out->sun_path, sizeof out->sun_path, "%s/stop", run_dir) < (int)sizeof out->sun_path
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long for a socket", run_dir);
}

static void drop_caller(struct stop_door *d) {
    if (d->caller_fd >= 0) {
        loop_unwatch(d->loop, d->caller_fd);
        close(d->caller_fd);
        d->caller_fd = -1;
    }
}

static void on_packet(void *self, uint32_t events) {
    struct stop_door *d = self;
    char text[CAP_UUID_BYTES + 2] = "", answer[24];
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    ssize_t bytes = recv(d->caller_fd, text, sizeof text - 1, MSG_DONTWAIT);
    (void)events;
    if (bytes >= 0 && (bytes == 0 || uuid_valid(text))) {
        (void)getsockopt(d->caller_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
        size_t count = d->stop(d->self, bytes == 0 ? NULL : text);
        log_warn("agent.stop", "stopped_on_the_product", "uid=%d sessions=%zu", (int)peer.uid, count);
        int chars = snprintf(answer, sizeof answer, "%zu", count);
        ssize_t ignored = send(d->caller_fd, answer, (size_t)chars, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)ignored; /* the caller did not wait; its sessions end all the same */
    }
    drop_caller(d);
}

static void on_caller(void *self, uint32_t events) {
    struct stop_door *d = self;
    int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    (void)events;
    if (fd < 0) {
        return;
    }
    if (d->caller_fd >= 0) {
        on_packet(d, 0);
    }
    d->caller_fd = fd;
    if (loop_watch(d->loop, fd, EPOLLIN, on_packet, d) != RESULT_OK) {
        close(fd);
        d->caller_fd = -1;
    }
}

static enum result let_group(const struct agent_config *config, const char *path, struct fault *fault) {
    if (config->stop_group == NULL) {
        return RESULT_OK;
    }
    const struct group *group = getgrnam(config->stop_group);
    if (group == NULL || chown(path, (uid_t)-1, group->gr_gid) != 0 || chmod(path, 0660) != 0) {
        return fault_set(fault, RESULT_IO, "%s: not given to group %s: %s", path, config->stop_group,
                         group == NULL ? "no such group" : strerror(errno));
    }
    return RESULT_OK;
}

enum result stop_door_open(struct loop *loop, const struct agent_config *config, stop_door_fn *stop, void *self,
                           struct stop_door **out, struct fault *fault) {
    struct stop_door *d = mem_alloc(sizeof *d);
    *d = (struct stop_door){.loop = loop, .stop = stop, .self = self, .fd = -1, .caller_fd = -1};
    enum result result = address_of(config->run_dir, &d->address, fault);
    if (result != RESULT_OK) {
        free(d);
        return result;
    }
    unlink(d->address.sun_path); /* of an agent that was killed */
    d->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->fd < 0 || bind(d->fd, (struct sockaddr *)&d->address, sizeof d->address) != 0 ||
        chmod(d->address.sun_path, 0600) != 0 || listen(d->fd, BACKLOG) != 0) {
        result = fault_set(fault, RESULT_IO, "%s: %s", d->address.sun_path, strerror(errno));
    } else {
        result = let_group(config, d->address.sun_path, fault);
    }
    if (result == RESULT_OK) {
        result = loop_watch(loop, d->fd, EPOLLIN, on_caller, d);
    }
    if (result != RESULT_OK) {
        if (d->fd >= 0) {
            close(d->fd);
        }
        free(d);
        return result;
    }
    *out = d;
    return RESULT_OK;
}

void stop_door_close(struct stop_door *d) {
    if (d == NULL) {
        return;
    }
    drop_caller(d);
    loop_unwatch(d->loop, d->fd);
    close(d->fd);
    unlink(d->address.sun_path);
    free(d);
}

enum result stop_door_ask(const char *run_dir, const char *session, size_t *ended, struct fault *fault) {
    struct sockaddr_un address;
    char answer[24] = "";
    int64_t count;
    enum result result = address_of(run_dir, &address, fault);
    if (result != RESULT_OK) {
        return result;
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        result = fault_set(fault, errno == ENOENT || errno == ECONNREFUSED ? RESULT_NOT_FOUND : RESULT_DENIED, "%s: %s",
                           address.sun_path, strerror(errno));
    } else if ((session != NULL ? send(fd, session, strlen(session), MSG_NOSIGNAL) < 0 : shutdown(fd, SHUT_WR) != 0) ||
               poll(&ready, 1, ANSWER_WAIT_MS) != 1 || recv(fd, answer, sizeof answer - 1, 0) <= 0 ||
               !number_i64(answer, strlen(answer), 0, SESSIONS_SANE, &count)) {
        result = fault_set(fault, RESULT_IO, "%s: the agent did not answer", address.sun_path);
    } else {
        *ended = (size_t)count;
    }
    if (fd >= 0) {
        close(fd);
    }
    return result;
}
