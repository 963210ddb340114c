/* Capabilities as JSON: the array of names that every message about a session carries. An unknown name is refused here,
 * because a right that one end does not know must not be lost or gained on the way; birth messages, where a newer peer
 * may name more, have their own reader. */
#include "fieldline/json.h"
#include "fieldline/session.h"

enum result capabilities_read(const struct json *object, const char *key, uint32_t *out, struct fault *fault) {
    const struct json *list;
    enum result result = json_array(object, key, CAPABILITY_COUNT, &list, fault);
    if (result)
        return result;
    uint32_t bits = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *name;
        enum capability capability;
        if (!json_as_string(json_at(list, i), &name) || !capability_parse(name, &capability))
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' has a member that is no capability", key);
        bits |= CAPABILITY_BIT(capability);
    }
    *out = bits;
    return RESULT_OK;
}

void capabilities_write(struct json_out *out, const char *key, uint32_t bits) {
    jo_array(out, key);
    for (int c = 0; c < CAPABILITY_COUNT; c++) {
        if (bits & CAPABILITY_BIT(c))
            jo_str(out, NULL, capability_name((enum capability)c));
    }
    jo_end(out);
}
