/* The evaluator: recursion over the node array, vectors on the stack, no allocation. Most vectors have one element.
 *
 * Three answers instead of PromQL's two: what PromQL would drop is kept as "filtered" (known to be false) or "unknown"
 * (not known at all). An alarm is cleared by the first and never by the second. The rules for combining them are
 * Kleene's: false and anything is false, true or anything is true, otherwise unknown wins. A result that is not a
 * finite number is unknown. */
#include "rules/evaluate.h"

#include <math.h>
#include <string.h>

#include "rules/logs/feed.h"
#include "rules/operator.h"
#include "rules/pair.h"

struct scope {
    const struct node *nodes;
    const struct series_set *set;
    int64_t now_ms;
};

static void eval(const struct scope *s, uint16_t at, struct vector *out);

/* ---- leaves ---- */

/* Of log lines or events: silence is 0, and nothing becomes stale. `f` NULL: the newest sample. */
static void eval_watch(const struct scope *s, const struct function_row *f, const struct node *node,
                       struct vector *out) {
    const struct metric_series *all = &s->set->metrics[node->metric];
    struct element *e = &out->items[0];
    out->count = 1;
    *e = unknown(0);
    if (!feed_knows(s->set->feed, plan_watch_of(s->set->plan, node->metric)))
        return;
    *e = (struct element){.until_ms = INT64_MAX, .state = ELEMENT_PRESENT};
    if (all->count == 0)
        return;
    struct series *series = series_at(all, 0);
    if (!f) {
        e->value = series->value;
        return;
    }
    const struct plan_window *w = &s->set->plan->windows[node->window];
    struct window_view view = {.window = series_window(series, w), .spec = &w->spec, .now_ms = s->now_ms};
    window_advance(view.window, view.spec, s->now_ms);
    if (window_count(view.window) > 0 && (!f->over(&view, &e->value) || !isfinite(e->value)))
        *e = unknown(0);
}

static void eval_select(const struct scope *s, const struct node *node, struct vector *out) {
    const struct metric_series *all = &s->set->metrics[node->metric];
    if (s->set->plan->metrics[node->metric].is_watch) {
        eval_watch(s, NULL, node, out);
        return;
    }
    int64_t stale_ms = s->set->plan->metrics[node->metric].stale_ms;
    out->count = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct series *series = series_at(all, i);
        if ((s->set->parts[series->part].tests & node->tests) != node->tests)
            continue;
        bool is_stale = s->now_ms - series->last_ms > stale_ms;
        out->items[out->count++] = is_stale ? unknown(series->part)
                                            : (struct element){.value = series->value,
                                                               .until_ms = series->last_ms + stale_ms,
                                                               .part = series->part,
                                                               .state = ELEMENT_PRESENT};
    }
}

static void eval_over(const struct scope *s, const struct function_row *f, const struct node *range,
                      struct vector *out) {
    const struct metric_series *all = &s->set->metrics[range->metric];
    if (s->set->plan->metrics[range->metric].is_watch) {
        eval_watch(s, f, range, out);
        return;
    }
    const struct plan_window *w = &s->set->plan->windows[range->window];
    int64_t stale_ms = s->set->plan->metrics[range->metric].stale_ms;
    out->count = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct series *series = series_at(all, i);
        if ((s->set->parts[series->part].tests & range->tests) != range->tests)
            continue;
        struct element *e = &out->items[out->count++];
        *e = unknown(series->part);
        if (!f->sees_gaps && s->now_ms - series->last_ms > stale_ms)
            continue;
        struct window_view view = {.window = series_window(series, w), .spec = &w->spec, .now_ms = s->now_ms};
        window_advance(view.window, view.spec, s->now_ms);
        if (window_count(view.window) == 0 || !f->over(&view, &e->value) || !isfinite(e->value))
            continue;
        e->state = ELEMENT_PRESENT;
        e->until_ms = f->sees_gaps ? INT64_MAX : series->last_ms + stale_ms;
    }
}

/* ---- numbers ---- */

static double scalar(const struct scope *s, uint16_t at) {
    const struct node *node = &s->nodes[at];
    if (node->kind == NODE_NUMBER)
        return node->number;
    if (node->kind == NODE_GROUP)
        return scalar(s, node->args[0]);
    if (node->kind == NODE_NEGATE)
        return -scalar(s, node->args[0]);
    const struct operator_row *op = &operator_rows[node->row];
    double left = scalar(s, node->args[0]), right = scalar(s, node->args[1]);
    return op->class == OPERATOR_ARITHMETIC ? op->apply(left, right) : op->compare(left, right);
}

/* ---- functions ---- */

static void eval_each(const struct scope *s, const struct function_row *f, const struct node *node,
                      struct vector *out) {
    double numbers[FUNCTION_ARGS_MAX] = {0};
    for (int i = 1; i < node->arg_count; i++)
        numbers[i - 1] = scalar(s, node->args[i]);
    eval(s, node->args[0], out);
    for (size_t i = 0; i < out->count; i++) {
        struct element *e = &out->items[i];
        if (e->state == ELEMENT_PRESENT &&
            (!f->each(e->value, numbers, node->arg_count - 1, &e->value) || !isfinite(e->value)))
            *e = unknown(e->part);
    }
}

static void eval_absent(const struct scope *s, const struct node *node, struct vector *out) {
    struct element result = {.value = 1, .state = ELEMENT_PRESENT, .until_ms = INT64_MAX};
    eval(s, node->args[0], out);
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].state == ELEMENT_PRESENT)
            result.state = ELEMENT_FILTERED;
    out->count = 1;
    out->items[0] = result;
}

/* One element for all: what is unknown or filtered does not count while something is present. */
static void eval_aggregate(const struct scope *s, const struct node *node, struct vector *out) {
    eval(s, node->args[0], out);
    if (node->by_part) {
        for (size_t i = 0; node->row == AGGREGATE_COUNT && i < out->count; i++)
            out->items[i].value = 1;
        return;
    }
    struct element total = {.until_ms = INT64_MIN, .state = ELEMENT_PRESENT};
    size_t present = 0, filtered = 0;
    int64_t filtered_until = INT64_MAX;
    for (size_t i = 0; i < out->count; i++) {
        const struct element *e = &out->items[i];
        if (e->state == ELEMENT_FILTERED) {
            filtered++;
            filtered_until = earlier(filtered_until, e->until_ms);
        }
        if (e->state != ELEMENT_PRESENT)
            continue;
        bool is_first = present++ == 0;
        total.until_ms = later(total.until_ms, e->until_ms);
        if (node->row == AGGREGATE_MIN)
            total.value = is_first ? e->value : fmin(total.value, e->value);
        else if (node->row == AGGREGATE_MAX)
            total.value = is_first ? e->value : fmax(total.value, e->value);
        else
            total.value += e->value;
    }
    if (node->row == AGGREGATE_AVG)
        total.value /= (double)present;
    if (node->row == AGGREGATE_COUNT)
        total.value = (double)present;
    if (present == 0 && filtered > 0)
        total = (struct element){.state = ELEMENT_FILTERED, .until_ms = filtered_until};
    else if (present == 0 || !isfinite(total.value))
        total = unknown(0);
    out->count = out->count > 0;
    out->items[0] = total;
}

static void eval_with_number(const struct scope *s, const struct node *node, bool left_is_number, struct vector *out) {
    struct element number = {.until_ms = INT64_MAX, .state = ELEMENT_PRESENT};
    number.value = scalar(s, node->args[left_is_number ? 0 : 1]);
    eval(s, node->args[left_is_number ? 1 : 0], out);
    for (size_t i = 0; i < out->count; i++) {
        struct element *e = &out->items[i];
        *e = left_is_number ? pair_combine(node, &number, e, e->value, e->part)
                            : pair_combine(node, e, &number, e->value, e->part);
    }
}

/* `and` and `unless` only take away: where nothing is left, the other side need not be asked. Most rules of a healthy
 * device end here. */
static bool is_settled(const struct node *node, const struct vector *left) {
    const struct operator_row *op = &operator_rows[node->row];
    if (op->class != OPERATOR_SET || op->set == SET_OR)
        return false;
    for (size_t i = 0; i < left->count; i++)
        if (left->items[i].state != ELEMENT_FILTERED)
            return false;
    return true;
}

static void eval_binary(const struct scope *s, const struct node *node, struct vector *out) {
    bool left_is_number = s->nodes[node->args[0]].type == TYPE_SCALAR;
    if (left_is_number || s->nodes[node->args[1]].type == TYPE_SCALAR) {
        eval_with_number(s, node, left_is_number, out);
        return;
    }
    eval(s, node->args[0], out);
    if (is_settled(node, out))
        return;
    struct vector left, right;
    left.count = out->count;
    memcpy(left.items, out->items, out->count * sizeof *out->items);
    eval(s, node->args[1], &right);
    pair_vectors(node, &left, &right, out);
}

static void eval_call(const struct scope *s, const struct node *node, struct vector *out) {
    const struct function_row *f = &function_rows[node->row];
    switch (f->shape) {
    case SHAPE_OVER: eval_over(s, f, &s->nodes[node->args[0]], out); break;
    case SHAPE_EACH: eval_each(s, f, node, out); break;
    case SHAPE_ABSENT: eval_absent(s, node, out); break;
    }
}

static void eval(const struct scope *s, uint16_t at, struct vector *out) {
    const struct node *node = &s->nodes[at];
    switch ((enum node_kind)node->kind) {
    case NODE_SELECT: eval_select(s, node, out); break;
    case NODE_GROUP: eval(s, node->args[0], out); break;
    case NODE_BINARY: eval_binary(s, node, out); break;
    case NODE_CALL: eval_call(s, node, out); break;
    case NODE_AGGREGATE: eval_aggregate(s, node, out); break;
    case NODE_NEGATE:
        eval(s, node->args[0], out);
        for (size_t i = 0; i < out->count; i++)
            out->items[i].value = -out->items[i].value;
        break;
    case NODE_NUMBER: /* the compiler lets these stand only where a number or a range is asked for */
    case NODE_RANGE: out->count = 0; break;
    }
}

void evaluate(const struct expression *e, const struct series_set *set, int64_t now_ms, struct vector *out) {
    const struct scope scope = {.nodes = e->nodes, .set = set, .now_ms = now_ms};
    eval(&scope, e->root, out);
}
