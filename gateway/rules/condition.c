/* The alarm's state machine, without any data access: rows of a table test it. A gap is not a fault: unknown ends a
 * pending condition (its `for` begins anew), leaves a firing one as it is but says so, and interrupts a recovery. */
#include "rules/condition.h"

static struct transition tell(enum firing_kind kind, int64_t event_ms) {
    return (struct transition){.is_told = true, .kind = kind, .event_ms = event_ms};
}

static struct transition read_idle(struct condition *c, const struct hold *hold, enum reading reading, int64_t now_ms) {
    if (reading != READING_TRUE) {
        c->phase = PHASE_IDLE;
        return (struct transition){0};
    }
    if (c->phase == PHASE_IDLE)
        c->since_ms = now_ms;
    c->phase = PHASE_PENDING;
    if (now_ms - c->since_ms < hold->for_ms)
        return (struct transition){0};
    c->phase = PHASE_FIRING;
    c->is_over = c->is_unknown = false;
    return tell(FIRING_RAISE, c->since_ms);
}

static struct transition lose(struct condition *c, int64_t at_ms) {
    c->is_over = false;
    if (c->is_unknown)
        return (struct transition){0};
    c->is_unknown = true;
    return tell(FIRING_UNKNOWN, at_ms);
}

static struct transition read_firing(struct condition *c, const struct hold *hold, enum reading reading,
                                     int64_t now_ms) {
    if (reading == READING_UNKNOWN)
        return lose(c, now_ms);
    bool was_unknown = c->is_unknown;
    c->is_unknown = false;
    if (reading != READING_OVER) {
        c->is_over = false;
    } else if (!c->is_over) {
        c->is_over = true;
        c->over_ms = now_ms;
    }
    if (c->is_over && now_ms - c->over_ms >= hold->keep_firing_ms) {
        c->phase = PHASE_IDLE;
        c->is_over = false;
        return tell(FIRING_CLEAR, c->over_ms);
    }
    return was_unknown ? tell(FIRING_UPDATE, now_ms) : (struct transition){0};
}

struct transition condition_read(struct condition *c, const struct hold *hold, enum reading reading, double value,
                                 int64_t now_ms, int64_t until_ms) {
    if (c->phase == PHASE_FIRING && now_ms < c->since_ms)
        return (struct transition){0}; /* restored, and this is replayed data from before it was raised */
    if (reading == READING_TRUE)
        c->value = value;
    c->until_ms = until_ms;
    return c->phase == PHASE_FIRING ? read_firing(c, hold, reading, now_ms) : read_idle(c, hold, reading, now_ms);
}

struct transition condition_gap(struct condition *c, int64_t at_ms) {
    c->until_ms = INT64_MAX;
    if (c->phase == PHASE_FIRING)
        return lose(c, at_ms);
    c->phase = PHASE_IDLE;
    return (struct transition){0};
}

int64_t condition_due_ms(const struct condition *c, const struct hold *hold) {
    int64_t due = c->until_ms == INT64_MAX ? INT64_MAX : c->until_ms + 1, end = INT64_MAX;
    if (c->phase == PHASE_PENDING)
        end = c->since_ms + hold->for_ms;
    else if (c->phase == PHASE_FIRING && c->is_over)
        end = c->over_ms + hold->keep_firing_ms;
    return end < due ? end : due;
}
