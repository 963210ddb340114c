/* A stream and a socket.
 *
 * Downwards at most CAP_CREDIT_BYTES and a low water mark wait here for the socket, behind at most one mark more that
 * has been written and not been moved away: credit is given back when most of what came has been written, so a program
 * that does not read holds up its own stream alone. Upwards nothing waits: the socket is read only for what there is
 * credit for, and the kernel's buffer makes the program wait.
 *
 * An end: the engineer's stream.finish becomes shutdown(SHUT_WR) once all is written. There is no such word upwards, so
 * the program's end of file closes the stream; a program that closes first and still wants to hear is not served. When
 * the program no longer reads (EPIPE), what still comes down is thrown away, because what it has said may not all have
 * been read yet.
 *
 * epoll reports a hang-up whether asked to or not: a socket that may neither be read nor written now is not watched. */
#include "session/bridge.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/bytes.h"
#include "fieldline/log.h"
#include "session/rfb_guard.h"

enum { LOW_BYTES = 64 * 1024, DOWN_BYTES = CAP_CREDIT_BYTES + 2 * LOW_BYTES + RFB_HEAD_BYTES, READS_A_TURN = 8 };

struct bridge {
    struct loop *loop;
    struct stream *stream;
    const struct bridge_events *events;
    void *self;
    int fd;
    bool is_connected;
    bool is_finished; /* the engineer sends no more */
    bool is_deaf;     /* the program reads no more */
    bool is_guarded;
    int64_t *bytes_left;
    struct rfb_guard guard;
    struct buf down; /* for the socket, from `done` on */
    size_t done;
    uint32_t owed_bytes; /* came down, not given back as credit */
    struct loop_timer patience;
};

static void release(struct bridge *b) {
    loop_disarm(b->loop, &b->patience);
    loop_unwatch(b->loop, b->fd);
    close(b->fd);
    b->fd = -1;
    buf_fini(&b->down);
}

/* The stream is gone already. */
static void over(struct bridge *b, enum result result, const char *why) {
    if (b->is_guarded && rfb_guard_dropped(&b->guard) > 0) {
        log_info("session.forward", "view_only_dropped", "messages=%llu",
                 (unsigned long long)rfb_guard_dropped(&b->guard));
    }
    release(b);
    b->events->over(b->self, b, result, b->is_connected ? NULL : why);
    free(b);
}

static void shut(struct bridge *b, const char *reason, enum result result, const char *why) {
    stream_close(b->stream, reason, NULL);
    over(b, result, why);
}

static void on_ready(void *self, uint32_t events);

static bool watch(struct bridge *b) {
    uint32_t events = (b->is_connected && stream_room(b->stream) > 0 ? EPOLLIN : 0u) |
                      (!b->is_connected || b->done < b->down.count ? EPOLLOUT : 0u);
    if (events == 0) {
        loop_unwatch(b->loop, b->fd);
        return true;
    }
    return loop_watch(b->loop, b->fd, events, on_ready, b) == RESULT_OK;
}

/* False: the port has had its bytes. */
static bool spend(struct bridge *b, size_t count) {
    if ((int64_t)count > *b->bytes_left) {
        return false;
    }
    *b->bytes_left -= (int64_t)count;
    return true;
}

/* ---- down -------------------------------------------------------------------------------------------------------- */

static void give_back(struct bridge *b) {
    if (b->down.count - b->done <= LOW_BYTES && b->owed_bytes > 0) {
        uint32_t bytes = b->owed_bytes;
        b->owed_bytes = 0;
        stream_give(b->stream, bytes);
    }
}

static void flush(struct bridge *b) {
    while (!b->is_deaf && b->done < b->down.count) {
        ssize_t n = send(b->fd, b->down.data + b->done, b->down.count - b->done, MSG_NOSIGNAL);
        if (n > 0) {
            b->done += (size_t)n;
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == EAGAIN) {
            break;
        } else {
            b->is_deaf = true;
        }
    }
    if (b->is_deaf || b->done == b->down.count) {
        buf_reset(&b->down);
        b->done = 0;
        if (b->is_finished && !b->is_deaf) {
            shutdown(b->fd, SHUT_WR);
        }
    } else if (b->done > LOW_BYTES) {
        memmove(b->down.data, b->down.data + b->done, b->down.count - b->done);
        b->down.count -= b->done;
        b->done = 0;
    }
    give_back(b);
}

static void on_received(void *self, struct stream *stream, const void *bytes, size_t count) {
    struct bridge *b = self;
    struct fault fault;
    (void)stream;
    if (!spend(b, count)) {
        shut(b, "limit", RESULT_FULL, "this port has had all the bytes it may have in one session");
        return;
    }
    b->owed_bytes += (uint32_t)count;
    if (!b->is_guarded) {
        buf_add(&b->down, bytes, count);
    } else if (rfb_guard_viewer(&b->guard, bytes, count, &b->down, &fault) != RESULT_OK) {
        log_warn("session.forward", "screen_refused", "reason=%s", log_text(fault.text));
        shut(b, "refused", RESULT_DENIED, fault.text);
        return;
    }
    if (b->down.overflow) { /* no byte of a stream is ever lost in silence */
        shut(b, "failed", RESULT_TOO_BIG, "more came than there was credit for");
        return;
    }
    flush(b);
    if (!watch(b)) {
        shut(b, "failed", RESULT_IO, "the connection cannot be watched");
    }
}

static void on_finished(void *self, struct stream *stream) {
    struct bridge *b = self;
    (void)stream;
    b->is_finished = true;
    if (b->is_connected) {
        flush(b);
    }
}

/* ---- up ---------------------------------------------------------------------------------------------------------- */

/* False: the bridge is over. */
static bool pass_up(struct bridge *b, const uint8_t *bytes, size_t count) {
    struct fault fault;
    if (!spend(b, count)) {
        shut(b, "limit", RESULT_FULL, "this port has had all the bytes it may have in one session");
        return false;
    }
    if (b->is_guarded && rfb_guard_server(&b->guard, bytes, count, &fault) != RESULT_OK) {
        log_warn("session.forward", "screen_refused", "reason=%s", log_text(fault.text));
        shut(b, "refused", RESULT_DENIED, fault.text);
        return false;
    }
    stream_send(b->stream, bytes, count);
    return true;
}

/* False: the bridge is over. */
static bool read_some(struct bridge *b) {
    uint8_t bytes[CAP_STREAM_BYTES];
    for (int i = 0; i < READS_A_TURN && stream_room(b->stream) > 0; i++) {
        size_t room = stream_room(b->stream);
        ssize_t n = recv(b->fd, bytes, room < sizeof bytes ? room : sizeof bytes, 0);
        if (n > 0) {
            if (!pass_up(b, bytes, (size_t)n)) {
                return false;
            }
        } else if (n == 0) {
            shut(b, "done", RESULT_OK, NULL);
            return false;
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno != EINTR) {
            shut(b, "failed", RESULT_IO, strerror(errno));
            return false;
        }
    }
    return true;
}

static void on_writable(void *self, struct stream *stream) {
    struct bridge *b = self;
    (void)stream;
    if (!watch(b)) {
        shut(b, "failed", RESULT_IO, "the connection cannot be watched");
    }
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

static void on_gone(void *self, struct stream *stream) {
    (void)stream;
    over(self, RESULT_CLOSED, "the session ended it");
}

static const struct stream_user user = {
    .received = on_received, .finished = on_finished, .writable = on_writable, .gone = on_gone};

static void on_impatient(void *self) {
    shut(self, "failed", RESULT_EXPIRED, "nothing answers on this port");
}

/* The reason that stream.closed gives, and a sentence. */
static const char *refusal_of(int error, const char **text) {
    *text = error == ECONNREFUSED ? "nothing listens on this port" : strerror(error);
    return error == ECONNREFUSED ? "refused" : "failed";
}

static void on_connected(struct bridge *b) {
    int error = 0;
    socklen_t bytes = sizeof error;
    if (getsockopt(b->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) {
        error = errno;
    }
    if (error != 0) {
        const char *text, *reason = refusal_of(error, &text);
        shut(b, reason, RESULT_CLOSED, text);
        return;
    }
    loop_disarm(b->loop, &b->patience);
    b->is_connected = true;
    b->events->connected(b->self, b);
    stream_give(b->stream, CAP_CREDIT_BYTES);
    if (b->is_finished) {
        flush(b);
    }
    if (!watch(b)) {
        shut(b, "failed", RESULT_IO, "the connection cannot be watched");
    }
}

static void on_ready(void *self, uint32_t events) {
    struct bridge *b = self;
    if (!b->is_connected) {
        on_connected(b);
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        flush(b);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !read_some(b)) {
        return;
    }
    if (!watch(b)) {
        shut(b, "failed", RESULT_IO, "the connection cannot be watched");
    }
}

static int dial(const struct sockaddr_storage *address, struct fault *fault) {
    socklen_t bytes = address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int one = 1, fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const char *text = NULL;
    if (fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0 &&
        (connect(fd, (const struct sockaddr *)address, bytes) == 0 || errno == EINPROGRESS)) {
        return fd;
    }
    refusal_of(errno, &text);
    fault_set(fault, RESULT_CLOSED, "%s", text);
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

enum result bridge_open(struct loop *loop, struct streams *streams, const struct bridge_options *options,
                        const struct bridge_events *events, void *self, struct bridge **out, struct fault *fault) {
    int fd = dial(options->address, fault);
    if (fd < 0) {
        return RESULT_CLOSED;
    }
    struct bridge *b = mem_alloc(sizeof *b);
    *b = (struct bridge){.loop = loop,
                         .events = events,
                         .self = self,
                         .fd = fd,
                         .is_guarded = options->is_guarded,
                         .bytes_left = options->bytes_left};
    buf_init(&b->down, DOWN_BYTES);
    rfb_guard_init(&b->guard);
    enum result result = stream_open(streams, options->stream, &user, b, &b->stream, fault);
    if (result == RESULT_OK && loop_watch(loop, fd, EPOLLOUT, on_ready, b) != RESULT_OK) {
        stream_close(b->stream, "failed", NULL);
        result = fault_set(fault, RESULT_IO, "the connection cannot be watched");
    }
    if (result != RESULT_OK) {
        release(b);
        free(b);
        return result;
    }
    loop_arm(loop, &b->patience, BRIDGE_CONNECT_MS, on_impatient, b);
    *out = b;
    return RESULT_OK;
}
