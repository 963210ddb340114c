/* The kill switch: while one is on, nobody has a session with what it covers. Pure; rows are in store/kills.h. */
#pragma once
#include <stdint.h>

#include "fieldline/caps.h"
#include "fieldline/json.h"

enum kill_scope { KILL_ALL, KILL_DEVICE, KILL_USER, KILL_SCOPES }; /* the numbers are stored */
enum { KILL_TARGET_BYTES = CAP_DEVICE_ID_BYTES, KILL_REASON_BYTES = 500, KILL_WHO_BYTES = 63 };
struct kill {
    int64_t id;
    enum kill_scope scope;
    char target[KILL_TARGET_BYTES + 1]; /* "" with KILL_ALL */
    char reason[KILL_REASON_BYTES + 1];
    char by[KILL_WHO_BYTES + 1];
    int64_t at_ms;
    bool is_lifted;
    char lifted_by[KILL_WHO_BYTES + 1];
    int64_t lifted_ms;
};
const char *kill_scope_name(enum kill_scope scope); /* "all", "device", "user" */
FL_CHECK bool kill_scope_parse(const char *text, enum kill_scope *out);
/* What a person or a command wants: refuses an unknown scope, a target where there is none and none where there must be
 * one, a blank reason. NULL counts as "". */
FL_CHECK enum result kill_make(const char *scope, const char *target, const char *reason, struct kill *out,
                               struct fault *fault);
bool kill_covers(const struct kill *kill, const char *device, const char *user);
void kill_print(const struct kill *kill, struct json_out *out, const char *key);
