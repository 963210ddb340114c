/* The evaluator: recursion over the node array, vectors on the stack, no allocation. Most vectors have one element.
 *
 * Three answers instead of PromQL's two: what PromQL would drop is kept as "filtered" (known to be false) or "unknown"
 * (not known at all). An alarm is cleared by the first and never by the second. The rules for combining them are
 * Kleene's: false and anything is false, true or anything is true, otherwise unknown wins. A result that is not a
 * finite number is unknown. */
#include "rules/evaluate.h"

#include <math.h>
#include <string.h>

#include "rules/evaluate_inside.h"
#include "rules/operator.h"
#include "rules/pair.h"

/* ---- leaves ---- */

/* A series that has an answer of its own at each moment: it is true, false or unknown, until its inputs are stale. */
static bool has_answer(const struct plan_metric *m) {
    const struct derived *d = m->derived;
    return d && (d->kind == DERIVED_RECORD || d->kind == DERIVED_DETECTOR || d->kind == DERIVED_STEPS);
}

static struct element answer_of(const struct scope *s, const struct node *node, const struct series *series) {
    const struct derived_series *own = series_derived(series, &s->set->plan->metrics[node->metric]);
    struct element e = {.part = series->part, .until_ms = own->until_ms};
    if (own->state == DERIVED_UNKNOWN || s->now_ms > own->until_ms)
        return unknown(series->part);
    e.state = own->state == DERIVED_FILTERED ? ELEMENT_FILTERED : ELEMENT_PRESENT;
    e.value = node->output > 0 ? own->outputs[node->output] : series->value;
    return isfinite(e.value) ? e : unknown(series->part);
}

static void eval_select(const struct scope *s, const struct node *node, struct vector *out) {
    const struct metric_series *all = &s->set->metrics[node->metric];
    const struct plan_metric *m = &s->set->plan->metrics[node->metric];
    if (scope_is_watch(s, node)) {
        scope_watch(s, NULL, node, NULL, out);
        return;
    }
    out->count = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct series *series = series_at(all, i);
        if ((s->set->parts[series->part].tests & node->tests) != node->tests)
            continue;
        if (has_answer(m)) {
            out->items[out->count++] = answer_of(s, node, series);
            continue;
        }
        bool is_stale = series->last_ms == INT64_MIN || s->now_ms - series->last_ms > m->stale_ms;
        out->items[out->count++] = is_stale ? unknown(series->part)
                                            : (struct element){.value = series->value,
                                                               .until_ms = series->last_ms + m->stale_ms,
                                                               .part = series->part,
                                                               .state = ELEMENT_PRESENT};
    }
}

/* ---- numbers ---- */

double scope_scalar(const struct scope *s, uint16_t at) {
    const struct node *node = &s->nodes[at];
    if (node->kind == NODE_NUMBER)
        return node->number;
    if (node->kind == NODE_GROUP)
        return scope_scalar(s, node->args[0]);
    if (node->kind == NODE_NEGATE)
        return -scope_scalar(s, node->args[0]);
    if (node->kind == NODE_CALL)
        return scope_call_scalar(s, node);
    const struct operator_row *op = &operator_rows[node->row];
    double left = scope_scalar(s, node->args[0]), right = scope_scalar(s, node->args[1]);
    if (isnan(left) || isnan(right))
        return NAN; /* nothing is known of it, which is not false */
    return op->class == OPERATOR_ARITHMETIC ? op->apply(left, right) : op->compare(left, right);
}

/* ---- operators ---- */

static void eval_with_number(const struct scope *s, const struct node *node, bool left_is_number, struct vector *out) {
    struct element number = {.until_ms = INT64_MAX, .state = ELEMENT_PRESENT};
    number.value = scope_scalar(s, node->args[left_is_number ? 0 : 1]);
    scope_eval(s, node->args[left_is_number ? 1 : 0], out);
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
    scope_eval(s, node->args[0], out);
    if (is_settled(node, out))
        return;
    struct vector left, right;
    left.count = out->count;
    memcpy(left.items, out->items, out->count * sizeof *out->items);
    scope_eval(s, node->args[1], &right);
    pair_vectors(node, &left, &right, out);
}

void scope_eval(const struct scope *s, uint16_t at, struct vector *out) {
    const struct node *node = &s->nodes[at];
    switch ((enum node_kind)node->kind) {
    case NODE_SELECT: eval_select(s, node, out); break;
    case NODE_GROUP: scope_eval(s, node->args[0], out); break;
    case NODE_BINARY: eval_binary(s, node, out); break;
    case NODE_CALL: scope_call(s, node, out); break;
    case NODE_AGGREGATE: scope_aggregate(s, node, out); break;
    case NODE_NEGATE:
        scope_eval(s, node->args[0], out);
        for (size_t i = 0; i < out->count; i++)
            out->items[i].value = -out->items[i].value;
        break;
    case NODE_NUMBER: /* the compiler lets these stand only where a number or a range is asked for */
    case NODE_RANGE: out->count = 0; break;
    }
}

void evaluate(const struct expression *e, const struct series_set *set, int64_t now_ms, struct vector *out) {
    const struct scope scope = {.nodes = e->nodes, .set = set, .now_ms = now_ms};
    scope_eval(&scope, e->root, out);
}

void evaluate_value(const struct expression *e, const struct series_set *set, int64_t now_ms, struct vector *out) {
    const struct scope scope = {.nodes = e->nodes, .set = set, .now_ms = now_ms};
    if (e->nodes[e->root].type != TYPE_SCALAR) {
        scope_eval(&scope, e->root, out);
        return;
    }
    const double value = scope_scalar(&scope, e->root);
    out->count = 1;
    out->items[0] = isfinite(value) ? (struct element){.value = value, .until_ms = INT64_MAX, .state = ELEMENT_PRESENT}
                                    : unknown(0);
}
