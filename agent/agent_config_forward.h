/* [forward NAME] of the agent's configuration, for agent_config_named.c and agent_config.c alone. */
#pragma once
#include "agent_config.h"

FL_CHECK enum result agent_config_forward_key(struct agent_config *c, const char *name, const char *key,
                                              const char *value, struct fault *fault);
/* Fills defaults; false with lines in `problems` when a port lacks what it needs, or lies on an address that is neither
 * loopback nor one of [session] forward_hosts. */
FL_CHECK bool agent_config_complete_forward(struct agent_config *c, const char *file, struct buf *problems);
void agent_config_fini_forward(struct agent_config *c);
