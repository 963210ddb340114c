/* Works in a session without a person: sets parameters for a job, watches for a while, confirms, ends the session. A
 * leg of the relay like an engineer's, under the engineer's name, so that everything is checked, recorded and
 * countersigned as if he had typed it. Edge thread only. */
#pragma once
#include "sessions/relay.h"
#include "web/change.h"

struct web_drive;
struct driver;
/* Joins the relay as `drive->by`; whoever joins under that name later takes over, and the driver has failed. */
FL_CHECK enum result driver_start(struct relay *relay, const struct web_drive *drive, int64_t mono_ms,
                                  struct driver **out, struct fault *fault);
/* Does what is due. true: it is over; its result is in `change` (CHANGE_JOB_RESULT, the caller's from now on). Call it
 * at least every second, also once more after the relay was freed. */
FL_CHECK bool driver_tick(struct driver *driver, int64_t mono_ms, struct change **change);
void driver_free(struct driver *driver);
