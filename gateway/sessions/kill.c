/* What a kill switch covers. It has no end of its own: what was switched off in alarm is switched on again by a person
 * who looked, not by a clock. */
#include "sessions/kill.h"

#include <stdio.h>
#include <string.h>

static const char *const names[KILL_SCOPES] = {[KILL_ALL] = "all", [KILL_DEVICE] = "device", [KILL_USER] = "user"};

const char *kill_scope_name(enum kill_scope scope) {
    return names[scope];
}

bool kill_scope_parse(const char *text, enum kill_scope *out) {
    for (int i = 0; i < KILL_SCOPES; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum kill_scope)i;
            return true;
        }
    }
    return false;
}

enum result kill_make(const char *scope, const char *target, const char *reason, struct kill *out,
                      struct fault *fault) {
    struct kill kill = {0};
    target = target == NULL ? "" : target;
    reason = reason == NULL ? "" : reason;
    if (scope == NULL || !kill_scope_parse(scope, &kill.scope)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'scope' is '%s', expected device, user or all",
                         scope == NULL ? "" : scope);
    }
    if ((kill.scope == KILL_ALL) != (target[0] == '\0')) {
        return fault_set(fault, RESULT_BAD_INPUT,
                         kill.scope == KILL_ALL ? "'target' is given, but 'scope' is all"
                                                : "'target' is missing: which %s?",
                         names[kill.scope]);
    }
    if (strlen(target) > KILL_TARGET_BYTES || strlen(reason) > KILL_REASON_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "'target' or 'reason' is too long");
    }
    if (reason[strspn(reason, " \t\r\n")] == '\0') {
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' is missing: everybody is shown it");
    }
    snprintf(kill.target, sizeof kill.target, "%s", target);
    snprintf(kill.reason, sizeof kill.reason, "%s", reason);
    *out = kill;
    return RESULT_OK;
}

bool kill_covers(const struct kill *kill, const char *device, const char *user) {
    if (kill->is_lifted) {
        return false;
    }
    switch (kill->scope) {
    case KILL_ALL: return true;
    case KILL_DEVICE: return strcmp(kill->target, device) == 0;
    case KILL_USER: return strcmp(kill->target, user) == 0;
    case KILL_SCOPES: break;
    }
    return true;
}

void kill_print(const struct kill *kill, struct json_out *out, const char *key) {
    jo_object(out, key);
    jo_int(out, "id", kill->id);
    jo_str(out, "scope", names[kill->scope]);
    jo_str(out, "target", kill->target);
    jo_str(out, "reason", kill->reason);
    jo_str(out, "by", kill->by);
    jo_int(out, "at_ms", kill->at_ms);
    if (kill->is_lifted) {
        jo_str(out, "lifted_by", kill->lifted_by);
        jo_int(out, "lifted_ms", kill->lifted_ms);
    } else {
        jo_null(out, "lifted_by");
        jo_null(out, "lifted_ms");
    }
    jo_end(out);
}
