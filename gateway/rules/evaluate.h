/* An expression's value at a moment: a vector with one element for each part. Missing data is a third answer beside
 * true and false, so every element says which of the three it is. */
#pragma once
#include "rules/expression.h"
#include "rules/series.h"

enum element_state {
    ELEMENT_PRESENT,  /* there is a value: as a condition, true */
    ELEMENT_FILTERED, /* a comparison or set operator has dropped it: known to be false */
    ELEMENT_UNKNOWN   /* its data is missing, too old, or gives no number */
};
struct element {
    double value;
    int64_t until_ms; /* holds until then at most, when no sample comes: its oldest input becomes stale */
    uint16_t part;
    uint8_t state;
};
struct vector {
    size_t count;
    struct element items[RULE_PARTS_MAX]; /* by part, ascending */
};
/* Windows of `set` are advanced to now_ms, which must not go back. */
void evaluate(const struct expression *e, const struct series_set *set, int64_t now_ms, struct vector *out);
/* The same of an expression that may be a number: that is a vector of one. */
void evaluate_value(const struct expression *e, const struct series_set *set, int64_t now_ms, struct vector *out);
const struct element *vector_find(const struct vector *v, uint16_t part); /* NULL: none */
