/* The resident agent's part in changes of parameters: it puts back what a session left behind, and reports every
 * change, kept or undone, as one event. Looks at the journal at the start, when a session process has ended, and from
 * time to time. Loop thread only. */
#pragma once
#include "fieldline/message.h"
#include "loop.h"
#include "param_set.h"

#define PARAM_REVERT_CODE "FL-PARAM-REVERT" /* fault code: old values cannot be put back */

struct param_guard_owner {
    void *self;
    int64_t (*now_ms)(void *self); /* the wall, for the event */
    void (*event)(void *self, const struct event_message *event);
    /* Where the next event will be: its stream and number. */
    void (*next)(void *self, char stream[CAP_UUID_BYTES + 1], uint64_t *seq);
    /* Has that place been used? */
    bool (*has)(void *self, const char *stream, uint64_t seq);
};
enum {
    PARAM_GUARD_MS = 500,         /* how often it looks */
    PARAM_OVERDUE_MS = 30 * 1000, /* a session process that holds an open change so long after its time is killed */
    PARAM_AGAIN_MIN_MS = 1000,    /* after an undo that failed, doubling */
    PARAM_AGAIN_MAX_MS = 5 * 60 * 1000
};
struct param_guard;
/* `set` outlives it. Without parameters it does nothing but what a journal from before demands. */
struct param_guard *param_guard_new(struct loop *loop, const struct param_set *set,
                                    const struct param_guard_owner *owner);
void param_guard_free(struct param_guard *guard); /* lets go; the next start goes on */
/* Now, and from now on. Blocks for a file or two. */
void param_guard_look(struct param_guard *guard);
