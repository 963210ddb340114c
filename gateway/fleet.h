/* One fault on many devices becomes one incident with members and one ticket (tickets/storm.h counts,
 * tickets/incident.h decides). Within the turn's transaction. */
#pragma once
#include "core.h"
#include "rules/alarm.h"
#include "store/locations.h"

enum fleet_verdict {
    FLEET_ALONE,     /* this device's own */
    FLEET_GATHERING, /* maybe one of many: wait a little */
    FLEET_MEMBER     /* of an incident: what is to be written for that is written, but for the alarm's own row */
};
/* An alarm that would open a ticket was raised. */
FL_CHECK enum result fleet_raise(struct core *core, const struct device *device, struct alarm *alarm,
                                 const struct location *location, enum fleet_verdict *out);
/* A member's severity rose. */
FL_CHECK enum result fleet_rise(struct core *core, struct alarm *alarm);
/* A member cleared. */
FL_CHECK enum result fleet_clear(struct core *core, struct alarm *alarm);
/* After a start, and after a turn that failed: counts again what was raised lately. */
FL_CHECK enum result fleet_load(struct core *core);
