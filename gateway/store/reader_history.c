/* A series for a chart: min, mean, max of each of a few hundred spans.
 *
 * Chunks come by start time; one that lies within a span counts by its summary and is not opened, so a long chart costs
 * by the chunk, not by the sample. What is not in a chunk yet is in the journal: the device's chain is walked from its
 * newest row back to the row up to which the series is covered. All within one read transaction, so that a chunk
 * written meanwhile is neither seen twice nor missed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/history.h"
#include "store/reader_handle.h"

struct series_at {
    int64_t id, covered, head;
};
/* What the walk finds: a sample, or a whole chunk that lies within one span. */
struct sink {
    int64_t from_ms, to_ms, step_ms;
    struct span *spans; /* all `points` of them, count 0 where nothing is; NULL: collect */
    struct point *points;
    size_t count, room;
};

static enum result find_series(struct reader *reader, const struct history_query *query, struct series_at *out) {
    struct query q =
        query_of(&reader->sql, "SELECT s.id, coalesce(c.journal, 0), coalesce(p.journal_head, 0) FROM device d"
                               " JOIN series s ON s.device = d.id LEFT JOIN coverage c ON c.series = s.id"
                               " LEFT JOIN presence p ON p.device = d.id"
                               " WHERE d.device = ? AND s.metric = ? AND s.part = ?");
    put_text(&q, query->device);
    put_text(&q, query->metric);
    put_text(&q, query->part);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    out->id = take_int(&q);
    out->covered = take_int(&q);
    out->head = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

static void add_to_span(struct sink *sink, int64_t event_ms, uint64_t count, double min, double max, double sum) {
    struct span *s = &sink->spans[(event_ms - sink->from_ms) / sink->step_ms];
    if (s->count == 0 || min < s->min)
        s->min = min;
    if (s->count == 0 || max > s->max)
        s->max = max;
    s->mean += sum; /* the sum until finish_spans */
    s->count += count;
}

static void add_sample(struct sink *sink, int64_t event_ms, double value) {
    if (event_ms < sink->from_ms || event_ms >= sink->to_ms || !isfinite(value))
        return;
    if (sink->spans != NULL) {
        add_to_span(sink, event_ms, 1, value, value, value);
        return;
    }
    if (sink->count == sink->room) {
        sink->room = sink->room ? sink->room * 2 : 1024;
        sink->points = mem_realloc(sink->points, sink->room * sizeof *sink->points);
    }
    sink->points[sink->count++] = (struct point){.event_ms = event_ms, .value = value};
}

static bool is_within_one_span(const struct sink *sink, int64_t start_ms, int64_t end_ms) {
    return sink->spans != NULL && start_ms >= sink->from_ms && end_ms < sink->to_ms &&
           (start_ms - sink->from_ms) / sink->step_ms == (end_ms - sink->from_ms) / sink->step_ms;
}

static enum result open_chunk(struct query *q, struct sink *sink) {
    struct point points[CHUNK_SAMPLES_MAX];
    size_t bytes = 0, count = 0;
    const void *blob = take_blob(q, &bytes);
    const enum result result = chunk_decode(blob, bytes, points, CHUNK_SAMPLES_MAX, &count);
    for (size_t i = 0; result == RESULT_OK && i < count; i++)
        add_sample(sink, points[i].event_ms, points[i].value);
    return result;
}

/* Chunks that overlap [from, to). With `limit`, stops when that many samples are collected and no later chunk can hold
 * an earlier one. */
static enum result walk_chunks(struct reader *reader, const struct series_at *series, struct sink *sink, size_t limit) {
    enum result decoded = RESULT_OK;
    int64_t latest_ms = INT64_MIN;
    struct query q = query_of(&reader->sql, "SELECT start_ms, end_ms, count, min, max, sum, bytes FROM chunk"
                                            " WHERE series = ? AND start_ms > ? AND start_ms < ? ORDER BY start_ms");
    put_int(&q, series->id);
    put_int(&q, sink->from_ms - HISTORY_SPAN_MS - 1);
    put_int(&q, sink->to_ms);
    while (decoded == RESULT_OK && query_next(&q)) {
        const int64_t start_ms = take_int(&q), end_ms = take_int(&q), count = take_int(&q);
        const double min = take_real(&q), max = take_real(&q), sum = take_real(&q);
        if (end_ms < sink->from_ms)
            continue;
        if (limit > 0 && sink->count >= limit && start_ms > latest_ms)
            break;
        latest_ms = end_ms > latest_ms ? end_ms : latest_ms;
        if (is_within_one_span(sink, start_ms, end_ms))
            add_to_span(sink, start_ms, (uint64_t)count, min, max, sum);
        else
            decoded = open_chunk(&q, sink);
    }
    const enum result result = query_end(&q);
    return result == RESULT_OK ? decoded : result;
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
        result = journal_decode(payload, bytes, samples, JOURNAL_SAMPLES_MAX, &count);
        for (size_t i = 0; result == RESULT_OK && i < count; i++)
            if (samples[i].series == series->id)
                add_sample(sink, samples[i].event_ms, samples[i].value);
    }
    query_close(&q);
    return result;
}

static enum result walk_tail(struct reader *reader, const struct series_at *series, struct sink *sink) {
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

static enum result walk(struct reader *reader, const struct history_query *query, struct sink *sink, size_t limit) {
    struct series_at series;
    const bool is_mine = !reader->is_open;
    enum result result = is_mine ? reader_begin(reader) : RESULT_OK;
    if (result == RESULT_OK)
        result = find_series(reader, query, &series);
    if (result == RESULT_OK)
        result = walk_chunks(reader, &series, sink, limit);
    if (result == RESULT_OK)
        result = walk_tail(reader, &series, sink);
    if (is_mine)
        reader_end(reader);
    return result;
}

/* Bounds that keep every difference of two times within an int64. */
static bool is_range(const struct history_query *query) {
    const int64_t most = INT64_MAX / 4;
    return query->from_ms > -most && query->to_ms < most && query->from_ms < query->to_ms;
}

enum result reader_history(struct reader *reader, const struct history_query *query, struct span *out, size_t *count,
                           int64_t *step_ms) {
    if (!is_range(query) || query->points < 1 || query->points > READER_SPANS_MAX)
        return RESULT_BAD_INPUT;
    struct sink sink = {.from_ms = query->from_ms, .to_ms = query->to_ms};
    sink.step_ms = (query->to_ms - query->from_ms + query->points - 1) / query->points;
    sink.spans = mem_alloc((size_t)query->points * sizeof *sink.spans);
    const enum result result = walk(reader, query, &sink, 0);
    size_t kept = 0;
    for (int i = 0; result == RESULT_OK && i < query->points; i++) {
        if (sink.spans[i].count == 0)
            continue;
        out[kept] = sink.spans[i];
        out[kept].start_ms = sink.from_ms + i * sink.step_ms;
        out[kept++].mean = sink.spans[i].mean / (double)sink.spans[i].count;
    }
    free(sink.spans);
    if (result == RESULT_OK) {
        *count = kept;
        *step_ms = sink.step_ms;
    }
    return result;
}

static int by_time(const void *a, const void *b) {
    const struct point *x = a, *y = b;
    if (x->event_ms != y->event_ms)
        return x->event_ms < y->event_ms ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

enum result reader_samples(struct reader *reader, const struct history_query *query, size_t limit, sample_fn *fn,
                           void *self) {
    if (!is_range(query) || limit == 0)
        return RESULT_BAD_INPUT;
    struct sink sink = {.from_ms = query->from_ms, .to_ms = query->to_ms};
    const enum result result = walk(reader, query, &sink, limit);
    if (result == RESULT_OK) {
        if (sink.count > 0)
            qsort(sink.points, sink.count, sizeof *sink.points, by_time);
        for (size_t i = 0; i < sink.count && i < limit; i++)
            fn(self, sink.points[i].event_ms, sink.points[i].value);
    }
    free(sink.points);
    return result;
}
