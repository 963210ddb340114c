/* The ring of samples of a sliding window: samples come at its head, leave at its tail, and are told to the totals
 * (window_totals.c) as they do. A late sample is inserted where it belongs and marks the totals dirty: they are rebuilt
 * from the ring when somebody asks next. So the cost is constant but for late data, which pays for itself.
 *
 * A slot is one sample, or, for a window that would hold too many, all samples of a cell of a grid (a bucket). Folding
 * happens once, when the ring is full, or from the start where the pack's intervals tell. Left: a tree over the ring
 * (log n a sample, and twice the memory). */
#include "rules/window_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

enum { ROOM_FIRST = 8, CELLS = WINDOW_BUCKETS_MAX - 2 };

struct window *window_new(const struct window_spec *spec) {
    struct window *w = mem_alloc(sizeof *w);
    w->is_bucketed = spec->is_dense;
    return w;
}

void window_free(struct window *w) {
    if (!w)
        return;
    free(w->points);
    free(w->low);
    free(w->high);
    free(w);
}

static void ring_resize(struct window *w, const struct window_spec *spec, uint32_t room) {
    size_t bytes = w->is_bucketed ? sizeof *w->buckets : sizeof *w->points;
    char *to = mem_alloc(room * bytes), *from = (char *)w->points;
    for (uint32_t i = 0; i < w->count; i++)
        memcpy(to + i * bytes, from + slot(w, i) * bytes, bytes);
    free(from);
    w->points = (struct point *)(void *)to;
    w->head = 0;
    w->room = room;
    if (spec->needs & WINDOW_LOW)
        w->low = mem_realloc(w->low, room * sizeof *w->low);
    if (spec->needs & WINDOW_HIGH)
        w->high = mem_realloc(w->high, room * sizeof *w->high);
    w->is_dirty = w->count > 0;
}

void window_prefetch(const struct window *w) {
    for (size_t at = 0; at < sizeof *w; at += 64)
        __builtin_prefetch((const char *)w + at, 1);
}

static int64_t cell_of(const struct window_spec *spec, int64_t at_ms) {
    int64_t width = (spec->range_ms + CELLS - 1) / CELLS;
    return at_ms >= 0 ? at_ms / width : -((-at_ms + width - 1) / width);
}

/* One more sample in a bucket; it may be older than some that are there. Steps inside are then not seen. */
static void bucket_add(struct bucket *b, int64_t at_ms, double value) {
    double n = b->count, mean = b->sum / n, off = value - mean;
    if (at_ms >= b->last_ms) {
        b->changes += value != b->last;
        b->resets += value < b->last ? b->last : 0;
        b->last_ms = at_ms;
        b->last = value;
    } else if (at_ms < b->first_ms) {
        b->mean_ms += (double)(b->first_ms - at_ms);
        b->first_ms = at_ms;
        b->first = value;
    }
    b->squares += off * off * n / (n + 1);
    b->mean_ms += ((double)(at_ms - b->first_ms) - b->mean_ms) / (n + 1);
    b->sum += value;
    b->low = fmin(b->low, value);
    b->high = fmax(b->high, value);
    b->count++;
}

static void append(struct window *w, const struct window_spec *spec, int64_t at_ms, double value) {
    if (w->count == w->room)
        ring_resize(w, spec, w->room ? w->room * 2 : ROOM_FIRST);
    w->count++;
    if (w->is_bucketed)
        w->buckets[slot(w, w->count - 1)] = bucket_of(at_ms, value);
    else
        w->points[slot(w, w->count - 1)] = (struct point){at_ms, value};
    if (w->is_dirty)
        return;
    if (w->count == 1) {
        window_totals_clear(w);
        w->base_ms = at_ms;
        w->pivot = value;
    }
    window_totals_slot(w, spec, w->count - 1, 1);
    if (w->count > 1)
        window_step_change(w, spec, slot_last(w, w->count - 2), value, 1);
    window_queues_push(w);
}

/* The newest sample of all goes into the newest bucket. */
static void append_bucketed(struct window *w, const struct window_spec *spec, int64_t at_ms, double value) {
    struct bucket *last = w->count > 0 ? &w->buckets[slot(w, w->count - 1)] : NULL;
    if (!last || cell_of(spec, last->first_ms) != cell_of(spec, at_ms)) {
        append(w, spec, at_ms, value);
        return;
    }
    if (!w->is_dirty)
        window_totals_bucket(w, spec, last, -1);
    bucket_add(last, at_ms, value);
    if (!w->is_dirty) {
        window_totals_bucket(w, spec, last, 1);
        window_queues_push(w);
    }
}

static void fold_into_buckets(struct window *w, const struct window_spec *spec) {
    struct point *points = w->points;
    uint32_t head = w->head, count = w->count, mask = w->room - 1;
    w->points = NULL;
    w->head = w->count = w->room = 0;
    w->is_bucketed = true;
    w->is_dirty = false;
    window_totals_clear(w);
    for (uint32_t i = 0; i < count; i++) {
        const struct point *p = &points[(head + i) & mask];
        append_bucketed(w, spec, p->at_ms, p->value);
    }
    window_refresh(w, spec);
    free(points);
}

/* Opens a hole before slot `index` for a late sample; everything newer moves up by one. */
static void insert(struct window *w, const struct window_spec *spec, uint32_t index, int64_t at_ms, double value) {
    if (w->count == w->room)
        ring_resize(w, spec, w->room * 2);
    w->count++;
    for (uint32_t i = w->count - 1; i > index; i--) {
        if (w->is_bucketed)
            w->buckets[slot(w, i)] = w->buckets[slot(w, i - 1)];
        else
            w->points[slot(w, i)] = w->points[slot(w, i - 1)];
    }
    if (w->is_bucketed)
        w->buckets[slot(w, index)] = bucket_of(at_ms, value);
    else
        w->points[slot(w, index)] = (struct point){at_ms, value};
    w->is_dirty = true;
}

static void add_late(struct window *w, const struct window_spec *spec, int64_t at_ms, double value) {
    uint32_t index = w->count;
    while (index > 0 && slot_first_ms(w, index - 1) > at_ms)
        index--;
    if (w->is_bucketed) { /* the bucket before the place, or the one after it, may be of the same cell */
        for (uint32_t i = index > 0 ? index - 1 : 0; i <= index && i < w->count; i++) {
            struct bucket *b = &w->buckets[slot(w, i)];
            if (cell_of(spec, b->first_ms) == cell_of(spec, at_ms)) {
                bucket_add(b, at_ms, value);
                w->is_dirty = true;
                return;
            }
        }
    } else if (index > 0 && slot_last_ms(w, index - 1) == at_ms) {
        return;
    }
    insert(w, spec, index, at_ms, value);
}

void window_add(struct window *w, const struct window_spec *spec, int64_t at_ms, double value) {
    bool is_newest = w->count == 0 || at_ms > slot_last_ms(w, w->count - 1);
    if (is_newest)
        window_advance(w, spec, at_ms);
    else if (at_ms == slot_last_ms(w, w->count - 1) || at_ms <= slot_last_ms(w, w->count - 1) - spec->range_ms)
        return;
    if (!w->is_bucketed && w->count == WINDOW_POINTS_MAX)
        fold_into_buckets(w, spec);
    if (!is_newest)
        add_late(w, spec, at_ms, value);
    else if (w->is_bucketed)
        append_bucketed(w, spec, at_ms, value);
    else
        append(w, spec, at_ms, value);
}

static void drop_head(struct window *w, const struct window_spec *spec) {
    if (!w->is_dirty) {
        window_totals_slot(w, spec, 0, -1);
        if (w->count > 1)
            window_step_change(w, spec, slot_last(w, 0), slot_first(w, 1), -1);
        window_queues_drop(w);
    }
    w->head++;
    w->count--;
}

void window_advance(struct window *w, const struct window_spec *spec, int64_t now_ms) {
    while (w->count > 0 && slot_last_ms(w, 0) <= now_ms - spec->range_ms)
        drop_head(w, spec);
    if (w->count == 0)
        w->is_dirty = false;
}

uint64_t window_count(const struct window *w) {
    if (!w->is_dirty)
        return w->count == 0 ? 0 : w->samples;
    if (!w->is_bucketed)
        return w->count;
    uint64_t count = 0;
    for (uint32_t i = 0; i < w->count; i++)
        count += w->buckets[slot(w, i)].count;
    return count;
}

void window_first(const struct window *w, int64_t *at_ms, double *value) {
    *at_ms = slot_first_ms(w, 0);
    *value = slot_first(w, 0);
}

void window_last(const struct window *w, int64_t *at_ms, double *value) {
    *at_ms = slot_last_ms(w, w->count - 1);
    *value = slot_last(w, w->count - 1);
}

size_t window_bytes(const struct window *w) {
    size_t slots = w->room * (w->is_bucketed ? sizeof *w->buckets : sizeof *w->points);
    return sizeof *w + slots + (w->low ? w->room * sizeof *w->low : 0) + (w->high ? w->room * sizeof *w->high : 0);
}
