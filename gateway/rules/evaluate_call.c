/* Functions and aggregations of the evaluator: what each shape does with its arguments; the formulas are function.c's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/evaluate_inside.h"
#include "rules/order.h"
#include "rules/pair.h"

/* ---- over ranges ---- */

/* The argument that is a range, and the numbers beside it. */
static const struct node *range_of(const struct scope *s, const struct node *node, struct window_view *view) {
    const struct node *range = NULL;
    for (int i = 0; i < node->arg_count; i++) {
        const struct node *arg = &s->nodes[node->args[i]];
        if (arg->kind == NODE_RANGE)
            range = arg;
        else
            view->numbers[view->number_count++] = scope_scalar(s, node->args[i]);
    }
    return range;
}

static void eval_over(const struct scope *s, const struct function_row *f, const struct node *node,
                      struct vector *out) {
    struct window_view view = {.now_ms = s->now_ms};
    const struct node *range = range_of(s, node, &view);
    const struct metric_series *all = &s->set->metrics[range->metric];
    if (scope_is_watch(s, range)) {
        scope_watch(s, f, range, &view, out);
        return;
    }
    const struct plan_window *w = &s->set->plan->windows[range->window];
    const struct plan_metric *m = &s->set->plan->metrics[range->metric];
    const bool has_answers = m->derived && (m->derived->kind == DERIVED_RECORD || m->derived->kind == DERIVED_STEPS);
    const int64_t stale_ms = m->stale_ms;
    const bool sees_gaps = f->sees_gaps || stale_ms == PLAN_STALE_NEVER_MS;
    view.spec = &w->spec;
    out->count = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct series *series = series_at(all, i);
        if ((s->set->parts[series->part].tests & range->tests) != range->tests)
            continue;
        struct element *e = &out->items[out->count++];
        const struct derived_series *own = has_answers ? series_derived(series, m) : NULL;
        const int64_t last_ms = own ? own->fed_ms : series->last_ms;
        *e = unknown(series->part);
        if (!sees_gaps && (last_ms == INT64_MIN || s->now_ms - last_ms > stale_ms))
            continue;
        view.window = series_window(series, w);
        window_advance(view.window, view.spec, s->now_ms);
        bool is_none = window_count(view.window) == 0;
        if (is_none && own && own->state == DERIVED_FILTERED) { /* known to be false all along */
            e->state = ELEMENT_FILTERED;
            e->until_ms = last_ms + stale_ms;
            continue;
        }
        if (is_none && !(f->is_zero_of_none && stale_ms == PLAN_STALE_NEVER_MS))
            continue;
        e->value = 0;
        if (!is_none && (!f->over(&view, &e->value) || !isfinite(e->value)))
            continue;
        e->state = ELEMENT_PRESENT;
        e->until_ms = sees_gaps ? INT64_MAX : last_ms + stale_ms;
    }
}

/* ---- functions ---- */

static void eval_each(const struct scope *s, const struct function_row *f, const struct node *node,
                      struct vector *out) {
    double numbers[FUNCTION_ARGS_MAX] = {0};
    bool is_known = true;
    for (int i = 1; i < node->arg_count; i++) {
        numbers[i - 1] = scope_scalar(s, node->args[i]);
        is_known &= !isnan(numbers[i - 1]);
    }
    scope_eval(s, node->args[0], out);
    for (size_t i = 0; i < out->count; i++) {
        struct element *e = &out->items[i];
        if (e->state == ELEMENT_PRESENT &&
            (!is_known || !f->each(e->value, numbers, node->arg_count - 1, &e->value) || !isfinite(e->value)))
            *e = unknown(e->part);
    }
}

static void eval_absent(const struct scope *s, const struct node *node, struct vector *out) {
    struct element result = {.value = 1, .state = ELEMENT_PRESENT, .until_ms = INT64_MAX};
    scope_eval(s, node->args[0], out);
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].state == ELEMENT_PRESENT)
            result.state = ELEMENT_FILTERED;
    out->count = 1;
    out->items[0] = result;
}

/* Nothing was measured within the range: the newest sample tells, no window is needed. */
static void eval_absent_over(const struct scope *s, const struct node *range, struct vector *out) {
    const struct metric_series *all = &s->set->metrics[range->metric];
    struct element result = {.value = 1, .state = ELEMENT_PRESENT, .until_ms = INT64_MAX};
    for (size_t i = 0; i < all->count; i++) {
        const struct series *series = series_at(all, i);
        if ((s->set->parts[series->part].tests & range->tests) == range->tests && series->last_ms != INT64_MIN &&
            (double)(s->now_ms - series->last_ms) < range->number)
            result.state = ELEMENT_FILTERED;
    }
    out->count = 1;
    out->items[0] = result;
}

static void eval_timestamp(const struct scope *s, const struct node *select, struct vector *out) {
    const struct metric_series *all = &s->set->metrics[select->metric];
    const struct derived *derived = s->set->plan->metrics[select->metric].derived;
    scope_eval(s, (uint16_t)(select - s->nodes), out);
    for (size_t i = 0, k = 0; i < out->count; i++) {
        while (series_at(all, k)->part != out->items[i].part)
            k++;
        if (series_at(all, k)->last_ms == INT64_MIN)
            out->items[i] = unknown(out->items[i].part);
        if (out->items[i].state != ELEMENT_PRESENT)
            continue;
        int64_t at_ms = series_at(all, k)->last_ms - (derived ? derived->offset_ms : 0);
        out->items[i].value = (double)at_ms / 1000;
    }
}

/* Prometheus' histogram_quantile over cumulative buckets, whose parts are their upper bounds. */
static int by_bound(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

static void eval_histogram(const struct scope *s, const struct node *node, struct vector *out) {
    double buckets[RULE_PARTS_MAX][2]; /* bound, how many up to it */
    const double q = scope_scalar(s, node->args[0]);
    size_t count = 0;
    struct element e = {.until_ms = INT64_MAX, .state = ELEMENT_PRESENT};
    scope_eval(s, node->args[1], out);
    for (size_t i = 0; i < out->count; i++) {
        const double bound = s->set->parts[out->items[i].part].bound;
        if (out->items[i].state != ELEMENT_PRESENT || isnan(bound))
            continue;
        e.until_ms = earlier(e.until_ms, out->items[i].until_ms);
        buckets[count][0] = bound;
        buckets[count++][1] = out->items[i].value;
    }
    out->count = out->count > 0;
    out->items[0] = unknown(0);
    qsort(buckets, count, sizeof *buckets, by_bound);
    if (count < 2 || !isinf(buckets[count - 1][0]) || !(q >= 0 && q <= 1) || !(buckets[count - 1][1] > 0))
        return;
    double rank = q * buckets[count - 1][1];
    size_t b = 0;
    while (b < count - 1 && buckets[b][1] < rank)
        b++;
    double upper = buckets[b][0], start = b > 0 ? buckets[b - 1][0] : 0, before = b > 0 ? buckets[b - 1][1] : 0;
    if (b == count - 1)
        e.value = buckets[count - 2][0];
    else if (b == 0 && upper <= 0)
        e.value = upper;
    else
        e.value = start + (upper - start) * (rank - before) / (buckets[b][1] - before);
    if (isfinite(e.value))
        out->items[0] = e;
}

static void eval_vector(const struct scope *s, const struct node *node, bool is_calendar, struct vector *out) {
    struct element e = {.until_ms = INT64_MAX, .state = ELEMENT_PRESENT};
    e.value = is_calendar ? (double)s->now_ms / 1000 : scope_scalar(s, node->args[0]);
    out->count = 1;
    out->items[0] = isfinite(e.value) ? e : unknown(0);
}

double scope_call_scalar(const struct scope *s, const struct node *node) {
    struct vector v;
    switch (function_rows[node->row].shape) {
    case SHAPE_NOW: return (double)s->now_ms / 1000;
    case SHAPE_PI: return M_PI;
    default: break;
    }
    scope_eval(s, node->args[0], &v);
    double value = NAN;
    size_t present = 0;
    for (size_t i = 0; i < v.count; i++)
        if (v.items[i].state == ELEMENT_PRESENT && ++present == 1)
            value = v.items[i].value;
    return present == 1 ? value : NAN;
}

static void eval_calendar(const struct scope *s, const struct function_row *f, const struct node *node,
                          struct vector *out) {
    if (node->arg_count > 0) {
        eval_each(s, f, node, out);
        return;
    }
    eval_vector(s, node, true, out);
    if (!f->each(out->items[0].value, NULL, 0, &out->items[0].value))
        out->items[0] = unknown(0);
}

void scope_call(const struct scope *s, const struct node *node, struct vector *out) {
    const struct function_row *f = &function_rows[node->row];
    switch (f->shape) {
    case SHAPE_OVER: eval_over(s, f, node, out); break;
    case SHAPE_EACH: eval_each(s, f, node, out); break;
    case SHAPE_CALENDAR: eval_calendar(s, f, node, out); break;
    case SHAPE_ABSENT: eval_absent(s, node, out); break;
    case SHAPE_ABSENT_OVER: eval_absent_over(s, &s->nodes[node->args[0]], out); break;
    case SHAPE_TIMESTAMP: eval_timestamp(s, &s->nodes[node->args[0]], out); break;
    case SHAPE_HISTOGRAM: eval_histogram(s, node, out); break;
    case SHAPE_VECTOR: eval_vector(s, node, false, out); break;
    case SHAPE_SCALAR: /* numbers are asked of scope_scalar */
    case SHAPE_NOW:
    case SHAPE_PI: out->count = 0; break;
    }
}

/* ---- aggregations ---- */

static double variance_of(const double *values, size_t count) {
    double mean = 0, squares = 0; /* Welford's */
    for (size_t i = 0; i < count; i++) {
        double step = values[i] - mean;
        mean += step / (double)(i + 1);
        squares += step * (values[i] - mean);
    }
    return squares / (double)count;
}

static double combine(enum aggregate what, double *values, size_t count, double number) {
    double sum = 0, low = values[0], high = values[0];
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    switch (what) {
    case AGGREGATE_SUM: return sum;
    case AGGREGATE_AVG: return sum / (double)count;
    case AGGREGATE_MIN: return low;
    case AGGREGATE_MAX: return high;
    case AGGREGATE_COUNT: return (double)count;
    case AGGREGATE_GROUP: return 1;
    case AGGREGATE_STDDEV: return sqrt(variance_of(values, count));
    case AGGREGATE_STDVAR: return variance_of(values, count);
    case AGGREGATE_QUANTILE: return order_quantile(values, count, number, &low) ? low : NAN;
    case AGGREGATE_TOPK:
    case AGGREGATE_BOTTOMK: break; /* these keep elements instead */
    }
    return NAN;
}

/* The greatest (or least) `number` stay, the others are filtered; of equals the first. */
static void keep_extremes(struct vector *v, bool is_top, double number) {
    bool stays[RULE_PARTS_MAX] = {false};
    const size_t wanted = number >= RULE_PARTS_MAX ? RULE_PARTS_MAX : number >= 1 ? (size_t)number : 0;
    for (size_t kept = 0; kept < wanted; kept++) {
        int best = -1;
        for (size_t i = 0; i < v->count; i++) {
            const struct element *e = &v->items[i];
            if (e->state != ELEMENT_PRESENT || stays[i])
                continue;
            if (best < 0 || (is_top ? e->value > v->items[best].value : e->value < v->items[best].value))
                best = (int)i;
        }
        if (best < 0)
            break;
        stays[best] = true;
    }
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i].state == ELEMENT_PRESENT && !stays[i])
            v->items[i].state = ELEMENT_FILTERED;
}

/* Every part is a group of its own. */
static void aggregate_each(enum aggregate what, double number, struct vector *v) {
    for (size_t i = 0; i < v->count; i++) {
        struct element *e = &v->items[i];
        if (e->state != ELEMENT_PRESENT)
            continue;
        double one = e->value;
        e->value = combine(what, &one, 1, number);
        if (!isfinite(e->value))
            *e = unknown(e->part);
    }
}

/* One element for all: what is unknown or filtered does not count while something is present. */
static void aggregate_all(enum aggregate what, double number, struct vector *v) {
    struct element total = {.until_ms = INT64_MIN, .state = ELEMENT_PRESENT};
    double values[RULE_PARTS_MAX];
    size_t present = 0, filtered = 0;
    int64_t filtered_until = INT64_MAX;
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->items[i];
        if (e->state == ELEMENT_FILTERED) {
            filtered++;
            filtered_until = earlier(filtered_until, e->until_ms);
        }
        if (e->state != ELEMENT_PRESENT)
            continue;
        values[present++] = e->value;
        total.until_ms = later(total.until_ms, e->until_ms);
    }
    if (present > 0)
        total.value = combine(what, values, present, number);
    if (present == 0 && filtered > 0)
        total = (struct element){.state = ELEMENT_FILTERED, .until_ms = filtered_until};
    else if (present == 0 || !isfinite(total.value))
        total = unknown(0);
    v->count = v->count > 0;
    v->items[0] = total;
}

void scope_aggregate(const struct scope *s, const struct node *node, struct vector *out) {
    const enum aggregate what = (enum aggregate)node->row;
    const double number = node->arg_count > 1 ? scope_scalar(s, node->args[1]) : 0;
    scope_eval(s, node->args[0], out);
    if (what == AGGREGATE_TOPK || what == AGGREGATE_BOTTOMK) {
        if (!node->by_part)
            keep_extremes(out, what == AGGREGATE_TOPK, number);
    } else if (node->by_part) {
        aggregate_each(what, number, out);
    } else {
        aggregate_all(what, number, out);
    }
}
