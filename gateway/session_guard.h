/* Watches every session that is not over: what has to hold at the beginning has to hold all the time, and what is
 * waited for has its time. Pipeline thread, in a transaction. */
#pragma once
#include "core.h"

enum { SESSION_GUARD_MS = 500 };
/* Every SESSION_GUARD_MS looks at all of them: whoever disables an account in another process is noticed by that. What
 * does not hold any more ends its sessions with the reason. */
FL_CHECK enum result session_guard_turn(struct core *core);
/* The same at once: something was changed that sessions hang on. */
FL_CHECK enum result session_guard_now(struct core *core);
/* The device's certificate was revoked: its sessions end, "certificate_revoked". Any device name. */
FL_CHECK enum result session_desk_device_revoked(struct core *core, const char *device);
FL_CHECK enum result session_guard_revoked(struct core *core,
                                           struct change *change); /* the same, as the edge says it */
