/* Puts the old values of a change back, every one of them, whether it was set or not, and reads each back. Used by the
 * session process for what it set itself and by the resident agent for what it found. Loop thread only. */
#pragma once
#include "param_journal.h"
#include "param_walk.h"

struct param_undo;
/* is_undone: all old values are there again; else `why` names the first that is not. Once, from the loop; gone then. */
typedef void param_undo_fn(void *self, bool is_undone, const struct fault *why);
/* The journal says "undoing" on the disk already. A parameter that the configuration does not name any more, or with
 * another type, cannot be put back. */
struct param_undo *param_undo_start(struct loop *loop, const struct param_set *set, const struct param_journal *journal,
                                    param_undo_fn *done, void *self);
void param_undo_cancel(struct param_undo *undo);
