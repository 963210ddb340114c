/* Checked members of JSON payloads, straight into fixed fields.
 *
 * Not a schema language: each decoder stays a readable list of lines, one a member, and says in its order what is
 * required. A table of rows with offsets (as config has) was tried on paper and left: every payload has one or two
 * members that depend on another, and the table then needs hooks. */
#include "src/field.h"

#include <string.h>

#include "fieldline/caps.h"

enum result field_text(const struct json *object, const char *key, field_check_fn *check, size_t max_bytes, char *out,
                       struct fault *fault) {
    const char *text;
    enum result result = json_string(object, key, max_bytes, &text, fault);
    if (result)
        return result;
    size_t count = strlen(text);
    if (check && !check(text, count))
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' has characters or a form that is not allowed there", key);
    memcpy(out, text, count + 1);
    return RESULT_OK;
}

enum result field_optional_text(const struct json *object, const char *key, field_check_fn *check, size_t max_bytes,
                                char *out, struct fault *fault) {
    if (json_get(object, key))
        return field_text(object, key, check, max_bytes, out, fault);
    out[0] = 0;
    return RESULT_OK;
}

enum result field_optional_int(const struct json *object, const char *key, int min, int max, int missing, int *out,
                               struct fault *fault) {
    int64_t value = missing;
    if (json_get(object, key)) {
        enum result result = json_integer(object, key, min, max, &value, fault);
        if (result)
            return result;
    }
    *out = (int)value;
    return RESULT_OK;
}

enum result field_time(const struct json *object, const char *key, int64_t *out, struct fault *fault) {
    return json_integer(object, key, 0, FIELD_TIME_MAX_MS, out, fault);
}

enum result field_count(const struct json *object, const char *key, uint64_t *out, struct fault *fault) {
    int64_t value;
    enum result result = json_integer(object, key, 0, INT64_MAX, &value, fault);
    if (!result)
        *out = (uint64_t)value;
    return result;
}

enum result field_uuid(const struct json *object, const char *key, char out[37], struct fault *fault) {
    const char *text;
    enum result result = json_string(object, key, CAP_UUID_BYTES, &text, fault);
    if (result)
        return result;
    if (!uuid_valid(text))
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not a UUID in lower case", key);
    memcpy(out, text, CAP_UUID_BYTES + 1);
    return RESULT_OK;
}

enum result payload_parse(const void *payload, size_t bytes, size_t cap, struct json **out, struct fault *fault) {
    if (bytes > cap)
        return fault_set(fault, RESULT_TOO_BIG, "the message has %zu bytes, at most %zu are allowed", bytes, cap);
    struct json *root;
    enum result result = json_parse(payload, bytes, &root, fault);
    if (result)
        return result;
    if (!json_is_object(root)) {
        json_free(root);
        return fault_set(fault, RESULT_BAD_INPUT, "the message is not an object");
    }
    *out = root;
    return RESULT_OK;
}
