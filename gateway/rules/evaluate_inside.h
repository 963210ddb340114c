/* The inside of the evaluator: evaluate.c has leaves and operators, evaluate_call.c functions and aggregations. */
#pragma once
#include "rules/evaluate.h"

struct scope {
    const struct node *nodes;
    const struct series_set *set;
    int64_t now_ms;
};
void scope_eval(const struct scope *s, uint16_t at, struct vector *out);
/* Of a node of TYPE_SCALAR; NAN where there is no answer. */
double scope_scalar(const struct scope *s, uint16_t at);

/* ---- evaluate_log.c: a series of log lines or events; `f` NULL: its newest sample ---- */
static inline bool scope_is_watch(const struct scope *s, const struct node *node) {
    const struct derived *d = s->set->plan->metrics[node->metric].derived;
    return d && d->watch;
}
void scope_watch(const struct scope *s, const struct function_row *f, const struct node *node, struct window_view *view,
                 struct vector *out);

/* ---- evaluate_call.c ---- */
void scope_call(const struct scope *s, const struct node *node, struct vector *out);
double scope_call_scalar(const struct scope *s, const struct node *node);
void scope_aggregate(const struct scope *s, const struct node *node, struct vector *out);
