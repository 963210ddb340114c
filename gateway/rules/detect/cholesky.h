/* Symmetric positive systems of at most a few hundred unknowns. Matrices are n by n, row by row; the lower half is
 * used. */
#pragma once

/* In place: a = l * l'. `least` stands in for a pivot that rounding has made smaller. */
void cholesky_factor(double *a, int n, double least);
/* Solves l * l' * x = b; b comes in x. */
void cholesky_solve(const double *l, int n, double *x);
