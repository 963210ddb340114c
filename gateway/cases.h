/* Firings of rules and calls of owners become alarms and tickets: the join of the two stages, within the turn's
 * transaction. */
#pragma once
#include "core.h"
#include "rules/alarm.h"

/* Each firing updates its alarm and, unless the alarm is to be silent, by the folding policy a ticket, or an incident
 * of the fleet. at_ms: the newest time of the data that caused them, which tells a backlog. Call it for data that
 * caused nothing, too. recv_mono_us: when the causing message came. */
FL_CHECK enum result cases_take(struct core *core, struct device *device, const struct firings *firings, int64_t at_ms,
                                int64_t recv_mono_us);
/* A change of an alarm that no firing made (a person reset it, it calmed down, its silence is over: then ALARM_RAISED).
 * Carries it to tickets, stores the row, and tells. */
FL_CHECK enum result cases_change(struct core *core, struct device *device, struct alarm *alarm,
                                  enum alarm_change change);
/* An alarm that is silent for `silence` no more: the same, as if it had been raised just now. A new reason is found or
 * none; is_gathered: it has waited for a storm long enough. */
FL_CHECK enum result cases_surface(struct core *core, struct device *device, struct alarm *alarm, bool is_gathered);
/* The owner called for service from the product: a ticket of theirs. */
FL_CHECK enum result cases_call(struct core *core, struct device *device, const char *text);
