/* Follows log files by name: across rotation by rename and by truncation, and across restarts of the agent.
 *
 * A line becomes one log record when its end has been written. A restart neither repeats nor loses a line: the position
 * is written down together with the number of the spool record that will hold the lines before it (tail_checkpoint),
 * and is believed only if that record is in the spool. A file seen for the first time is read from its last 64 KiB. */
#pragma once
#include "agent_config.h"
#include "collect/sink.h"
#include "loop.h"
#include "wall.h"

struct tail;
/* What the spool says at the start: the stream of its bulk lane and the last record found there (or acknowledged). */
struct tail_spool {
    const char *stream;
    uint64_t found_seq;
};
/* `files` and `sink` outlive the tail. Positions are kept in `state_path`. */
struct tail *tail_new(struct loop *loop, const struct agent_tail *files, const char *state_path,
                      const struct tail_spool *spool, struct wall *wall, const struct sink *sink);
void tail_free(struct tail *tail);
/* The log records handed over so far are about to be appended as record `seq` of `stream`: call right before that. */
void tail_checkpoint(struct tail *tail, const char *stream, uint64_t seq);
/* One round over all files, as the timer does it (tests). true: there is more to read right now. */
bool tail_poll(struct tail *tail);
