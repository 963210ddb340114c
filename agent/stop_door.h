/* The stop button on the product: a Unix socket, run_dir/stop, that `fieldline-agent stop-sessions` uses. It works
 * without a network and without the gateway. Whoever may write to it may end sessions and do nothing else: the agent's
 * own user, root, and the members of `[session] stop_group`. One packet: a session's UUID, or nothing for all; the
 * answer is how many are being ended, as decimal text. */
#pragma once
#include "agent_config.h"
#include "loop.h"

/* `session` NULL: all. Returns how many are being ended. */
typedef size_t stop_door_fn(void *self, const char *session);
struct stop_door;
FL_CHECK enum result stop_door_open(struct loop *loop, const struct agent_config *config, stop_door_fn *stop,
                                    void *self, struct stop_door **out, struct fault *fault);
void stop_door_close(struct stop_door *door); /* NULL is fine */
/* The other end, for the command line: blocks, at most two seconds. RESULT_NOT_FOUND: no agent listens. */
FL_CHECK enum result stop_door_ask(const char *run_dir, const char *session, size_t *ended, struct fault *fault);
