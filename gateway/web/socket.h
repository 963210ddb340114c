/* One WebSocket: messages in whole, messages out queued, closed in order. The layer between libwebsockets and what a
 * socket is for (live.h, relays.h). Edge thread only. */
#pragma once
#include "web/edge.h"
#include "web/socket_login.h"
#include "web/ws_ticket.h"

enum {
    SOCKET_MESSAGE_BYTES = CAP_FRAME_BYTES + 1, /* received; a larger one closes the socket (1009) */
    SOCKET_QUEUE_BYTES = 2 * 1024 * 1024, /* to be sent; more closes it at once: the backstop behind its user's cap */
    SOCKET_CLOSE_S = 5                    /* a socket that cannot send its queue within this is cut */
};
struct socket_ops {
    void (*opened)(void *self);
    void (*message)(void *self, bool is_text, const uint8_t *bytes, size_t count);
    void (*drained)(void *self); /* what is pending has shrunk */
    void (*gone)(void *self);    /* called once, last; the socket is dead afterwards */
};
struct socket;
struct lws;

/* Made while the handshake is under way; the connection owns it. */
struct socket *socket_new(struct web *web, struct lws *wsi);
void socket_use(struct socket *socket, const struct socket_ops *ops, void *self);
/* The login session behind it, and the role with which it was let in: it goes when either goes. */
void socket_set_login(struct socket *socket, const struct socket_login *login);
void sockets_close_login(struct web *web, const uint8_t login[SHA256_BYTES]);
/* What he may no longer, in this session: those of his that came with it. */
void sockets_close_session(struct web *web, const uint8_t login[SHA256_BYTES], const char *session);
/* Calls `each` for every open socket that has a login. */
void sockets_each_login(struct web *web, void (*each)(struct web *web, const struct socket_login *login));

void socket_send(struct socket *socket, bool is_text, const void *bytes, size_t count); /* copies */
size_t socket_pending(const struct socket *socket);
/* After what is queued has left. `code` as in RFC 6455 7.4; reason at most 120 bytes. */
void socket_close(struct socket *socket, int code, const char *reason);

/* For server.c: what libwebsockets reports. A nonzero answer closes the connection. */
int socket_established(struct socket *socket);
int socket_received(struct socket *socket, const uint8_t *bytes, size_t count);
int socket_writeable(struct socket *socket);
void socket_free(struct socket *socket); /* calls gone */
