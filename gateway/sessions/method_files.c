/* Files. What a path may lead to is the product's to enforce, in one step with opening it; here is refused what no
 * product would take, so that it is refused before it travels and stands in the record as a refusal. */
#include <string.h>

#include "sessions/method.h"

enum { ROOT_BYTES = 31, PATH_BYTES = 1024, NAME_BYTES = 255 };
#define FILE_BYTES (INT64_C(1) << 40)

static bool climbs(const char *path) {
    for (const char *at = path; at != NULL;) {
        const char *slash = strchr(at, '/');
        size_t chars = slash != NULL ? (size_t)(slash - at) : strlen(at);
        if (chars == 2 && at[0] == '.' && at[1] == '.') {
            return true;
        }
        at = slash != NULL ? slash + 1 : NULL;
    }
    return false;
}

static enum result check_path(const struct json *params, bool may_be_empty, struct fault *fault) {
    const char *root, *path;
    enum result result = json_string(params, "root", ROOT_BYTES, &root, fault);
    if (result != RESULT_OK || (result = json_string(params, "path", PATH_BYTES, &path, fault)) != RESULT_OK) {
        return result;
    }
    if ((path[0] == '\0' && !may_be_empty) || path[0] == '/' || climbs(path)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'path' must be relative to its root and stay below it");
    }
    return RESULT_OK;
}

static enum result check_offset(const struct json *params, struct fault *fault) {
    int64_t offset;
    return json_get(params, "offset") == NULL ? RESULT_OK
                                              : json_integer(params, "offset", 0, FILE_BYTES, &offset, fault);
}

static enum result check_list(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *after;
    (void)r;
    enum result result = check_path(params, true, fault);
    return result == RESULT_OK ? json_optional_string(params, "after", NAME_BYTES, &after, fault) : result;
}

static enum result check_get(const struct relay *r, const struct json *params, struct fault *fault) {
    (void)r;
    enum result result = check_path(params, false, fault);
    return result == RESULT_OK ? check_offset(params, fault) : result;
}

static enum result check_put(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *sha256;
    uint8_t sum[SHA256_BYTES];
    int64_t size;
    bool replace;
    (void)r;
    enum result result;
    if ((result = check_path(params, false, fault)) != RESULT_OK ||
        (result = json_integer(params, "size", 0, FILE_BYTES, &size, fault)) != RESULT_OK ||
        (result = json_string(params, "sha256", SHA256_HEX_BYTES - 1, &sha256, fault)) != RESULT_OK ||
        (result = check_offset(params, fault)) != RESULT_OK) {
        return result;
    }
    if (!hex_decode(sha256, strlen(sha256), sum, sizeof sum)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'sha256' is not 64 lower-case hexadecimal digits");
    }
    return json_get(params, "replace") == NULL ? RESULT_OK : json_bool(params, "replace", &replace, fault);
}

enum { MOVES = METHOD_NEEDS_PARAMS | METHOD_OPENS_STREAM | METHOD_FOR_TOOLS };
static const struct method rows[] = {
    {"file.roots", CAPABILITY_FILES, METHOD_FOR_TOOLS, NULL},
    {"file.list", CAPABILITY_FILES, METHOD_NEEDS_PARAMS | METHOD_FOR_TOOLS, check_list},
    {"file.get", CAPABILITY_FILES, MOVES, check_get},
    {"file.put", CAPABILITY_FILES, MOVES, check_put},
};
const struct methods method_files = {rows, sizeof rows / sizeof *rows};
