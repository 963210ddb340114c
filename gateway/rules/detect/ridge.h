/* Least squares with a small penalty on the weights, from sums that can be taken apart and added: leaving units out
 * costs a subtraction, not a second look at their rows. */
#pragma once
#include <stddef.h>

/* Sums over rows of `terms` and their target. Symmetric: the lower half is used. */
struct ridge_sums {
    int terms;
    size_t rows;
    double *matrix, *vector;
};
void ridge_init(struct ridge_sums *s, int terms);
void ridge_fini(struct ridge_sums *s);
void ridge_row(struct ridge_sums *s, const double *row, double target);
void ridge_add(struct ridge_sums *to, const struct ridge_sums *more);
void ridge_subtract(struct ridge_sums *from, const struct ridge_sums *less);
/* Weights of the first `terms` terms. The first term, the constant, has no penalty; `penalty` is for each row. */
void ridge_solve(const struct ridge_sums *s, int terms, double penalty, double *weights);
