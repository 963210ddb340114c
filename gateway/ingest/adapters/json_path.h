/* Where a value stands in a JSON document: "ENERGY.Power", "params.temperature:0.tC", "sensors[0].value". A dot or
 * bracket that belongs to a name is written behind a backslash. "$" is the document itself. */
#pragma once
#include "fieldline/json.h"

enum { JSON_PATH_STEPS_MAX = 8, JSON_PATH_BYTES = 127 };
struct json_path {
    size_t step_count; /* 0: "$" */
    struct json_step {
        bool is_index;
        size_t index;
        char key[JSON_PATH_BYTES + 1];
    } steps[JSON_PATH_STEPS_MAX];
};
FL_CHECK enum result json_path_parse(const char *text, struct json_path *out, struct fault *fault);
/* NULL: there is no such member. */
const struct json *json_path_find(const struct json_path *path, const struct json *root);
