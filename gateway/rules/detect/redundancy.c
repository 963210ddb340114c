/* The linear relations between sensors, from the inverse of their correlation matrix: row i of the inverse, over its
 * diagonal, is the regression of sensor i on all others at once (Whittaker 1990, ch. 5). A little is added to the
 * diagonal (ridge), so that sensors that say the same, or fewer samples than sensors, are no special
 * case.
 *
 * Principal components would do the same work, but their residual names no sensor; here each residual has an owner,
 * which is what an explanation needs. At most 32 sensors, once in a detector's life. */
#include "rules/detect/redundancy.h"

#include <math.h>
#include <stdlib.h>

#include "rules/detect/cholesky.h"

static const double RIDGE = 0.1;

static void correlate(const double *values, size_t count, int n, double *out) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t k = 0; k < count; k++)
                sum += values[k * (size_t)n + (size_t)i] * values[k * (size_t)n + (size_t)j];
            out[i * n + j] = out[j * n + i] = sum / (double)count + (i == j ? RIDGE : 0);
        }
}

void redundancy_learn(const double *values, size_t count, int n, double *weights, double *explained) {
    double *matrix = mem_alloc((size_t)(n * n) * sizeof *matrix);
    correlate(values, count, n, matrix);
    for (int i = 0; i < n; i++)
        explained[i] = matrix[i * n + i]; /* its variance, for now */
    cholesky_factor(matrix, n, RIDGE / 2);
    for (int i = 0; i < n; i++) {
        double *row = weights + i * n;
        for (int j = 0; j < n; j++)
            row[j] = j == i;
        cholesky_solve(matrix, n, row);
        const double own = row[i];
        explained[i] = fmax(0, 1 - 1 / (own * explained[i]));
        for (int j = 0; j < n; j++)
            row[j] /= own;
    }
    free(matrix);
}
