/* Parameters: held against the pack before they are sent. Values that break a type, a bound or a rule among themselves
 * never reach the product; what the product alone knows (what it has now, its narrower bounds) it refuses itself. */
#include "sessions/method.h"
#include "rules/pack.h"
#include "sessions/relay_inside.h"

static enum result check_set(const struct relay *r, const struct json *params, struct fault *fault) {
    int64_t confirm_s;
    enum result result = json_integer(params, "confirm_s", 1, CONFIRM_SECONDS_MAX, &confirm_s, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (r->options.pack == NULL || r->options.pack->parameters.count == 0) {
        return fault_set(fault, RESULT_DENIED, "the pack of this model names no parameters");
    }
    return pack_parameters_check(&r->options.pack->parameters, json_get(params, "values"), confirm_s, fault);
}

static enum result check_change(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *change;
    (void)r;
    enum result result = json_string(params, "change", CAP_UUID_BYTES, &change, fault);
    if (result == RESULT_OK && !uuid_valid(change)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'change' is no UUID");
    }
    return result;
}

static const struct method rows[] = {
    {"configure.list", CAPABILITY_CONFIGURE, 0, NULL},
    {"configure.set", CAPABILITY_CONFIGURE, METHOD_NEEDS_PARAMS, check_set},
    {"configure.confirm", CAPABILITY_CONFIGURE, METHOD_NEEDS_PARAMS, check_change},
    {"configure.revert", CAPABILITY_CONFIGURE, METHOD_NEEDS_PARAMS, check_change},
};
const struct methods method_configure = {rows, sizeof rows / sizeof *rows};
