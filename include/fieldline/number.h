/* The only way text becomes a number: whole text, bounds, no locale, no errno. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/result.h"

FL_CHECK bool number_i64(const char *text, size_t chars, int64_t min, int64_t max, int64_t *out);
/* Decimal, optional fraction and exponent; "nan", "inf", what overflows and more than 400 characters are refused.
 * Correctly rounded (fast path for short ones). */
FL_CHECK bool number_double(const char *text, size_t chars, double *out);
/* The number of a JSON text that begins at `at`, when it is short: at most 15 characters, no exponent. Same value as
 * number_double gives. Returns the place behind it; NULL: it is not such a number, or none. */
FL_CHECK const char *number_short(const char *at, const char *end, double *out);
/* "250ms", "10s", "5m", "2h", "3d", "1w", "1y", and sums like "1h30m" (Prometheus durations). Result in ms, > 0. */
FL_CHECK bool number_duration_ms(const char *text, size_t chars, int64_t *out);
/* "64KiB", "10MiB", "1GiB" or plain bytes. */
FL_CHECK bool number_size_bytes(const char *text, size_t chars, int64_t *out);
/* Shortest text that reads back as the same double ("0.1", "1e+300"); out has room for 32. Returns its length. */
size_t number_print(double value, char out[32]);
