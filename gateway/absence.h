/* Rules about missing data, for devices that are online and say nothing at all: nothing arrives that would have them
 * evaluated. Within the turn's transaction. */
#pragma once
#include "core.h"

enum {
    ABSENCE_EVERY_MS = 10 * 1000, /* how often silent devices are looked at */
    ABSENCE_QUIET_MS = 60 * 1000  /* nothing for so long: what it had to send has come, for a backlog is sent without
                                     a pause */
};

/* About once a second. */
FL_CHECK enum result absence_tick(struct core *core);
