/* Which files a recording consists of, whether they are there, and how it is destroyed. A list that says "complete"
 * from a row alone would go on saying so after somebody has deleted the files; so it looks. Three access(2) a session;
 * the contents are verify.c's business, which takes seconds. */
#include "sessions/recording.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sessions/vault.h"

static const char *const state_names[] = {
    [RECORDING_NONE] = "none",         [RECORDING_RUNNING] = "running", [RECORDING_SEALED] = "sealed",
    [RECORDING_UNSEALED] = "unsealed", [RECORDING_MISSING] = "missing", [RECORDING_REMOVED] = "removed"};
/* In the order in which they are removed; the key was shredded before. */
static const char *const endings[] = {".key.new", ".jsonl", ".cast", ".heads", ".torn", ".seal"};

const char *recording_state_name(enum recording_state state) {
    return state_names[state];
}

static bool is_there(const char *dir, const char *session, const char *ending) {
    char path[TRANSCRIPT_PATH_BYTES + 8];
    snprintf(path, sizeof path, "%s/%s%s", dir, session, ending);
    return access(path, F_OK) == 0;
}

enum recording_state recording_look(const char *dir, const struct session *s, const struct recording *recording) {
    const bool has_lines = is_there(dir, s->id, ".jsonl"), has_cast = is_there(dir, s->id, ".cast");
    const bool is_open = session_state_is_open(s->state);
    if (!s->has_started && s->digest[0] == '\0' && !has_lines) {
        return RECORDING_NONE;
    }
    if (recording->removed_ms != 0) {
        return RECORDING_REMOVED;
    }
    if (!has_lines || !has_cast) {
        return RECORDING_MISSING;
    }
    if (is_there(dir, s->id, ".seal")) {
        return RECORDING_SEALED;
    }
    return is_open ? RECORDING_RUNNING : s->digest[0] != '\0' ? RECORDING_MISSING : RECORDING_UNSEALED;
}

void recording_print(const struct recording *r, enum recording_state state, struct json_out *out, const char *key) {
    jo_object(out, key);
    jo_str(out, "state", recording_state_name(state));
    jo_str(out, "held_by", r->held_by[0] != '\0' ? r->held_by : NULL);
    jo_int(out, "held_ms", r->held_ms);
    jo_str(out, "hold_reason", r->hold_reason);
    if (r->removed_ms != 0) {
        jo_int(out, "removed_ms", r->removed_ms);
    } else {
        jo_null(out, "removed_ms");
    }
    jo_end(out);
}

enum result recording_destroy(const char *dir, const char *session, struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES], path[TRANSCRIPT_PATH_BYTES + 16];
    if (!uuid_valid(session) || snprintf(base, sizeof base, "%s/%s", dir, session) >= (int)sizeof base) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is no session", session);
    }
    enum result result = vault_shred(base, fault);
    for (size_t i = 0; i < sizeof endings / sizeof *endings && result == RESULT_OK; i++) {
        snprintf(path, sizeof path, "%s%s", base, endings[i]);
        if (unlink(path) != 0 && errno != ENOENT) {
            result = fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
        }
    }
    return result;
}
