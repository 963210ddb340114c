/* The resident agent: collectors -> packer -> spool -> uplink, and commands back. Owns every part.
 *
 * The process must have SIGPIPE ignored and its signals blocked (main.c reads them from a signalfd) before agent_new:
 * Paho's threads inherit both. Whoever starts a child gives it a clean mask and default handlers again. */
#pragma once
#include "agent_config.h"
#include "loop.h"

struct agent;
/* `config` has been identified and outlives the agent. Opens sockets and the spool; connects once it runs. */
FL_CHECK enum result agent_new(const struct agent_config *config, struct agent **out, struct fault *fault);
void agent_free(struct agent *agent);
struct loop *agent_loop(struct agent *agent);
/* Until agent_stop has done its work. */
FL_CHECK enum result agent_run(struct agent *agent);
/* Begins the orderly end: batches into the spool, "offline" to the broker. Takes less than two seconds. */
void agent_stop(struct agent *agent);
