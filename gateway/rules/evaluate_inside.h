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

/* ---- evaluate_call.c ---- */
void scope_call(const struct scope *s, const struct node *node, struct vector *out);
double scope_call_scalar(const struct scope *s, const struct node *node);
void scope_aggregate(const struct scope *s, const struct node *node, struct vector *out);
