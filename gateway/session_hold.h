/* Recordings that are held back from retention, and those that retention removes. Pipeline thread. */
#pragma once
#include "core.h"

/* Changes (desk.c's table). Roles were checked at the edge: supervisor, auditor. */
FL_CHECK enum result session_hold_begin(struct core *core, struct change *change);
FL_CHECK enum result session_hold_end(struct core *core, struct change *change);
/* Destroys one recording that is past its time, and with it what its report had from it; most times there is none. */
FL_CHECK enum result session_hold_expire(struct core *core);
/* Forgets some of the searchable lines of recordings that were removed. */
FL_CHECK enum result session_hold_forget(struct core *core);
