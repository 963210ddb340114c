/* WebSockets over libwebsockets (see socket.h). Rules of the library that this file keeps for the others: one lws_write
 * for each WRITEABLE, with LWS_PRE bytes of room before the data; messages arrive in pieces; nothing is written outside
 * of a callback; closing is "say why, then return nonzero from WRITEABLE". A socket exists from the accepted handshake
 * request on, so its user can queue messages before it is open. Receive flow control is not needed: what a peer may
 * send is bounded by credit (sessions) or is nothing (live). */
#include "web/socket.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct packet {
    struct packet *next;
    size_t count;
    bool is_text;
    uint8_t bytes[]; /* LWS_PRE, then count */
};
struct socket {
    struct web *web;
    struct lws *wsi;
    const struct socket_ops *ops;
    void *self;
    struct socket *next, *previous;
    struct packet *first, **last;
    size_t pending; /* bytes queued */
    struct buf message;
    bool is_open, is_closing, has_login;
    struct socket_login login;
    int close_code;
    char close_reason[124];
};

struct socket *socket_new(struct web *web, struct lws *wsi) {
    struct socket *socket = mem_alloc(sizeof *socket);
    socket->web = web;
    socket->wsi = wsi;
    socket->last = &socket->first;
    buf_init(&socket->message, SOCKET_MESSAGE_BYTES);
    socket->next = web->sockets;
    if (web->sockets != NULL) {
        web->sockets->previous = socket;
    }
    web->sockets = socket;
    atomic_fetch_add(&web->figures.sockets, 1);
    return socket;
}

void socket_use(struct socket *socket, const struct socket_ops *ops, void *self) {
    socket->ops = ops;
    socket->self = self;
}

void socket_free(struct socket *socket) {
    if (socket == NULL) {
        return;
    }
    if (socket->ops != NULL) {
        socket->ops->gone(socket->self);
    }
    while (socket->first != NULL) {
        struct packet *packet = socket->first;
        socket->first = packet->next;
        wipe(packet->bytes, LWS_PRE + packet->count);
        free(packet);
    }
    buf_wipe(&socket->message);
    if (socket->next != NULL) {
        socket->next->previous = socket->previous;
    }
    if (socket->previous != NULL) {
        socket->previous->next = socket->next;
    } else {
        socket->web->sockets = socket->next;
    }
    atomic_fetch_sub(&socket->web->figures.sockets, 1);
    free(socket);
}

void socket_set_login(struct socket *socket, const struct socket_login *login) {
    socket->login = *login;
    socket->has_login = true;
}

void sockets_close_login(struct web *web, const uint8_t login[SHA256_BYTES]) {
    for (struct socket *socket = web->sockets; socket != NULL; socket = socket->next) {
        if (socket->has_login && memcmp(socket->login.login, login, SHA256_BYTES) == 0) {
            socket_close(socket, LWS_CLOSE_STATUS_POLICY_VIOLATION, "login_ended");
        }
    }
}

void sockets_close_session(struct web *web, const uint8_t login[SHA256_BYTES], const char *session) {
    for (struct socket *socket = web->sockets; socket != NULL; socket = socket->next) {
        if (socket->has_login && memcmp(socket->login.login, login, SHA256_BYTES) == 0 &&
            strcmp(socket->login.session, session) == 0) {
            socket_close(socket, LWS_CLOSE_STATUS_POLICY_VIOLATION, "right_lost");
        }
    }
}

void sockets_each_login(struct web *web, void (*each)(struct web *web, const struct socket_login *login)) {
    for (struct socket *socket = web->sockets; socket != NULL; socket = socket->next) {
        if (socket->has_login && !socket->is_closing) {
            each(web, &socket->login);
            socket->login.is_used = false;
        }
    }
}

void socket_send(struct socket *socket, bool is_text, const void *bytes, size_t count) {
    if (socket->is_closing) {
        return;
    }
    if (socket->pending + count > SOCKET_QUEUE_BYTES) {
        socket_close(socket, LWS_CLOSE_STATUS_POLICY_VIOLATION, "too_slow");
        lws_set_timeout(socket->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
        return;
    }
    struct packet *packet = mem_alloc(sizeof *packet + LWS_PRE + count);
    packet->is_text = is_text;
    packet->count = count;
    memcpy(packet->bytes + LWS_PRE, bytes, count);
    *socket->last = packet;
    socket->last = &packet->next;
    socket->pending += count;
    if (socket->is_open) {
        lws_callback_on_writable(socket->wsi);
    }
}

size_t socket_pending(const struct socket *socket) {
    return socket->pending;
}

void socket_close(struct socket *socket, int code, const char *reason) {
    if (socket->is_closing) {
        return;
    }
    socket->is_closing = true;
    socket->close_code = code;
    snprintf(socket->close_reason, sizeof socket->close_reason, "%.120s", reason);
    lws_set_timeout(socket->wsi, PENDING_TIMEOUT_CLOSE_SEND, SOCKET_CLOSE_S);
    if (socket->is_open) {
        lws_callback_on_writable(socket->wsi);
    }
}

int socket_established(struct socket *socket) {
    socket->is_open = true;
    if (socket->is_closing || socket->first != NULL) {
        lws_callback_on_writable(socket->wsi);
    }
    if (!socket->is_closing) {
        socket->ops->opened(socket->self);
    }
    return 0;
}

int socket_received(struct socket *socket, const uint8_t *bytes, size_t count) {
    if (socket->is_closing) {
        return 0; /* nobody listens any more */
    }
    socket->login.is_used = true;
    if (lws_is_first_fragment(socket->wsi)) {
        buf_reset(&socket->message);
    }
    buf_add(&socket->message, bytes, count);
    if (socket->message.overflow) {
        socket_close(socket, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "message_too_large");
        return 0;
    }
    if (lws_is_final_fragment(socket->wsi) && lws_remaining_packet_payload(socket->wsi) == 0) {
        socket->ops->message(socket->self, !lws_frame_is_binary(socket->wsi),
                             (const uint8_t *)buf_text(&socket->message), socket->message.count);
    }
    return 0;
}

int socket_writeable(struct socket *socket) {
    struct packet *packet = socket->first;
    if (packet == NULL) {
        if (socket->is_closing) {
            lws_close_reason(socket->wsi, (enum lws_close_status)socket->close_code, (uint8_t *)socket->close_reason,
                             strlen(socket->close_reason));
            return -1;
        }
        return 0;
    }
    int written = lws_write(socket->wsi, packet->bytes + LWS_PRE, packet->count,
                            packet->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
    if (written < (int)packet->count) {
        return -1;
    }
    socket->first = packet->next;
    if (socket->first == NULL) {
        socket->last = &socket->first;
    }
    socket->pending -= packet->count;
    wipe(packet->bytes, LWS_PRE + packet->count);
    free(packet);
    if (socket->first != NULL || socket->is_closing) {
        lws_callback_on_writable(socket->wsi);
    }
    if (!socket->is_closing) {
        socket->ops->drained(socket->self);
    }
    return 0;
}
