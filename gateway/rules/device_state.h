/* The inside of a device's rule state, shared by device.c (samples, time, the contract) and device_rules.c (conditions
 * and what they tell). */
#pragma once
#include "rules/condition.h"
#include "rules/device.h"
#include "rules/faults.h"
#include "rules/series.h"

enum { RULE_WORDS = PLAN_RULES_MAX / 64, DERIVED_WORDS = PLAN_DERIVED_MAX / 64 };
struct rule_state {
    struct condition *items; /* by part, ascending; idle ones are not kept */
    uint16_t count, room;
};
struct rule_device {
    const struct pack *pack;
    char *name;
    struct series_set set;
    struct rule_state *rules; /* as many as the pack has */
    struct fault_states faults;
    struct fleet *fleet; /* an entry of its own; NULL: it is compared with nobody */
    int64_t evaluated_ms, due_ms;
    struct feed *warm_feed;               /* while windows of log lines and events are filled */
    uint64_t cold[PLAN_WINDOWS_MAX / 64]; /* windows that have missed what was before, a bit each */
};

/* ---- device.c: the samples of one time; returns how many ---- */
size_t device_moment(struct rule_device *d, const struct sample *samples, size_t count, struct firings *out);

/* ---- device_logs.c ---- */
/* What waits and is not later than until_ms is taken, moment by moment. */
void device_flush(struct rule_device *d, int64_t until_ms, struct firings *out);
void device_feed_save(const struct rule_device *d, struct buf *out);
FL_CHECK bool device_feed_load(struct rule_device *d, struct cursor *in);

/* ---- device_rules.c ---- */
/* The condition of a part; made, idle, when it is not there. */
struct condition *device_condition(struct rule_device *d, size_t rule, uint16_t part);
/* Conditions whose data was missing for a while before `now_ms`. */
void device_close_gaps(struct rule_device *d, int64_t now_ms, struct firings *out);
/* Rules of absence alone, at a moment of the wall clock. */
void device_evaluate_absence(struct rule_device *d, int64_t now_ms, struct firings *out);
/* Everything of the moment `now_ms` has arrived; `wanted` are the rules that read some of it, a bit each. */
void device_evaluate(struct rule_device *d, const uint64_t wanted[RULE_WORDS], int64_t now_ms, struct firings *out);

/* ---- device_fleet.c ---- */
/* A series of the device may be one that is compared with those of others: it joins the device's fleet, if it has one
 * and that was not done before. */
void device_join_series(struct rule_device *d, const struct derived *derived, const struct series *series);
