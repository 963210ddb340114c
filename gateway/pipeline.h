/* The map: what happens to one received message, stage by stage. Runs inside the turn's transaction. */
#pragma once
#include "core.h"

/* RESULT_OK also for everything that was the sender's fault: quarantined, counted, acknowledged or asked for again. Any
 * other result is the store's: the turn is to be rolled back. */
FL_CHECK enum result pipeline_receive(struct core *core, const struct inbound *message);
/* What messages of agents and what foreign devices say (foreign.h) have in common. Results as above. */
FL_CHECK enum result pipeline_born(struct core *core, struct device *device, const struct birth_message *birth,
                                   bool is_online, const struct inbound *message);
FL_CHECK enum result pipeline_records(struct core *core, struct device *device, const struct inbound *message,
                                      const struct senml_record *records, size_t count);
/* A fault code is stored, and counted by rules that look for it: adds to core->firings. */
FL_CHECK enum result pipeline_fault(struct core *core, struct device *device, const struct event_message *event);
/* The device came or went: row, log line, notification, sessions that wait for its owner. */
FL_CHECK enum result pipeline_presence(struct core *core, struct device *device, bool is_online);
void pipeline_touch(struct core *core, struct device *device); /* it was heard of in this turn */
/* Once at the end of a turn: positions of streams, who was seen, full chunks. */
FL_CHECK enum result pipeline_finish(struct core *core);
/* Forgets everything and reads it from the store again: at the start, and after a turn that failed. */
FL_CHECK enum result pipeline_load(struct core *core, struct fault *fault);
/* Puts what could not be accepted aside, with the reason, and counts it. */
FL_CHECK enum result pipeline_quarantine(struct core *core, const struct inbound *message, const char *device,
                                         const char *format, ...) FL_PRINTF(4, 5);
