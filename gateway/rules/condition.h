/* The state of one rule for one part of one device, as a pure function of what its expressions say:
 *
 *   idle --true--> pending --true for `for`--> firing --over for keep_firing_for--> idle
 *                     |                          |  ^
 *                     +--not true, unknown--> idle  +-- unknown: stays, marked; begins to recover anew afterwards
 *
 * Times are the product's. */
#pragma once
#include "rules/rules.h"

enum reading {
    READING_TRUE,    /* the expression holds */
    READING_BETWEEN, /* it does not, but it has not recovered either */
    READING_OVER,    /* recovered: the recovery expression holds; without one, the expression is known to be false */
    READING_UNKNOWN
};
enum phase { PHASE_IDLE, PHASE_PENDING, PHASE_FIRING };
struct condition {
    int64_t since_ms; /* pending and firing: true since */
    int64_t over_ms;  /* is_over: recovering since */
    int64_t until_ms; /* what was read holds until then; later it is unknown */
    int64_t told_ms;  /* when its text was last looked at */
    double value;     /* when it was last true */
    uint32_t told_hash;
    uint16_t part;
    uint8_t phase;
    bool is_over, is_unknown;
};
struct hold {
    int64_t for_ms, keep_firing_ms;
};
/* What to tell. `event_ms` is when it became so. */
struct transition {
    bool is_told;
    enum firing_kind kind;
    int64_t event_ms;
};
/* At now_ms the expressions read so, and will until until_ms if no sample comes. */
struct transition condition_read(struct condition *c, const struct hold *hold, enum reading reading, double value,
                                 int64_t now_ms, int64_t until_ms);
/* No data came until `at_ms`, which is after c->until_ms: unknown since then. */
struct transition condition_gap(struct condition *c, int64_t at_ms);
/* When time alone changes it: its hold ends, or its data becomes stale. INT64_MAX: never. */
int64_t condition_due_ms(const struct condition *c, const struct hold *hold);
