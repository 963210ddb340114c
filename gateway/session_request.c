/* The request for a session: may it be, and what follows from a yes. The decision is a pure function
 * (sessions/grant.h); here is what surrounds it: the row, the command to the agent, the order to the edge to expect the
 * product.
 *
 * The edge is told to expect the product as soon as the request is committed, not when the agent says "open": the
 * product may dial in before its agent's answer has come through the broker. The token makes that safe; only the agent
 * gets it, and it uses it only after the owner's yes. */
#include "session_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox.h"
#include "session_case.h"
#include "sessions/grant.h"
#include "sessions/token.h"
#include "store/cases.h"

enum { SESSIONS_ON_DEVICE = 2, DIAL_IN_S = 60 };

static enum result refuse(struct core *core, struct change *change, const struct session *s, int status,
                          const char *code, const char *text) {
    change_problem(change, status, code, "%s", text);
    return session_case_audit(core, s, &change->by, "session.request", code, text);
}

static enum result read_request(const struct change *change, struct session *s, int64_t *minutes, struct fault *fault) {
    const struct json *list;
    const char *reason;
    enum result result = json_array(change->body, "capabilities", CAPABILITY_COUNT, &list, fault);
    for (const struct json *item = result == RESULT_OK ? json_first(list) : NULL; item; item = json_next(item)) {
        const char *name;
        enum capability capability;
        if (!json_as_string(item, &name) || !capability_parse(name, &capability))
            return fault_set(fault, RESULT_BAD_INPUT, "'capabilities' has an item that is not a capability");
        s->capabilities |= CAPABILITY_BIT(capability);
    }
    *minutes = 30;
    if (result == RESULT_OK && json_get(change->body, "minutes"))
        result = json_integer(change->body, "minutes", 1, CAP_SESSION_SECONDS / 60, minutes, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "reason", SESSION_REASON_BYTES, &reason, fault);
    if (result == RESULT_OK)
        snprintf(s->reason, sizeof s->reason, "%s", reason);
    return result;
}

static enum result decide(struct core *core, const struct change *change, const struct session *s,
                          const struct ticket *ticket, const struct device *device, int64_t minutes,
                          struct grant *grant, struct fault *fault, enum result *verdict) {
    struct session_list open;
    struct grant_request request = {.role = change->by.role,
                                    .is_ticket_open = ticket_state_is_open(ticket->state),
                                    .is_device_online = device && device->is_online,
                                    .asked = s->capabilities,
                                    .pack = device && device->pack ? device->pack->capabilities : 0,
                                    .birth = device ? device->capabilities : 0,
                                    .minutes = minutes,
                                    .reason = s->reason,
                                    .allowed_on_device = SESSIONS_ON_DEVICE};
    const enum result result = session_case_open(core, &open);
    for (size_t i = 0; i < open.count; i++)
        request.open_on_device += strcmp(open.items[i].device, s->device) == 0;
    *verdict = open.count == SESSIONS_LISTED
                   ? fault_set(fault, RESULT_BUSY, "%d sessions are open; the gateway takes no more", SESSIONS_LISTED)
                   : grant_decide(&request, grant, fault);
    free(open.items);
    return result;
}

static void order_print(const struct core *core, const struct session *s, const struct ticket *ticket,
                        const char *token, int64_t duration_s, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "session", s->id);
    jo_str(&j, "token", token);
    jo_str(&j, "url", core->session_url);
    jo_int(&j, "ticket", s->ticket);
    jo_str(&j, "subject", ticket->subject);
    jo_str(&j, "engineer", s->engineer);
    jo_str(&j, "reason", s->reason);
    jo_array(&j, "capabilities");
    for (int c = 0; c < CAPABILITY_COUNT; c++)
        if (s->capabilities & CAPABILITY_BIT(c))
            jo_str(&j, NULL, capability_name((enum capability)c));
    jo_end(&j);
    jo_int(&j, "duration_s", duration_s);
    jo_int(&j, "wait_s", core->settings->consent_wait_ms / 1000);
    jo_end(&j);
}

/* Row, command to the agent, order to the edge, history and audit of a session that may be. */
static enum result ask(struct core *core, struct session *s, const struct ticket *ticket, struct device *device,
                       const struct change *change, const struct grant *grant) {
    struct web_session expect = {.capabilities = grant->capabilities,
                                 .expect_s = core->settings->consent_wait_ms / 1000 + DIAL_IN_S,
                                 .duration_s = grant->duration_s,
                                 .ticket = s->ticket};
    char token[SESSION_TOKEN_CHARS + 1];
    struct buf args, text;
    session_token_make(token, expect.token_sha256);
    snprintf(expect.session, sizeof expect.session, "%s", s->id);
    snprintf(expect.device, sizeof expect.device, "%s", s->device);
    snprintf(expect.model, sizeof expect.model, "%s", device->pack ? device->pack->model : "");
    snprintf(expect.engineer, sizeof expect.engineer, "%s", s->engineer);
    snprintf(expect.subject, sizeof expect.subject, "%s", ticket->subject);
    buf_init(&args, CAP_COMMAND_BYTES);
    buf_init(&text, TICKET_TEXT_BYTES);
    s->capabilities = grant->capabilities;
    order_print(core, s, ticket, token, grant->duration_s, &args);
    buf_str(&text, "Remote session asked for: ");
    capabilities_print(s->capabilities, &text);
    buf_printf(&text, ", %lld min. Reason: %s", (long long)(grant->duration_s / 60), s->reason);
    enum result result = session_case_put(core, s);
    if (result == RESULT_OK)
        result = outbox_command(core, device, "session.open", s->id, buf_text(&args), core->settings->consent_wait_ms);
    if (result == RESULT_OK)
        result = session_case_note(core, s, TICKET_EVENT_SESSION, s->engineer, buf_text(&text));
    if (result == RESULT_OK)
        result = session_case_audit(core, s, &change->by, "session.request", "ok", buf_text(&text));
    if (result == RESULT_OK)
        effects_expect(core->effects, &expect);
    core->figures.sessions_asked++;
    wipe(token, sizeof token);
    wipe(&expect, sizeof expect);
    buf_wipe(&args);
    buf_fini(&text);
    return result;
}

static int status_of(enum result verdict) {
    return verdict == RESULT_DENIED ? 403 : verdict == RESULT_BAD_INPUT ? 400 : verdict == RESULT_TOO_BIG ? 400 : 409;
}

enum result session_desk_request(struct core *core, struct change *change) {
    struct session s = {.state = SESSION_ASKING, .requested_ms = core->now_ms};
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
    struct device *device = registry_find(core->registry, ticket.device);
    verdict = read_request(change, &s, &minutes, &fault);
    if (verdict == RESULT_OK)
        result = decide(core, change, &s, &ticket, device, minutes, &grant, &fault, &verdict);
    if (result != RESULT_OK)
        return result;
    if (verdict != RESULT_OK)
        return refuse(core, change, &s, status_of(verdict), result_name(verdict), fault.text);
    result = ask(core, &s, &ticket, device, change, &grant);
    change->status = 201;
    struct json_out j = json_out(&change->reply);
    session_print(&s, &j, NULL);
    return result;
}
