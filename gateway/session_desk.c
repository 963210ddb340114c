/* A session's life after the request, as seen from the desk: the owner's answer (the agent's reply), the code that the
 * engineer passes on, what the edge says of the live session, its end, its report. Rules of the states are in
 * sessions/session.h. */
#include "session_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "outbox.h"
#include "pull.h"
#include "reporter.h"
#include "session_case.h"
#include "store/cases.h"

enum { REPORT_BYTES = 1024 * 1024 };

static enum result find(struct core *core, struct change *change, struct session *s, bool *is_found) {
    const enum result result = store_session_find(core->store, change->id, s);
    *is_found = result == RESULT_OK;
    if (result == RESULT_NOT_FOUND) {
        change_problem(change, 404, "not_found", "There is no session %s.", change->id);
        return RESULT_OK;
    }
    return result;
}

enum result session_desk_consent(struct core *core, struct change *change) {
    struct session s;
    struct fault fault;
    const char *code;
    bool is_found;
    const enum result result = find(core, change, &s, &is_found);
    if (result != RESULT_OK || !is_found)
        return result;
    struct device *device = registry_find(core->registry, s.device);
    if (strcmp(s.engineer, change->by.name) != 0) {
        change_problem(change, 403, "denied", "Only %s, who asked for this session, can pass on its code.", s.engineer);
        return RESULT_OK;
    }
    if (s.state != SESSION_CODE_REQUIRED || !device) {
        change_problem(change, 409, "conflict", "The session is %s; no code is asked for.",
                       session_state_name(s.state));
        return RESULT_OK;
    }
    if (json_string(change->body, "code", 32, &code, &fault) != RESULT_OK) {
        change_problem(change, 400, "bad_input", "%s", fault.text);
        return RESULT_OK;
    }
    struct buf args;
    buf_init(&args, 256);
    struct json_out j = json_out(&args);
    jo_object(&j, NULL);
    jo_str(&j, "session", s.id);
    jo_str(&j, "code", code);
    jo_end(&j);
    const enum result sent =
        outbox_command(core, device, "session.consent", s.id, buf_text(&args), core->settings->consent_wait_ms);
    buf_wipe(&args);
    change->status = 202;
    buf_str(&change->reply, "{}");
    return sent == RESULT_OK ? session_case_audit(core, &s, &change->by, "session.code", "ok", "") : sent;
}

enum result session_desk_end(struct core *core, struct change *change) {
    struct session s;
    bool is_found;
    enum result result = find(core, change, &s, &is_found);
    if (result != RESULT_OK || !is_found)
        return result;
    const bool is_own = strcmp(s.engineer, change->by.name) == 0;
    const bool is_approver = s.approver[0] && strcmp(s.approver, change->by.name) == 0;
    if (!is_own && !is_approver && change->by.role == ROLE_ENGINEER) {
        change_problem(change, 403, "denied", "This is %s's session.", s.engineer);
        return RESULT_OK;
    }
    if (!session_state_is_open(s.state)) {
        change_problem(change, 409, "conflict", "The session is over already: %s", s.text);
        return RESULT_OK;
    }
    const char *why = is_own                          ? "ended_by_engineer"
                      : is_approver                   ? "ended_by_approver"
                      : change->by.role == ROLE_OWNER ? "ended_by_owner"
                                                      : "ended_by_support";
    change->status = 202;
    buf_str(&change->reply, "{}");
    result = session_case_audit(core, &s, &change->by, "session.end", "ok", why);
    if (result != RESULT_OK)
        return result;
    if (s.state == SESSION_LIVE) {
        effects_kill(core->effects, s.id, why); /* the edge ends it properly and reports back */
        return RESULT_OK;
    }
    if (s.state != SESSION_AWAITING_APPROVAL)
        result = session_case_withdraw(core, &s);
    effects_notify(core->effects, "approval", s.id, s.device);
    return result == RESULT_OK ? session_case_close(core, &s, SESSION_EVENT_FAILED, "withdrawn", &change->by) : result;
}

enum result session_desk_edge_event(struct core *core, struct change *change) {
    struct session s;
    struct session_event event;
    struct ticket ticket;
    struct fault fault;
    bool is_found;
    change->status = 200;
    enum result result = find(core, change, &s, &is_found);
    if (result != RESULT_OK || !is_found)
        return result;
    if (session_event_read(change->body, &event, &fault) != RESULT_OK) {
        log_error("gateway.sessions", "bad_edge_event", "session=%s reason=%s", s.id, log_text(fault.text));
        return RESULT_OK;
    }
    const bool was_live = s.state == SESSION_LIVE;
    result = session_case_apply(core, &s, &event, NULL);
    if (result != RESULT_OK || !was_live || session_state_is_open(s.state))
        return result;
    result = store_ticket_find(core->store, s.ticket, &ticket);
    if (result == RESULT_OK)
        reporter_ask(core->reporter, &s, ticket.subject);
    reporter_read(core->reporter, &s);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result session_desk_report(struct core *core, struct change *change) {
    struct session s;
    struct fault fault;
    const char *markdown, *digest;
    bool is_found;
    change->status = 200;
    enum result result = find(core, change, &s, &is_found);
    if (result != RESULT_OK || !is_found)
        return result;
    if (json_string(change->body, "markdown", REPORT_BYTES, &markdown, &fault) != RESULT_OK ||
        json_string(change->body, "digest", SHA256_HEX_BYTES, &digest, &fault) != RESULT_OK) {
        log_error("gateway.sessions", "bad_report", "session=%s reason=%s", s.id, log_text(fault.text));
        return RESULT_OK;
    }
    struct buf text;
    buf_init(&text, 2 * REPORT_BYTES);
    buf_str(&text, markdown);
    result = pull_report(core, s.ticket, &text);
    const struct report_row row = {
        .ticket = s.ticket, .session = s.id, .markdown = buf_text(&text), .digest = digest, .at_ms = core->now_ms};
    if (result == RESULT_OK)
        result = store_report_put(core->store, &row);
    buf_fini(&text);
    if (result == RESULT_OK)
        result = session_case_note(core, &s, TICKET_EVENT_REPORT, TICKET_BY_GATEWAY,
                                   "Service report written from the session's transcript.");
    return result == RESULT_OK ? session_case_audit(core, &s, NULL, "session.report", "ok", digest) : result;
}

enum result session_desk_reply(struct core *core, const char *session, const struct reply_message *reply) {
    struct session_event event;
    struct session s;
    struct fault fault;
    const enum result result = store_session_find(core->store, session, &s);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    if (result != RESULT_OK)
        return result;
    if (session_event_of_reply(reply, core->now_ms, &event, &fault) != RESULT_OK) {
        log_warn("gateway.sessions", "bad_reply", "session=%s device=%s reason=%s", s.id, s.device,
                 log_text(fault.text));
        return RESULT_OK;
    }
    /* A late or doubled answer (a code sent twice) says nothing about a session that has begun, or was consented to. */
    if (s.state == SESSION_LIVE || (s.has_consent && event.kind == SESSION_EVENT_FAILED))
        return RESULT_OK;
    if (event.kind == SESSION_EVENT_DENIED || event.kind == SESSION_EVENT_FAILED)
        effects_kill(core->effects, s.id, event.why);
    return session_case_apply(core, &s, &event, NULL);
}

static enum result device_gone_one(struct core *core, struct session *s, const void *arg) {
    const struct device *device = arg;
    if (s->state == SESSION_LIVE || s->state == SESSION_AWAITING_APPROVAL || strcmp(s->device, device->id) != 0)
        return RESULT_OK;
    return session_case_close(core, s, SESSION_EVENT_FAILED, "device_offline", NULL);
}

enum result session_desk_device_gone(struct core *core, const struct device *device) {
    return session_case_each(core, device_gone_one, device);
}
