/* What a window keeps up to date beside its ring, so that no answer looks at more than a few numbers.
 *
 * What enters is added to the totals and what leaves is subtracted. Subtraction is safe because the totals are held as
 * two doubles each (Knuth's two-sum), so that a spike of 1e15 leaves no trace when it goes; squares and products are
 * taken about a pivot near the mean, which is moved when the data has moved away. Minimum and maximum are monotonic
 * queues of ring positions. Left: two-stack aggregation, which needs no subtraction but five doubles more a sample. */
#include "rules/window_state.h"

#include <math.h>

/* `count` samples of this sum, spread by `squares` about their mean, at the mean time `at_ms` after base_ms. */
static inline void change(struct window *w, const struct window_spec *spec, uint32_t count, double sum, double squares,
                          double at_ms, double sign) {
    double n = count;
    w->samples += sign > 0 ? count : -(uint64_t)count;
    if (spec->needs & WINDOW_SUM)
        wide_add(&w->sum, sign * sum);
    if (!(spec->needs & (WINDOW_SPREAD | WINDOW_TREND)))
        return;
    double off = sum / n - w->pivot;
    wide_add(&w->deviation, sign * (n * off));
    wide_add(&w->squares, sign * (squares + n * off * off));
    if (!(spec->needs & WINDOW_TREND))
        return;
    double t = at_ms / 1000;
    wide_add(&w->time, sign * (n * t));
    wide_add(&w->time_squares, sign * (n * t * t));
    wide_add(&w->product, sign * (n * t * off));
}

void window_totals_bucket(struct window *w, const struct window_spec *spec, const struct bucket *b, double sign) {
    change(w, spec, b->count, b->sum, b->squares, (double)(b->first_ms - w->base_ms) + b->mean_ms, sign);
    if (spec->needs & WINDOW_STEPS) {
        w->changes += sign > 0 ? b->changes : -(uint64_t)b->changes;
        wide_add(&w->resets, sign * b->resets);
    }
}

void window_totals_slot(struct window *w, const struct window_spec *spec, uint32_t index, double sign) {
    if (w->is_bucketed) {
        window_totals_bucket(w, spec, &w->buckets[slot(w, index)], sign);
        return;
    }
    const struct point *p = &w->points[slot(w, index)];
    change(w, spec, 1, p->value, 0, (double)(p->at_ms - w->base_ms), sign);
}

/* The step from the last sample of one slot to the first of the next. */
void window_step_change(struct window *w, const struct window_spec *spec, double from, double to, int sign) {
    if (!(spec->needs & WINDOW_STEPS))
        return;
    if (from != to)
        w->changes += (uint64_t)sign;
    if (to < from)
        wide_add(&w->resets, sign * from);
}

static double slot_extreme(const struct window *w, uint32_t position, bool is_low) {
    if (!w->is_bucketed)
        return w->points[position].value;
    return is_low ? w->buckets[position].low : w->buckets[position].high;
}

/* The newest slot enters a queue (again, when its bucket grew): what it outdoes can never be the extreme anymore. */
static void queue_push(struct window *w, uint16_t *queue, uint32_t head, uint32_t *count, bool is_low) {
    uint32_t mask = w->room - 1, position = slot(w, w->count - 1);
    double value = slot_extreme(w, position, is_low);
    while (*count > 0) {
        uint32_t last = queue[(head + *count - 1) & mask];
        double other = slot_extreme(w, last, is_low);
        if (last != position && (is_low ? other < value : other > value))
            break;
        --*count;
    }
    queue[(head + (*count)++) & mask] = (uint16_t)position;
}
void window_queues_push(struct window *w) {
    if (w->low)
        queue_push(w, w->low, w->low_head, &w->low_count, true);
    if (w->high)
        queue_push(w, w->high, w->high_head, &w->high_count, false);
}

void window_queues_drop(struct window *w) {
    uint32_t mask = w->room - 1, position = slot(w, 0);
    if (w->low_count > 0 && w->low[w->low_head & mask] == position) {
        w->low_head++;
        w->low_count--;
    }
    if (w->high_count > 0 && w->high[w->high_head & mask] == position) {
        w->high_head++;
        w->high_count--;
    }
}

void window_totals_clear(struct window *w) {
    w->samples = w->changes = 0;
    w->sum = w->deviation = w->squares = w->time = w->time_squares = w->product = w->resets = (struct wide){0};
    w->low_head = w->low_count = w->high_head = w->high_count = 0;
}

static void rebuild(struct window *w, const struct window_spec *spec, double pivot) {
    uint32_t count = w->count;
    window_totals_clear(w);
    w->pivot = pivot;
    w->is_dirty = false;
    if (count > 0)
        w->base_ms = slot_first_ms(w, 0);
    for (uint32_t i = 0; i < count; i++) {
        window_totals_slot(w, spec, i, 1);
        if (i > 0)
            window_step_change(w, spec, slot_last(w, i - 1), slot_first(w, i), 1);
        w->count = i + 1; /* window_queues_push looks at the newest */
        window_queues_push(w);
    }
    w->count = count;
}
void window_refresh(struct window *w, const struct window_spec *spec) {
    if (w->is_dirty)
        rebuild(w, spec, w->count > 0 ? slot_first(w, 0) : 0);
}

double window_sum(struct window *w, const struct window_spec *spec) {
    window_refresh(w, spec);
    return wide_get(&w->sum);
}

/* Population variance. When the data has gone far from the pivot, digits cancel: the newest slot becomes the pivot,
 * which no data of n samples is farther from than sqrt(n) standard deviations, so this does not happen at every call.
 */
static double variance(struct window *w, const struct window_spec *spec) {
    double n = (double)w->samples, mean = wide_get(&w->deviation) / n;
    double result = wide_get(&w->squares) / n - mean * mean;
    if (mean * mean * 1e-6 > result) {
        rebuild(w, spec, slot_last(w, w->count - 1));
        mean = wide_get(&w->deviation) / n;
        result = wide_get(&w->squares) / n - mean * mean;
    }
    return result > 0 ? result : 0;
}

double window_stddev(struct window *w, const struct window_spec *spec) {
    window_refresh(w, spec);
    return sqrt(variance(w, spec));
}

double window_min(struct window *w, const struct window_spec *spec) {
    window_refresh(w, spec);
    return slot_extreme(w, w->low[w->low_head & (w->room - 1)], true);
}

double window_max(struct window *w, const struct window_spec *spec) {
    window_refresh(w, spec);
    return slot_extreme(w, w->high[w->high_head & (w->room - 1)], false);
}

double window_changes(struct window *w, const struct window_spec *spec) {
    window_refresh(w, spec);
    return (double)w->changes;
}

double window_resets(struct window *w, const struct window_spec *spec) {
    window_refresh(w, spec);
    return wide_get(&w->resets);
}

bool window_slope(struct window *w, const struct window_spec *spec, double *out) {
    window_refresh(w, spec);
    int64_t last_ms = slot_last_ms(w, w->count - 1);
    if (last_ms - w->base_ms > 4 * spec->range_ms)
        rebuild(w, spec, w->pivot);
    if (variance(w, spec) == 0) {
        *out = 0;
        return w->count > 1;
    }
    double n = (double)w->samples, time = wide_get(&w->time);
    double spread = wide_get(&w->time_squares) - time * time / n;
    *out = (wide_get(&w->product) - time * wide_get(&w->deviation) / n) / spread;
    return w->count > 1 && spread > 0;
}
