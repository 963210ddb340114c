/* The second pair of eyes: approving or refusing what waits for it, and what a supervisor says afterwards of an
 * emergency. Who may is a pure function (sessions/grant.h); at the moment of the approval everything is asked anew,
 * because minutes have gone by since the request. */
#include "session_desk.h"

#include <stdio.h>
#include <string.h>

#include "desk.h"
#include "session_ask.h"
#include "session_case.h"
#include "session_facts.h"
#include "store/cases.h"
#include "store/users.h"

/* The session of the path, in `wanted` or in no matter which state (SESSION_STATE_COUNT). false: it is answered. */
static bool find(struct core *core, struct change *change, struct session *s, enum session_state wanted,
                 enum result *result) {
    *result = store_session_find(core->store, change->id, s);
    if (*result == RESULT_NOT_FOUND) {
        change_problem(change, 404, "not_found", "There is no session %s.", change->id);
        *result = RESULT_OK;
        return false;
    }
    if (*result == RESULT_OK && wanted != SESSION_STATE_COUNT && s->state != wanted) {
        change_problem(change, 409, "conflict", "The session is %s; nobody waits for an approval.",
                       session_state_name(s->state));
        return false;
    }
    return *result == RESULT_OK;
}

static enum result refuse(struct core *core, struct change *change, const struct session *s, const char *what,
                          enum result verdict, const char *text) {
    char object[64];
    snprintf(object, sizeof object, "session/%s", s->id);
    return desk_refuse(core, change, what, object, verdict, text);
}

/* May who asks approve it? Only the store's failures are results. */
static enum result judge(struct core *core, const struct change *change, const struct session *s, enum result *verdict,
                         struct fault *fault) {
    struct grant_facts facts;
    struct user_row user = {0};
    struct ticket ticket;
    char customer[SESSION_NAME_BYTES + 1];
    enum result result = store_ticket_find(core->store, s->ticket, &ticket);
    if (result == RESULT_OK)
        result = store_user_find(core->store, change->by.name, &user);
    if (result == RESULT_OK)
        result = session_facts(core, change->by.name, s->device, ticket_state_is_open(ticket.state), &facts, customer);
    wipe(user.password, sizeof user.password);
    if (result == RESULT_NOT_FOUND) {
        *verdict = fault_set(fault, RESULT_DENIED, "your account is not known any more");
        return RESULT_OK;
    }
    if (result == RESULT_OK)
        *verdict = grant_approve(s, change->by.name, user.made_by, &facts, fault);
    return result;
}

static enum result approve(struct core *core, struct change *change, struct session *s, const char *text) {
    struct session_event event = {.kind = SESSION_EVENT_APPROVED,
                                  .at_ms = core->now_ms,
                                  .by = change->by.name,
                                  .due_ms = session_ask_due_ms(core)};
    struct ticket ticket;
    struct grant grant;
    struct fault fault;
    enum result verdict;
    enum result result = store_ticket_find(core->store, s->ticket, &ticket);
    if (result == RESULT_OK)
        result = session_decide(core, s, &ticket, s->duration_s / 60, &grant, &verdict, &fault);
    if (result != RESULT_OK)
        return result;
    if (verdict == RESULT_OK) {
        snprintf(event.text, sizeof event.text, "%s", text ? text : "");
        verdict = session_apply(s, &event, &fault);
    } else {
        fault_prefix(&fault, "%s may not have it now", s->engineer);
    }
    if (verdict != RESULT_OK)
        return refuse(core, change, s, "session.approve", verdict, fault.text);
    s->needs_moderator |= grant.needs_moderator;
    result = session_ask(core, s, &ticket, &change->by, "session.approve");
    effects_notify(core->effects, "approval", s->id, s->device);
    change->status = 200;
    struct json_out j = json_out(&change->reply);
    session_print(s, &j, NULL);
    return result;
}

static enum result deny(struct core *core, struct change *change, struct session *s, const char *text) {
    struct session_event event = {.kind = SESSION_EVENT_DENIED, .at_ms = core->now_ms, .why = "not_approved"};
    struct buf words;
    buf_init(&words, 2 * SESSION_TEXT_BYTES);
    buf_printf(&words, "%s did not approve it: %s", change->by.name, text);
    size_t chars = words.count < SESSION_TEXT_BYTES ? words.count : utf8_cut(buf_text(&words), SESSION_TEXT_BYTES);
    snprintf(event.text, sizeof event.text, "%.*s", (int)chars, buf_text(&words));
    buf_fini(&words);
    effects_notify(core->effects, "approval", s->id, s->device);
    enum result result = session_case_audit(core, s, &change->by, "session.refuse", "ok", text);
    if (result == RESULT_OK)
        result = session_case_apply(core, s, &event, &change->by);
    change->status = 200;
    struct json_out j = json_out(&change->reply);
    session_print(s, &j, NULL);
    return result;
}

enum result session_desk_approve(struct core *core, struct change *change) {
    const bool is_yes = change->verb == CHANGE_SESSION_APPROVE;
    const char *text = NULL;
    struct session s;
    struct fault fault;
    enum result result, verdict;
    if (!find(core, change, &s, SESSION_AWAITING_APPROVAL, &result))
        return result;
    verdict = json_optional_string(change->body, "text", SESSION_TEXT_BYTES, &text, &fault);
    if (verdict == RESULT_OK && !is_yes && (!text || text[strspn(text, " \t\r\n")] == '\0'))
        verdict = fault_set(&fault, RESULT_BAD_INPUT, "'text' is missing: who asked is told why not");
    if (verdict == RESULT_OK)
        result = judge(core, change, &s, &verdict, &fault);
    if (result != RESULT_OK)
        return result;
    if (verdict != RESULT_OK)
        return refuse(core, change, &s, is_yes ? "session.approve" : "session.refuse", verdict, fault.text);
    return is_yes ? approve(core, change, &s, text) : deny(core, change, &s, text);
}

/* ---- the review of an emergency ---- */

static enum result read_review(const struct change *change, struct session *s, struct fault *fault) {
    const char *verdict, *text;
    enum result result = json_string(change->body, "verdict", 32, &verdict, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "text", SESSION_TEXT_BYTES, &text, fault);
    if (result != RESULT_OK)
        return result;
    s->review.is_justified = strcmp(verdict, "justified") == 0;
    if (!s->review.is_justified && strcmp(verdict, "not_justified") != 0)
        return fault_set(fault, RESULT_BAD_INPUT, "'verdict' is '%s', expected justified or not_justified", verdict);
    if (text[strspn(text, " \t\r\n")] == '\0')
        return fault_set(fault, RESULT_BAD_INPUT, "'text' is missing: a review says why");
    if (strcmp(s->engineer, change->by.name) == 0)
        return fault_set(fault, RESULT_DENIED, "This was your own session; another supervisor has to review it.");
    if (!session_wants_review(s))
        return fault_set(fault, RESULT_CONFLICT, "This session waits for no review.");
    snprintf(s->review.text, sizeof s->review.text, "%s", text);
    snprintf(s->review.by, sizeof s->review.by, "%s", change->by.name);
    return RESULT_OK;
}

enum result session_desk_review(struct core *core, struct change *change) {
    struct session s;
    struct fault fault;
    char text[TICKET_TEXT_BYTES];
    enum result result;
    if (!find(core, change, &s, SESSION_STATE_COUNT, &result))
        return result;
    const enum result verdict = read_review(change, &s, &fault);
    if (verdict != RESULT_OK)
        return refuse(core, change, &s, "session.review", verdict, fault.text);
    s.has_review = true;
    s.review.at_ms = core->now_ms;
    snprintf(text, sizeof text, "Emergency session reviewed: %s. %s",
             s.review.is_justified ? "justified" : "NOT justified", s.review.text);
    result = session_case_put(core, &s);
    if (result == RESULT_OK)
        result = session_case_note(core, &s, TICKET_EVENT_SESSION, change->by.name, text);
    if (result == RESULT_OK)
        result = session_case_audit(core, &s, &change->by, "session.review", "ok", text);
    effects_notify(core->effects, "emergency", s.id, s.device);
    change->status = 200;
    struct json_out j = json_out(&change->reply);
    session_print(&s, &j, NULL);
    return result;
}
