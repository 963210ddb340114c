/* The ports of this product that one session may reach: those that the owner's configuration names and nothing else.
 * Counts their connections and bytes; each connection is a bridge (bridge.h). Loop thread only. */
#pragma once
#include "session/streams.h"
#include "session_grant.h"

struct loop;
struct forwards;
struct forward_events {
    /* The answer to an open: it is connected; or it never will be (stream.closed was sent). */
    void (*connected)(void *self, int64_t id);
    void (*failed)(void *self, int64_t id, enum result result, const char *text);
};
struct forwards *forwards_new(struct loop *loop, struct streams *streams, const struct session_grant *grant,
                              const struct forward_events *events, void *self);
/* After streams_free. NULL is fine. */
void forwards_free(struct forwards *forwards);

/* What forward.list and screen.list answer. */
void forwards_list(const struct forwards *forwards, struct buf *json);
void forwards_list_screens(const struct forwards *forwards, struct buf *json);

struct forward_order {
    int64_t stream, id; /* id: of the call, for the events */
    const char *name;
    bool is_screen;   /* a port of kind rfb; the others are no screens */
    bool wants_hands; /* a screen: keys and pointer, when the configuration has view_only = no */
};
/* RESULT_NOT_FOUND: no such port. RESULT_DENIED: a screen that may only be looked at, or that has had its bytes.
 * RESULT_FULL: as many connections as it may have. RESULT_CLOSED: refused at once. */
FL_CHECK enum result forward_open(struct forwards *forwards, const struct forward_order *order, struct fault *fault);
size_t forwards_count(const struct forwards *forwards); /* open connections */
