/* Order statistics of small arrays of finite numbers, which are put into another order by it. count > 0. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* What would be at `nth` (from 0) if they were sorted; nothing greater stands before it, nothing less behind it. */
double order_nth(double *values, size_t count, size_t nth);
/* The middle two; both are the middle one where the count is odd. */
void order_middle(double *values, size_t count, double *low, double *high);
/* The middle one, or the mean of the middle two. */
double order_median(double *values, size_t count);
/* The median of the distances from `centre`, which take the values' places. */
double order_median_distance(double *values, size_t count, double centre);

/* Between the neighbours, in a straight line, as Prometheus has it. false: q is not of 0 to 1. */
bool order_quantile(double *values, size_t count, double q, double *out);

/* What turns a median distance into a standard deviation, where the values are normal. */
#define ORDER_MAD_TO_SIGMA 1.4826022185056018
