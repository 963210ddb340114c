/* A row a role, then what the store says of the person. Who may type in somebody else's session is who might have been
 * granted one himself: no kill switch, and qualified for everything that is open in it (in an emergency: for
 * emergencies). The contract and the pack are not asked again: they are the session's, which ends when they go. */
#include "web/join_rights.h"

#include <stdio.h>

#include "store/kills.h"
#include "store/qualifications.h"

static const struct {
    enum role role;
    struct join_rights rights;
} rows[] = {
    {ROLE_ENGINEER, {.may_type = true}},
    {ROLE_SUPERVISOR, {.may_type = true, .may_moderate = true}},
};

static void keep_model(void *self, const struct device_row *row) {
    snprintf(self, CAP_MODEL_BYTES + 1, "%s", row->model);
}

static enum result is_qualified(struct reader *reader, const struct actor *by, const struct session *session,
                                bool needs_qualification, int64_t now_ms, bool *out) {
    char model[CAP_MODEL_BYTES + 1] = "";
    struct qualified q;
    enum result result = reader_device(reader, session->device, keep_model, model);
    if (result == RESULT_OK)
        result = reader_qualified(reader, by->name, model, now_ms, &q);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    *out = session->is_emergency
               ? q.may_break_glass
               : (!needs_qualification && !q.is_used) || (session->capabilities & ~q.capabilities) == 0;
    return RESULT_OK;
}

enum result join_rights_of(struct reader *reader, const struct actor *by, const struct session *session,
                           bool needs_qualification, int64_t now_ms, struct join_rights *out) {
    struct join_rights rights = {0};
    bool is_good = false;
    *out = rights;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].role == by->role) {
            rights = rows[i].rights;
        }
    }
    enum result result = reader_killed(reader, session->device, by->name, &rights.is_killed);
    if (result == RESULT_OK && rights.may_type)
        result = is_qualified(reader, by, session, needs_qualification, now_ms, &is_good);
    if (result != RESULT_OK) {
        return result;
    }
    rights.may_type &= is_good && !rights.is_killed;
    rights.may_moderate &= !rights.is_killed;
    *out = rights;
    return RESULT_OK;
}
