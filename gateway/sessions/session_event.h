/* What happens to a session's row. Events come from the agent's replies (pipeline thread) and from the relay (edge
 * thread); the latter travel to the pipeline thread as JSON, in the body of CHANGE_SESSION_LIVE and
 * CHANGE_SESSION_ENDED, and are applied there with session_apply. */
#pragma once
#include "fieldline/message.h"
#include "sessions/session.h"

enum session_event_kind {
    SESSION_EVENT_CONSENTED,     /* the agent said "open": the product is about to dial in */
    SESSION_EVENT_CODE_REQUIRED, /* consent by code; text says how long it is valid */
    SESSION_EVENT_WRONG_CODE,    /* tries are left */
    SESSION_EVENT_LIVE,          /* the product's hello is recorded */
    SESSION_EVENT_DENIED,
    SESSION_EVENT_FAILED,
    SESSION_EVENT_ENDED,
    SESSION_EVENT_APPROVED, /* by a second person; the desk's own, never the edge's */
    SESSION_EVENT_COUNT
};
struct session_event {
    enum session_event_kind kind;
    int64_t at_ms;
    char why[SESSION_WHY_BYTES + 1];   /* denied, failed, ended */
    char text[SESSION_TEXT_BYTES + 1]; /* "": the sentence of `why` */
    uint32_t capabilities;             /* consented, live */
    bool has_consent;                  /* consented, live */
    struct session_consent consent;
    int64_t deadline_ms; /* live */
    const char *by;      /* approved: who; lives as long as the event. text: his words */
    int64_t due_ms;      /* approved: until when the product may answer */
    /* ended; failed after the product had dialled in */
    int64_t frames;
    char digest[SHA256_HEX_BYTES];
    bool is_countersigned, is_complete;
};

/* The agent's reply to session.open or session.consent as an event. Errors: see agent/launcher.h. */
FL_CHECK enum result session_event_of_reply(const struct reply_message *reply, int64_t at_ms, struct session_event *out,
                                            struct fault *fault);
/* An event as a JSON object and back: how the edge hands it to the pipeline (CHANGE_SESSION_LIVE,
 * CHANGE_SESSION_ENDED). */
void session_event_print(const struct session_event *event, struct buf *out);
FL_CHECK enum result session_event_read(const struct json *object, struct session_event *out, struct fault *fault);
