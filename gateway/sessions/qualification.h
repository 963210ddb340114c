/* What a person is trusted with: capabilities on a model, for a time, on a supervisor's word. Pure; rows are in
 * store/qualifications.h. */
#pragma once
#include <stdint.h>

#include "fieldline/json.h"
#include "fieldline/session.h"

enum { QUALIFICATION_WHO_BYTES = 63 };
struct qualification {
    int64_t id;
    char user[QUALIFICATION_WHO_BYTES + 1];
    char model[CAP_MODEL_BYTES + 1]; /* "*": every model */
    uint32_t capabilities;           /* none: only what the next says */
    bool may_break_glass;            /* emergency sessions on that model */
    int64_t from_ms, until_ms;       /* valid in [from, until) */
    char given_by[QUALIFICATION_WHO_BYTES + 1];
    int64_t given_ms;
    bool is_revoked;
    char revoked_by[QUALIFICATION_WHO_BYTES + 1];
    int64_t revoked_ms;
};
/* Refuses what says nothing (no capability and no emergency), an end that is not after the beginning, a model that
 * cannot be one, and one's own: nobody qualifies himself. */
FL_CHECK enum result qualification_check(const struct qualification *q, struct fault *fault);
bool qualification_is_valid(const struct qualification *q, const char *model, int64_t now_ms);
void qualification_print(const struct qualification *q, int64_t now_ms, struct json_out *out, const char *key);
