/* The request for a session, ordinary or in an emergency: may it be, and what follows from a yes. The decision is a
 * pure function (sessions/grant.h) over what session_facts.c gathers; when a second person has to approve, the product
 * hears nothing before that.
 *
 * An emergency comes by a road of its own (its password was checked at the edge); a body that merely says so is
 * refused. It is told to all supervisors at once and stays on their lists until one of them has reviewed it. */
#include "session_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "session_ask.h"
#include "session_case.h"
#include "session_facts.h"
#include "store/cases.h"

static enum result refuse(struct core *core, struct change *change, const struct session *s, int status,
                          const char *code, const char *text) {
    change_problem(change, status, code, "%s", text);
    return session_case_audit(core, s, &change->by, s->is_emergency ? "session.emergency" : "session.request", code,
                              text);
}

static enum result read_capabilities(const struct change *change, uint32_t *out, struct fault *fault) {
    const struct json *list;
    enum result result = json_array(change->body, "capabilities", CAPABILITY_COUNT, &list, fault);
    for (const struct json *item = result == RESULT_OK ? json_first(list) : NULL; item; item = json_next(item)) {
        const char *name = NULL;
        enum capability capability;
        if (!json_as_string(item, &name))
            return fault_set(fault, RESULT_BAD_INPUT, "'capabilities' has a member that is not a text");
        if (!capability_parse(name, &capability))
            return fault_set(fault, RESULT_BAD_INPUT, "'capabilities' names '%.40s', and there is no such capability",
                             name);
        *out |= CAPABILITY_BIT(capability);
    }
    return result;
}

static enum result read_request(const struct core *core, const struct change *change, struct session *s,
                                int64_t *minutes, struct fault *fault) {
    const char *reason;
    const int64_t longest = core->settings->session_max_ms / 60000;
    enum result result = read_capabilities(change, &s->capabilities, fault);
    *minutes = longest < 30 ? longest : 30;
    if (result == RESULT_OK && !s->is_emergency && json_get(change->body, "emergency"))
        result = fault_set(fault, RESULT_BAD_INPUT, "'emergency' has an address of its own: /tickets/{id}/emergency");
    if (result == RESULT_OK && json_get(change->body, "minutes"))
        result = json_integer(change->body, "minutes", 1, CAP_SESSION_SECONDS / 60, minutes, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "reason", SESSION_REASON_BYTES, &reason, fault);
    if (result == RESULT_OK)
        snprintf(s->reason, sizeof s->reason, "%s", reason);
    return result;
}

/* A second person is asked first. */
static enum result await_approval(struct core *core, struct session *s, const struct change *change) {
    struct buf text;
    buf_init(&text, TICKET_TEXT_BYTES);
    s->state = SESSION_AWAITING_APPROVAL;
    s->due_ms = core->now_ms + core->settings->approval_wait_ms;
    buf_str(&text, "Approval of a remote session asked for: ");
    capabilities_print(s->capabilities, &text);
    buf_printf(&text, ", %lld min. Reason: %s", (long long)(s->duration_s / 60), s->reason);
    enum result result = session_case_put(core, s);
    if (result == RESULT_OK)
        result = session_case_note(core, s, TICKET_EVENT_SESSION, s->engineer, buf_text(&text));
    if (result == RESULT_OK)
        result = session_case_audit(core, s, &change->by, "session.request", "ok", buf_text(&text));
    log_info("gateway.sessions", "awaiting_approval", "session=%s device=%s engineer=%s", s->id, s->device,
             log_text(s->engineer));
    effects_notify(core->effects, "approval", s->id, s->device);
    buf_fini(&text);
    return result;
}

static void raise_alarm(struct core *core, const struct session *s) {
    log_warn("gateway.sessions", "emergency", "session=%s device=%s engineer=%s reason=%s", s->id, s->device,
             log_text(s->engineer), log_text(s->reason));
    effects_notify(core->effects, "emergency", s->id, s->device);
    core->figures.sessions_emergency++;
}

static int status_of(enum result verdict) {
    return verdict == RESULT_DENIED ? 403 : verdict == RESULT_BAD_INPUT ? 400 : verdict == RESULT_TOO_BIG ? 400 : 409;
}

static enum result begin(struct core *core, struct session *s, const struct ticket *ticket, struct change *change,
                         const struct grant *grant) {
    enum result result;
    s->capabilities = grant->capabilities;
    s->duration_s = grant->duration_s;
    s->needs_approval = grant->needs_approval;
    s->needs_moderator = grant->needs_moderator;
    if (s->needs_approval)
        result = await_approval(core, s, change);
    else
        result = session_ask(core, s, ticket, &change->by, s->is_emergency ? "session.emergency" : "session.request");
    if (result == RESULT_OK && s->is_emergency)
        raise_alarm(core, s);
    change->status = 201;
    struct json_out j = json_out(&change->reply);
    session_print(s, &j, NULL);
    return result;
}

enum result session_desk_request(struct core *core, struct change *change) {
    struct session s = {.state = SESSION_ASKING,
                        .requested_ms = core->now_ms,
                        .role = change->by.role,
                        .is_emergency = change->verb == CHANGE_SESSION_EMERGENCY};
    struct ticket ticket;
    struct grant grant = {0};
    struct fault fault;
    enum result verdict;
    int64_t minutes = 0;
    uuid_make(s.id);
    s.ticket = strtoll(change->id, NULL, 10);
    snprintf(s.engineer, sizeof s.engineer, "%s", change->by.name);
    enum result result = store_ticket_find(core->store, s.ticket, &ticket);
    if (result == RESULT_NOT_FOUND) {
        change_problem(change, 404, "not_found", "There is no ticket %s.", change->id);
        return RESULT_OK;
    }
    if (result != RESULT_OK)
        return result;
    snprintf(s.device, sizeof s.device, "%s", ticket.device);
    verdict = read_request(core, change, &s, &minutes, &fault);
    if (verdict == RESULT_OK)
        result = session_decide(core, &s, &ticket, minutes, &grant, &verdict, &fault);
    if (result != RESULT_OK)
        return result;
    if (verdict != RESULT_OK)
        return refuse(core, change, &s, status_of(verdict), result_name(verdict), fault.text);
    return begin(core, &s, &ticket, change, &grant);
}
