/* Series of log lines and events in the evaluator. They differ from what is measured: silence is an answer, 0, and
 * nothing becomes stale. Who knows whether there is an answer at all is logs/feed.h. */
#include <math.h>

#include "rules/evaluate_inside.h"
#include "rules/logs/feed.h"
#include "rules/pair.h"

void scope_watch(const struct scope *s, const struct function_row *f, const struct node *node, struct window_view *view,
                 struct vector *out) {
    const struct metric_series *all = &s->set->metrics[node->metric];
    struct element *e = &out->items[0];
    out->count = 1;
    *e = unknown(0);
    if (!feed_knows(s->set->feed, s->set->plan->metrics[node->metric].derived->watch))
        return;
    *e = (struct element){.until_ms = INT64_MAX, .state = ELEMENT_PRESENT};
    if (all->count == 0)
        return;
    const struct series *series = series_at(all, 0);
    if (!f) {
        e->value = series->value;
        return;
    }
    const struct plan_window *w = &s->set->plan->windows[node->window];
    view->spec = &w->spec;
    view->window = series_window(series, w);
    window_advance(view->window, view->spec, s->now_ms);
    if (window_count(view->window) > 0 && (!f->over(view, &e->value) || !isfinite(e->value)))
        *e = unknown(0);
}
