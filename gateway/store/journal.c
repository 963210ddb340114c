/* The journal's rows. Appending is the hottest write there is: one INSERT into a heap without an index. A device's rows
 * form a chain (`prev`), so a reader finds the newest of one device without one; see schema.c.
 *
 * Ids rise for ever, also when the table was emptied: history's "covered up to row N" must never meet an older N again.
 */
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "fieldline/number.h"
#include "store/handle.h"

#define META_TRIMMED "journal_trimmed"

static enum result read_next(struct store *store) {
    char *trimmed = NULL;
    int64_t least = 0, newest = 0;
    enum result result = store_meta_get(store, META_TRIMMED, &trimmed);
    if (result != RESULT_OK)
        return result;
    if (trimmed != NULL && !number_i64(trimmed, strlen(trimmed), 0, INT64_MAX - 1, &least))
        result = RESULT_CORRUPT;
    free(trimmed);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&store->sql, "SELECT coalesce(max(id), 0) FROM journal");
    result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    newest = take_int(&q);
    query_close(&q);
    store->journal_next = (newest > least ? newest : least) + 1;
    return RESULT_OK;
}

static enum result insert(struct store *store, const struct journal_row *row, const struct buf *payload) {
    struct query q = query_of(&store->sql, "INSERT INTO journal(id, device, prev, seq, recv_ms, first_ago_ms, span_ms,"
                                           " payload) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, store->journal_next);
    put_int(&q, row->device);
    put_int(&q, presence_chain(&store->presence, row->device, store->journal_next));
    put_int(&q, (int64_t)row->seq);
    put_int(&q, row->recv_ms);
    put_int(&q, row->recv_ms - row->first_ms); /* differences are small: two or three bytes instead of six */
    put_int(&q, row->last_ms - row->first_ms);
    put_blob(&q, payload->data, payload->count);
    return query_run(&q);
}

enum result journal_append(struct store *store, const struct journal_row *row, int64_t *id) {
    if (store->journal_next == 0) {
        const enum result result = read_next(store);
        if (result != RESULT_OK)
            return result;
    }
    struct buf *payload = &store->journal_payload;
    buf_reset(payload);
    enum result result = journal_encode(row->samples, row->count, payload);
    if (result == RESULT_OK)
        result = insert(store, row, payload);
    if (result == RESULT_OK)
        *id = store->journal_next++;
    return result;
}

void journal_init(struct store *store) {
    buf_init(&store->journal_payload, JOURNAL_PAYLOAD_BYTES_MAX);
}

enum result journal_replay(struct store *store, int64_t after, journal_fn *fn, void *self) {
    struct journal_sample *samples = mem_alloc(JOURNAL_SAMPLES_MAX * sizeof *samples);
    struct query q = query_of(&store->sql, "SELECT id, device, seq, recv_ms, first_ago_ms, span_ms, payload"
                                           " FROM journal WHERE id > ? ORDER BY id");
    put_int(&q, after);
    while (query_next(&q)) {
        struct journal_row row = {.samples = samples};
        size_t bytes = 0;
        row.id = take_int(&q);
        row.device = take_int(&q);
        row.seq = (uint64_t)take_int(&q);
        row.recv_ms = take_int(&q);
        row.first_ms = row.recv_ms - take_int(&q);
        row.last_ms = row.first_ms + take_int(&q);
        const void *payload = take_blob(&q, &bytes);
        if (journal_decode(payload, bytes, samples, JOURNAL_SAMPLES_MAX, &row.count) == RESULT_OK)
            fn(self, &row);
        else
            log_error("gateway.store", "journal_damaged", "row=%lld device=%lld first_ms=%lld", (long long)row.id,
                      (long long)row.device, (long long)row.first_ms);
    }
    free(samples);
    return query_end(&q);
}

static enum result find_end(struct store *store, int64_t before_id, int rows_max, int64_t *end) {
    struct query q = query_of(&store->sql, "SELECT coalesce(max(id), 0) FROM"
                                           " (SELECT id FROM journal WHERE id < ? ORDER BY id LIMIT ?)");
    put_int(&q, before_id);
    put_int(&q, rows_max);
    if (query_next(&q))
        *end = take_int(&q);
    return query_end(&q);
}

enum result journal_trim(struct store *store, int64_t before_id, int rows_max, int *deleted) {
    int64_t end = 0;
    char text[32];
    *deleted = 0;
    enum result result = find_end(store, before_id, rows_max, &end);
    if (result != RESULT_OK || end == 0)
        return result;
    snprintf(text, sizeof text, "%lld", (long long)end);
    result = store_meta_put(store, META_TRIMMED, text);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&store->sql, "DELETE FROM journal WHERE id <= ?");
    put_int(&q, end);
    result = query_run(&q);
    if (result == RESULT_OK)
        *deleted = sqlite3_changes(store->sql.db);
    return result;
}
