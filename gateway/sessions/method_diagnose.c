/* Named diagnostics. */
#include "sessions/method.h"

enum { RUN_MOST = 1 << 30 };

static enum result check_run(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *name;
    int64_t number;
    (void)r;
    enum result result = json_string(params, "name", CAP_CODE_BYTES, &name, fault);
    const struct json *args = json_get(params, "args");
    if (result == RESULT_OK && args != NULL && !json_is_object(args)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'args' must be an object");
    }
    return result == RESULT_OK && json_get(params, "run") != NULL
               ? json_integer(params, "run", 1, RUN_MOST, &number, fault)
               : result;
}

static enum result check_cancel(const struct relay *r, const struct json *params, struct fault *fault) {
    int64_t number;
    (void)r;
    return json_integer(params, "run", 1, RUN_MOST, &number, fault);
}

static const struct method rows[] = {
    {"diagnose.list", CAPABILITY_DIAGNOSE, 0, NULL},
    {"diagnose.run", CAPABILITY_DIAGNOSE, METHOD_NEEDS_PARAMS, check_run},
    {"diagnose.cancel", CAPABILITY_DIAGNOSE, METHOD_NEEDS_PARAMS, check_cancel},
    {"diagnose.bundle", CAPABILITY_DIAGNOSE, METHOD_NEEDS_PARAMS | METHOD_OPENS_STREAM, NULL},
};
const struct methods method_diagnose = {rows, sizeof rows / sizeof *rows};
