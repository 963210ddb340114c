/* Ports of the product: TCP and HTTP are recorded as hashes and lengths, because what goes over them is the customer's
 * own; a screen is recorded with its bytes, so that it can be seen again. */
#include "sessions/method.h"

static enum result check_name(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *name;
    (void)r;
    return json_string(params, "name", CAP_CODE_BYTES, &name, fault);
}

static enum result check_screen(const struct relay *r, const struct json *params, struct fault *fault) {
    bool is_view_only;
    enum result result = check_name(r, params, fault);
    return result == RESULT_OK ? json_bool(params, "view_only", &is_view_only, fault) : result;
}

static const struct method forward_rows[] = {
    {"forward.list", CAPABILITY_FORWARD, METHOD_FOR_TOOLS, NULL},
    {"forward.open", CAPABILITY_FORWARD, METHOD_NEEDS_PARAMS | METHOD_OPENS_STREAM | METHOD_FOR_TOOLS, check_name},
};
const struct methods method_forward = {forward_rows, sizeof forward_rows / sizeof *forward_rows};

static const struct method screen_rows[] = {
    {"screen.list", CAPABILITY_SCREEN, 0, NULL},
    {"screen.open", CAPABILITY_SCREEN, METHOD_NEEDS_PARAMS | METHOD_OPENS_STREAM | METHOD_KEEPS_BYTES, check_screen},
};
const struct methods method_screen = {screen_rows, sizeof screen_rows / sizeof *screen_rows};
