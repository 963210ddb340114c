/* Members of a payload's object into a struct's fields: what event, log, birth and command share. Private to
 * include/src. */
#pragma once
#include "fieldline/json.h"

#define FIELD_TIME_MAX_MS 253402300799999LL /* the end of the year 9999: the last that clock_print can write */

/* Text in its place: `out` has room for max_bytes + 1; `check` may be NULL (any text). */
typedef bool field_check_fn(const char *text, size_t chars);
FL_CHECK enum result field_text(const struct json *object, const char *key, field_check_fn *check, size_t max_bytes,
                                char *out, struct fault *fault);
/* A missing one becomes "". */
FL_CHECK enum result field_optional_text(const struct json *object, const char *key, field_check_fn *check,
                                         size_t max_bytes, char *out, struct fault *fault);
FL_CHECK enum result field_optional_int(const struct json *object, const char *key, int min, int max, int missing,
                                        int *out, struct fault *fault);
/* A measured time: milliseconds since 1970, up to the year 9999. */
FL_CHECK enum result field_time(const struct json *object, const char *key, int64_t *out, struct fault *fault);
FL_CHECK enum result field_count(const struct json *object, const char *key, uint64_t *out, struct fault *fault);
FL_CHECK enum result field_uuid(const struct json *object, const char *key, char out[37], struct fault *fault);

/* Parses a payload of at most `cap` bytes whose top is an object. */
FL_CHECK enum result payload_parse(const void *payload, size_t bytes, size_t cap, struct json **out,
                                   struct fault *fault);
