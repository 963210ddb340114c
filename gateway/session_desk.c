/* The desk's side of a session. The decisions are pure functions of sessions/ (grant_decide, session_apply); here is
 * what surrounds them: rows, the command to the agent, the order to the edge to expect the product, the ticket's
 * history, audit.
 *
 * The edge is told to expect the product as soon as the request is committed, not when the agent says "open": the
 * product may dial in before its agent's answer has come through the broker. The token makes that safe; only the agent
 * gets it, and it uses it only after the owner's yes. */
#include "session_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "outbox.h"
#include "reporter.h"
#include "sessions/grant.h"
#include "sessions/recover.h"
#include "sessions/token.h"
#include "store/audit.h"
#include "store/cases.h"

enum {
    SESSIONS_ON_DEVICE = 2,
    SESSIONS_LISTED = 256,        /* open at once, at most; more are refused */
    ANSWER_MARGIN_MS = 15 * 1000, /* the agent's own time-out comes first; this is for an agent that is gone */
    DIAL_IN_S = 60
};

/* ---- writing down ---------------------------------------------------------------------------------------------------
 */

static enum result audit(struct core *core, const struct session *s, const struct actor *by, const char *what,
                         const char *result, const char *detail) {
    char object[64];
    snprintf(object, sizeof object, "session/%s", s->id);
    const struct audit_row row = {.at_ms = core->now_ms,
                                  .who = by ? by->name : TICKET_BY_GATEWAY,
                                  .what = what,
                                  .object = object,
                                  .result = result,
                                  .detail = detail,
                                  .address = by ? by->address : ""};
    return audit_add(core->store, &row);
}

static enum result note_on_ticket(struct core *core, const struct session *s, enum ticket_event_kind kind,
                                  const char *by, const char *text) {
    struct ticket before, after;
    struct ticket_event event;
    char data[128];
    enum result result = store_ticket_find(core->store, s->ticket, &before);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    snprintf(data, sizeof data, "{\"session\":\"%s\",\"state\":\"%s\"}", s->id, session_state_name(s->state));
    ticket_note(&before, kind, by, text, data, core->now_ms, &after, &event);
    result = store_ticket_put(core->store, &after, &event, 1);
    effects_notify_row(core->effects, "ticket", s->ticket, s->device);
    return result;
}

static enum result put(struct core *core, const struct session *s) {
    effects_notify(core->effects, "session", s->id, s->device);
    return store_session_put(core->store, s);
}

/* Applies an event and writes everything that follows from it. A late or doubled event changes nothing and is no
 * failure. */
static enum result apply(struct core *core, struct session *s, const struct session_event *event,
                         const struct actor *by) {
    static const char *const words[] = {
        [SESSION_ASKING] = "session.consented", [SESSION_CODE_REQUIRED] = "session.code_required",
        [SESSION_LIVE] = "session.live",        [SESSION_ENDED] = "session.ended",
        [SESSION_DENIED] = "session.denied",    [SESSION_FAILED] = "session.failed"};
    struct fault fault;
    struct buf text;
    const enum session_state before = s->state;
    if (session_apply(s, event, &fault) != RESULT_OK) {
        log_info("gateway.sessions", "event_ignored", "session=%s reason=%s", s->id, log_text(fault.text));
        return RESULT_OK;
    }
    enum result result = put(core, s);
    if (result != RESULT_OK || s->state == before)
        return result;
    log_info("gateway.sessions", session_state_name(s->state), "session=%s device=%s why=%s", s->id, s->device, s->why);
    buf_init(&text, TICKET_TEXT_BYTES);
    if (s->state == SESSION_LIVE) {
        buf_str(&text, "Remote session began: ");
        capabilities_print(s->capabilities, &text);
        buf_printf(&text, "; consent by %s (%s).", s->consent.by, s->consent.method);
    } else if (session_state_is_open(s->state)) {
        buf_str(&text, s->text[0] ? s->text : "The owner reads out a code.");
    } else {
        buf_printf(&text, "Remote session %s: %s", session_state_name(s->state), s->text);
    }
    result = note_on_ticket(core, s, TICKET_EVENT_SESSION, by ? by->name : TICKET_BY_GATEWAY, buf_text(&text));
    if (result == RESULT_OK)
        result = audit(core, s, by, words[s->state], s->state == SESSION_DENIED ? "denied" : "ok", buf_text(&text));
    buf_fini(&text);
    return result;
}

static enum result apply_final(struct core *core, struct session *s, enum session_event_kind kind, const char *why,
                               const struct actor *by) {
    struct session_event event = {.kind = kind, .at_ms = core->now_ms};
    snprintf(event.why, sizeof event.why, "%s", why);
    effects_kill(core->effects, s->id, why);
    return apply(core, s, &event, by);
}

/* ---- which are open
 * -------------------------------------------------------------------------------------------------- */

struct open_list {
    struct session *items;
    size_t count;
};

static void list_open(void *self, const struct session *s) {
    struct open_list *list = self;
    if (list->count < SESSIONS_LISTED)
        list->items[list->count++] = *s;
}

static enum result open_sessions(struct core *core, struct open_list *list) {
    *list = (struct open_list){.items = mem_alloc(sizeof *list->items * SESSIONS_LISTED)};
    return store_sessions_running(core->store, list_open, list);
}

/* ---- the request
 * ------------------------------------------------------------------------------------------------------ */

static enum result refuse(struct core *core, struct change *change, const struct session *s, int status,
                          const char *code, const char *text) {
    change_problem(change, status, code, "%s", text);
    return audit(core, s, &change->by, "session.request", code, text);
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
    struct open_list open;
    struct grant_request request = {.role = change->by.role,
                                    .is_ticket_open = ticket_state_is_open(ticket->state),
                                    .is_device_online = device && device->is_online,
                                    .asked = s->capabilities,
                                    .pack = device && device->pack ? device->pack->capabilities : 0,
                                    .birth = device ? device->capabilities : 0,
                                    .minutes = minutes,
                                    .reason = s->reason,
                                    .allowed_on_device = SESSIONS_ON_DEVICE};
    const enum result result = open_sessions(core, &open);
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
    snprintf(expect.engineer, sizeof expect.engineer, "%s", s->engineer);
    snprintf(expect.subject, sizeof expect.subject, "%s", ticket->subject);
    buf_init(&args, CAP_COMMAND_BYTES);
    buf_init(&text, TICKET_TEXT_BYTES);
    s->capabilities = grant->capabilities;
    order_print(core, s, ticket, token, grant->duration_s, &args);
    buf_str(&text, "Remote session asked for: ");
    capabilities_print(s->capabilities, &text);
    buf_printf(&text, ", %lld min. Reason: %s", (long long)(grant->duration_s / 60), s->reason);
    enum result result = put(core, s);
    if (result == RESULT_OK)
        result = outbox_command(core, device, "session.open", s->id, buf_text(&args), core->settings->consent_wait_ms);
    if (result == RESULT_OK)
        result = note_on_ticket(core, s, TICKET_EVENT_SESSION, s->engineer, buf_text(&text));
    if (result == RESULT_OK)
        result = audit(core, s, &change->by, "session.request", "ok", buf_text(&text));
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

/* ---- the rest of its life
 * --------------------------------------------------------------------------------------------- */

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
    return sent == RESULT_OK ? audit(core, &s, &change->by, "session.code", "ok", "") : sent;
}

/* Tells the agent to stop asking its owner. */
static enum result withdraw(struct core *core, const struct session *s) {
    struct device *device = registry_find(core->registry, s->device);
    char args[128];
    if (!device)
        return RESULT_OK;
    snprintf(args, sizeof args, "{\"session\":\"%s\",\"reason\":\"withdrawn\"}", s->id);
    return outbox_command(core, device, "session.end", s->id, args, core->settings->consent_wait_ms);
}

enum result session_desk_end(struct core *core, struct change *change) {
    struct session s;
    bool is_found;
    enum result result = find(core, change, &s, &is_found);
    if (result != RESULT_OK || !is_found)
        return result;
    const bool is_own = strcmp(s.engineer, change->by.name) == 0;
    if (!is_own && change->by.role == ROLE_ENGINEER) {
        change_problem(change, 403, "denied", "This is %s's session.", s.engineer);
        return RESULT_OK;
    }
    if (!session_state_is_open(s.state)) {
        change_problem(change, 409, "conflict", "The session is over already: %s", s.text);
        return RESULT_OK;
    }
    const char *why = is_own                          ? "ended_by_engineer"
                      : change->by.role == ROLE_OWNER ? "ended_by_owner"
                                                      : "ended_by_support";
    change->status = 202;
    buf_str(&change->reply, "{}");
    result = audit(core, &s, &change->by, "session.end", "ok", why);
    if (result != RESULT_OK)
        return result;
    if (s.state == SESSION_LIVE) {
        effects_kill(core->effects, s.id, why); /* the edge ends it properly and reports back */
        return RESULT_OK;
    }
    result = withdraw(core, &s);
    return result == RESULT_OK ? apply_final(core, &s, SESSION_EVENT_FAILED, "withdrawn", &change->by) : result;
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
    result = apply(core, &s, &event, NULL);
    if (result != RESULT_OK || !was_live || session_state_is_open(s.state))
        return result;
    result = store_ticket_find(core->store, s.ticket, &ticket);
    if (result == RESULT_OK)
        reporter_ask(core->reporter, &s, ticket.subject);
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
    if (json_string(change->body, "markdown", 512 * 1024, &markdown, &fault) != RESULT_OK ||
        json_string(change->body, "digest", SHA256_HEX_BYTES, &digest, &fault) != RESULT_OK) {
        log_error("gateway.sessions", "bad_report", "session=%s reason=%s", s.id, log_text(fault.text));
        return RESULT_OK;
    }
    const struct report_row row = {
        .ticket = s.ticket, .session = s.id, .markdown = markdown, .digest = digest, .at_ms = core->now_ms};
    result = store_report_put(core->store, &row);
    if (result == RESULT_OK)
        result = note_on_ticket(core, &s, TICKET_EVENT_REPORT, TICKET_BY_GATEWAY,
                                "Service report written from the session's transcript.");
    return result == RESULT_OK ? audit(core, &s, NULL, "session.report", "ok", digest) : result;
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
    if (event.kind == SESSION_EVENT_DENIED || event.kind == SESSION_EVENT_FAILED)
        effects_kill(core->effects, s.id, event.why);
    return apply(core, &s, &event, NULL);
}

/* Runs `fn` over the sessions that are open; stops at the first store failure. */
static enum result each_open(struct core *core,
                             enum result (*fn)(struct core *core, struct session *s, const void *arg),
                             const void *arg) {
    struct open_list open;
    enum result result = open_sessions(core, &open);
    for (size_t i = 0; i < open.count && result == RESULT_OK; i++)
        result = fn(core, &open.items[i], arg);
    free(open.items);
    return result;
}

static enum result expire_one(struct core *core, struct session *s, const void *arg) {
    (void)arg;
    if (s->state == SESSION_LIVE || core->now_ms < s->requested_ms + core->settings->consent_wait_ms + ANSWER_MARGIN_MS)
        return RESULT_OK;
    if (s->has_consent) /* consented: the edge watches that the product dials in */
        return RESULT_OK;
    return apply_final(core, s, SESSION_EVENT_DENIED, "timed_out", NULL);
}

enum result session_desk_tick(struct core *core) {
    return each_open(core, expire_one, NULL);
}

static enum result device_gone_one(struct core *core, struct session *s, const void *arg) {
    const struct device *device = arg;
    if (s->state == SESSION_LIVE || strcmp(s->device, device->id) != 0)
        return RESULT_OK;
    return apply_final(core, s, SESSION_EVENT_FAILED, "device_offline", NULL);
}

enum result session_desk_device_gone(struct core *core, const struct device *device) {
    return each_open(core, device_gone_one, device);
}

static enum result ticket_closed_one(struct core *core, struct session *s, const void *arg) {
    if (s->ticket != *(const int64_t *)arg)
        return RESULT_OK;
    if (s->state == SESSION_LIVE) {
        effects_kill(core->effects, s->id, "ticket_closed");
        return RESULT_OK;
    }
    const enum result result = withdraw(core, s);
    return result == RESULT_OK ? apply_final(core, s, SESSION_EVENT_FAILED, "ticket_closed", NULL) : result;
}

enum result session_desk_ticket_closed(struct core *core, int64_t ticket) {
    return each_open(core, ticket_closed_one, &ticket);
}

/* ---- after a restart
 * -------------------------------------------------------------------------------------------------- */

struct recovered {
    struct recovered *next;
    char session[CAP_UUID_BYTES + 1];
    struct session_event event;
};

static void keep_recovered(void *self, const char *session, const struct session_event *event) {
    struct recovered **list = self, *r = mem_alloc(sizeof *r);
    snprintf(r->session, sizeof r->session, "%s", session);
    r->event = *event;
    r->next = *list;
    *list = r;
}

static enum result recover_one(struct core *core, struct session *s, const void *arg) {
    const struct recovered *found = arg;
    while (found && strcmp(found->session, s->id) != 0)
        found = found->next;
    if (found)
        return apply(core, s, &found->event, NULL);
    if (s->state == SESSION_LIVE)
        return apply_final(core, s, SESSION_EVENT_ENDED, "gateway_crashed", NULL);
    const enum result result = withdraw(core, s);
    return result == RESULT_OK ? apply_final(core, s, SESSION_EVENT_FAILED, "gateway_crashed", NULL) : result;
}

static void ask_report(void *self, const struct session *s) {
    struct core *core = self;
    struct ticket ticket;
    if (store_ticket_find(core->store, s->ticket, &ticket) == RESULT_OK)
        reporter_ask(core->reporter, s, ticket.subject);
}

enum result session_desk_recover(struct core *core, const char *transcript_dir, const struct key *seal_key,
                                 struct fault *fault) {
    struct recovered *list = NULL;
    struct fault why;
    core->now_ms = clock_wall_ms();
    if (transcript_recover_all(transcript_dir, seal_key, core->now_ms, keep_recovered, &list, &why) != RESULT_OK)
        log_error("gateway.sessions", "recovery_failed", "reason=%s", log_text(why.text));
    enum result result = store_begin(core->store);
    if (result == RESULT_OK)
        result = each_open(core, recover_one, list);
    if (result == RESULT_OK)
        result = store_commit(core->store);
    if (result == RESULT_OK)
        result = store_sessions_unreported(core->store, ask_report, core);
    if (result != RESULT_OK) {
        store_rollback(core->store);
        fault_set(fault, result, "recovering sessions: %s", store_error(core->store));
    }
    for (struct recovered *r = list, *next; r; r = next) {
        next = r->next;
        free(r);
    }
    return result;
}
