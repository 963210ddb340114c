/* The WebSocket to the gateway: TLS with the product's certificate, the gateway's certificate checked against the CA
 * and its name (or address) against the URL, subprotocol fieldline.session.1, one-time token as bearer. The only file
 * of the product that includes libwebsockets.
 *
 * Has one thread of its own for the network; every callback runs on the loop. */
#pragma once
#include "loop.h"
#include "session_grant.h"

struct link;
struct link_events {
    void (*connected)(void *self);
    void (*message)(void *self, bool is_text, const void *bytes, size_t count); /* whole, at most CAP_FRAME_BYTES + 1 */
    /* Once; also when it never connected. is_refused: the gateway answered, and not with yes. */
    void (*disconnected)(void *self, bool is_refused, const char *why);
};
/* Returns before the connection is made. `token`: the grant's, later that of a ticket. */
FL_CHECK enum result link_open(struct loop *loop, const struct session_grant *grant, const char *token,
                               const struct link_events *events, void *self, struct link **out, struct fault *fault);
/* The three of visit.h; link_self is the link. */
void link_send(void *link_self, bool is_text, const void *bytes, size_t count);
size_t link_pending(const void *link_self);
void link_close(void *link_self);
/* Closes at once, joins the thread; no callback any more. NULL is fine. */
void link_free(struct link *link);
