/* Events of a session's row: from the agent's replies, and as JSON between the edge and the pipeline. Pure.
 *
 * Why an own form between two threads of one process: the edge hands everything to the pipeline as a change with a JSON
 * body, as a browser's request is, so that there is one way in, one log of it, and nothing to share. */
#include "sessions/session_event.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[SESSION_EVENT_COUNT] = {
    [SESSION_EVENT_CONSENTED] = "consented",   [SESSION_EVENT_CODE_REQUIRED] = "code_required",
    [SESSION_EVENT_WRONG_CODE] = "wrong_code", [SESSION_EVENT_LIVE] = "live",
    [SESSION_EVENT_DENIED] = "denied",         [SESSION_EVENT_FAILED] = "failed",
    [SESSION_EVENT_ENDED] = "ended",           [SESSION_EVENT_APPROVED] = "approved",
};

/* Errors of the agent (agent/launcher.h) -> what they mean for the session. One that is not here has failed it. */
static const struct {
    const char *error;
    enum session_event_kind kind;
    const char *why;
} error_rows[] = {
    {"refused", SESSION_EVENT_DENIED, "refused"},
    {"timed_out", SESSION_EVENT_DENIED, "timed_out"},
    {"wrong_code", SESSION_EVENT_WRONG_CODE, ""},
    {"no_tries_left", SESSION_EVENT_DENIED, "wrong_code"},
    {"off_on_product", SESSION_EVENT_DENIED, "off_on_product"},
    {"hook_failed", SESSION_EVENT_DENIED, "hook_failed"},
    {"expired", SESSION_EVENT_DENIED, "expired"},
    {"busy", SESSION_EVENT_FAILED, "busy"},
    {"not_found", SESSION_EVENT_FAILED, "not_found"},
    {"bad_input", SESSION_EVENT_FAILED, "bad_input"},
};

static enum result of_open(const struct json *reply, struct session_event *event, struct fault *fault) {
    const char *state;
    int64_t wait_s;
    enum result result = json_string(reply, "state", SESSION_WHY_BYTES, &state, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (strcmp(state, "code_required") == 0) {
        event->kind = SESSION_EVENT_CODE_REQUIRED;
        if ((result = json_integer(reply, "wait_s", 0, CAP_SESSION_SECONDS, &wait_s, fault)) == RESULT_OK) {
            snprintf(event->text, sizeof event->text, "The owner reads out a code; it is valid for %lld seconds.",
                     (long long)wait_s);
        }
        return result;
    }
    if (strcmp(state, "open") == 0) {
        event->kind = SESSION_EVENT_CONSENTED;
        if ((result = capabilities_read(reply, "capabilities", &event->capabilities, fault)) == RESULT_OK) {
            result = session_consent_read(reply, &event->consent, fault);
            event->has_consent = result == RESULT_OK;
        }
        return result;
    }
    return fault_set(fault, RESULT_BAD_INPUT, "'state' is '%s', expected open or code_required", state);
}

enum result session_event_of_reply(const struct reply_message *reply, int64_t at_ms, struct session_event *out,
                                   struct fault *fault) {
    struct session_event event = {.kind = SESSION_EVENT_FAILED, .at_ms = at_ms, .why = "failed"};
    if (reply->ok) {
        event.why[0] = '\0';
        if (reply->result == NULL || !json_is_object(reply->result)) {
            return fault_set(fault, RESULT_BAD_INPUT, "the reply has no result");
        }
        enum result result = of_open(reply->result, &event, fault);
        if (result == RESULT_OK) {
            *out = event;
        }
        return result;
    }
    for (size_t i = 0; i < sizeof error_rows / sizeof *error_rows; i++) {
        if (strcmp(reply->error, error_rows[i].error) == 0) {
            event.kind = error_rows[i].kind;
            snprintf(event.why, sizeof event.why, "%s", error_rows[i].why);
        }
    }
    text_copy(event.text, sizeof event.text, reply->text);
    *out = event;
    return RESULT_OK;
}

void session_event_print(const struct session_event *event, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "event", kind_names[event->kind]);
    jo_int(&j, "at_ms", event->at_ms);
    jo_str(&j, "why", event->why);
    jo_str(&j, "text", event->text);
    capabilities_write(&j, "capabilities", event->capabilities);
    if (event->has_consent) {
        session_consent_print(&event->consent, &j);
    }
    jo_int(&j, "deadline_ms", event->deadline_ms);
    jo_int(&j, "frames", event->frames);
    jo_str(&j, "digest", event->digest);
    jo_bool(&j, "countersigned", event->is_countersigned);
    jo_bool(&j, "complete", event->is_complete);
    jo_end(&j);
}

static bool kind_parse(const char *name, enum session_event_kind *out) {
    for (int i = 0; i < SESSION_EVENT_COUNT; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *out = (enum session_event_kind)i;
            return true;
        }
    }
    return false;
}

enum result session_event_read(const struct json *object, struct session_event *out, struct fault *fault) {
    struct session_event event = {0};
    const char *kind, *why, *text, *digest;
    enum result result;
    if (!json_is_object(object)) {
        return fault_set(fault, RESULT_BAD_INPUT, "a session's event must be an object");
    }
    if ((result = json_string(object, "event", SESSION_WHY_BYTES, &kind, fault)) != RESULT_OK ||
        (result = json_integer(object, "at_ms", 0, INT64_MAX / 2, &event.at_ms, fault)) != RESULT_OK ||
        (result = json_string(object, "why", SESSION_WHY_BYTES, &why, fault)) != RESULT_OK ||
        (result = json_string(object, "text", SESSION_TEXT_BYTES, &text, fault)) != RESULT_OK ||
        (result = capabilities_read(object, "capabilities", &event.capabilities, fault)) != RESULT_OK ||
        (result = json_integer(object, "deadline_ms", 0, INT64_MAX / 2, &event.deadline_ms, fault)) != RESULT_OK ||
        (result = json_integer(object, "frames", 0, INT64_MAX / 2, &event.frames, fault)) != RESULT_OK ||
        (result = json_string(object, "digest", SHA256_HEX_BYTES - 1, &digest, fault)) != RESULT_OK ||
        (result = json_bool(object, "countersigned", &event.is_countersigned, fault)) != RESULT_OK ||
        (result = json_bool(object, "complete", &event.is_complete, fault)) != RESULT_OK) {
        return result;
    }
    if (!kind_parse(kind, &event.kind) || event.kind == SESSION_EVENT_APPROVED) {
        return fault_set(fault, RESULT_BAD_INPUT, "'event' is '%s', expected one of the session's", kind);
    }
    event.has_consent = json_get(object, "consent") != NULL;
    if (event.has_consent && (result = session_consent_read(object, &event.consent, fault)) != RESULT_OK) {
        return result;
    }
    snprintf(event.why, sizeof event.why, "%s", why);
    snprintf(event.text, sizeof event.text, "%s", text);
    snprintf(event.digest, sizeof event.digest, "%s", digest);
    *out = event;
    return RESULT_OK;
}
