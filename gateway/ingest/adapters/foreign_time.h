/* When a foreign device says that it measured: ISO 8601 ("2026-11-22T04:20:01.5+01:00") or seconds or milliseconds
 * since 1970. */
#pragma once
#include <stdint.h>

#include "fieldline/json.h"

enum { TIME_OFFSET_NONE = INT16_MAX }; /* a text without a zone is refused */

/* Date and time with 'T', 't' or a space between them; fraction optional; zone "Z", "+01:00", "+0100" or, when
 * `offset_min` is not TIME_OFFSET_NONE, none: then it is that many minutes east of UTC. */
FL_CHECK enum result foreign_time_iso(const char *text, size_t chars, int offset_min, int64_t *out_ms,
                                      struct fault *fault);
/* Numbers below 1e11 are seconds (that is the year 5138), others milliseconds. */
FL_CHECK enum result foreign_time_number(double number, int64_t *out_ms, struct fault *fault);
/* A string (ISO) or a number. */
FL_CHECK enum result foreign_time_json(const struct json *node, int offset_min, int64_t *out_ms, struct fault *fault);
/* "UTC", "Z", "+01:00", "-0330" */
FL_CHECK enum result foreign_time_offset(const char *text, int *out_min, struct fault *fault);
