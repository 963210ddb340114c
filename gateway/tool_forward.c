/* Connections and streams, on poll(2).
 *
 * Streams are numbered from where stream.next says; another tool of the same engineer may have taken a number
 * meanwhile, then it is asked again. Bytes: the local program is read only as far as the product gave
 * credit and the link's queue is short; the product is given credit for what the local program has room for. All
 * connections share one line to the gateway, which gives a leg RELAY_STREAM_BYTES altogether, so each is given a share
 * of what is not given yet: the first much, the thirty-second enough to go on. One that the port has no room for waits
 * until another one ends, as a browser would. */
#include "tool_forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/json.h"
#include "fieldline/session.h"

enum { SHARED_BYTES = 512 * 1024, LEAST_BYTES = 8 * 1024, UP_BYTES = CAP_CREDIT_BYTES + LEAST_BYTES };

enum phase {
    WAITING /* until another one ends: the port is full */,
    ASKING,
    OPENING,
    OPEN,
    ENDED /* the stream; what it brought is still being written */
};
struct conn {
    enum phase phase;
    bool is_used, is_finished; /* the local program sends no more */
    int fd;
    int64_t call; /* the answer that it waits for */
    uint16_t stream;
    int64_t room;  /* may be sent to the product */
    int64_t given; /* the product may send */
    struct buf up; /* for the local program, from `done` on */
    size_t done;
};
struct forward {
    const struct tool_forward_options *options;
    struct conn conns[TOOL_CONNECTIONS];
    int64_t last_call, number_call; /* number_call: the answer is where numbers stand; 0: not asked */
    int64_t next_stream;            /* 0: not known */
    char end[200];                  /* why the session is over */
};

/* ---- what is said ------------------------------------------------------------------------------------------------ */

/* Opens its stream, or waits until it is known how streams are numbered. */
static void try_open(struct forward *f, struct conn *c) {
    c->phase = f->next_stream > 0 ? OPENING : ASKING;
    c->stream = 0;
    c->call = 0;
    if (f->next_stream > 0) {
        c->stream = (uint16_t)f->next_stream++;
        c->call = ++f->last_call;
        tool_link_call(f->options->link, c->call, "forward.open", f->options->port_name, c->stream);
    } else if (f->number_call == 0) {
        f->number_call = ++f->last_call;
        tool_link_call(f->options->link, f->number_call, "stream.next", NULL, 0);
    }
}

static void on_number(struct forward *f, const struct json *message) {
    const struct json *result = json_get(message, "result");
    f->number_call = 0;
    if (result == NULL ||
        json_integer(result, "stream", STREAM_OF_TOOLS, UINT16_MAX, &f->next_stream, NULL) != RESULT_OK) {
        snprintf(f->end, sizeof f->end, "it has had all the connections that it may have");
        return;
    }
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        if (f->conns[i].is_used && f->conns[i].phase == ASKING) {
            try_open(f, &f->conns[i]);
        }
    }
}

static void give(struct forward *f, struct conn *c) {
    int64_t under_way = 0, waiting = (int64_t)(c->up.count - c->done);
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        under_way += f->conns[i].is_used && f->conns[i].phase == OPEN ? f->conns[i].given : 0;
    }
    int64_t share = (SHARED_BYTES - under_way) / 4 + c->given;
    share = share < LEAST_BYTES ? LEAST_BYTES : share > CAP_CREDIT_BYTES ? CAP_CREDIT_BYTES : share;
    int64_t more = share - waiting - c->given;
    if (c->phase != OPEN || c->given > share / 2 || more <= 0) {
        return;
    }
    struct buf message;
    buf_init(&message, 16);
    credit_encode(&(struct credit){.channel = CHANNEL_STREAM, .stream = c->stream, .bytes = (uint32_t)more}, &message);
    tool_link_send(f->options->link, false, message.data, message.count);
    buf_fini(&message);
    c->given += more;
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

static void drop(struct conn *c, bool is_rude) {
    const struct linger rude = {.l_onoff = 1, .l_linger = 0};
    if (is_rude) {
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &rude, sizeof rude); /* the program sees a reset */
    }
    close(c->fd);
    buf_wipe(&c->up);
    *c = (struct conn){.fd = -1};
}

/* The local side is gone. */
static void leave(struct forward *f, struct conn *c) {
    if (c->phase == OPEN || c->phase == OPENING) {
        tool_link_call(f->options->link, 0, "stream.close", NULL, c->stream);
    }
    drop(c, false);
}

static void accept_one(struct forward *f) {
    int one = 1, fd = accept4(f->options->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return; /* it has gone again */
    }
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        struct conn *c = &f->conns[i];
        if (!c->is_used) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            *c = (struct conn){.is_used = true, .fd = fd};
            buf_init(&c->up, UP_BYTES);
            try_open(f, c);
            return;
        }
    }
    fprintf(stderr, "fieldline-gateway: more than %d connections; this one was closed\n", TOOL_CONNECTIONS);
    close(fd);
}

static void read_local(struct forward *f, struct conn *c) {
    uint8_t bytes[CAP_STREAM_BYTES];
    size_t most = c->room < (int64_t)sizeof bytes ? (size_t)c->room : sizeof bytes;
    ssize_t n = most > 0 ? recv(c->fd, bytes, most, 0) : -1;
    if (n > 0) {
        struct buf message;
        buf_init(&message, CAP_FRAME_BYTES + 1);
        stream_encode(c->stream, bytes, (size_t)n, &message);
        tool_link_send(f->options->link, false, message.data, message.count);
        buf_wipe(&message);
        c->room -= n;
    } else if (n == 0) {
        c->is_finished = true;
        tool_link_call(f->options->link, 0, "stream.finish", NULL, c->stream);
    } else if (most > 0 && errno != EAGAIN && errno != EINTR) {
        leave(f, c);
    }
}

static void write_local(struct forward *f, struct conn *c) {
    while (c->done < c->up.count) {
        ssize_t n = send(c->fd, c->up.data + c->done, c->up.count - c->done, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno != EAGAIN) {
            leave(f, c);
            return;
        }
        if (n < 0) {
            break;
        }
        c->done += (size_t)n;
    }
    memmove(c->up.data, c->up.data + c->done, c->up.count - c->done);
    c->up.count -= c->done;
    c->done = 0;
    if (c->phase == ENDED && c->up.count == 0) {
        drop(c, false);
        return;
    }
    give(f, c);
}

/* ---- what the gateway says --------------------------------------------------------------------------------------- */

static struct conn *conn_of(struct forward *f, uint16_t stream) {
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        if (f->conns[i].is_used && f->conns[i].stream == stream) {
            return &f->conns[i];
        }
    }
    return NULL;
}

static bool has_open(const struct forward *f) {
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        if (f->conns[i].is_used && f->conns[i].phase == OPEN) {
            return true;
        }
    }
    return false;
}

/* A stream has ended: somebody who waits may try. */
static void next_waiting(struct forward *f) {
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        if (f->conns[i].is_used && f->conns[i].phase == WAITING) {
            try_open(f, &f->conns[i]);
            return;
        }
    }
}

static void on_refused(struct forward *f, struct conn *c, const struct json *error) {
    const struct json *data = json_get(error, "data");
    const char *text = "refused", *code = "";
    if (json_string(error, "message", 500, &text, NULL) != RESULT_OK) {
        text = "refused";
    }
    if (data == NULL || !json_is_object(data) || json_string(data, "code", 63, &code, NULL) != RESULT_OK) {
        code = "";
    }
    if (strcmp(code, "conflict") == 0 && c->phase == OPENING) {
        f->next_stream = 0; /* another tool has taken the number */
        try_open(f, c);
        return;
    }
    if (strcmp(code, "full") == 0 && c->phase == OPENING && has_open(f)) {
        c->phase = WAITING;
        c->stream = 0;
        return;
    }
    fprintf(stderr, "fieldline-gateway: %s: %s\n", f->options->port_name, text);
    drop(c, true);
}

static void on_answer(struct forward *f, const struct json *message, int64_t id) {
    const struct json *error = json_get(message, "error");
    if (id == f->number_call) {
        on_number(f, message);
        return;
    }
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        struct conn *c = &f->conns[i];
        if (!c->is_used || c->call != id) {
            continue;
        }
        c->call = 0;
        if (error != NULL) {
            on_refused(f, c, error);
        } else {
            c->phase = OPEN;
            give(f, c);
        }
        return;
    }
}

static void on_closed(struct forward *f, const struct json *params) {
    const char *reason;
    int64_t stream;
    if (json_integer(params, "stream", 1, UINT16_MAX, &stream, NULL) != RESULT_OK ||
        json_string(params, "reason", 63, &reason, NULL) != RESULT_OK) {
        return;
    }
    struct conn *c = conn_of(f, (uint16_t)stream);
    next_waiting(f);
    if (c == NULL || c->phase != OPEN) {
        return; /* one that never opened hears so in its answer */
    }
    if (strcmp(reason, "done") != 0 && strcmp(reason, "closed") != 0) {
        fprintf(stderr, "fieldline-gateway: %s: the connection was closed: %s\n", f->options->port_name, reason);
        drop(c, true);
        return;
    }
    c->phase = ENDED;
    write_local(f, c);
}

static void on_text(struct forward *f, const uint8_t *bytes, size_t count) {
    struct json *message = NULL;
    const char *method = NULL, *text = "";
    int64_t id;
    if (json_parse((const char *)bytes, count, &message, NULL) == RESULT_OK && json_is_object(message) &&
        json_optional_string(message, "method", 63, &method, NULL) == RESULT_OK) {
        const struct json *params = json_get(message, "params");
        if (method == NULL && json_integer(message, "id", 1, INT64_MAX / 2, &id, NULL) == RESULT_OK) {
            on_answer(f, message, id);
        } else if (method != NULL && params != NULL && strcmp(method, "stream.closed") == 0) {
            on_closed(f, params);
        } else if (method != NULL && params != NULL && strcmp(method, "session.state") == 0 &&
                   json_string(params, "text", sizeof f->end - 1, &text, NULL) == RESULT_OK && text[0] != '\0') {
            snprintf(f->end, sizeof f->end, "%s", text);
        }
    }
    json_free(message);
}

static void on_message(void *self, bool is_text, const uint8_t *bytes, size_t count) {
    struct forward *f = self;
    struct frame frame;
    struct credit credit;
    struct conn *c;
    if (is_text) {
        on_text(f, bytes, count);
        return;
    }
    if (frame_decode(false, DIRECTION_UP, bytes, count, &frame, NULL) != RESULT_OK) {
        return; /* of a channel that is no tool's */
    }
    if (frame.channel == CHANNEL_CREDIT && credit_decode(&frame, &credit) == RESULT_OK) {
        if (credit.channel == CHANNEL_STREAM && (c = conn_of(f, credit.stream)) != NULL) {
            c->room += credit.bytes;
        }
    } else if (frame.channel == CHANNEL_STREAM && (c = conn_of(f, stream_number(&frame))) != NULL && c->phase == OPEN) {
        c->given -= (int64_t)frame.count - STREAM_HEAD_BYTES;
        buf_add(&c->up, frame.bytes + STREAM_HEAD_BYTES, frame.count - STREAM_HEAD_BYTES);
        if (c->given < 0 || c->up.overflow) {
            leave(f, c); /* more than it was given */
        } else {
            write_local(f, c);
        }
    }
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static short events_of(const struct forward *f, const struct conn *c) {
    bool may_read =
        c->phase == OPEN && !c->is_finished && c->room > 0 && tool_link_pending(f->options->link) < TOOL_LINE_BYTES;
    return (short)((may_read ? POLLIN : 0) | (c->done < c->up.count ? POLLOUT : 0));
}

enum { FD_LINK, FD_LISTENER, FD_SIGNAL, FD_CONNS };

static void serve_conns(struct forward *f, const struct pollfd *fds) {
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        struct conn *c = &f->conns[i];
        short ready = fds[FD_CONNS + i].revents;
        if (!c->is_used || c->fd != fds[FD_CONNS + i].fd || ready == 0) {
            continue;
        }
        if ((ready & POLLOUT) != 0) {
            write_local(f, c);
        }
        if (c->is_used && (ready & POLLIN) != 0 && c->phase == OPEN) {
            read_local(f, c);
        } else if (c->is_used && (ready & (POLLERR | POLLNVAL)) != 0) {
            leave(f, c);
        }
    }
}

enum result tool_forward_run(const struct tool_forward_options *options, struct fault *fault) {
    struct forward *f = mem_alloc(sizeof *f);
    enum result result;
    bool is_over = false;
    f->options = options;
    do {
        struct pollfd fds[FD_CONNS + TOOL_CONNECTIONS] = {
            [FD_LINK] = {.fd = tool_link_fd(options->link), .events = tool_link_events(options->link)},
            [FD_LISTENER] = {.fd = options->listener_fd, .events = POLLIN},
            [FD_SIGNAL] = {.fd = options->signal_fd, .events = POLLIN}};
        for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
            const struct conn *c = &f->conns[i];
            short events = c->is_used ? events_of(f, c) : 0;
            fds[FD_CONNS + i] = (struct pollfd){.fd = events != 0 ? c->fd : -1, .events = events};
        }
        if (poll(fds, sizeof fds / sizeof *fds, -1) < 0 && errno != EINTR) {
            result = fault_set(fault, RESULT_IO, "poll: %s", strerror(errno));
            break;
        }
        serve_conns(f, fds);
        if ((fds[FD_LISTENER].revents & POLLIN) != 0) {
            accept_one(f);
        }
        is_over = fds[FD_SIGNAL].revents != 0;
        result = tool_link_turn(options->link, on_message, f, fault);
    } while (result == RESULT_OK && !is_over);
    if (result != RESULT_OK && f->end[0] != '\0') {
        fault_set(fault, result, "the session is over: %s", f->end);
    }
    for (size_t i = 0; i < TOOL_CONNECTIONS; i++) {
        if (f->conns[i].is_used) {
            drop(&f->conns[i], true);
        }
    }
    free(f);
    return result;
}
