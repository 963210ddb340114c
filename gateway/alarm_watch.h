/* What ends by time alone in the life of alarms: shelves expire, silences end and their alarms surface, flapping alarms
 * calm down. */
#pragma once
#include <stdint.h>

#include "fieldline/result.h"

struct core;
/* Part of struct core; zero is how it begins. */
struct alarm_watch {
    int64_t quiet_after, flapping_after; /* alarm rows that were looked at last */
};
/* About once a second; looks at a bounded number of alarms. */
FL_CHECK enum result alarm_watch_tick(struct core *core);
