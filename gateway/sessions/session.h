/* A remote session as the service desk keeps it: the row and its state table. Pure functions: no clock, no file, no
 * lock. The pipeline thread owns the rows; what moves them is an event (session_event.h). */
#pragma once
#include <stdint.h>

#include "fieldline/json.h"
#include "fieldline/session.h"
#include "tickets/role.h"

enum session_state {
    SESSION_ASKING,        /* the product was asked; consented or not, nobody has dialled in yet */
    SESSION_CODE_REQUIRED, /* the owner reads out a code, the engineer passes it on */
    SESSION_LIVE,
    SESSION_ENDED,             /* was live */
    SESSION_DENIED,            /* somebody said no, or did not answer */
    SESSION_FAILED,            /* nobody said no, but it could not be */
    SESSION_AWAITING_APPROVAL, /* of a second person; the product knows nothing yet. Last: the numbers are stored */
    SESSION_STATE_COUNT
};
const char *session_state_name(enum session_state state); /* "asking", "code_required", ... */
bool session_state_is_open(enum session_state state);     /* awaiting_approval, asking, code_required, live */

enum {
    SESSION_REASON_BYTES = 500,
    SESSION_WHY_BYTES = 31,
    SESSION_TEXT_BYTES = 255,
    SESSION_NAME_BYTES = 63,
    SESSION_DIAL_IN_MS = 45 * 1000 /* from the consent to the product's call; then the token is void */
};

struct session_consent {
    char method[16]; /* "hook", "code" */
    char by[SESSION_NAME_BYTES + 1];
    int64_t at_ms, until_ms;
};

/* What a supervisor says afterwards of an emergency session. */
struct session_review {
    bool is_justified;
    char by[SESSION_NAME_BYTES + 1], text[SESSION_TEXT_BYTES + 1];
    int64_t at_ms;
};

struct session {
    char id[CAP_UUID_BYTES + 1];
    int64_t ticket;
    char device[CAP_DEVICE_ID_BYTES + 1];
    char engineer[SESSION_NAME_BYTES + 1];
    char reason[SESSION_REASON_BYTES + 1]; /* the engineer's words */
    uint32_t capabilities;                 /* granted; from live on, what the owner consented to */
    enum session_state state;
    enum role role;     /* the engineer's when it was asked for; another one now ends it */
    int64_t duration_s; /* granted */
    bool needs_approval, needs_moderator;
    bool is_emergency;                     /* without approval, contract and qualification; has to be reviewed */
    char approver[SESSION_NAME_BYTES + 1]; /* "": nobody yet, or nobody is needed */
    char approval_text[SESSION_TEXT_BYTES + 1];
    int64_t approved_ms;                   /* valid with an approver */
    char customer[SESSION_NAME_BYTES + 1]; /* whose contract it is held under; "": none was needed */
    int64_t due_ms; /* until live: when it fails without another event (session_overdue); 0: it waits for no time */
    bool has_review;
    struct session_review review;
    char why[SESSION_WHY_BYTES + 1];   /* denied, failed, ended: a code of session_why_text(); else "" */
    char text[SESSION_TEXT_BYTES + 1]; /* the same for a person; may say more than the code's sentence */
    int64_t requested_ms, started_ms, ended_ms, deadline_ms;
    bool has_started, has_ended, has_deadline, has_consent;
    struct session_consent consent;
    int64_t frames;
    char digest[SHA256_HEX_BYTES]; /* head of the sealed transcript; "" when there is none */
    bool is_countersigned;
    bool is_complete; /* false when the recording has a hole or no seal */
};

/* One English sentence for a `why` code; a sentence of its own for a code this version does not know. Never NULL. */
const char *session_why_text(const char *why);

/* Why a session that is not live yet has failed by now: "approval_expired", "timed_out", "no_product"; NULL: it has
 * not.
 */
const char *session_overdue(const struct session *session, int64_t now_ms);
/* An emergency session that is over or live and that nobody has reviewed. */
bool session_wants_review(const struct session *session);

struct session_event;
/* Moves the session along its table. RESULT_CONFLICT with a sentence when the state does not allow the event (a late or
 * doubled answer): nothing is changed. */
FL_CHECK enum result session_apply(struct session *session, const struct session_event *event, struct fault *fault);

/* The member "consent" of an object: {"method":..,"by":..,"at_ms":..,"until_ms":..}. */
void session_consent_print(const struct session_consent *consent, struct json_out *out);
FL_CHECK enum result session_consent_read(const struct json *object, struct session_consent *out, struct fault *fault);
/* The row as openapi.yaml's Session; begin leaves the object open, for members that are not the row's. */
void session_print_begin(const struct session *session, struct json_out *out, const char *key);
void session_print(const struct session *session, struct json_out *out, const char *key);
