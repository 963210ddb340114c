/* What the engine's own tools ask of a device beyond rules.h. */
#pragma once
#include "rules/evaluate.h"
#include "rules/rule.h"

/* Time passes without a sample: stale data becomes unknown, holds end, absent() is asked. Never goes back; samples
 * before `now_ms` are late from then on. For the test runner, whose test files speak of such moments; the gateway
 * leaves a silent device alone, because its data may still be on its way. */
void rule_device_time(struct rule_device *d, int64_t now_ms, struct firings *out);

/* What an expression of this device's pack is now, its samples up to now_ms taken; now_ms never goes back. */
void rule_device_value(struct rule_device *d, const struct expression *e, int64_t now_ms, struct vector *out);

/* One raised alarm of a rule (fault codes are not listed). */
struct rule_raised {
    const struct rule *rule;
    const char *part;
    double value; /* when it was last true */
    int64_t since_ms;
};
/* Copies up to `room`; returns how many there are. */
size_t rule_device_raised(const struct rule_device *d, struct rule_raised *out, size_t room);
/* The fault codes that are on. Copies up to `room`; returns how many there are. */
enum { FAULTS_ON_MAX = 600 };
size_t rule_device_faults(const struct rule_device *d, const char **out, size_t room);
