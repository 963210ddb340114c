/* A recording as a thing that is kept: is it there, may it go, has it gone. Its lines are transcript.h's business. */
#pragma once
#include "sessions/session.h"

enum { RECORDING_REASON_BYTES = 500 };
/* What is known of it beside the session's row (store/recordings.h). */
struct recording {
    char session[CAP_UUID_BYTES + 1];
    char held_by[SESSION_NAME_BYTES + 1]; /* "": not held */
    char hold_reason[RECORDING_REASON_BYTES + 1];
    int64_t held_ms;
    int64_t removed_ms; /* destroyed by retention; 0: not */
};

enum recording_state {
    RECORDING_NONE,     /* the session never began: nothing was recorded */
    RECORDING_RUNNING,  /* being written */
    RECORDING_SEALED,   /* all files are there */
    RECORDING_UNSEALED, /* the session is over, and nothing says what was recorded */
    RECORDING_MISSING,  /* a file is gone, though the session was live: somebody's deed or a broken disk */
    RECORDING_REMOVED   /* by retention */
};
const char *recording_state_name(enum recording_state state); /* "none", "running", ... */
/* Looks which files are there; reads none. Any thread. */
enum recording_state recording_look(const char *dir, const struct session *session, const struct recording *recording);
/* {"state":..,"held_by":..|null,"held_ms":..,"hold_reason":..,"removed_ms":..|null}, a member of an object. */
void recording_print(const struct recording *recording, enum recording_state state, struct json_out *out,
                     const char *key);

/* Destroys it: the key first, then every file. What is not there any more is fine, so it can be done again. */
FL_CHECK enum result recording_destroy(const char *dir, const char *session, struct fault *fault);
