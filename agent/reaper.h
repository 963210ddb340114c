/* Nothing that a session has started outlives it. Used twice: by the session process, for its own descendants at its
 * end, and by the resident agent, which inherits what is left when a session process is killed. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#include "fieldline/result.h"

/* Orphans of our descendants become our children from now on, so that they can be found. Once, at the start. */
FL_CHECK enum result reaper_start(struct fault *fault);
/* Kills every descendant of this process (with `session` > 0: only those of that terminal's session) and collects what
 * has died. Blocks, at most for wait_ms. Returns how many are left. */
size_t reaper_kill(pid_t session, int wait_ms);
/* Kills all descendants of another process, not the process itself: it should be stopped, or it may make new ones.
 * Blocks, at most for wait_ms. Returns how many are left. */
size_t reaper_kill_below(pid_t root, int wait_ms);
/* One round, without waiting: kills what we have inherited from children that are gone, with all its descendants. Left
 * alone are children in our own session (what child_start makes) and those that are named. Returns how many were still
 * alive: call it again a little later until that is 0. */
size_t reaper_sweep(const pid_t *kept, size_t kept_count);
