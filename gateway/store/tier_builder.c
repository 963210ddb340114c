/* Building tiers, a few chunks at a time.
 *
 * The day under construction is in memory only: a cursor through its chunks and a bucket for each minute. When a chunk
 * of that day is written meanwhile, or the transaction is rolled back, it is begun anew. Nothing is lost by that, for
 * the day stays due until its rows are written in the same transaction that says it is not due any more.
 *
 * `marked` remembers the last day of each series that is known to be due, so that the usual chunk (of today, the
 * second and later ones) costs no statement here. Left: updating tiers with each chunk; a day's minutes would be
 * decoded and encoded 360 times, and every mistake would stay. */
#include "store/tier_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"
#include "store/chunk_rows.h"
#include "store/handle.h"

enum { DUE_SHIFT = 40, BACKFILL_ROWS = 8 /* for each chunk that may be opened: only their times are read */ };
#define META_BACKFILL "tier_backfill"
#define EARLIER_MS    (INT64_C(2) * 60 * 60 * 1000) /* chunks of the first schema may begin so long before midnight */

struct tier_builder {
    struct store *store;
    int64_t open_ms;
    int32_t *marked; /* by series: day + 1 */
    int64_t marked_room;
    int64_t backfill; /* chunks with ids up to this are not known here yet; 0: all are */
    bool is_building;
    int64_t series, day, after_ms, after_id; /* of the day under construction: chunks up to here are in `minutes` */
    struct tier_day minutes, scratch;
    struct buf bytes;
    uint64_t built, damaged;
};

/* ---- life ---- */

static enum result load_backfill(struct tier_builder *b) {
    char *text = NULL;
    enum result result = store_meta_get(b->store, META_BACKFILL, &text);
    b->backfill = 0;
    if (result == RESULT_OK && text != NULL && !number_i64(text, strlen(text), 0, INT64_MAX, &b->backfill))
        result = RESULT_CORRUPT;
    free(text);
    return result;
}

static void forget(struct tier_builder *b) {
    b->is_building = false;
    if (b->marked_room > 0)
        memset(b->marked, 0, (size_t)b->marked_room * sizeof *b->marked);
}

static void on_end(void *self, bool is_committed) {
    struct tier_builder *b = self;
    if (is_committed)
        return;
    forget(b);
    if (load_backfill(b) != RESULT_OK)
        b->backfill = INT64_MAX; /* from the newest again: only work, nothing wrong */
}

enum result tier_builder_open(struct store *store, int64_t open_ms, struct tier_builder **out) {
    struct tier_builder *b = mem_alloc(sizeof *b);
    b->store = store;
    b->open_ms = open_ms;
    buf_init(&b->bytes, TIER_BYTES_MAX);
    store_on_end(store, on_end, b);
    const enum result result = load_backfill(b);
    if (result == RESULT_OK)
        *out = b;
    else
        tier_builder_close(b);
    return result;
}

void tier_builder_close(struct tier_builder *b) {
    if (b == NULL)
        return;
    store_off_end(b->store, b);
    buf_fini(&b->bytes);
    free(b->marked);
    free(b);
}

/* ---- what is due ---- */

static int32_t *marked_of(struct tier_builder *b, int64_t series) {
    if (series >= b->marked_room) {
        const int64_t room = series * 2 + 256;
        b->marked = mem_realloc(b->marked, (size_t)room * sizeof *b->marked);
        memset(b->marked + b->marked_room, 0, (size_t)(room - b->marked_room) * sizeof *b->marked);
        b->marked_room = room;
    }
    return &b->marked[series];
}

static enum result run_with(struct tier_builder *b, const char *text, int64_t id) {
    struct query q = query_of(&b->store->sql, text);
    put_int(&q, id);
    return query_run(&q);
}

static enum result is_final(struct tier_builder *b, int64_t series, int64_t day, bool *out) {
    int64_t key = 0;
    *out = false;
    if (!tier_key(series, TIER_HOUR, day, &key))
        return RESULT_OK;
    struct query q = query_of(&b->store->sql, "SELECT is_final FROM tier WHERE id = ?");
    put_int(&q, key);
    if (query_next(&q))
        *out = take_int(&q) != 0;
    return query_end(&q);
}

/* It has no tiers then. */
static enum result mark(struct tier_builder *b, int64_t series, int64_t day) {
    int64_t key = 0;
    enum result result = run_with(b, "INSERT OR IGNORE INTO tier_due(id) VALUES(?)", day << DUE_SHIFT | series);
    for (int level = 0; level < TIER_LEVELS && result == RESULT_OK; level++)
        if (tier_key(series, (enum tier_level)level, day, &key))
            result = run_with(b, "DELETE FROM tier WHERE id = ?", key);
    return result;
}

/* ---- rows ---- */

static enum result write_row(struct tier_builder *b, int64_t series, int64_t day, enum tier_level level) {
    const struct tier_day *buckets = &b->minutes;
    int64_t key = 0;
    bool is_dense = false;
    if (!tier_key(series, level, day, &key))
        return RESULT_BAD_INPUT;
    if (level != TIER_MINUTE) {
        tier_coarsen(&b->minutes, TIER_MINUTE, level, &b->scratch);
        buckets = &b->scratch;
    }
    buf_reset(&b->bytes);
    tier_encode(buckets, level, key, &b->bytes, &is_dense);
    if (!is_dense && level != TIER_HOUR)
        return RESULT_OK;
    struct query q = query_of(&b->store->sql, "INSERT OR REPLACE INTO tier(id, is_final, bytes) VALUES(?, 0, ?)");
    put_int(&q, key);
    put_blob(&q, b->bytes.data, b->bytes.count);
    return query_run(&q);
}

static bool has_samples(const struct tier_day *day) {
    for (int i = 0; i < TIER_BUCKETS_MAX; i++)
        if (day->buckets[i].count > 0)
            return true;
    return false;
}

static void add_points(struct tier_day *day, int64_t begin_ms, enum tier_level level, const struct point *points,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        const int64_t into_ms = points[i].event_ms - begin_ms;
        if (into_ms >= 0 && into_ms < TIER_DAY_MS)
            bucket_add(&day->buckets[into_ms / tier_unit_ms(level)], points[i].value);
    }
}

/* Samples for a day whose own samples are gone: into each of its rows. */
static enum result fold(struct tier_builder *b, int64_t series, int64_t day, const struct point *points, size_t count) {
    for (int level = 0; level < TIER_LEVELS; level++) {
        int64_t key = 0;
        size_t bytes = 0;
        bool is_dense = false;
        if (!tier_key(series, (enum tier_level)level, day, &key))
            return RESULT_BAD_INPUT;
        struct query q = query_of(&b->store->sql, "SELECT bytes FROM tier WHERE id = ?");
        put_int(&q, key);
        enum result result = query_one(&q);
        if (result == RESULT_NOT_FOUND)
            continue;
        if (result != RESULT_OK)
            return result;
        const void *blob = take_blob(&q, &bytes);
        const bool is_sound = tier_decode(blob, bytes, (enum tier_level)level, key, &b->scratch) == RESULT_OK;
        query_close(&q);
        if (!is_sound) /* the check of the store says so; there is nothing to add to */
            continue;
        add_points(&b->scratch, day * TIER_DAY_MS, (enum tier_level)level, points, count);
        buf_reset(&b->bytes);
        tier_encode(&b->scratch, (enum tier_level)level, key, &b->bytes, &is_dense);
        q = query_of(&b->store->sql, "UPDATE tier SET bytes = ? WHERE id = ?");
        put_blob(&q, b->bytes.data, b->bytes.count);
        put_int(&q, key);
        result = query_run(&q);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

enum result tier_builder_take(struct tier_builder *b, int64_t series, int64_t day, const struct point *points,
                              size_t count, bool *is_folded) {
    *is_folded = false;
    if (day < 0 || day >= TIER_DAYS_MAX)
        return RESULT_OK;
    if (b->is_building && b->series == series && b->day == day)
        b->is_building = false;
    if (*marked_of(b, series) == day + 1)
        return RESULT_OK;
    enum result result = is_final(b, series, day, is_folded);
    if (result != RESULT_OK)
        return result;
    if (*is_folded)
        return fold(b, series, day, points, count);
    result = mark(b, series, day);
    if (result == RESULT_OK)
        *marked_of(b, series) = (int32_t)day + 1;
    return result;
}

/* ---- building ---- */

static enum result begin_next(struct tier_builder *b, int64_t now_ms) {
    const int64_t before_day = tier_day_of(now_ms - b->open_ms); /* today's is not over */
    struct query q = query_of(&b->store->sql, "SELECT id FROM tier_due ORDER BY id LIMIT 1");
    if (query_next(&q)) {
        const int64_t id = take_int(&q);
        if (id >> DUE_SHIFT < before_day) {
            b->is_building = true;
            b->day = id >> DUE_SHIFT;
            b->series = id & (((int64_t)1 << DUE_SHIFT) - 1);
            b->after_ms = b->day * TIER_DAY_MS - EARLIER_MS - 1;
            b->after_id = INT64_MAX;
            memset(&b->minutes, 0, sizeof b->minutes);
        }
    }
    return query_end(&q);
}

static void add_chunk(struct tier_builder *b, const struct chunk_row *row) {
    struct point points[CHUNK_SAMPLES_MAX];
    size_t count = 0;
    if (row->summary.end_ms < b->day * TIER_DAY_MS)
        return;
    if (chunk_row_open(row, points, &count) == RESULT_OK)
        add_points(&b->minutes, b->day * TIER_DAY_MS, TIER_MINUTE, points, count);
    else
        b->damaged++;
}

/* The day is over and read. */
static enum result end_day(struct tier_builder *b) {
    enum result result = RESULT_OK;
    b->is_building = false;
    for (int level = 0; level < TIER_LEVELS && result == RESULT_OK && has_samples(&b->minutes); level++)
        result = write_row(b, b->series, b->day, (enum tier_level)level);
    if (result == RESULT_OK)
        result = run_with(b, "DELETE FROM tier_due WHERE id = ?", b->day << DUE_SHIFT | b->series);
    if (*marked_of(b, b->series) == b->day + 1)
        *marked_of(b, b->series) = 0;
    b->built++;
    return result;
}

static enum result build(struct tier_builder *b, int chunks_max, int *opened) {
    struct query q =
        query_of(&b->store->sql, "SELECT " CHUNK_COLUMNS " FROM chunk WHERE series = ?"
                                 " AND (start_ms, id) > (?, ?) AND start_ms < ? ORDER BY start_ms, id LIMIT ?");
    *opened = 0;
    put_int(&q, b->series);
    put_int(&q, b->after_ms);
    put_int(&q, b->after_id);
    put_int(&q, (b->day + 1) * TIER_DAY_MS);
    put_int(&q, chunks_max);
    while (query_next(&q)) {
        struct chunk_row row;
        take_chunk(&q, &row);
        b->after_id = row.id;
        b->after_ms = row.summary.start_ms;
        add_chunk(b, &row);
        ++*opened;
    }
    const enum result result = query_end(&q);
    return result == RESULT_OK && *opened < chunks_max ? end_day(b) : result;
}

/* Chunks that the first schema wrote. */
static enum result backfill(struct tier_builder *b, int rows_max) {
    int64_t last = 0;
    char text[24];
    enum result marked = RESULT_OK;
    struct query q = query_of(&b->store->sql, "SELECT id, series, start_ms, end_ms FROM chunk WHERE id <= ?"
                                              " ORDER BY id DESC LIMIT ?");
    put_int(&q, b->backfill);
    put_int(&q, rows_max);
    while (marked == RESULT_OK && query_next(&q)) {
        last = take_int(&q);
        const int64_t series = take_int(&q), from = tier_day_of(take_int(&q)), to = tier_day_of(take_int(&q));
        for (int64_t day = from < 0 ? 0 : from; day <= to && day < TIER_DAYS_MAX && marked == RESULT_OK; day++) {
            bool final = false;
            marked = is_final(b, series, day, &final);
            if (marked == RESULT_OK && !final)
                marked = mark(b, series, day);
        }
    }
    enum result result = query_end(&q);
    result = result == RESULT_OK ? marked : result;
    if (result != RESULT_OK)
        return result;
    b->is_building = false;
    b->backfill = last > 1 ? last - 1 : 0;
    if (b->backfill == 0) {
        q = query_of(&b->store->sql, "DELETE FROM meta WHERE key = '" META_BACKFILL "'");
        return query_run(&q);
    }
    snprintf(text, sizeof text, "%lld", (long long)b->backfill);
    return store_meta_put(b->store, META_BACKFILL, text);
}

enum result tier_builder_step(struct tier_builder *b, int64_t now_ms, int chunks_max) {
    enum result result = b->backfill > 0 ? backfill(b, chunks_max * BACKFILL_ROWS) : RESULT_OK;
    while (result == RESULT_OK && chunks_max > 0) {
        int opened = 0;
        if (!b->is_building)
            result = begin_next(b, now_ms);
        if (result != RESULT_OK || !b->is_building)
            break;
        result = build(b, chunks_max, &opened);
        chunks_max -= opened + 1; /* writing a day is work too */
    }
    return result;
}

/* ---- retention ---- */

enum result tier_builder_finish(struct tier_builder *b, int64_t series, int64_t day, bool *is_ready) {
    int64_t key = 0;
    *is_ready = b->backfill == 0;
    if (!*is_ready || !tier_key(series, TIER_HOUR, day, &key))
        return RESULT_OK;
    struct query q = query_of(&b->store->sql, "SELECT 1 FROM tier_due WHERE id = ?");
    put_int(&q, day << DUE_SHIFT | series);
    *is_ready = !query_next(&q);
    const enum result result = query_end(&q);
    if (result != RESULT_OK || !*is_ready)
        return result;
    return run_with(b, "UPDATE tier SET is_final = 1 WHERE id = ? AND is_final = 0", key);
}

static enum result expire_level(struct tier_builder *b, int64_t series, enum tier_level level, int64_t day,
                                int rows_max, int *deleted) {
    int64_t from = 0, to = 0;
    if (day <= 0 || !tier_key(series, level, 0, &from) ||
        !tier_key(series, level, day < TIER_DAYS_MAX ? day : TIER_DAYS_MAX - 1, &to))
        return RESULT_OK;
    struct query q = query_of(&b->store->sql, "DELETE FROM tier WHERE id IN (SELECT id FROM tier WHERE id >= ?"
                                              " AND id < ? ORDER BY id LIMIT ?)");
    put_int(&q, from);
    put_int(&q, to);
    put_int(&q, rows_max);
    const enum result result = query_run(&q);
    if (result == RESULT_OK)
        *deleted += sqlite3_changes(b->store->sql.db);
    return result;
}

enum result tier_builder_expire(struct tier_builder *b, int64_t device, int64_t before_ms, int rows_max, int *deleted) {
    enum result expired = RESULT_OK;
    struct query q = query_of(&b->store->sql, "SELECT id FROM series WHERE device = ?");
    *deleted = 0;
    put_int(&q, device);
    while (expired == RESULT_OK && *deleted < rows_max && query_next(&q)) {
        const int64_t series = take_int(&q);
        for (int level = 0; level < TIER_LEVELS && expired == RESULT_OK && *deleted < rows_max; level++)
            expired =
                expire_level(b, series, (enum tier_level)level, tier_day_of(before_ms), rows_max - *deleted, deleted);
    }
    const enum result result = query_end(&q);
    return result == RESULT_OK ? expired : result;
}

uint64_t tier_builder_built(const struct tier_builder *b) {
    return b->built;
}

uint64_t tier_builder_damaged(const struct tier_builder *b) {
    return b->damaged;
}
