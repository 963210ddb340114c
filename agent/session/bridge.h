/* One stream of a session joined to one TCP connection on the product: bytes go both ways, each side is read only as
 * far as the other has room, and the end of one is the end of the other. It owns the socket, not the stream's table.
 * Loop thread only; frees itself when it is over. */
#pragma once
#include "loop.h"
#include "session/streams.h"

enum { BRIDGE_CONNECT_MS = 10 * 1000 };

struct bridge;
struct bridge_options {
    const struct sockaddr_storage *address;
    int64_t *bytes_left; /* counted down, both ways; at 0 the stream is closed with "limit"; outlives the bridge */
    bool is_guarded;     /* RFB, to be looked at only (rfb_guard.h) */
    int64_t stream;      /* its number */
};
struct bridge_events {
    void (*connected)(void *self, struct bridge *bridge);
    /* Over; the bridge is freed after this returns. `why` is NULL once it was connected; before, it is why it never
     * was. */
    void (*over)(void *self, struct bridge *bridge, enum result result, const char *why);
};
/* Starts to connect. Fails when the stream cannot be opened or there is no socket to be had, or at once refused: then
 * nothing was opened. Later failures are stream.closed ("refused": nobody listens, or not what may pass; "failed") and
 * `over`. */
FL_CHECK enum result bridge_open(struct loop *loop, struct streams *streams, const struct bridge_options *options,
                                 const struct bridge_events *events, void *self, struct bridge **out,
                                 struct fault *fault);
