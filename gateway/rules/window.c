/* The ring of samples of a sliding window: samples come at its head, leave at its tail, and are told to the totals
 * (window_totals.c) as they do. A late sample is inserted where it belongs and marks the totals dirty: they are rebuilt
 * from the ring when somebody asks next. So the cost is constant but for late data, which pays for itself.
 *
 * A slot is one sample (points.c), or, for a window that would hold too many, all samples of a cell of a grid
 * (bucket.c). Folding happens once, when the ring is full, or from the start where the pack's intervals tell. Left: a
 * tree over the ring (log n a sample, and twice the memory), and one ring for all windows of a series (little is saved:
 * the longest window is most of it). */
#include "rules/window_state.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

enum { CELLS = WINDOW_BUCKETS_MAX - 2 };
_Static_assert((int)WINDOW_POINTS_MAX == (int)POINTS_MAX, "a ring holds a window");

static size_t queue_count(uint32_t needs) {
    return (needs & WINDOW_LOW ? 1u : 0) + (needs & WINDOW_HIGH ? 1u : 0);
}

size_t window_size(const struct window_spec *spec) {
    return sizeof(struct window) + total_count(spec->needs) * sizeof(struct wide) +
           queue_count(spec->needs) * sizeof(struct queue);
}

void window_init(struct window *w, const struct window_spec *spec) {
    w->is_bucketed = spec->is_dense;
    w->needs = (uint16_t)spec->needs;
}

void window_fini(struct window *w) {
    for (size_t i = 0; i < queue_count(w->needs); i++)
        free(window_queue(w, true)[i].serials);
    if (w->is_bucketed)
        buckets_fini(&w->buckets);
    else
        points_fini(&w->points);
}

void window_begin_buckets(struct window *w) {
    if (!w->is_bucketed) {
        points_fini(&w->points);
        w->buckets = (struct buckets){0};
    }
    w->is_bucketed = true;
}

struct window *window_new(const struct window_spec *spec) {
    struct window *w = mem_alloc(window_size(spec));
    window_init(w, spec);
    return w;
}

void window_free(struct window *w) {
    if (w)
        window_fini(w);
    free(w);
}

void window_prefetch(const struct window *w) {
    if (!w->is_bucketed)
        points_prefetch(&w->points);
}

static int64_t cell_of(const struct window_spec *spec, int64_t at_ms) {
    int64_t width = (spec->range_ms + CELLS - 1) / CELLS;
    return at_ms >= 0 ? at_ms / width : -((-at_ms + width - 1) / width);
}

/* ---- the newest of all ---- */

static void totals_begin(struct window *w, int64_t at_ms, double value) {
    window_totals_clear(w);
    w->base_ms = at_ms;
    w->pivot = value;
}

static void append_point(struct window *w, int64_t at_ms, double value) {
    bool is_first = w->points.count == 0;
    points_push(&w->points, at_ms, value);
    if (w->is_dirty)
        return;
    if (is_first)
        totals_begin(w, at_ms, value);
    else
        window_step_change(w, w->last, value, 1);
    window_totals_point(w, at_ms, value, 1);
    window_queues_push(w);
}

static void append_bucket(struct window *w, int64_t at_ms, double value) {
    const struct bucket b = bucket_of(at_ms, value);
    bool is_first = w->buckets.count == 0;
    buckets_insert(&w->buckets, w->needs, w->buckets.count, &b);
    if (w->is_dirty)
        return;
    if (is_first)
        totals_begin(w, at_ms, value);
    else
        window_step_change(w, w->last, value, 1);
    window_totals_bucket(w, &b, 1);
    window_queues_push(w);
}

/* In buckets the sample before the newest is kept aside: it may be any that is older than the newest. */
static void note_before(struct window *w, int64_t at_ms, double value) {
    if (w->needs & WINDOW_PAIR)
        w->totals[total_pair(w->needs)] = (struct wide){.high = value, .low = (double)at_ms};
}

/* Into the newest bucket, or behind it. */
static void append_bucketed(struct window *w, const struct window_spec *spec, int64_t at_ms, double value) {
    uint32_t newest = w->buckets.count - 1u;
    if (w->buckets.count > 0)
        note_before(w, newest_ms(w), w->last);
    if (w->buckets.count == 0 || cell_of(spec, buckets_first_ms(&w->buckets, newest)) != cell_of(spec, at_ms)) {
        append_bucket(w, at_ms, value);
        return;
    }
    struct bucket b = buckets_get(&w->buckets, w->needs, newest);
    if (!w->is_dirty)
        window_totals_bucket(w, &b, -1);
    bucket_take(&b, at_ms, value);
    buckets_put(&w->buckets, w->needs, newest, &b);
    if (!w->is_dirty) {
        window_totals_bucket(w, &b, 1);
        window_queues_push(w);
    }
}

static void fold_into_buckets(struct window *w, const struct window_spec *spec) {
    struct points points = w->points;
    int64_t at_ms = points.first_ms;
    w->buckets = (struct buckets){0};
    w->is_bucketed = true;
    w->is_dirty = false;
    w->first_serial = 0;
    for (size_t i = 0; i < points.count; i++) {
        at_ms += i > 0 ? points_step_ms(&points, i) : 0;
        double value = points_value(&points, i);
        append_bucketed(w, spec, at_ms, value);
        w->last = value;
    }
    points_fini(&points);
}

/* ---- late ---- */

static bool insert_point(struct window *w, int64_t at_ms, double value) {
    struct points *p = &w->points;
    size_t index = p->count;
    int64_t before_ms = p->last_ms; /* of the sample before `index` */
    while (index > 0 && before_ms > at_ms) {
        index--;
        before_ms = index > 0 ? before_ms - points_step_ms(p, index) : 0;
    }
    if (index > 0 && before_ms == at_ms)
        return false;
    points_insert(p, index, at_ms, value);
    return true;
}

static void insert_bucketed(struct window *w, const struct window_spec *spec, int64_t at_ms, double value) {
    struct buckets *all = &w->buckets;
    uint32_t index = all->count;
    while (index > 0 && buckets_first_ms(all, index - 1) > at_ms)
        index--;
    /* the bucket before the place, or the one after it, may be of the same cell */
    for (uint32_t i = index > 0 ? index - 1 : 0; i <= index && i < all->count; i++) {
        struct bucket b = buckets_get(all, w->needs, i);
        if (cell_of(spec, b.first_ms) == cell_of(spec, at_ms)) {
            bucket_take(&b, at_ms, value);
            buckets_put(all, w->needs, i, &b);
            return;
        }
    }
    const struct bucket b = bucket_of(at_ms, value);
    buckets_insert(all, w->needs, index, &b);
}

static void add_late(struct window *w, const struct window_spec *spec, int64_t at_ms, double value) {
    if (w->is_bucketed) {
        if (w->needs & WINDOW_PAIR && (w->samples < 2 || at_ms > (int64_t)w->totals[total_pair(w->needs)].low))
            note_before(w, at_ms, value);
        insert_bucketed(w, spec, at_ms, value);
    } else if (!insert_point(w, at_ms, value))
        return;
    w->samples++;
    w->is_dirty = true;
}

/* ---- the contract ---- */

void window_add(struct window *w, const struct window_spec *spec, int64_t at_ms, double value) {
    bool is_newest = w->samples == 0 || at_ms > newest_ms(w);
    if (is_newest)
        window_advance(w, spec, at_ms);
    else if (at_ms == newest_ms(w) || at_ms <= newest_ms(w) - spec->range_ms)
        return;
    if (!w->is_bucketed && w->points.count == WINDOW_POINTS_MAX)
        fold_into_buckets(w, spec);
    if (!is_newest) {
        add_late(w, spec, at_ms, value);
        return;
    }
    if (w->is_bucketed)
        append_bucketed(w, spec, at_ms, value);
    else
        append_point(w, at_ms, value);
    w->last = value;
    w->samples++;
}

static void drop_point(struct window *w) {
    struct points *p = &w->points;
    w->samples--;
    if (!w->is_dirty) {
        double value = points_value(p, 0);
        window_totals_point(w, p->first_ms, value, -1);
        if (p->count > 1 && window_has_steps(w))
            window_step_change(w, value, points_value(p, 1), -1);
        window_queues_drop(w);
    }
    points_drop(p);
}

static void drop_bucket(struct window *w) {
    const struct bucket b = buckets_get(&w->buckets, w->needs, 0);
    w->samples -= b.count;
    if (!w->is_dirty) {
        window_totals_bucket(w, &b, -1);
        if (w->buckets.count > 1 && window_has_steps(w))
            window_step_change(w, b.last, buckets_get(&w->buckets, w->needs, 1).first, -1);
        window_queues_drop(w);
    }
    buckets_drop(&w->buckets);
}

void window_advance(struct window *w, const struct window_spec *spec, int64_t now_ms) {
    while (w->samples > 0 && oldest_last_ms(w) <= now_ms - spec->range_ms) {
        if (w->is_bucketed)
            drop_bucket(w);
        else
            drop_point(w);
        w->first_serial++;
    }
    if (w->samples == 0)
        w->is_dirty = false;
}

uint64_t window_count(const struct window *w) {
    return w->samples;
}

void window_first(const struct window *w, int64_t *at_ms, double *value) {
    *at_ms = w->is_bucketed ? buckets_first_ms(&w->buckets, 0) : w->points.first_ms;
    *value = w->is_bucketed ? buckets_get(&w->buckets, w->needs, 0).first : points_value(&w->points, 0);
}

void window_last(const struct window *w, int64_t *at_ms, double *value) {
    *at_ms = newest_ms(w);
    *value = w->last;
}

bool window_before(const struct window *w, const struct window_spec *spec, int64_t now_ms, int64_t *at_ms,
                   double *value) {
    if (w->samples < 2)
        return false;
    if (!w->is_bucketed) {
        *at_ms = w->points.last_ms - points_step_ms(&w->points, w->points.count - 1u);
        *value = points_value(&w->points, w->points.count - 2u);
        return true;
    }
    const struct wide *before = &w->totals[total_pair(w->needs)];
    *at_ms = (int64_t)before->low;
    *value = before->high;
    return *at_ms > now_ms - spec->range_ms;
}

size_t window_bytes(const struct window *w) {
    size_t bytes = w->is_bucketed ? buckets_bytes(&w->buckets) : points_bytes(&w->points);
    for (size_t i = 0; i < queue_count(w->needs); i++)
        bytes += window_queue(w, true)[i].room * sizeof(uint16_t);
    return bytes + sizeof *w + total_count(w->needs) * sizeof(struct wide) +
           queue_count(w->needs) * sizeof(struct queue);
}
