/* The steps of a job (jobs.h): one device each. Pipeline thread. */
#pragma once
#include "core.h"
#include "store/jobs.h"

/* Looks at the step under way, or begins the next, or ends the job. */
FL_CHECK enum result job_steps_tick(struct core *core, struct job *job);
