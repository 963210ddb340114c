/* Holds a screen to "view only" on the product itself: reads what an engineer's viewer sends to the product's VNC
 * server (RFC 6143 and the extensions in use), lets pass what asks for pictures and drops what would act: keys,
 * pointer, clipboard, a new screen size, a reboot. What it cannot frame it refuses, and the stream is closed.
 *
 * Only handshakes without further layers are followed: protocol 3.3, 3.7 and 3.8, security "none" and "VNC
 * authentication". The viewer's "shared" flag is forced on: looking on must not throw anybody else out. */
#pragma once
#include "fieldline/bytes.h"

enum {
    RFB_HEAD_BYTES = 20,                        /* the longest fixed part of a message that a viewer sends */
    RFB_TEXT_BYTES = 1024 * 1024,               /* clipboard text that is dropped; more is refused */
    RFB_ENCODINGS = 256,                        /* in one SetEncodings */
    RFB_OUT_BYTES = 64 * 1024 + RFB_HEAD_BYTES, /* room for what leaves of 64 KiB */
};

struct rfb_guard {
    int viewer_step, server_step; /* private, as all below */
    uint8_t viewer_minor, server_minor, security;
    bool has_security, has_challenge;
    uint8_t head[RFB_HEAD_BYTES], server_head[12];
    size_t head_count, server_count;
    uint32_t types_left; /* of the server's list */
    uint32_t offered;    /* bit 1: none, bit 2: VNC authentication */
    size_t rest;         /* of a message whose head is known, */
    bool is_rest_passed; /* and what becomes of it */
    uint64_t dropped;    /* messages */
};
void rfb_guard_init(struct rfb_guard *guard);
/* What the server sends, before it is passed on: its version and security types are noted. Refuses a server that is
 * none or whose version or offer cannot be followed. */
FL_CHECK enum result rfb_guard_server(struct rfb_guard *guard, const void *bytes, size_t count, struct fault *fault);
/* What the viewer sends; appends to `out` what may go to the server, which is less or the same. RESULT_DENIED with
 * nothing to be sent any more: it cannot be followed. Pieces may be cut anywhere. */
FL_CHECK enum result rfb_guard_viewer(struct rfb_guard *guard, const void *bytes, size_t count, struct buf *out,
                                      struct fault *fault);
/* How many messages were dropped so far. */
uint64_t rfb_guard_dropped(const struct rfb_guard *guard);
