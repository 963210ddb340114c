/* A column of doubles, compressed; every bit comes back, NaN and -0 too. Private to gateway/store.
 *
 * Sensors and text formats give decimals, gateways and products then convert units or pass through a float: where a few
 * steps of arithmetic on a whole number (values.c has the table) give back nearly all values of a column, the whole
 * numbers are stored, and a correction for those that differ. Otherwise the bits are, as whole numbers. */
#pragma once
#include "store/numbers.h"

enum { VALUES_MAX = NUMBERS_MAX };
void values_encode(const double *values, size_t count, struct range_encoder *out);
/* False as numbers_decode. */
FL_CHECK bool values_decode(struct range_decoder *in, double *out, size_t count);
