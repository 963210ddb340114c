/* Jobs: the same new values for the parameters of many devices of one model, one device after the other, each in a
 * session of its own: a ticket is opened, its owner is asked, a driver (web/driver.h) sets, watches and confirms, the
 * ticket is resolved. Nothing is shorter than for a person: grant, consent, recording and report are the same. A device
 * whose owner does not consent, or that is offline, is skipped; the job stops after so many failures. What a job knows
 * is in the store (store/jobs.h); a step that the gateway's end interrupted is begun again. Pipeline thread. */
#pragma once
#include "core.h"

FL_CHECK enum result jobs_open(struct core *core, struct change *change);
FL_CHECK enum result jobs_act(struct core *core, struct change *change);
FL_CHECK enum result jobs_result(struct core *core, struct change *change);
/* Begins the next steps and looks at those under way. About once a second. */
FL_CHECK enum result jobs_tick(struct core *core);
