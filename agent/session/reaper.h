/* Nothing that a session has started outlives it. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#include "fieldline/result.h"

/* Orphans of our descendants become our children from now on, so that they can be found. Once, at the start. */
FL_CHECK enum result reaper_start(struct fault *fault);
/* Kills every descendant of this process (with `session` > 0: only those of that terminal's session) and collects what
 * has died. Blocks, at most for wait_ms. Returns how many are left. */
size_t reaper_kill(pid_t session, int wait_ms);
