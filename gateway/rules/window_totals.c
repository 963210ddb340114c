/* What a window keeps up to date beside its ring, so that no answer looks at more than a few numbers.
 *
 * What enters is added to the totals and what leaves is subtracted. Subtraction is safe because the totals are held as
 * two doubles each (Knuth's two-sum), so that a spike of 1e15 leaves no trace when it goes; squares and products are
 * taken about a pivot near the mean, which is moved when the data has moved away. Minimum and maximum are monotonic
 * queues of ring positions. Left: two-stack aggregation, which needs no subtraction but five doubles more a sample. */
#include "rules/window_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

enum { DEVIATION, SQUARES };          /* behind total_spread */
enum { TIME, TIME_SQUARES, PRODUCT }; /* behind total_trend */
enum { QUEUE_FIRST = 4 };

/* `count` samples of this sum, spread by `squares` about their mean, at the mean time `at_ms` after base_ms. */
static inline void change(struct window *w, double n, double sum, double squares, double at_ms, double sign) {
    if (w->needs & WINDOW_SUM)
        wide_add(&w->totals[0], sign * sum);
    if (!(w->needs & (WINDOW_SPREAD | WINDOW_TREND)))
        return;
    struct wide *spread = &w->totals[total_spread(w->needs)];
    double off = sum / n - w->pivot;
    wide_add(&spread[DEVIATION], sign * (n * off));
    wide_add(&spread[SQUARES], sign * (squares + n * off * off));
    if (!(w->needs & WINDOW_TREND))
        return;
    struct wide *trend = &w->totals[total_trend(w->needs)];
    double t = at_ms / 1000;
    wide_add(&trend[TIME], sign * (n * t));
    wide_add(&trend[TIME_SQUARES], sign * (n * t * t));
    wide_add(&trend[PRODUCT], sign * (n * t * off));
}

void window_totals_point(struct window *w, int64_t at_ms, double value, double sign) {
    change(w, 1, value, 0, (double)(at_ms - w->base_ms), sign);
}

void window_totals_bucket(struct window *w, const struct bucket *b, double sign) {
    change(w, b->count, b->sum, b->squares, (double)(b->first_ms - w->base_ms) + b->mean_ms, sign);
    if (w->needs & WINDOW_STEPS) {
        w->changes += sign > 0 ? (uint32_t)b->changes : -(uint32_t)b->changes;
        wide_add(&w->totals[total_resets(w->needs)], sign * b->resets);
    }
    if (w->needs & WINDOW_RESETS)
        wide_add(&w->totals[total_reset_count(w->needs)], sign * b->reset_count);
}

void window_step_change(struct window *w, double from, double to, int sign) {
    if (w->needs & WINDOW_RESETS && to < from)
        wide_add(&w->totals[total_reset_count(w->needs)], sign);
    if (!(w->needs & WINDOW_STEPS))
        return;
    if (from != to)
        w->changes += (uint32_t)sign;
    if (to < from)
        wide_add(&w->totals[total_resets(w->needs)], sign * from);
}

/* ---- extremes ---- */

static double slot_extreme(const struct window *w, uint16_t serial, bool is_low) {
    uint16_t index = (uint16_t)(serial - w->first_serial);
    if (!w->is_bucketed)
        return points_value(&w->points, index);
    const struct bucket b = buckets_get(&w->buckets, w->needs, index);
    return is_low ? b.low : b.high;
}

static void queue_grow(struct queue *q) {
    uint16_t room = q->room ? (uint16_t)(q->room * 2) : QUEUE_FIRST, *serials = mem_alloc(room * sizeof *serials);
    for (uint16_t i = 0; i < q->count; i++)
        serials[i] = q->serials[(q->head + i) & (q->room - 1)];
    free(q->serials);
    *q = (struct queue){.serials = serials, .count = q->count, .room = room};
}

/* A slot enters a queue (again, when its bucket grew): what it outdoes can never be the extreme anymore. */
static void queue_push(struct window *w, struct queue *q, uint16_t serial, bool is_low) {
    double value = slot_extreme(w, serial, is_low);
    while (q->count > 0) {
        uint16_t last = q->serials[(q->head + q->count - 1) & (q->room - 1)];
        double other = slot_extreme(w, last, is_low);
        if (last != serial && (is_low ? other < value : other > value))
            break;
        q->count--;
    }
    if (q->count == q->room)
        queue_grow(q);
    q->serials[(q->head + q->count++) & (q->room - 1)] = serial;
}

static void queues_push(struct window *w, uint16_t serial) {
    if (w->needs & WINDOW_LOW)
        queue_push(w, window_queue(w, true), serial, true);
    if (w->needs & WINDOW_HIGH)
        queue_push(w, window_queue(w, false), serial, false);
}

void window_queues_push(struct window *w) {
    if (w->needs & (WINDOW_LOW | WINDOW_HIGH))
        queues_push(w, (uint16_t)(w->first_serial + slot_count(w) - 1));
}

static void queue_drop(struct queue *q, uint16_t serial) {
    if (q->count > 0 && q->serials[q->head & (q->room - 1)] == serial) {
        q->head++;
        q->count--;
    }
}

void window_queues_drop(struct window *w) {
    if (w->needs & WINDOW_LOW)
        queue_drop(window_queue(w, true), w->first_serial);
    if (w->needs & WINDOW_HIGH)
        queue_drop(window_queue(w, false), w->first_serial);
}

/* ---- anew ---- */

void window_totals_clear(struct window *w) {
    memset(w->totals, 0, total_pair(w->needs) * sizeof *w->totals);
    w->changes = 0;
    if (w->needs & WINDOW_LOW)
        window_queue(w, true)->count = 0;
    if (w->needs & WINDOW_HIGH)
        window_queue(w, false)->count = 0;
}

static void rebuild_points(struct window *w) {
    int64_t at_ms = w->base_ms;
    double before = 0;
    for (uint16_t i = 0; i < w->points.count; i++) {
        double value = points_value(&w->points, i);
        if (i > 0) {
            at_ms += points_step_ms(&w->points, i);
            window_step_change(w, before, value, 1);
        }
        window_totals_point(w, at_ms, value, 1);
        queues_push(w, (uint16_t)(w->first_serial + i));
        before = value;
    }
}

static void rebuild_buckets(struct window *w) {
    double before = 0;
    for (uint16_t i = 0; i < w->buckets.count; i++) {
        const struct bucket b = buckets_get(&w->buckets, w->needs, i);
        if (i > 0)
            window_step_change(w, before, b.first, 1);
        window_totals_bucket(w, &b, 1);
        queues_push(w, (uint16_t)(w->first_serial + i));
        before = b.last;
    }
}

static void rebuild(struct window *w, double pivot) {
    window_totals_clear(w);
    w->pivot = pivot;
    w->is_dirty = false;
    if (w->samples == 0)
        return;
    w->base_ms = w->is_bucketed ? buckets_first_ms(&w->buckets, 0) : w->points.first_ms;
    if (w->is_bucketed)
        rebuild_buckets(w);
    else
        rebuild_points(w);
}

static void refresh(struct window *w) {
    if (w->is_dirty)
        rebuild(w, w->last);
}

/* ---- answers ---- */

double window_sum(struct window *w) {
    refresh(w);
    return wide_get(&w->totals[0]);
}

/* Population variance. When the data has gone far from the pivot, digits cancel: the newest slot becomes the pivot,
 * which no data of n samples is farther from than sqrt(n) standard deviations, so this does not happen at every call.
 */
static double variance(struct window *w) {
    const struct wide *spread = &w->totals[total_spread(w->needs)];
    double n = w->samples, mean = wide_get(&spread[DEVIATION]) / n;
    double result = wide_get(&spread[SQUARES]) / n - mean * mean;
    if (mean * mean * 1e-6 > result) {
        rebuild(w, w->last);
        mean = wide_get(&spread[DEVIATION]) / n;
        result = wide_get(&spread[SQUARES]) / n - mean * mean;
    }
    return result > 0 ? result : 0;
}

double window_stddev(struct window *w) {
    refresh(w);
    return sqrt(variance(w));
}

static double extreme(struct window *w, bool is_low) {
    refresh(w);
    const struct queue *q = window_queue(w, is_low);
    return slot_extreme(w, q->serials[q->head & (q->room - 1)], is_low);
}

double window_min(struct window *w) {
    return extreme(w, true);
}

double window_max(struct window *w) {
    return extreme(w, false);
}

double window_changes(struct window *w) {
    refresh(w);
    return w->changes;
}

double window_resets(struct window *w) {
    refresh(w);
    return wide_get(&w->totals[total_resets(w->needs)]);
}

double window_reset_count(struct window *w) {
    refresh(w);
    return wide_get(&w->totals[total_reset_count(w->needs)]);
}

bool window_line(struct window *w, const struct window_spec *spec, int64_t now_ms, double *slope, double *level) {
    refresh(w);
    if (newest_ms(w) - w->base_ms > 4 * spec->range_ms)
        rebuild(w, w->pivot);
    const struct wide *spread = &w->totals[total_spread(w->needs)], *trend = &w->totals[total_trend(w->needs)];
    double n = w->samples, deviation = wide_get(&spread[DEVIATION]), time = wide_get(&trend[TIME]);
    if (variance(w) == 0) {
        *slope = 0;
        *level = w->pivot + deviation / n;
        return w->samples > 1;
    }
    double width = wide_get(&trend[TIME_SQUARES]) - time * time / n;
    if (w->samples < 2 || !(width > 0))
        return false;
    *slope = (wide_get(&trend[PRODUCT]) - time * deviation / n) / width;
    *level = w->pivot + deviation / n + *slope * ((double)(now_ms - w->base_ms) / 1000 - time / n);
    return true;
}
