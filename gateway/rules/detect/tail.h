/* The tails of all values seen so far, and how surprising a new one is beside them.
 *
 * Both tails are taken to fall off exponentially beyond the quantiles 0.05 and 0.95. The surprise of a value is its
 * distance beyond that quantile in units of the mean distance that values beyond it have had: 0 between the quantiles,
 * and e for one that one in 20 * exp(e) would exceed. A value within the range seen before can be rare but is not
 * extreme: its surprise is cut at 3.5 (once in 660). So one limit means one false-alarm rate on any series.
 * 252 bytes; a value costs about 60 ns. */
#pragma once
#include "fieldline/bytes.h"

enum { TAIL_CELLS = 24, TAIL_FRESH = 8, TAIL_LEARNT = 50 };
#define TAIL_SURPRISE_MAX 10.0
#define TAIL_SEEN_MAX     3.5

struct tail { /* zeroed: has seen nothing */
    float mean[TAIL_CELLS], weight[TAIL_CELLS];
    float fresh[TAIL_FRESH]; /* not sorted in yet */
    float low, high;         /* the extremes; both 0 before the first value */
    float low_edge, low_excess, high_edge, high_excess;
    uint8_t count, fresh_count;
    bool is_learnt;
};

/* 0 to TAIL_SURPRISE_MAX; 0 before TAIL_LEARNT values were seen. An excess below `noise` (the value's rounding) is
 * none. The value itself is not in it before tail_add. */
double tail_surprise(const struct tail *t, double value, double noise);
/* A finite value. */
void tail_add(struct tail *t, double value);
void tail_save(const struct tail *t, struct buf *out);
FL_CHECK bool tail_load(struct tail *t, struct cursor *in); /* into a zeroed one */
