/* Joining two vectors by an operator; for evaluate.c only. */
#pragma once
#include "rules/evaluate.h"

static inline struct element unknown(uint16_t part) {
    return (struct element){.part = part, .state = ELEMENT_UNKNOWN, .until_ms = INT64_MAX};
}
static inline int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* One pair of elements through an arithmetic or comparison operator; `keep` is the value that a comparison leaves. */
struct element pair_combine(const struct node *node, const struct element *l, const struct element *r, double keep,
                            uint16_t part);
/* Two vectors through any operator. `out` is neither of them. */
void pair_vectors(const struct node *node, const struct vector *left, const struct vector *right, struct vector *out);
