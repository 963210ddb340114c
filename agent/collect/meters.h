/* What statsd values add up to between two flushes.
 *
 *   gauge    name                    the last value, with the time it arrived; nothing when none came
 *   counter  name                    sum since the agent started, at every flush (silence is "nothing happened")
 *   timer    name_count, name_sum    sums since the agent started, at every flush
 *            name_max, name_p95      of this flush's values; nothing when none came
 *
 * A counter restarts from zero with the agent; whoever takes a rate knows resets. At most METERS_MAX series; when they
 * are used up, one that was silent for an hour makes room. */
#pragma once
#include "collect/statsd.h"
#include "wall.h"

enum { METERS_MAX = 2000, METERS_TIMER_VALUES = 128 };

struct meters;
struct meters *meters_new(void);
void meters_free(struct meters *meters);
/* RESULT_CONFLICT: the name is another kind already; RESULT_BAD_INPUT: a counter cannot go down, or a timer's name has
 * no room for "_count"; RESULT_FULL: too many series. *level: what its series stands at now: the gauge, the counter's
 * sum, or the timer's value itself. */
FL_CHECK enum result meters_take(struct meters *meters, const struct statsd_value *value, const struct moment *now,
                                 double *level);
void meters_flush(struct meters *meters, int64_t now_ms, const struct sink *sink);
size_t meters_count(const struct meters *meters);
