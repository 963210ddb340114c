/* The row of a remote session and the table that moves it.
 *
 * Owned by the pipeline thread, which loads a row from the store, applies one event and writes it back in the same
 * transaction as the ticket's entry. What is not here: the live session (relay.c), who may have one (grant.c).
 *
 * A state and an event that are not in the table refuse each other: a late reply, a doubled command or a product that
 * dials in after the owner's "no" changes nothing. The alternative, a switch in every caller, was left because each
 * caller would have to think of all the orders in which two machines and two people can answer. */
#include "sessions/session.h"

#include <stdio.h>
#include <string.h>

#include "sessions/session_event.h"

static const char *const state_names[SESSION_STATE_COUNT] = {
    [SESSION_ASKING] = "asking",
    [SESSION_CODE_REQUIRED] = "code_required",
    [SESSION_LIVE] = "live",
    [SESSION_ENDED] = "ended",
    [SESSION_DENIED] = "denied",
    [SESSION_FAILED] = "failed",
    [SESSION_AWAITING_APPROVAL] = "awaiting_approval",
};

const char *session_state_name(enum session_state state) {
    return state_names[state];
}

bool session_state_is_open(enum session_state state) {
    return state == SESSION_AWAITING_APPROVAL || state == SESSION_ASKING || state == SESSION_CODE_REQUIRED ||
           state == SESSION_LIVE;
}

/* Every reason that any part gives, in words for the person who waited for it. */
static const struct {
    const char *why, *text;
} whys[] = {
    /* denied */
    {"refused", "The owner refused."},
    {"timed_out", "Nobody answered on the product in time; no answer is a no."},
    {"wrong_code", "The code was wrong too many times."},
    {"off_on_product", "The product's own configuration does not allow this."},
    {"hook_failed", "The product could not ask its owner; no answer is a no."},
    {"withdrawn", "The request was withdrawn before the session began."},
    {"no_consent", "The product's configuration asks nobody and so refuses every session."},
    {"not_approved", "The second person did not approve it."},
    {"approval_expired", "No second person approved it in time; no answer is a no."},
    /* failed */
    {"device_offline", "The product is not connected."},
    {"no_product", "The product consented, but did not dial in in time."},
    {"busy", "The product has as many sessions as it allows."},
    {"not_found", "The product does not know this session any more."},
    {"expired", "The request came too late."},
    {"bad_input", "The product could not read the request."},
    {"recording_failed", "The session could not be recorded, so it was not held."},
    {"recording_full", "The recording reached its largest size."},
    {"product_protocol", "The product broke the session's protocol."},
    {"failed", "The product could not start the session."},
    /* ended */
    {"ended_by_engineer", "The engineer ended it."},
    {"ended_by_moderator", "The moderator ended it."},
    {"moderator_left", "The moderator left and did not come back."},
    {"no_moderator", "No moderator came."},
    {"ended_by_owner", "The owner ended it."},
    {"consent_withdrawn", "The owner took the consent back."},
    {"ended_by_support", "It was ended from the service desk."},
    {"ended_by_approver", "Who had approved it ended it."},
    {"ticket_closed", "The ticket was closed."},
    {"kill_switch", "The kill switch was thrown: remote access is stopped."},
    {"user_disabled", "The engineer's account was disabled."},
    {"role_changed", "The engineer's role was changed."},
    {"not_qualified", "The engineer's qualification for this has ended."},
    {"contract_over", "The customer's contract does not cover this any more."},
    {"pack_changed", "The product's pack does not allow this any more."},
    {"device_quarantined", "Two products use this product's identity; it cannot be trusted."},
    {"certificate_revoked", "The product's certificate was revoked."},
    {"deadline", "The time that was granted is over."},
    {"idle", "Nothing was done for a while."},
    {"engineer_gone", "The engineer's connection was lost and did not come back."},
    {"agent_gone", "The connection to the product was lost."},
    {"agent_stopping", "The product's agent was stopped."},
    {"gateway_stopping", "The gateway was stopped."},
    {"gateway_crashed", "The gateway stopped unexpectedly; the recording is whole up to that moment."},
    {"gateway_gone", "The product lost its connection to the gateway."},
    {"gateway_protocol", "The product did not understand the gateway."},
};

const char *session_why_text(const char *why) {
    for (size_t i = 0; i < sizeof whys / sizeof *whys; i++) {
        if (strcmp(why, whys[i].why) == 0) {
            return whys[i].text;
        }
    }
    return "It ended for a reason that this gateway does not know.";
}

/* The gates that the row itself knows of: whoever made the event, a session without them does not begin. */
static enum result check_approved(const struct session *s, const struct session_event *event, struct fault *fault) {
    if (event->by == NULL || event->by[0] == '\0' || strcmp(event->by, s->engineer) == 0) {
        return fault_set(fault, RESULT_DENIED, "session %s needs the approval of somebody else than %s", s->id,
                         s->engineer);
    }
    return RESULT_OK;
}

static enum result check_live(const struct session *s, const struct session_event *event, struct fault *fault) {
    if (!event->has_consent) {
        return fault_set(fault, RESULT_DENIED, "session %s cannot begin: nobody consented", s->id);
    }
    if ((s->capabilities & event->capabilities) == 0) {
        return fault_set(fault, RESULT_DENIED, "session %s cannot begin: nothing was consented to", s->id);
    }
    if (s->needs_approval && s->approver[0] == '\0') {
        return fault_set(fault, RESULT_DENIED, "session %s cannot begin: nobody approved it", s->id);
    }
    return RESULT_OK;
}

#define FROM(s) (1u << (s))
#define WAITING (FROM(SESSION_ASKING) | FROM(SESSION_CODE_REQUIRED))
static const struct {
    enum session_event_kind event;
    unsigned from; /* bits of states */
    enum session_state to;
    const char *verb; /* for the refusal */
    enum result (*check)(const struct session *s, const struct session_event *event, struct fault *fault);
} arrows[] = {
    {SESSION_EVENT_APPROVED, FROM(SESSION_AWAITING_APPROVAL), SESSION_ASKING, "be approved", check_approved},
    {SESSION_EVENT_CODE_REQUIRED, WAITING, SESSION_CODE_REQUIRED, "be asked for a code", NULL},
    {SESSION_EVENT_WRONG_CODE, FROM(SESSION_CODE_REQUIRED), SESSION_CODE_REQUIRED, "get a wrong code", NULL},
    {SESSION_EVENT_CONSENTED, WAITING, SESSION_ASKING, "be consented to", NULL},
    /* The product may dial in before its agent's "open" has come through the broker. */
    {SESSION_EVENT_CONSENTED, FROM(SESSION_LIVE), SESSION_LIVE, "be consented to", NULL},
    {SESSION_EVENT_LIVE, WAITING, SESSION_LIVE, "begin", check_live},
    {SESSION_EVENT_DENIED, FROM(SESSION_AWAITING_APPROVAL) | WAITING, SESSION_DENIED, "be denied", NULL},
    {SESSION_EVENT_FAILED, FROM(SESSION_AWAITING_APPROVAL) | WAITING, SESSION_FAILED, "fail", NULL},
    /* After a crash of the gateway a recording may be known before its beginning is. */
    {SESSION_EVENT_ENDED, WAITING | FROM(SESSION_LIVE), SESSION_ENDED, "end", NULL},
};

static void apply_consent(struct session *s, const struct session_event *event) {
    s->capabilities &= event->capabilities; /* consent narrows, nothing widens */
    s->has_consent = event->has_consent;
    s->consent = event->consent;
}

static void apply_over(struct session *s, const struct session_event *event) {
    snprintf(s->why, sizeof s->why, "%s", event->why);
    snprintf(s->text, sizeof s->text, "%s", event->text[0] != '\0' ? event->text : session_why_text(event->why));
    s->ended_ms = event->at_ms;
    s->has_ended = true;
    s->due_ms = 0;
    if (event->kind == SESSION_EVENT_ENDED && !s->has_started) {
        s->started_ms = event->at_ms; /* it was recorded, so it was held */
        s->has_started = true;
    }
    s->frames = event->frames;
    snprintf(s->digest, sizeof s->digest, "%s", event->digest);
    s->is_countersigned = event->is_countersigned;
    s->is_complete = event->is_complete;
}

static void apply(struct session *s, const struct session_event *event) {
    switch (event->kind) {
    case SESSION_EVENT_CODE_REQUIRED:
    case SESSION_EVENT_WRONG_CODE: snprintf(s->text, sizeof s->text, "%s", event->text); break;
    case SESSION_EVENT_CONSENTED:
        apply_consent(s, event);
        s->due_ms = s->state == SESSION_LIVE ? 0 : event->at_ms + SESSION_DIAL_IN_MS;
        snprintf(s->text, sizeof s->text, "%s", event->text);
        break;
    case SESSION_EVENT_LIVE:
        apply_consent(s, event);
        s->text[0] = '\0';
        s->due_ms = 0;
        s->started_ms = event->at_ms;
        s->deadline_ms = event->deadline_ms;
        s->has_started = s->has_deadline = true;
        break;
    case SESSION_EVENT_DENIED:
    case SESSION_EVENT_FAILED:
    case SESSION_EVENT_ENDED: apply_over(s, event); break;
    case SESSION_EVENT_APPROVED:
        snprintf(s->approver, sizeof s->approver, "%s", event->by);
        snprintf(s->approval_text, sizeof s->approval_text, "%s", event->text);
        s->approved_ms = event->at_ms;
        s->due_ms = event->due_ms;
        break;
    case SESSION_EVENT_COUNT: break;
    }
}

enum result session_apply(struct session *session, const struct session_event *event, struct fault *fault) {
    const char *verb = "do that";
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++) {
        if (arrows[i].event != event->kind) {
            continue;
        }
        if ((arrows[i].from & FROM(session->state)) != 0) {
            const enum result checked = arrows[i].check == NULL ? RESULT_OK : arrows[i].check(session, event, fault);
            if (checked != RESULT_OK) {
                return checked;
            }
            apply(session, event);
            session->state = arrows[i].to;
            return RESULT_OK;
        }
        verb = arrows[i].verb;
    }
    return fault_set(fault, RESULT_CONFLICT, "session %s is %s and cannot %s", session->id,
                     session_state_name(session->state), verb);
}

const char *session_overdue(const struct session *s, int64_t now_ms) {
    if (s->due_ms == 0 || now_ms < s->due_ms) {
        return NULL;
    }
    switch (s->state) {
    case SESSION_AWAITING_APPROVAL: return "approval_expired";
    case SESSION_ASKING: return s->has_consent ? "no_product" : "timed_out";
    case SESSION_CODE_REQUIRED: return "timed_out";
    case SESSION_LIVE:
    case SESSION_ENDED:
    case SESSION_DENIED:
    case SESSION_FAILED:
    case SESSION_STATE_COUNT: break;
    }
    return NULL;
}

bool session_wants_review(const struct session *s) {
    return s->is_emergency && s->has_started && !s->has_review;
}

static void print_time(struct json_out *out, const char *key, bool has, int64_t at_ms) {
    if (has) {
        jo_int(out, key, at_ms);
    } else {
        jo_null(out, key);
    }
}

void session_consent_print(const struct session_consent *consent, struct json_out *out) {
    jo_object(out, "consent");
    jo_str(out, "method", consent->method);
    jo_str(out, "by", consent->by);
    jo_int(out, "at_ms", consent->at_ms);
    jo_int(out, "until_ms", consent->until_ms);
    jo_end(out);
}

enum result session_consent_read(const struct json *object, struct session_consent *out, struct fault *fault) {
    const struct json *consent = json_get(object, "consent");
    const char *method, *by;
    enum result result;
    if (consent == NULL || !json_is_object(consent)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'consent' is missing");
    }
    if ((result = json_string(consent, "method", sizeof out->method - 1, &method, fault)) != RESULT_OK ||
        (result = json_string(consent, "by", SESSION_NAME_BYTES, &by, fault)) != RESULT_OK ||
        (result = json_integer(consent, "at_ms", 0, INT64_MAX / 2, &out->at_ms, fault)) != RESULT_OK ||
        (result = json_integer(consent, "until_ms", 0, INT64_MAX / 2, &out->until_ms, fault)) != RESULT_OK) {
        return result;
    }
    snprintf(out->method, sizeof out->method, "%s", method);
    snprintf(out->by, sizeof out->by, "%s", by);
    return RESULT_OK;
}

static void print_review(const struct session_review *review, struct json_out *out) {
    jo_object(out, "review");
    jo_bool(out, "justified", review->is_justified);
    jo_str(out, "by", review->by);
    jo_int(out, "at_ms", review->at_ms);
    jo_str(out, "text", review->text);
    jo_end(out);
}

void session_print_begin(const struct session *s, struct json_out *out, const char *key) {
    jo_object(out, key);
    jo_str(out, "id", s->id);
    jo_int(out, "ticket", s->ticket);
    jo_str(out, "device", s->device);
    jo_str(out, "engineer", s->engineer);
    jo_str(out, "reason", s->reason);
    capabilities_write(out, "capabilities", s->capabilities);
    jo_str(out, "state", session_state_name(s->state));
    jo_str(out, "why", s->why);
    jo_str(out, "text", s->text);
    jo_int(out, "requested_ms", s->requested_ms);
    print_time(out, "started_ms", s->has_started, s->started_ms);
    print_time(out, "ended_ms", s->has_ended, s->ended_ms);
    print_time(out, "deadline_ms", s->has_deadline, s->deadline_ms);
    if (s->has_consent) {
        session_consent_print(&s->consent, out);
    } else {
        jo_null(out, "consent");
    }
    jo_bool(out, "needs_approval", s->needs_approval);
    jo_str(out, "approved_by", s->approver[0] != '\0' ? s->approver : NULL);
    print_time(out, "approved_ms", s->approver[0] != '\0', s->approved_ms);
    jo_str(out, "approval_text", s->approval_text);
    jo_bool(out, "needs_moderator", s->needs_moderator);
    jo_bool(out, "emergency", s->is_emergency);
    jo_str(out, "contract", s->customer[0] != '\0' ? s->customer : NULL);
    jo_bool(out, "wants_review", session_wants_review(s));
    if (s->has_review) {
        print_review(&s->review, out);
    } else {
        jo_null(out, "review");
    }
    jo_int(out, "frames", s->frames);
    jo_str(out, "digest", s->digest[0] != '\0' ? s->digest : NULL);
    jo_bool(out, "countersigned", s->is_countersigned);
    jo_bool(out, "complete", s->is_complete);
}

void session_print(const struct session *s, struct json_out *out, const char *key) {
    session_print_begin(s, out, key);
    jo_end(out);
}
