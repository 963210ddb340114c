/* What the other sensors say a sensor should read: linear, learnt from a healthy stretch. Private to the detectors. */
#pragma once
#include "rules/detect/detector.h"

/* `values` are count rows of n standardised columns. Row i of `weights` (n by n) becomes what makes of a row the part
 * of column i that the others do not explain: the sum of weight times value, the weight of column i being 1.
 * explained[i] is how much of column i's variance the others explain, 0 to 1. Columns that are 0 throughout are left
 * out. */
void redundancy_learn(const double *values, size_t count, int n, double *weights, double *explained);
