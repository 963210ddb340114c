/* `evidence.pull`: what the recorder holds of a stretch of time, for the gateway, a part at a time.
 *
 * The first pull of an evidence holds the recorder still and is answered when the end of the stretch has come; each
 * further one names where to go on. A pull changes nothing, so its reply is not remembered and is not in the spool: it
 * goes up outside of the streams, in front of nothing, and who did not get it asks again. One evidence at a time:
 * another one meanwhile is refused as busy. Refused too while the owner's setting or the day's budget says so. */
#pragma once
#include "day_budget.h"
#include "loop.h"
#include "recorder.h"
#include "wall.h"

enum { PULLS_IDLE_MS = 2 * 60 * 1000 /* so long the recorder is held for a part that nobody asks for */ };

struct pulls_owner {
    void *self;
    /* A finished up/reply payload, to be sent at once and once. `id`: the command that it answers. */
    void (*reply)(void *self, const char *id, const void *payload, size_t bytes);
};
struct pulls_counts {
    uint64_t parts, refused;
};

struct pulls;
/* recorder NULL: evidence is off, and every pull is refused. All outlive the pulls. */
struct pulls *pulls_new(struct loop *loop, struct recorder *recorder, struct wall *wall, struct budget *budget,
                        const struct pulls_owner *owner);
void pulls_free(struct pulls *pulls);
void pulls_command(struct pulls *pulls, const struct command_message *command);
/* The wall clock was set: the stretch that is waited for moves along. */
void pulls_step(struct pulls *pulls, int64_t by_ms);
/* Whether a pull may be answered at this level; free: as configured, nothing is saved. */
bool pulls_allowed(enum budget_level level);
struct pulls_counts pulls_counts(const struct pulls *pulls);
