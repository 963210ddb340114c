/* Normal equations. The terms are of size one and the penalty keeps the matrix away from singular,
 * which is what normal equations need; an orthogonal method would have to see every row again for each unit left out.
 */
#include "rules/detect/ridge.h"

#include <stdlib.h>

#include "fieldline/bytes.h"
#include "rules/detect/cholesky.h"

void ridge_init(struct ridge_sums *s, int terms) {
    *s = (struct ridge_sums){.terms = terms};
    s->matrix = mem_alloc((size_t)(terms * terms) * sizeof *s->matrix);
    s->vector = mem_alloc((size_t)terms * sizeof *s->vector);
}

void ridge_fini(struct ridge_sums *s) {
    free(s->matrix);
    free(s->vector);
}

void ridge_row(struct ridge_sums *s, const double *row, double target) {
    s->rows++;
    for (int i = 0; i < s->terms; i++) {
        double *into = s->matrix + i * s->terms;
        const double value = row[i];
        for (int j = 0; j <= i; j++)
            into[j] += value * row[j];
        s->vector[i] += value * target;
    }
}

static void combine(struct ridge_sums *to, const struct ridge_sums *other, double sign) {
    for (int i = 0; i < to->terms * to->terms; i++)
        to->matrix[i] += sign * other->matrix[i];
    for (int i = 0; i < to->terms; i++)
        to->vector[i] += sign * other->vector[i];
}

void ridge_add(struct ridge_sums *to, const struct ridge_sums *more) {
    combine(to, more, 1);
    to->rows += more->rows;
}

void ridge_subtract(struct ridge_sums *from, const struct ridge_sums *less) {
    combine(from, less, -1);
    from->rows -= less->rows;
}

void ridge_solve(const struct ridge_sums *s, int terms, double penalty, double *weights) {
    double *l = mem_alloc((size_t)(terms * terms) * sizeof *l);
    const double added = penalty * (double)s->rows;
    for (int i = 0; i < terms; i++) {
        for (int j = 0; j <= i; j++)
            l[i * terms + j] = s->matrix[i * s->terms + j];
        l[i * terms + i] += i > 0 ? added : 0;
        weights[i] = s->vector[i];
    }
    cholesky_factor(l, terms, added / 2);
    cholesky_solve(l, terms, weights);
    free(l);
}
