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
