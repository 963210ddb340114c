/* Writing, merging and expiring chunks.
 *
 * A row costs some 75 bytes beside its blob (columns, index), and what a chunk learns it learns anew: small ones are
 * dear. A chunk of a slow sensor is written because it is old, with a few dozen samples; so it takes the chunk before
 * it along, until that has HISTORY_MERGED_SAMPLES. Each byte is written some four times that way, but only those of
 * slow sensors, which are few. Left: keeping slow chunks open for longer; each open sample pins the journal and costs
 * memory and start-up time. */
#include "store/chunk_rows.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "store/handle.h"
#include "store/history.h"

enum { SMALL_SAMPLES = HISTORY_CHUNK_SAMPLES - 64 /* a piece below that joins the chunk before it */ };

struct chunk_rows {
    struct store *store;
    struct tier_builder *tiers;
    struct point merged[HISTORY_MERGED_SAMPLES];
    struct buf bytes;
    struct chunk_rows_figures figures;
};

struct chunk_rows *chunk_rows_new(struct store *store, struct tier_builder *tiers) {
    struct chunk_rows *r = mem_alloc(sizeof *r);
    r->store = store;
    r->tiers = tiers;
    buf_init(&r->bytes, CHUNK_BYTES_MAX);
    return r;
}

void chunk_rows_free(struct chunk_rows *r) {
    if (r == NULL)
        return;
    buf_fini(&r->bytes);
    free(r);
}

struct chunk_rows_figures chunk_rows_read_figures(const struct chunk_rows *r) {
    return r->figures;
}

void take_chunk(struct query *q, struct chunk_row *out) {
    *out = (struct chunk_row){.id = take_int(q)};
    out->summary.series = take_int(q);
    out->summary.start_ms = take_int(q);
    out->summary.end_ms = take_int(q);
    out->summary.count = take_int(q);
    out->summary.min = take_real(q);
    out->summary.max = take_real(q);
    out->summary.sum = take_real(q);
    out->bytes = take_blob(q, &out->byte_count);
}

enum result chunk_row_open(const struct chunk_row *row, struct point out[CHUNK_SAMPLES_MAX], size_t *count) {
    const enum result result = chunk_decode(&row->summary, row->bytes, row->byte_count, out, CHUNK_SAMPLES_MAX, count);
    if (result != RESULT_OK)
        log_error("gateway.store", "chunk_damaged", "series=%lld chunk=%lld reason=%s", (long long)row->summary.series,
                  (long long)row->id, result_name(result));
    return result;
}

int point_compare(const void *a, const void *b) {
    const struct point *x = a, *y = b;
    if (x->event_ms != y->event_ms)
        return x->event_ms < y->event_ms ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

void points_sort(struct point *points, size_t count) {
    bool is_sorted = true;
    for (size_t i = 1; i < count && is_sorted; i++)
        is_sorted = points[i - 1].event_ms <= points[i].event_ms;
    if (!is_sorted)
        qsort(points, count, sizeof *points, point_compare);
}

/* ---- writing ---- */

static enum result write_row(struct chunk_rows *r, const struct chunk_summary *s, int64_t id) {
    struct query q =
        id == 0 ? query_of(&r->store->sql, "INSERT INTO chunk(series, start_ms, end_ms, count, min, max, sum, bytes)"
                                           " VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
                : query_of(&r->store->sql, "UPDATE chunk SET series = ?, start_ms = ?, end_ms = ?, count = ?, min = ?,"
                                           " max = ?, sum = ?, bytes = ? WHERE id = ?");
    put_int(&q, s->series);
    put_int(&q, s->start_ms);
    put_int(&q, s->end_ms);
    put_int(&q, s->count);
    put_real(&q, s->min);
    put_real(&q, s->max);
    put_real(&q, s->sum);
    put_blob(&q, r->bytes.data, r->bytes.count);
    if (id != 0)
        put_int(&q, id);
    r->figures.bytes += r->bytes.count;
    return query_run(&q);
}

/* The chunk of the same day that a small piece may join, its points before the piece's in r->merged; *id 0: there is
 * none. One that does not decode is left alone. */
static enum result find_before(struct chunk_rows *r, int64_t series, const struct point *points, size_t count,
                               int64_t *id, size_t *found) {
    *id = 0;
    struct chunk_row row;
    struct query q = query_of(&r->store->sql, "SELECT " CHUNK_COLUMNS " FROM chunk WHERE series = ? AND start_ms >= ?"
                                              " AND start_ms <= ? ORDER BY start_ms DESC LIMIT 1");
    put_int(&q, series);
    put_int(&q, tier_day_of(points[0].event_ms) * TIER_DAY_MS);
    put_int(&q, points[0].event_ms);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    take_chunk(&q, &row);
    if (row.summary.count + (int64_t)count <= HISTORY_MERGED_SAMPLES &&
        tier_day_of(row.summary.end_ms) == tier_day_of(points[0].event_ms) &&
        chunk_decode(&row.summary, row.bytes, row.byte_count, r->merged, HISTORY_MERGED_SAMPLES, found) == RESULT_OK)
        *id = row.id;
    query_close(&q);
    return RESULT_OK;
}

enum result chunk_rows_add(struct chunk_rows *r, int64_t series, const struct point *points, size_t count) {
    bool is_folded = false;
    int64_t id = 0;
    size_t before = 0;
    enum result result =
        tier_builder_take(r->tiers, series, tier_day_of(points[0].event_ms), points, count, &is_folded);
    if (result != RESULT_OK || is_folded)
        return result;
    r->figures.samples += count;
    if (count < SMALL_SAMPLES)
        result = find_before(r, series, points, count, &id, &before);
    if (result != RESULT_OK)
        return result;
    if (id != 0) {
        memcpy(r->merged + before, points, count * sizeof *points);
        count += before;
        points_sort(r->merged, count);
        points = r->merged;
        r->figures.merges++;
    } else {
        r->figures.chunks++;
    }
    const struct chunk_summary summary = chunk_summarize(series, points, count);
    buf_reset(&r->bytes);
    chunk_encode(&summary, points, &r->bytes);
    return write_row(r, &summary, id);
}

/* ---- retention ---- */

struct expired {
    int64_t id, series, first_day, last_day;
};

static enum result expire_one(struct chunk_rows *r, const struct expired *chunk, int *deleted) {
    bool is_ready = true, is_end_ready = true;
    enum result result = tier_builder_finish(r->tiers, chunk->series, chunk->first_day, &is_ready);
    if (result == RESULT_OK && chunk->last_day != chunk->first_day)
        result = tier_builder_finish(r->tiers, chunk->series, chunk->last_day, &is_end_ready);
    if (result != RESULT_OK || !is_ready || !is_end_ready)
        return result;
    struct query q = query_of(&r->store->sql, "DELETE FROM chunk WHERE id = ?");
    put_int(&q, chunk->id);
    ++*deleted;
    return query_run(&q);
}

enum result chunk_rows_expire(struct chunk_rows *r, int64_t device, int64_t before_ms, int rows_max, int *deleted) {
    struct expired *found = mem_alloc((size_t)(rows_max > 0 ? rows_max : 1) * sizeof *found);
    const int64_t limit_ms = tier_day_of(before_ms) * TIER_DAY_MS;
    int count = 0;
    struct query q =
        query_of(&r->store->sql, "SELECT c.id, c.series, c.start_ms, c.end_ms FROM series s JOIN chunk c"
                                 " ON c.series = s.id WHERE s.device = ? AND c.start_ms < ? AND c.end_ms < ? LIMIT ?");
    *deleted = 0;
    put_int(&q, device);
    put_int(&q, limit_ms);
    put_int(&q, limit_ms);
    put_int(&q, rows_max);
    while (query_next(&q)) {
        found[count].id = take_int(&q);
        found[count].series = take_int(&q);
        found[count].first_day = tier_day_of(take_int(&q));
        found[count++].last_day = tier_day_of(take_int(&q));
    }
    enum result result = query_end(&q);
    for (int i = 0; i < count && result == RESULT_OK; i++)
        result = expire_one(r, &found[i], deleted);
    free(found);
    return result;
}
