/* A window from its oldest item to its newest, for functions that have to look at all of them: quantiles, robust
 * trends. Steps in time are added up on the way, so an item costs the same wherever it is. */
#include "rules/window_state.h"

#include <math.h>

struct window_reader window_read(const struct window *w) {
    return (struct window_reader){.window = w, .count = w->samples == 0 ? 0 : slot_count(w)};
}

static void read_bucket(const struct window *w, uint32_t index, struct window_item *out) {
    const struct bucket b = buckets_get(&w->buckets, w->needs, index);
    out->at_ms = b.first_ms + llround(b.mean_ms);
    out->value = b.sum / b.count;
    out->count = b.count;
}

bool window_read_next(struct window_reader *r, struct window_item *out) {
    const struct window *w = r->window;
    if (r->index == r->count)
        return false;
    if (w->is_bucketed) {
        read_bucket(w, r->index++, out);
        return true;
    }
    r->at_ms = r->index == 0 ? w->points.first_ms : r->at_ms + points_step_ms(&w->points, r->index);
    *out = (struct window_item){.at_ms = r->at_ms, .value = points_value(&w->points, r->index), .count = 1};
    r->index++;
    return true;
}

bool window_smoothed(const struct window *w, double level_factor, double trend_factor, double *out) {
    struct window_reader r = window_read(w);
    struct window_item item;
    double level = 0, trend = 0;
    if (!(level_factor > 0 && level_factor < 1 && trend_factor > 0 && trend_factor < 1) || window_count(w) < 2)
        return false;
    for (int i = 0; window_read_next(&r, &item); i++) {
        const double before = level;
        if (i == 0) {
            level = item.value;
            continue;
        }
        if (i == 1)
            trend = item.value - level;
        level = level_factor * item.value + (1 - level_factor) * (level + trend);
        trend = trend_factor * (level - before) + (1 - trend_factor) * trend;
    }
    *out = level;
    return true;
}
