/* A series for a chart: min, mean, max of each of a few hundred spans; and its samples. All within one read
 * transaction, so that a chunk written meanwhile is neither seen twice nor missed.
 *
 * A long chart is drawn from tiers: when a span would be LEVEL_FROM units of a level or more, spans are made whole
 * units, so that each bucket lies in one. What rounding up costs is at most a quarter of the points. */
#include <stdlib.h>

#include "store/chunk_rows.h"
#include "store/reader_walk.h"

enum { LEVEL_FROM = 4 };

uint64_t reader_damaged(const struct reader *reader) {
    return reader->damaged;
}

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

/* level TIER_LEVELS and limit 0: samples where they are, for spans. */
static enum result walk(struct reader *reader, const struct history_query *query, enum tier_level level,
                        struct sink *sink, size_t limit) {
    struct series_at series;
    const bool is_mine = !reader->is_open;
    enum result result = is_mine ? reader_begin(reader) : RESULT_OK;
    if (result == RESULT_OK)
        result = find_series(reader, query, &series);
    if (result == RESULT_OK)
        result =
            sink->spans != NULL ? walk_tiers(reader, &series, level, sink) : walk_chunks(reader, &series, sink, limit);
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

static int64_t pieces_of(int64_t length, int64_t piece) {
    return (length + piece - 1) / piece;
}

/* The grid of spans, and the level that it is made for. */
static enum tier_level pick_grid(const struct history_query *query, struct sink *sink) {
    sink->base_ms = query->from_ms;
    sink->step_ms = pieces_of(query->to_ms - query->from_ms, query->points);
    for (int level = TIER_LEVELS - 1; level >= 0; level--) {
        const int64_t unit_ms = tier_unit_ms((enum tier_level)level);
        if (sink->step_ms < LEVEL_FROM * unit_ms)
            continue;
        sink->base_ms -= ((query->from_ms % unit_ms) + unit_ms) % unit_ms;
        sink->step_ms = pieces_of(pieces_of(query->to_ms - sink->base_ms, query->points), unit_ms) * unit_ms;
        return (enum tier_level)level;
    }
    return TIER_LEVELS;
}

enum result reader_history(struct reader *reader, const struct history_query *query, struct span *out, size_t *count,
                           int64_t *step_ms) {
    if (!is_range(query) || query->points < 1 || query->points > READER_SPANS_MAX)
        return RESULT_BAD_INPUT;
    struct sink sink = {.from_ms = query->from_ms, .to_ms = query->to_ms};
    const enum tier_level level = pick_grid(query, &sink);
    sink.spans = mem_alloc((size_t)query->points * sizeof *sink.spans);
    const enum result result = walk(reader, query, level, &sink, 0);
    size_t kept = 0;
    for (int i = 0; result == RESULT_OK && i < query->points; i++) {
        if (sink.spans[i].count == 0)
            continue;
        out[kept] = sink.spans[i];
        out[kept].start_ms = sink.base_ms + i * sink.step_ms;
        out[kept++].mean = sink.spans[i].mean / (double)sink.spans[i].count;
    }
    free(sink.spans);
    if (result == RESULT_OK) {
        *count = kept;
        *step_ms = sink.step_ms;
    }
    return result;
}

enum result reader_samples(struct reader *reader, const struct history_query *query, size_t limit, sample_fn *fn,
                           void *self) {
    if (!is_range(query) || limit == 0)
        return RESULT_BAD_INPUT;
    struct sink sink = {.from_ms = query->from_ms, .to_ms = query->to_ms};
    const enum result result = walk(reader, query, TIER_LEVELS, &sink, limit);
    if (result == RESULT_OK) {
        if (sink.count > 0)
            qsort(sink.points, sink.count, sizeof *sink.points, point_compare);
        for (size_t i = 0; i < sink.count && i < limit; i++)
            fn(self, sink.points[i].event_ms, sink.points[i].value);
    }
    free(sink.points);
    return result;
}
