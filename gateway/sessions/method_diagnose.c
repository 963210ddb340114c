/* Named diagnostics. */
#include "sessions/method.h"

static enum result check_run(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *name;
    (void)r;
    enum result result = json_string(params, "name", CAP_CODE_BYTES, &name, fault);
    const struct json *args = json_get(params, "args");
    if (result == RESULT_OK && args != NULL && !json_is_object(args)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'args' must be an object");
    }
    return result;
}

static const struct method rows[] = {{"diagnose.run", CAPABILITY_DIAGNOSE, METHOD_NEEDS_PARAMS, check_run}};
const struct methods method_diagnose = {rows, sizeof rows / sizeof *rows};
