/* Open chunks: an array by series id; those that are open also hang on a list in the order of opening, which is the
 * order of their first journal row. So the oldest chunk and the first row still needed are both the list's head.
 *
 * A transaction may fail after samples were added and chunks written. So nothing is final before store_on_end says so:
 * what the transaction touched is on a list with the state it found, and a chunk that was written keeps its samples
 * until then.
 *
 * Each series has a limit of its own between 192 and 255: series that began together (all do, at a start) then do not
 * all fill in the same transaction. Left: compressing sample by sample into the open chunk, which would take a tenth of
 * the memory; late samples would then have to be sorted by the reader. */
#include "store/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "store/chunk_rows.h"
#include "store/handle.h"

enum { SERIES_MAX = 100 * 1000 * 1000, ROOM_FIRST = 8 };

struct open_chunk {
    int64_t covered; /* journal row up to which everything is in chunks */
    struct point *points;
    int count, room;
    int64_t first_journal, last_journal, opened_ms;
    int64_t min_ms, max_ms;
    int64_t older, newer;        /* series ids; 0: none */
    bool is_touched, is_written; /* in this transaction */
    int was_count;
    int64_t was_last_journal, was_min_ms, was_max_ms;
};

struct history {
    struct store *store;
    struct open_chunk *chunks; /* by series id */
    int64_t room;
    int64_t oldest, newest;
    int64_t *touched;
    size_t touched_count, touched_room;
    int64_t open_ms;
    struct point *scratch; /* sorted copy of what is being written */
    size_t scratch_room;
    struct tier_builder *tiers;
    struct chunk_rows *rows;
    struct history_figures figures;
};

static struct open_chunk *chunk_of(struct history *h, int64_t series) {
    if (series >= h->room) {
        int64_t room = h->room ? h->room : 256;
        while (room <= series)
            room *= 2;
        h->chunks = mem_realloc(h->chunks, (size_t)room * sizeof *h->chunks);
        memset(h->chunks + h->room, 0, (size_t)(room - h->room) * sizeof *h->chunks);
        h->room = room;
    }
    return &h->chunks[series];
}

/* ---- the list of open chunks, oldest first
 * ------------------------------------------------------------------------------- */

static void link_newest(struct history *h, int64_t series) {
    struct open_chunk *c = &h->chunks[series];
    c->older = h->newest;
    c->newer = 0;
    if (h->newest != 0)
        h->chunks[h->newest].newer = series;
    else
        h->oldest = series;
    h->newest = series;
    h->figures.open_series++;
}

static void drop(struct history *h, int64_t series) {
    struct open_chunk *c = &h->chunks[series];
    if (c->older != 0)
        h->chunks[c->older].newer = c->newer;
    else
        h->oldest = c->newer;
    if (c->newer != 0)
        h->chunks[c->newer].older = c->older;
    else
        h->newest = c->older;
    h->figures.open_series--;
    h->figures.memory_bytes -= (size_t)c->room * sizeof *c->points;
    free(c->points);
    *c = (struct open_chunk){.covered = c->covered};
}

/* ---- transactions
 * ---------------------------------------------------------------------------------------------------------- */

static void touch(struct history *h, struct open_chunk *c, int64_t series) {
    if (c->is_touched)
        return;
    c->is_touched = true;
    c->was_count = c->count;
    c->was_last_journal = c->last_journal;
    c->was_min_ms = c->min_ms;
    c->was_max_ms = c->max_ms;
    if (h->touched_count == h->touched_room) {
        h->touched_room = h->touched_room ? h->touched_room * 2 : 256;
        h->touched = mem_realloc(h->touched, h->touched_room * sizeof *h->touched);
    }
    h->touched[h->touched_count++] = series;
}

static void take_back(struct history *h, struct open_chunk *c, int64_t series) {
    h->figures.open_samples -= (size_t)(c->count - c->was_count);
    h->figures.samples -= (uint64_t)(c->count - c->was_count);
    c->count = c->was_count;
    c->last_journal = c->was_last_journal;
    c->min_ms = c->was_min_ms;
    c->max_ms = c->was_max_ms;
    c->is_written = false;
    if (c->count == 0)
        drop(h, series);
}

static void on_end(void *self, bool is_committed) {
    struct history *h = self;
    for (size_t i = 0; i < h->touched_count; i++) {
        const int64_t series = h->touched[i];
        struct open_chunk *c = &h->chunks[series];
        c->is_touched = false;
        if (!is_committed) {
            take_back(h, c, series);
        } else if (c->is_written) {
            c->covered = c->last_journal;
            h->figures.open_samples -= (size_t)c->count;
            drop(h, series);
        }
    }
    h->touched_count = 0;
}

/* ---- life
 * ---------------------------------------------------------------------------------------------------------------- */

static enum result load(struct history *h) {
    struct query q = query_of(&h->store->sql, "SELECT series, journal FROM coverage");
    while (query_next(&q)) {
        const int64_t series = take_int(&q);
        if (series > 0 && series < SERIES_MAX)
            chunk_of(h, series)->covered = take_int(&q);
    }
    return query_end(&q);
}

enum result history_open(struct store *store, const struct history_options *options, struct history **out) {
    enum result result = store_claim(store);
    if (result != RESULT_OK)
        return result;
    struct history *h = mem_alloc(sizeof *h);
    h->store = store;
    h->open_ms = options != NULL && options->open_ms > 0 ? options->open_ms : HISTORY_OPEN_MS;
    store_on_end(store, on_end, h);
    result = tier_builder_open(store, h->open_ms, &h->tiers);
    h->rows = chunk_rows_new(store, h->tiers);
    if (result == RESULT_OK)
        result = load(h);
    if (result == RESULT_OK)
        *out = h;
    else
        history_close(h);
    return result;
}

void history_close(struct history *h) {
    if (h == NULL)
        return;
    store_off_end(h->store, h);
    chunk_rows_free(h->rows);
    tier_builder_close(h->tiers);
    for (int64_t i = 0; i < h->room; i++)
        free(h->chunks[i].points);
    free(h->chunks);
    free(h->touched);
    free(h->scratch);
    free(h);
}

/* ---- adding
 * -------------------------------------------------------------------------------------------------------------- */

static void begin_chunk(struct history *h, struct open_chunk *c, int64_t series, int64_t journal_id, int64_t now_ms,
                        int64_t event_ms) {
    c->first_journal = journal_id;
    c->opened_ms = now_ms;
    c->min_ms = c->max_ms = event_ms;
    link_newest(h, series);
}

static void grow_chunk(struct history *h, struct open_chunk *c) {
    const int room = c->room ? c->room * 2 : ROOM_FIRST;
    c->points = mem_realloc(c->points, (size_t)room * sizeof *c->points);
    h->figures.memory_bytes += (size_t)(room - c->room) * sizeof *c->points;
    c->room = room;
}

void history_add(struct history *h, int64_t series, int64_t journal_id, int64_t now_ms, int64_t event_ms,
                 double value) {
    if (series <= 0 || series >= SERIES_MAX)
        die("gateway.store", "series %lld", (long long)series);
    struct open_chunk *c = chunk_of(h, series);
    if (journal_id <= c->covered || !isfinite(value))
        return;
    if (c->is_written)
        die("gateway.store", "sample for series %lld after history_step", (long long)series);
    if (store_is_in_transaction(h->store))
        touch(h, c, series);
    if (c->count == 0)
        begin_chunk(h, c, series, journal_id, now_ms, event_ms);
    if (c->count == c->room)
        grow_chunk(h, c);
    c->points[c->count++] = (struct point){.event_ms = event_ms, .value = value};
    c->last_journal = journal_id;
    c->min_ms = event_ms < c->min_ms ? event_ms : c->min_ms;
    c->max_ms = event_ms > c->max_ms ? event_ms : c->max_ms;
    h->figures.samples++;
    h->figures.open_samples++;
}

/* ---- writing
 * ------------------------------------------------------------------------------------------------------------- */

static int limit_of(int64_t series) {
    return HISTORY_CHUNK_SAMPLES - 64 + (int)((uint64_t)series * 0x9E3779B97F4A7C15u >> 58);
}

static void sort_into_scratch(struct history *h, const struct open_chunk *c) {
    if (h->scratch_room < (size_t)c->count) {
        h->scratch_room = (size_t)c->count;
        h->scratch = mem_realloc(h->scratch, h->scratch_room * sizeof *h->scratch);
    }
    memcpy(h->scratch, c->points, (size_t)c->count * sizeof *c->points);
    points_sort(h->scratch, (size_t)c->count);
}

/* In pieces of even size, none with points of two days: readers look only so far back for a chunk's start. */
static enum result write_chunk(struct history *h, int64_t series) {
    struct open_chunk *c = &h->chunks[series];
    touch(h, c, series);
    sort_into_scratch(h, c);
    const size_t count = (size_t)c->count, pieces = (count + CHUNK_SAMPLES_MAX / 2 - 1) / (CHUNK_SAMPLES_MAX / 2);
    const size_t piece = (count + pieces - 1) / pieces;
    for (size_t from = 0, to = 0; from < count; from = to) {
        while (to < count && to - from < piece &&
               tier_day_of(h->scratch[to].event_ms) == tier_day_of(h->scratch[from].event_ms))
            to++;
        const enum result result = chunk_rows_add(h->rows, series, h->scratch + from, to - from);
        if (result != RESULT_OK)
            return result;
    }
    c->is_written = true;
    struct query q = query_of(&h->store->sql, "INSERT OR REPLACE INTO coverage(series, journal) VALUES(?, ?)");
    put_int(&q, series);
    put_int(&q, c->last_journal);
    return query_run(&q);
}

enum result history_step(struct history *h, int64_t now_ms, int old_max) {
    const size_t touched = h->touched_count; /* write_chunk adds none of these again */
    for (size_t i = 0; i < touched; i++) {
        const struct open_chunk *c = &h->chunks[h->touched[i]];
        if (c->is_written || c->count == 0 ||
            (c->count < limit_of(h->touched[i]) && c->max_ms - c->min_ms < HISTORY_SPAN_MS))
            continue;
        const enum result result = write_chunk(h, h->touched[i]);
        if (result != RESULT_OK)
            return result;
    }
    for (int64_t series = h->oldest; series != 0 && old_max > 0; series = h->chunks[series].newer) {
        if (now_ms - h->chunks[series].opened_ms < h->open_ms)
            break;
        if (h->chunks[series].is_written)
            continue;
        const enum result result = write_chunk(h, series);
        if (result != RESULT_OK)
            return result;
        old_max--;
    }
    return RESULT_OK;
}

enum result history_flush(struct history *h) {
    for (int64_t series = h->oldest; series != 0; series = h->chunks[series].newer) {
        if (h->chunks[series].is_written)
            continue;
        const enum result result = write_chunk(h, series);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

int64_t history_pins(const struct history *h) {
    return h->oldest == 0 ? INT64_MAX : h->chunks[h->oldest].first_journal;
}

size_t history_open_points(const struct history *h, int64_t series, const struct point **points) {
    const struct open_chunk *c = series >= 0 && series < h->room ? &h->chunks[series] : NULL;
    *points = c ? c->points : NULL;
    return c ? c->count : 0;
}

int64_t history_covered(const struct history *h, int64_t series) {
    return series < h->room ? h->chunks[series].covered : 0;
}

enum result history_tidy(struct history *h, int64_t now_ms, int chunks_max) {
    return tier_builder_step(h->tiers, now_ms, chunks_max);
}

enum result history_expire_tiers(struct history *h, int64_t device, int64_t before_ms, int rows_max, int *deleted) {
    return tier_builder_expire(h->tiers, device, before_ms, rows_max, deleted);
}

enum result history_expire(struct history *h, int64_t device, int64_t before_ms, int rows_max, int *deleted) {
    return chunk_rows_expire(h->rows, device, before_ms, rows_max, deleted);
}

struct history_figures history_read_figures(const struct history *h) {
    struct history_figures figures = h->figures;
    const struct chunk_rows_figures rows = chunk_rows_read_figures(h->rows);
    figures.chunks = rows.chunks;
    figures.chunk_bytes = rows.bytes;
    figures.chunk_samples = rows.samples;
    figures.merges = rows.merges;
    figures.tier_days = tier_builder_built(h->tiers);
    figures.damaged = tier_builder_damaged(h->tiers);
    figures.memory_bytes += (size_t)h->room * sizeof *h->chunks;
    return figures;
}
