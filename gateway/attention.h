/* Does an alarm deserve a ticket just now? Looks up what silence.h asks: is it shelved, is there a maintenance window,
 * is what the device hangs on down, does another alarm explain it, has the backlog that brought it drained. */
#pragma once
#include "core.h"
#include "rules/alarm.h"
#include "store/locations.h"

/* `is_past`: it came with a backlog that has not drained. `location` gets where the device stands. */
FL_CHECK enum result attention_look(struct core *core, const struct device *device, const struct alarm *alarm,
                                    bool is_past, struct location *location, enum silence *out);
