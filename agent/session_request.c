/* Reads session.open. Pure but for its memory; loop thread. */
#include "session_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 63, SUBJECT_BYTES = 200, REASON_BYTES = 500, TOKEN_BYTES = 128, URL_BYTES = 512 };

static enum result take(const struct json *args, const char *key, size_t max_bytes, char **out, struct fault *fault) {
    const char *text;
    enum result result = json_string(args, key, max_bytes, &text, fault);
    if (result == RESULT_OK) {
        *out = mem_strdup(text);
    }
    return result;
}

enum result session_request_read(const struct json *args, struct session_request *out, struct fault *fault) {
    const char *session, *role;
    int64_t duration_s, wait_s;
    enum result result;
    *out = (struct session_request){0};
    if (args == NULL || !json_is_object(args)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'args' is missing");
    }
    if ((result = json_string(args, "session", CAP_UUID_BYTES, &session, fault)) != RESULT_OK ||
        (result = take(args, "token", TOKEN_BYTES, &out->token, fault)) != RESULT_OK ||
        (result = take(args, "url", URL_BYTES, &out->url, fault)) != RESULT_OK ||
        (result = take(args, "subject", SUBJECT_BYTES, &out->subject, fault)) != RESULT_OK ||
        (result = take(args, "engineer", NAME_BYTES, &out->engineer, fault)) != RESULT_OK ||
        (result = take(args, "reason", REASON_BYTES, &out->reason, fault)) != RESULT_OK ||
        (result = json_optional_string(args, "role", NAME_BYTES, &role, fault)) != RESULT_OK ||
        (result = json_integer(args, "ticket", 0, INT64_MAX / 2, &out->ticket, fault)) != RESULT_OK ||
        (result = capabilities_read(args, "capabilities", &out->capabilities, fault)) != RESULT_OK ||
        (result = json_integer(args, "duration_s", 1, CAP_SESSION_SECONDS, &duration_s, fault)) != RESULT_OK ||
        (result = json_integer(args, "wait_s", 1, CAP_SESSION_SECONDS, &wait_s, fault)) != RESULT_OK) {
        return result;
    }
    if (!uuid_valid(session) || out->capabilities == 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "'session' is no UUID, or 'capabilities' is empty");
    }
    snprintf(out->session, sizeof out->session, "%s", session);
    snprintf(out->role, sizeof out->role, "%s", role != NULL ? role : "");
    out->duration_ms = duration_s * 1000;
    out->wait_ms = wait_s * 1000;
    return RESULT_OK;
}

void session_request_fini(struct session_request *request) {
    if (request->token != NULL) {
        wipe(request->token, strlen(request->token));
    }
    free(request->token);
    free(request->url);
    free(request->subject);
    free(request->engineer);
    free(request->reason);
    *request = (struct session_request){0};
}

enum result session_request_allowed(const struct session_request *request, const struct agent_config *config,
                                    struct fault *fault) {
    uint32_t off = request->capabilities & ~config->session_capabilities;
    struct buf names;
    if (!config->session_enabled) {
        return fault_set(fault, RESULT_DENIED, "this product does not allow remote sessions");
    }
    if (off == 0) {
        return RESULT_OK;
    }
    buf_init(&names, 256);
    capabilities_print(off, &names);
    enum result result = fault_set(fault, RESULT_DENIED, "this product does not allow: %s", buf_text(&names));
    buf_fini(&names);
    return result;
}
