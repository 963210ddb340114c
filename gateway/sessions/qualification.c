/* When a qualification counts. It is never changed, only revoked and given anew, so that who was trusted with what at
 * which time can be read off the rows years later. */
#include "sessions/qualification.h"

#include <string.h>

enum result qualification_check(const struct qualification *q, struct fault *fault) {
    const size_t chars = strlen(q->model);
    if (strcmp(q->model, "*") != 0 &&
        (chars == 0 || strspn(q->model, "abcdefghijklmnopqrstuvwxyz0123456789-") != chars)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'model' is '%s', expected a model's name or *", q->model);
    }
    if (q->capabilities == 0 && !q->may_break_glass) {
        return fault_set(fault, RESULT_BAD_INPUT, "neither a capability nor 'emergency' is given");
    }
    if (q->until_ms <= q->from_ms) {
        return fault_set(fault, RESULT_BAD_INPUT, "'until_ms' is not after 'from_ms'");
    }
    if (strcmp(q->user, q->given_by) == 0) {
        return fault_set(fault, RESULT_DENIED, "Nobody qualifies himself: ask another supervisor.");
    }
    return RESULT_OK;
}

bool qualification_is_valid(const struct qualification *q, const char *model, int64_t now_ms) {
    return !q->is_revoked && now_ms >= q->from_ms && now_ms < q->until_ms &&
           (strcmp(q->model, "*") == 0 || strcmp(q->model, model) == 0);
}

void qualification_print(const struct qualification *q, int64_t now_ms, struct json_out *out, const char *key) {
    jo_object(out, key);
    jo_int(out, "id", q->id);
    jo_str(out, "user", q->user);
    jo_str(out, "model", q->model);
    capabilities_write(out, "capabilities", q->capabilities);
    jo_bool(out, "emergency", q->may_break_glass);
    jo_int(out, "from_ms", q->from_ms);
    jo_int(out, "until_ms", q->until_ms);
    jo_str(out, "given_by", q->given_by);
    jo_int(out, "given_ms", q->given_ms);
    jo_bool(out, "valid", !q->is_revoked && now_ms >= q->from_ms && now_ms < q->until_ms);
    jo_str(out, "revoked_by", q->is_revoked ? q->revoked_by : NULL);
    jo_end(out);
}
