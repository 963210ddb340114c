/* The product's end of one session: says hello, does what was consented to and nothing else, keeps the deadline, and at
 * the end leaves nothing behind, counts, and countersigns. Knows the link to the gateway only as two operations, so
 * that it can be tested without one. Loop thread only. */
#pragma once
#include "fieldline/keys.h"
#include "loop.h"
#include "session_grant.h"

struct visit_link {
    /* Queues one WebSocket message; copies it. */
    void (*send)(void *link_self, bool is_text, const void *bytes, size_t count);
    size_t (*pending)(const void *link_self); /* bytes queued */
    /* Closes after what is queued has left; visit_disconnected follows. */
    void (*close)(void *link_self);
};

/* Also the exit status of fieldline-session. */
enum visit_exit {
    VISIT_DONE = 0,         /* ended in order and countersigned */
    VISIT_FAILED = 1,       /* our fault, or the machine's */
    VISIT_BAD_GRANT = 2,    /* the grant cannot be read */
    VISIT_NO_GATEWAY = 3,   /* the gateway could not be reached, or did not let us in */
    VISIT_GATEWAY_GONE = 4, /* the connection was lost in mid-session */
    VISIT_CHILDREN_LEFT = 5 /* something that the session started could not be ended */
};
typedef void visit_over_fn(void *self, enum visit_exit exit);

struct visit_options {
    const struct session_grant *grant; /* borrowed */
    const struct key *key;             /* the device's, borrowed */
    int tap_fd;                        /* live lines; taken; -1: none */
    const struct visit_link *link;
    void *link_self;
    visit_over_fn *over; /* once, from the loop or from a visit_* call */
    /* The link is gone: connect again with this token, after a while; visit_connected or visit_disconnected follows. */
    void (*redial)(void *self, const char *token);
    void *self;
};
struct visit;
struct visit *visit_new(struct loop *loop, const struct visit_options *options);
void visit_free(struct visit *visit);

void visit_connected(struct visit *visit);
void visit_receive(struct visit *visit, bool is_text, const void *message, size_t bytes);
/* The connection is gone, or could not be made. `is_refused`: the gateway answered and let us not in. */
void visit_disconnected(struct visit *visit, bool is_refused, const char *why);
/* The agent wants it to end (SIGTERM): in order, with a countersignature. */
void visit_stop(struct visit *visit, const char *reason);
/* The same for the owner, who does not wait: what does not hang up at once is killed, and parameters that are not back
 * by then are the resident agent's. Also while it ends already. */
void visit_stop_now(struct visit *visit, const char *reason);
