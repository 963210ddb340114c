/* What owners say to this product through the owner's page, carried by the gateway and checked here: the gateway is a
 * messenger that can lose a message, and nothing else.
 *
 * Commands (down/cmd) and their replies:
 *   owner.state {}                              -> {"owner":STATE}
 *   owner.enrol {text,mac}                      -> {"key":ID,"owner":STATE}    text: fieldline.owner.1 enrol
 *   owner.say {key,statement,signature}         -> consent: as session.consent (launcher.h), or {"state":"refused",
 *                                                  "session"}; stop: {"state":"stopping","session"}; window,
 *                                                  window_end: {"owner":STATE}
 * STATE: {"nonce","capabilities":[..],"words":{..},"max_minutes","keys":[{key,point,name,at_ms}],
 *         "windows":[{window,by,key,statement}]}; the nonce works for one statement.
 * Errors: off_on_product, bad_input, denied (MAC, key, signature, device, more than was asked), stale (the nonce is
 * used or of an earlier run: ask again), not_found, full, conflict, too_many (attempts that were denied), failed. */
#pragma once
#include "agent_config.h"
#include "fieldline/message.h"
#include "launcher.h"

enum { OWNER_DENIED_MAX = 20, OWNER_DENIED_FORGET_MS = 10 * 60 * 1000 };
struct owner;
/* With `[session] owner_page` it makes the pairing secret the first time. */
struct owner *owner_new(struct loop *loop, const struct agent_config *config, struct launcher *launcher,
                        launcher_reply_fn *reply, void *self);
void owner_free(struct owner *owner);
void owner_command(struct owner *owner, const struct command_message *command);
/* Statements and enrolments that did not count, since the start. */
uint64_t owner_denied_count(const struct owner *owner);
