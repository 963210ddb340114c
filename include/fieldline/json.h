/* JSON for the control plane: cJSON inside, fenced behind these functions, plus a writer.
 * Telemetry does not come through here (see json_pull.h). */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/bytes.h"

struct json; /* a cJSON node */

/* Whole text, valid UTF-8, depth <= CAP_JSON_DEPTH, no doubled keys, nothing after it. Free with json_free. */
FL_CHECK enum result json_parse(const char *text, size_t count, struct json **out, struct fault *fault);
void json_free(struct json *root);

bool json_is_object(const struct json *node);
bool json_is_array(const struct json *node);
size_t json_count(const struct json *array);
const struct json *json_at(const struct json *array, size_t index);
const struct json *json_get(const struct json *object, const char *key); /* NULL: not there */
/* For walking an object's members in order: the first, the next; the name of one. */
const struct json *json_first(const struct json *parent);
const struct json *json_next(const struct json *node);
const char *json_key(const struct json *node);

/* Typed members. Each refuses a missing or wrong one with a fault that names the key ("'seq' is missing",
 * "'name' is a number, expected a string of at most 63 bytes"). The has_ forms accept a missing one. */
FL_CHECK enum result json_string(const struct json *object, const char *key, size_t max_bytes, const char **out,
                                 struct fault *fault);
/* The same into `room` bytes, its NUL included. */
FL_CHECK enum result json_copy(const struct json *object, const char *key, char *out, size_t room, struct fault *fault);
FL_CHECK enum result json_optional_string(const struct json *object, const char *key, size_t max_bytes,
                                          const char **out /* NULL when missing */, struct fault *fault);
FL_CHECK enum result json_integer(const struct json *object, const char *key, int64_t min, int64_t max, int64_t *out,
                                  struct fault *fault);
FL_CHECK enum result json_number(const struct json *object, const char *key, double *out, struct fault *fault);
FL_CHECK enum result json_bool(const struct json *object, const char *key, bool *out, struct fault *fault);
FL_CHECK enum result json_array(const struct json *object, const char *key, size_t max_count, const struct json **out,
                                struct fault *fault);
/* The node itself, when it is a string/number; false otherwise. */
FL_CHECK bool json_as_string(const struct json *node, const char **out);
FL_CHECK bool json_as_number(const struct json *node, double *out);
FL_CHECK bool json_as_bool(const struct json *node, bool *out);
/* Prints a node, compact, into out. */
void json_print(const struct json *node, struct buf *out);

/* Writer. Commas and escapes are its business; nesting is the caller's (asserted in debug builds).
 *
 *   struct json_out j = json_out(&buf);
 *   jo_object(&j, NULL); jo_str(&j, "device", id); jo_int(&j, "seq", 7); jo_end(&j);
 *
 * `key` is NULL inside arrays and at the top. */
struct json_out {
    struct buf *to;
    uint32_t depth;
    uint32_t has_item, is_array; /* a bit a level */
};
struct json_out json_out(struct buf *to);
void jo_object(struct json_out *j, const char *key);
void jo_array(struct json_out *j, const char *key);
void jo_end(struct json_out *j); /* closes the innermost */
void jo_str(struct json_out *j, const char *key, const char *value /* NULL: null */);
void jo_strn(struct json_out *j, const char *key, const char *value, size_t count);
void jo_int(struct json_out *j, const char *key, int64_t value);
void jo_num(struct json_out *j, const char *key, double value); /* not finite: null */
void jo_bool(struct json_out *j, const char *key, bool value);
void jo_null(struct json_out *j, const char *key);
void jo_raw(struct json_out *j, const char *key, const char *json, size_t count); /* already JSON */
/* Appends a quoted, escaped string; U+2028/9, control characters and invalid UTF-8 never leave unescaped. */
void json_quote(struct buf *to, const char *text, size_t count);
