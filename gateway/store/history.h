/* History: open chunks in memory, full ones as compressed rows. Owned by the pipeline thread, beside the writer.
 *
 * A sample is in the journal and in an open chunk here; when a chunk is full, spans HISTORY_SPAN_MS or is old,
 * history_step writes it within the caller's transaction, and the series remembers up to which journal row it is
 * covered. Chunks close only between messages, so that "covered up to row N" is exact: a replay skips what is covered
 * and nothing is doubled. When the transaction is rolled back, history goes back with it (it listens to store_on_end).
 */
#pragma once
#include "store/chunk.h"
#include "store/journal.h"

enum {
    HISTORY_CHUNK_SAMPLES = 256,          /* about when a chunk is full */
    HISTORY_MERGED_SAMPLES = 512,         /* what is written because it is old joins the chunk before it, up to this */
    HISTORY_OPEN_MS = 60 * 60 * 1000,     /* a chunk is written this long after it was begun, full or not */
    HISTORY_SPAN_MS = 24 * 60 * 60 * 1000 /* no chunk spans more, nor crosses midnight UTC: readers rely on it */
};
struct history;
struct history_options {
    int64_t open_ms; /* a chunk is written this long after it was begun, full or not (0: 1 h) */
};
/* Reads how far each series is covered. The journal's replay into history_add follows. Claims the file for this
 * process: RESULT_BUSY when another gateway runs on it. */
FL_CHECK enum result history_open(struct store *store, const struct history_options *options, struct history **out);
void history_close(struct history *history); /* what is open stays in the journal */

/* In a transaction, after journal_append gave `journal_id`; now_ms is wall time. In a replay, outside of one: the row's
 * id and recv_ms. Cannot fail: a sample that is covered already is skipped, and so is a value that is not finite (none
 * should come so far; readers skip it too). */
void history_add(struct history *history, int64_t series, int64_t journal_id, int64_t now_ms, int64_t event_ms,
                 double value);
/* In a transaction, once, after its last history_add: writes every full chunk and at most `old_max` old ones. */
FL_CHECK enum result history_step(struct history *history, int64_t now_ms, int old_max);
/* Writes everything that is open (before a long stop; tests). In a transaction. */
FL_CHECK enum result history_flush(struct history *history);
/* The first journal row that is still needed: rows before it are in chunks. For journal_trim. */
int64_t history_pins(const struct history *history);
/* The journal row up to which this series is in chunks. */
int64_t history_covered(const struct history *history, int64_t series);
/* What is in no chunk yet, as it came; valid until the next call that changes the history. Returns how many. */
size_t history_open_points(const struct history *history, int64_t series, const struct point **points);
/* Some background work on the tiers: opens at most about `chunks_max` chunks. In a transaction. */
FL_CHECK enum result history_tidy(struct history *history, int64_t now_ms, int chunks_max);
/* Deletes at most rows_max chunks of the device: of days (UTC) that were over before before_ms and have their tiers. In
 * a transaction. */
FL_CHECK enum result history_expire(struct history *history, int64_t device, int64_t before_ms, int rows_max,
                                    int *deleted);
/* The same for the tiers. */
FL_CHECK enum result history_expire_tiers(struct history *history, int64_t device, int64_t before_ms, int rows_max,
                                          int *deleted);

struct history_figures {
    uint64_t samples, chunks, chunk_bytes, chunk_samples; /* since history_open */
    uint64_t merges;                                      /* chunks that took in what came later */
    uint64_t tier_days, damaged;                          /* days built; chunks that did not decode */
    size_t open_series, open_samples, memory_bytes;
};
struct history_figures history_read_figures(const struct history *history);
