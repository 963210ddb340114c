/* A long chart from tiers.
 *
 * Each day that has tiers has the hours' row; days without one are due, or have no samples: their chunks are walked. A
 * chart's edges seldom fall on the level's unit: the pieces of [from, to) outside of whole buckets are walked in
 * chunks, so an answer is exact whatever the window (and a year's chart opens an hour or so of samples at each end). */
#include "fieldline/log.h"
#include "store/reader_walk.h"

struct tier_walk {
    struct reader *reader;
    const struct series_at *series;
    enum tier_level level;
    struct sink *sink;
    int64_t whole_from_ms, whole_to_ms; /* [from, to) without pieces of buckets */
    int64_t done_ms;                    /* everything before is in the sink */
};

/* Chunks of [from, to). */
static enum result walk_piece(struct tier_walk *w, int64_t from_ms, int64_t to_ms) {
    const struct sink whole = *w->sink;
    if (from_ms >= to_ms)
        return RESULT_OK;
    w->sink->from_ms = from_ms;
    w->sink->to_ms = to_ms;
    const enum result result = walk_chunks(w->reader, w->series, w->sink, 0);
    w->sink->from_ms = whole.from_ms;
    w->sink->to_ms = whole.to_ms;
    return result;
}

/* RESULT_NOT_FOUND: the day has no row of that level, or one that is damaged. */
static enum result read_row(struct tier_walk *w, enum tier_level level, int64_t day, struct tier_day *out) {
    size_t bytes = 0;
    int64_t key = 0;
    if (!tier_key(w->series->id, level, day, &key))
        return RESULT_NOT_FOUND;
    struct query q = query_of(&w->reader->sql, "SELECT bytes FROM tier WHERE id = ?");
    put_int(&q, key);
    enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    const void *blob = take_blob(&q, &bytes);
    if (tier_decode(blob, bytes, level, key, out) != RESULT_OK) {
        log_error("gateway.store", "tier_damaged", "series=%lld tier=%lld", (long long)w->series->id, (long long)key);
        w->reader->damaged++;
        result = RESULT_NOT_FOUND;
    }
    query_close(&q);
    return result;
}

static void add_buckets(struct tier_walk *w, enum tier_level level, int64_t day, const struct tier_day *buckets,
                        int64_t from_ms, int64_t to_ms) {
    const int64_t unit_ms = tier_unit_ms(level);
    for (int64_t i = 0, at_ms = day * TIER_DAY_MS; i < TIER_DAY_MS / unit_ms; i++, at_ms += unit_ms)
        if (at_ms >= from_ms && at_ms < to_ms)
            sink_bucket(w->sink, at_ms, &buckets->buckets[i]);
}

/* A day whose samples are gone: the wanted level, or a finer one, or a coarser one. A bucket counts where it begins. */
static enum result add_final_day(struct tier_walk *w, int64_t day) {
    struct tier_day buckets;
    for (int i = 0; i < 2 * TIER_LEVELS; i++) {
        const int wanted = w->level == TIER_LEVELS ? 0 : (int)w->level;
        const int level = i < TIER_LEVELS ? wanted - i : wanted + i - TIER_LEVELS + 1;
        if (level < 0 || level >= TIER_LEVELS)
            continue;
        const enum result result = read_row(w, (enum tier_level)level, day, &buckets);
        if (result == RESULT_NOT_FOUND)
            continue;
        if (result == RESULT_OK)
            add_buckets(w, (enum tier_level)level, day, &buckets, w->sink->from_ms, w->sink->to_ms);
        return result;
    }
    return RESULT_OK;
}

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* The day's buckets, and at the window's edges the samples. What lies before the day is in the sink already. */
static enum result add_day(struct tier_walk *w, int64_t day, const struct tier_day *buckets) {
    const int64_t begin_ms = later(day * TIER_DAY_MS, w->sink->from_ms);
    const int64_t end_ms = sooner((day + 1) * TIER_DAY_MS, w->sink->to_ms);
    const int64_t first_ms = sooner(later(begin_ms, w->whole_from_ms), end_ms);
    const int64_t last_ms = later(sooner(end_ms, w->whole_to_ms), first_ms);
    add_buckets(w, w->level, day, buckets, first_ms, last_ms);
    const enum result result = walk_piece(w, begin_ms, first_ms);
    return result == RESULT_OK ? walk_piece(w, last_ms, end_ms) : result;
}

static enum result walk_day(struct tier_walk *w, int64_t day, bool is_final) {
    struct tier_day buckets;
    enum result result = RESULT_NOT_FOUND;
    const int64_t begin_ms = later(day * TIER_DAY_MS, w->sink->from_ms);
    if (!is_final && w->level != TIER_LEVELS) {
        result = read_row(w, w->level, day, &buckets);
        if (result == RESULT_NOT_FOUND)
            return RESULT_OK; /* its chunks will be walked with those of the days around it */
    }
    if (!is_final && w->level == TIER_LEVELS)
        return RESULT_OK;
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    const enum result walked = walk_piece(w, w->done_ms, begin_ms);
    if (walked != RESULT_OK)
        return walked;
    w->done_ms = sooner((day + 1) * TIER_DAY_MS, w->sink->to_ms);
    return is_final ? add_final_day(w, day) : add_day(w, day, &buckets);
}

static int64_t clamp_day(int64_t event_ms) {
    return sooner(later(tier_day_of(event_ms), 0), TIER_DAYS_MAX - 1);
}

enum result walk_tiers(struct reader *reader, const struct series_at *series, enum tier_level level,
                       struct sink *sink) {
    struct tier_walk w = {.reader = reader, .series = series, .level = level, .sink = sink, .done_ms = sink->from_ms};
    int64_t first = 0, last = 0;
    enum result walked = RESULT_OK;
    if (level != TIER_LEVELS) {
        const int64_t unit_ms = tier_unit_ms(level), into_ms = ((sink->from_ms % unit_ms) + unit_ms) % unit_ms;
        w.whole_from_ms = sink->from_ms + (into_ms == 0 ? 0 : unit_ms - into_ms);
        w.whole_to_ms = sink->to_ms - ((sink->to_ms % unit_ms) + unit_ms) % unit_ms;
    }
    if (!tier_key(series->id, TIER_HOUR, clamp_day(sink->from_ms), &first) ||
        !tier_key(series->id, TIER_HOUR, clamp_day(sink->to_ms - 1), &last))
        return RESULT_CORRUPT;
    struct query q = query_of(&reader->sql, "SELECT id, is_final FROM tier WHERE id >= ? AND id <= ? ORDER BY id");
    put_int(&q, first);
    put_int(&q, last);
    while (walked == RESULT_OK && query_next(&q)) {
        const int64_t day = take_int(&q) % TIER_DAYS_MAX;
        walked = walk_day(&w, day, take_int(&q) != 0);
    }
    const enum result result = query_end(&q);
    if (result != RESULT_OK || walked != RESULT_OK)
        return result != RESULT_OK ? result : walked;
    return walk_piece(&w, w.done_ms, sink->to_ms);
}
