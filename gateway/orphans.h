/* Alarms whose rule is gone: nobody would ever judge them again, so they are cleared, and their tickets say why. An
 * edit while the gateway runs finds them one by one (reload.c); an edit while it was down, and a device that became
 * another model, are found here. Within the turn's transaction. */
#pragma once
#include "core.h"

/* After each loading, and when core->may_have_orphans was set by something else; cheap otherwise. */
FL_CHECK enum result orphans_turn(struct core *core);
/* Clears the alarm of a rule that fired as `last` says. */
FL_CHECK enum result orphan_clear(struct core *core, struct device *device, const struct firing *last);
