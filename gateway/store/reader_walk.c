/* Chunks come by start time. None crosses midnight (those of the first schema span two hours at most), so the walk
 * begins with the day that `from` lies in. A chunk that lies within one span counts by its summary, which its checksum
 * covers, and is not opened.
 *
 * What is not in a chunk yet is in the journal: the device's chain is walked from its newest row back to the row up to
 * which the series is covered. */
#include "store/reader_walk.h"

#include <math.h>
#include <stdlib.h>

#include "fieldline/log.h"
#include "store/chunk_rows.h"
#include "store/journal.h"

#define EARLIER_MS (INT64_C(2) * 60 * 60 * 1000)

static void add(struct sink *sink, int64_t event_ms, const struct bucket *b) {
    struct span *s = &sink->spans[(event_ms - sink->base_ms) / sink->step_ms];
    if (s->count == 0 || b->min < s->min)
        s->min = b->min;
    if (s->count == 0 || b->max > s->max)
        s->max = b->max;
    s->mean += b->sum;
    s->count += (uint64_t)b->count;
}

void sink_bucket(struct sink *sink, int64_t start_ms, const struct bucket *bucket) {
    if (start_ms >= sink->from_ms && start_ms < sink->to_ms && bucket->count > 0)
        add(sink, start_ms, bucket);
}

void sink_sample(struct sink *sink, int64_t event_ms, double value) {
    if (event_ms < sink->from_ms || event_ms >= sink->to_ms || !isfinite(value))
        return;
    if (sink->spans != NULL) {
        add(sink, event_ms, &(struct bucket){.count = 1, .min = value, .max = value, .sum = value});
        return;
    }
    if (sink->count == sink->room) {
        sink->room = sink->room ? sink->room * 2 : 1024;
        sink->points = mem_realloc(sink->points, sink->room * sizeof *sink->points);
    }
    sink->points[sink->count++] = (struct point){.event_ms = event_ms, .value = value};
}

static bool is_within_one_span(const struct sink *sink, const struct chunk_summary *s) {
    return sink->spans != NULL && s->start_ms >= sink->from_ms && s->end_ms < sink->to_ms &&
           (s->start_ms - sink->base_ms) / sink->step_ms == (s->end_ms - sink->base_ms) / sink->step_ms;
}

static bool add_chunk(const struct chunk_row *row, struct sink *sink) {
    struct point points[CHUNK_SAMPLES_MAX];
    const struct chunk_summary *s = &row->summary;
    size_t count = 0;
    if (is_within_one_span(sink, s) && chunk_is_sound(s, row->bytes, row->byte_count)) {
        sink_bucket(sink, s->start_ms,
                    &(struct bucket){.count = s->count, .min = s->min, .max = s->max, .sum = s->sum});
        return true;
    }
    if (chunk_row_open(row, points, &count) != RESULT_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        sink_sample(sink, points[i].event_ms, points[i].value);
    return true;
}

enum result walk_chunks(struct reader *reader, const struct series_at *series, struct sink *sink, size_t limit) {
    int64_t latest_ms = INT64_MIN;
    struct query q = query_of(&reader->sql, "SELECT " CHUNK_COLUMNS " FROM chunk WHERE series = ? AND start_ms >= ?"
                                            " AND start_ms < ? ORDER BY start_ms");
    put_int(&q, series->id);
    put_int(&q, tier_day_of(sink->from_ms) * TIER_DAY_MS - EARLIER_MS);
    put_int(&q, sink->to_ms);
    while (query_next(&q)) {
        struct chunk_row row;
        take_chunk(&q, &row);
        if (row.summary.end_ms < sink->from_ms)
            continue;
        if (limit > 0 && sink->count >= limit && row.summary.start_ms > latest_ms)
            break;
        latest_ms = row.summary.end_ms > latest_ms ? row.summary.end_ms : latest_ms;
        if (!add_chunk(&row, sink))
            reader->damaged++;
    }
    return query_end(&q);
}

/* One row of the chain; *next gets the row before it, 0 when the chain ends. */
static enum result walk_row(struct reader *reader, const struct series_at *series, int64_t id, struct sink *sink,
                            struct journal_sample *samples, int64_t *next) {
    struct query q =
        query_of(&reader->sql, "SELECT prev, recv_ms, first_ago_ms, span_ms, payload FROM journal WHERE id = ?");
    size_t bytes = 0, count = 0;
    put_int(&q, id);
    *next = 0;
    enum result result = query_one(&q);
    if (result == RESULT_NOT_FOUND) /* trimmed: everything older is in chunks */
        return RESULT_OK;
    if (result != RESULT_OK)
        return result;
    *next = take_int(&q);
    const int64_t recv_ms = take_int(&q), first_ms = recv_ms - take_int(&q), last_ms = first_ms + take_int(&q);
    if (first_ms < sink->to_ms && last_ms >= sink->from_ms) {
        const void *payload = take_blob(&q, &bytes);
        if (journal_decode(payload, bytes, samples, JOURNAL_SAMPLES_MAX, &count) != RESULT_OK) {
            log_error("gateway.store", "journal_damaged", "row=%lld", (long long)id);
            reader->damaged++;
            count = 0;
        }
        for (size_t i = 0; i < count; i++)
            if (samples[i].series == series->id)
                sink_sample(sink, samples[i].event_ms, samples[i].value);
    }
    query_close(&q);
    return RESULT_OK;
}

enum result walk_tail(struct reader *reader, const struct series_at *series, struct sink *sink) {
    struct journal_sample *samples = mem_alloc(JOURNAL_SAMPLES_MAX * sizeof *samples);
    enum result result = RESULT_OK;
    for (int64_t id = series->head; result == RESULT_OK && id > series->covered;) {
        int64_t next = 0;
        result = walk_row(reader, series, id, sink, samples, &next);
        if (next >= id) /* a chain that does not fall would be walked for ever */
            result = RESULT_CORRUPT;
        id = next;
    }
    free(samples);
    return result;
}
