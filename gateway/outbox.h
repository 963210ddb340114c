/* Commands to devices: written to the store with the change that causes them, published after the commit, again until
 * they are answered or expired. */
#pragma once
#include "core.h"

/* In a transaction. `about`: the session that it concerns, or "". args_json: at most CAP_COMMAND_BYTES. */
FL_CHECK enum result outbox_command(struct core *core, const struct device *device, const char *verb, const char *about,
                                    const char *args_json, int64_t expires_in_ms);
/* In a transaction: the reply to one of them. */
FL_CHECK enum result outbox_answered(struct core *core, struct device *device, const struct reply_message *reply);
/* In a transaction: publishes what is due and gives up what expired. */
FL_CHECK enum result outbox_pump(struct core *core);
/* Asks a device that is not known to introduce itself. Not stored: the next message of it asks again. */
void outbox_ask_birth(struct core *core, const struct device *device);
