/* The journal: one append-only row for each telemetry message, in the transaction that carries everything it caused. It
 * holds what was accepted (normalised samples with their series ids), not the bytes that came: a replay and a reader
 * then see exactly what rules and history saw, without the pack, and the log is a third of the size of the JSON.
 *
 * Rows leave when history has every sample of them in a chunk and the stored rule state has seen them (journal_trim).
 */
#pragma once
#include "store/store.h"

struct journal_sample {
    int64_t series; /* store_series_intern */
    int64_t event_ms;
    double value;
};
enum { JOURNAL_SAMPLES_MAX = 4096 /* in one row */ };

struct journal_row {
    int64_t id; /* rises; never used again */
    int64_t device;
    uint64_t seq; /* of the message in its stream; 0 when it had none */
    int64_t recv_ms;
    int64_t first_ms, last_ms; /* event times; there is at least one sample */
    const struct journal_sample *samples;
    size_t count;
};
/* row->id is ignored; *id gets the one given. */
FL_CHECK enum result journal_append(struct store *store, const struct journal_row *row, int64_t *id);
/* Rows with id > after, in order. A damaged row is left out and logged: one message is a hole, not the end. */
typedef void journal_fn(void *self, const struct journal_row *row);
FL_CHECK enum result journal_replay(struct store *store, int64_t after, journal_fn *fn, void *self);
/* Deletes at most `rows_max` rows with id < before_id, the oldest first; *deleted tells how many. before_id: the lower
 * of history_pins and rule_keep_pin. */
FL_CHECK enum result journal_trim(struct store *store, int64_t before_id, int rows_max, int *deleted);

/* The row's payload. Exact for every double. Decoding is all or nothing. RESULT_TOO_BIG: more samples than a row holds,
 * or a buffer whose cap is below JOURNAL_PAYLOAD_BYTES_MAX of that many. */
enum {
    JOURNAL_HEAD_BYTES_MAX = 1 + VARINT_BYTES_MAX + 4, /* the check too */
    JOURNAL_SAMPLE_BYTES_MAX = 3 * VARINT_BYTES_MAX + 1,
    JOURNAL_PAYLOAD_BYTES_MAX = JOURNAL_HEAD_BYTES_MAX + JOURNAL_SAMPLES_MAX * JOURNAL_SAMPLE_BYTES_MAX
};
FL_CHECK enum result journal_encode(const struct journal_sample *samples, size_t count, struct buf *out);
FL_CHECK enum result journal_decode(const void *payload, size_t bytes, struct journal_sample *out, size_t room,
                                    size_t *count);
