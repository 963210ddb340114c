/* Firings of rules and calls of owners become alarms and tickets: the join of the two stages, within the turn's
 * transaction. */
#pragma once
#include "core.h"

/* Each firing updates its alarm and, by the folding policy, a ticket. recv_mono_us: when the causing message came. */
FL_CHECK enum result cases_take(struct core *core, struct device *device, const struct firings *firings,
                                int64_t recv_mono_us);
/* The owner called for service from the product: a ticket of theirs. */
FL_CHECK enum result cases_call(struct core *core, struct device *device, const char *text);
