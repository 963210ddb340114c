/* Names and indices, and nothing more: no filters, no wildcards, no "..": a mapping says where one value is, and a
 * document with another shape has none there. JSONPath proper was left; its implementations do not agree with each
 * other, and none is in Debian for C. */
#include "ingest/adapters/json_path.h"

#include <string.h>

#include "fieldline/number.h"

/* Reads one name or [index] at *at. */
static enum result parse_step(const char **at, struct json_step *step, struct fault *fault) {
    const char *c = *at;
    size_t chars = 0;
    if (*c == '[') {
        int64_t index = 0;
        const size_t digits = strcspn(c + 1, "]");
        if (c[1 + digits] != ']' || !number_i64(c + 1, digits, 0, 65535, &index))
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' does not begin with an index such as [0]", c);
        step->is_index = true;
        step->index = (size_t)index;
        *at = c + digits + 2;
        return RESULT_OK;
    }
    for (; *c && *c != '.' && *c != '['; c++) {
        if (*c == '\\' && !*++c)
            return fault_set(fault, RESULT_BAD_INPUT, "the path ends with a backslash");
        step->key[chars++] = *c;
    }
    step->key[chars] = 0;
    *at = c;
    return chars > 0 ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "a name in the path is empty");
}

enum result json_path_parse(const char *text, struct json_path *out, struct fault *fault) {
    struct json_path path = {0};
    const char *at = text;
    if (strlen(text) > JSON_PATH_BYTES || !*text)
        return fault_set(fault, RESULT_BAD_INPUT, "a path is 1 to %d bytes", JSON_PATH_BYTES);
    if (*at == '$') {
        at++;
        if (*at == '.')
            at++;
        else if (*at && *at != '[')
            return fault_set(fault, RESULT_BAD_INPUT, "'$' is followed by a dot or an index");
    }
    while (*at) {
        if (path.step_count == JSON_PATH_STEPS_MAX)
            return fault_set(fault, RESULT_BAD_INPUT, "the path has more than %d steps", JSON_PATH_STEPS_MAX);
        const enum result result = parse_step(&at, &path.steps[path.step_count], fault);
        if (result != RESULT_OK)
            return result;
        path.step_count++;
        if (*at == '.' && !*++at)
            return fault_set(fault, RESULT_BAD_INPUT, "the path ends with a dot");
    }
    if (path.step_count == 0 && strcmp(text, "$") != 0)
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is no path", text);
    *out = path;
    return RESULT_OK;
}

const struct json *json_path_find(const struct json_path *path, const struct json *root) {
    for (size_t i = 0; i < path->step_count && root; i++) {
        const struct json_step *step = &path->steps[i];
        if (step->is_index)
            root = json_is_array(root) && step->index < json_count(root) ? json_at(root, step->index) : NULL;
        else
            root = json_is_object(root) ? json_get(root, step->key) : NULL;
    }
    return root;
}
