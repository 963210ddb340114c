/* The recorder: the last minutes of everything that was measured or logged, at the rate at which it came in, in a ring
 * of memory. Nothing of it leaves the product by itself; pulls.h reads it when the gateway asks after an alarm.
 *
 * The ring is of blocks (fieldline/evidence.h); when it is full the oldest block goes. While somebody holds it, what is
 * from a given time on stays, but for a quarter of the ring, which what comes after may take; then no more is recorded
 * (and counted) until it is let go: what was before an alarm is worth more than what came after. Loop thread. */
#pragma once
#include "fieldline/evidence.h"

enum {
    RECORDER_BLOCK_BYTES = 8 * 1024,
    RECORDER_LEAST_BYTES = 8 * RECORDER_BLOCK_BYTES, /* and CAP_EVIDENCE_BYTES at most */
    RECORDER_TEXT_BYTES = 512                        /* of a log line */
};

struct recorder;
/* Memory is taken page by page as it fills. bytes: RECORDER_LEAST_BYTES..CAP_EVIDENCE_BYTES. */
struct recorder *recorder_new(int64_t bytes);
void recorder_free(struct recorder *recorder);
/* Another one each time the agent starts: positions of an older one mean nothing. */
const char *recorder_id(const struct recorder *recorder);

void recorder_sample(struct recorder *recorder, const struct senml_record *record);
void recorder_log(struct recorder *recorder, const struct log_record *record);
/* The wall clock was set: what is recorded moves along, so that times fit those of the clock of now. */
void recorder_step(struct recorder *recorder, int64_t by_ms);

/* Keeps what is from `from_ms` on, until recorder_release. A second hold takes the place of the first. */
void recorder_hold(struct recorder *recorder, int64_t from_ms);
void recorder_release(struct recorder *recorder);

struct recorder_span {
    int64_t from_ms, to_ms; /* the earliest and the latest time; 0 and 0 when nothing is recorded */
    size_t bytes;           /* in use */
    uint64_t records;       /* taken since the start */
    uint64_t missed;        /* since the hold of now, or the last one, began */
};
struct recorder_span recorder_span(const struct recorder *recorder);
/* Copies what wish->from_ms .. to_ms (and its metrics) asks for into `out`, from position wish->at on (0: the oldest),
 * until it is full. *next: where to go on, 0: that was all. What was overwritten meanwhile is skipped. */
void recorder_read(const struct recorder *recorder, const struct evidence_wish *wish, struct evidence_writer *out,
                   uint64_t *next);
