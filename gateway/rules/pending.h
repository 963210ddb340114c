/* Conditions that hold, but not yet for as long as their rule asks (`for`): what will be an alarm soon if nothing
 * changes. Pipeline thread. */
#pragma once
#include "rules/rules.h"

struct rule_pending {
    const char *alarm, *part; /* live as long as the pack and the device */
    enum severity severity;
    int64_t since_ms, for_ms; /* the product's time */
    double value;
};
/* Copies up to `room`; returns how many there are. */
size_t rule_device_pending(const struct rule_device *d, struct rule_pending *out, size_t room);
