/* A row for each verb. Who may ask at all was checked at the edge (routes are rows there); what depends on the thing
 * itself (the ticket's state, whose session it is) is decided here, by the pure functions of tickets/ and sessions/.
 * Every change leaves an audit entry in the same transaction: no entry, no change. */
#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access_desk.h"
#include "alarm_desk.h"
#include "fieldline/log.h"
#include "owner_desk.h"
#include "jobs.h"
#include "session_desk.h"
#include "session_guard.h"
#include "session_hold.h"
#include "session_finds.h"
#include "store/audit.h"
#include "store/cases.h"
#include "store/users.h"
#include "tickets/print.h"
#include "web/auth.h"

enum result desk_audit(struct core *core, const struct change *change, const char *what, const char *object,
                       const char *result, const char *detail) {
    const struct audit_row row = {.at_ms = core->now_ms,
                                  .who = change->by.name,
                                  .what = what,
                                  .object = object,
                                  .result = result,
                                  .detail = detail,
                                  .address = change->by.address};
    return audit_add(core->store, &row);
}

static int status_of(enum result verdict) {
    static const struct {
        enum result verdict;
        int status;
    } rows[] = {{RESULT_DENIED, 403}, {RESULT_CONFLICT, 409}, {RESULT_NOT_FOUND, 404}, {RESULT_EXPIRED, 409}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].verdict == verdict)
            return rows[i].status;
    return 400;
}

enum result desk_refuse(struct core *core, struct change *change, const char *what, const char *object,
                        enum result verdict, const char *text) {
    change_problem(change, status_of(verdict), result_name(verdict), "%s", text);
    return desk_audit(core, change, what, object, result_name(verdict), text);
}

static void answer_ticket(struct change *change, int status, const struct ticket *ticket) {
    struct json_out j = json_out(&change->reply);
    change->status = status;
    change->etag = ticket->version;
    ticket_print(ticket, &j, NULL);
}

/* ---- tickets
 * ------------------------------------------------------------------------------------------------------------ */

static enum result read_ticket(const struct change *change, struct ticket *first, const char **text,
                               const char **device, struct fault *fault) {
    const char *subject, *severity = NULL, *source = NULL;
    enum result result = json_string(change->body, "device", CAP_DEVICE_ID_BYTES, device, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "subject", TICKET_SUBJECT_BYTES, &subject, fault);
    if (result == RESULT_OK)
        result = json_optional_string(change->body, "text", TICKET_TEXT_BYTES, text, fault);
    if (result == RESULT_OK)
        result = json_optional_string(change->body, "severity", 16, &severity, fault);
    if (result == RESULT_OK)
        result = json_optional_string(change->body, "source", 16, &source, fault);
    if (result != RESULT_OK)
        return result;
    snprintf(first->subject, sizeof first->subject, "%s", subject);
    if (severity && !alarm_severity_parse(severity, &first->severity))
        return fault_set(fault, RESULT_BAD_INPUT, "'severity' is '%s', expected critical, major, minor or warning",
                         severity);
    first->source = change->by.role == ROLE_OWNER ? TICKET_FROM_OWNER : TICKET_FROM_API;
    if (source && (!ticket_source_parse(source, &first->source) || first->source == TICKET_FROM_ALARM))
        return fault_set(fault, RESULT_BAD_INPUT, "'source' is '%s', expected owner, phone or api", source);
    return RESULT_OK;
}

static enum result open_ticket(struct core *core, struct change *change) {
    struct ticket first = {0}, ticket;
    struct ticket_event event;
    struct fault fault;
    const char *text = NULL, *device_id = NULL;
    char object[40] = "";
    enum result verdict = read_ticket(change, &first, &text, &device_id, &fault);
    if (verdict == RESULT_OK) {
        const struct device *device = registry_find(core->registry, device_id);
        if (!device || device->row == 0) {
            verdict = fault_set(&fault, RESULT_NOT_FOUND, "There is no device '%s'.", device_id);
        } else {
            first.device_id = device->row;
            snprintf(first.device, sizeof first.device, "%s", device->id);
            snprintf(first.model, sizeof first.model, "%s", device->model);
        }
    }
    if (verdict == RESULT_OK)
        verdict = ticket_open(&first, change->by.name, text, core->now_ms, &ticket, &event, &fault);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, "ticket.open", object, verdict, fault.text);
    enum result result = store_ticket_put(core->store, &ticket, &event, 1);
    if (result != RESULT_OK)
        return result;
    core->figures.tickets_opened++;
    snprintf(object, sizeof object, "ticket/%lld", (long long)ticket.id);
    effects_notify_row(core->effects, "ticket", ticket.id, ticket.device);
    answer_ticket(change, 201, &ticket);
    return desk_audit(core, change, "ticket.open", object, "ok", ticket.subject);
}

/* Reads the action; an assignee must be somebody who can work on tickets. Only the store's failures are results. */
static enum result read_action(struct core *core, const struct change *change, struct ticket_action *action,
                               enum result *verdict, struct fault *fault) {
    const char *verb;
    struct user_row user;
    *action = (struct ticket_action){
        .by = change->by.name, .role = change->by.role, .if_match = change->if_match, .now_ms = core->now_ms};
    *verdict = json_string(change->body, "action", 32, &verb, fault);
    if (*verdict == RESULT_OK && !ticket_verb_parse(verb, &action->verb))
        *verdict = fault_set(fault, RESULT_BAD_INPUT, "'action' is '%s', which is not one", verb);
    if (*verdict == RESULT_OK)
        *verdict = json_optional_string(change->body, "text", TICKET_TEXT_BYTES, &action->text, fault);
    if (*verdict == RESULT_OK)
        *verdict = json_optional_string(change->body, "assignee", TICKET_WHO_BYTES, &action->assignee, fault);
    if (*verdict != RESULT_OK || !action->assignee || !action->assignee[0])
        return RESULT_OK;
    const enum result result = store_user_find(core->store, action->assignee, &user);
    const uint32_t workers = ROLE_BIT(ROLE_ENGINEER) | ROLE_BIT(ROLE_SUPPORT) | ROLE_BIT(ROLE_SUPERVISOR);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && (user.is_disabled || !(workers & ROLE_BIT(user.role)))))
        *verdict =
            fault_set(fault, RESULT_BAD_INPUT, "'%s' is not somebody a ticket can be assigned to", action->assignee);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result act_on_ticket(struct core *core, struct change *change) {
    struct ticket before, after;
    struct ticket_action action;
    struct ticket_event event;
    struct fault fault;
    enum result verdict;
    char object[40], what[48];
    int64_t id = strtoll(change->id, NULL, 10);
    snprintf(object, sizeof object, "ticket/%lld", (long long)id);
    enum result result = store_ticket_find(core->store, id, &before);
    if (result == RESULT_NOT_FOUND)
        return desk_refuse(core, change, "ticket.action", object, RESULT_NOT_FOUND, "There is no such ticket.");
    if (result == RESULT_OK)
        result = read_action(core, change, &action, &verdict, &fault);
    if (result != RESULT_OK)
        return result;
    if (verdict == RESULT_OK)
        verdict = ticket_apply(&before, &action, &after, &event, &fault);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, "ticket.action", object, verdict, fault.text);
    result = store_ticket_put(core->store, &after, &event, 1);
    if (result == RESULT_OK && ticket_state_is_open(before.state) && !ticket_state_is_open(after.state))
        result = session_guard_now(core);
    if (result == RESULT_OK)
        result = store_ticket_find(core->store, id, &after); /* ending its sessions wrote lines of their own */
    if (result != RESULT_OK)
        return result;
    snprintf(what, sizeof what, "ticket.%s", ticket_verb_name(action.verb));
    effects_notify_row(core->effects, "ticket", id, after.device);
    answer_ticket(change, 200, &after);
    return desk_audit(core, change, what, object, "ok", event.text);
}

/* ---- logins
 * --------------------------------------------------------------------------------------------------------------- */

static enum result log_in(struct core *core, struct change *change) {
    struct login_row login = {.user_id = change->by.user_id,
                              .created_ms = core->now_ms,
                              .seen_ms = core->now_ms,
                              .expires_ms = core->now_ms + core->settings->login_max_ms};
    auth_make_token(change->cookie, login.token_sha256);
    snprintf(login.address, sizeof login.address, "%s", change->by.address);
    const enum result result = store_login_add(core->store, &login);
    if (result != RESULT_OK)
        return result;
    change->status = 200;
    json_print(change->body, &change->reply);
    return desk_audit(core, change, "login", "", "ok", "");
}

static enum result login_failed(struct core *core, struct change *change) {
    const char *user = "";
    struct fault fault;
    change->status = 200;
    if (json_string(change->body, "user", USER_NAME_BYTES, &user, &fault) != RESULT_OK)
        user = "";
    snprintf(change->by.name, sizeof change->by.name, "%s", user);
    return desk_audit(core, change, "login", "", "denied", "wrong user or password");
}

/* The digest that names a login session; false when the edge gave none. */
static bool read_login(const struct change *change, uint8_t token_sha256[SHA256_BYTES]) {
    const char *hex = NULL;
    struct fault fault;
    return json_string(change->body, "login", SHA256_HEX_BYTES, &hex, &fault) == RESULT_OK &&
           hex_decode(hex, strlen(hex), token_sha256, SHA256_BYTES);
}

static enum result login_seen(struct core *core, struct change *change) {
    uint8_t token_sha256[SHA256_BYTES];
    change->status = 200;
    if (!read_login(change, token_sha256))
        return RESULT_OK;
    const enum result result = store_login_seen(core->store, token_sha256, core->now_ms);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* Reading a recording or the audit log is a deed, too. */
static enum result note_read(struct core *core, struct change *change) {
    const char *what, *detail = NULL;
    struct fault fault;
    char object[80] = "";
    change->status = 200;
    if (json_string(change->body, "what", CAP_CODE_BYTES, &what, &fault) != RESULT_OK ||
        json_optional_string(change->body, "detail", 255, &detail, &fault) != RESULT_OK)
        return RESULT_OK;
    if (change->id[0])
        snprintf(object, sizeof object, "session/%s", change->id);
    return desk_audit(core, change, what, object, "ok", detail ? detail : "");
}

static enum result log_out(struct core *core, struct change *change) {
    uint8_t token_sha256[SHA256_BYTES];
    change->status = 204;
    if (!read_login(change, token_sha256))
        return RESULT_OK;
    const enum result result = store_login_delete(core->store, token_sha256);
    return result == RESULT_OK || result == RESULT_NOT_FOUND ? desk_audit(core, change, "logout", "", "ok", "")
                                                             : result;
}

static const struct {
    enum change_verb verb;
    enum result (*execute)(struct core *core, struct change *change);
} verbs[] = {
    {CHANGE_TICKET_OPEN, open_ticket},
    {CHANGE_TICKET_ACTION, act_on_ticket},
    {CHANGE_ALARM_ACK, alarm_desk_acknowledge},
    {CHANGE_ALARM_SHELVE, alarm_desk_shelve},
    {CHANGE_ALARM_UNSHELVE, alarm_desk_unshelve},
    {CHANGE_ALARM_RESET, alarm_desk_reset},
    {CHANGE_MAINTENANCE_BEGIN, alarm_desk_maintain},
    {CHANGE_MAINTENANCE_END, alarm_desk_end_maintenance},
    {CHANGE_DEVICE_LOCATE, alarm_desk_locate},
    {CHANGE_DEVICE_PENDING, alarm_desk_pending},
    {CHANGE_SESSION_REQUEST, session_desk_request},
    {CHANGE_SESSION_EMERGENCY, session_desk_request},
    {CHANGE_SESSION_APPROVE, session_desk_approve},
    {CHANGE_SESSION_REFUSE, session_desk_approve},
    {CHANGE_SESSION_REVIEW, session_desk_review},
    {CHANGE_SESSION_TERMS, access_desk_terms},
    {CHANGE_QUALIFY, access_desk_qualify},
    {CHANGE_DISQUALIFY, access_desk_disqualify},
    {CHANGE_CONTRACT_SET, access_desk_contract},
    {CHANGE_KILL, access_desk_kill},
    {CHANGE_KILL_LIFT, access_desk_lift},
    {CHANGE_SESSION_CONSENT, session_desk_consent},
    {CHANGE_SESSION_END, session_desk_end},
    {CHANGE_OWNER_ENROL, owner_desk_enrol},
    {CHANGE_OWNER_SAY, owner_desk_say},
    {CHANGE_OWNER_LOOK, owner_desk_look},
    {CHANGE_RULES_RELOAD, rule_versions_change},
    {CHANGE_RULES_REVERT, rule_versions_change},
    {CHANGE_LOGIN, log_in},
    {CHANGE_LOGIN_FAILED, login_failed},
    {CHANGE_LOGIN_SEEN, login_seen},
    {CHANGE_READ, note_read},
    {CHANGE_LOGOUT, log_out},
    {CHANGE_SESSION_LIVE, session_desk_edge_event},
    {CHANGE_SESSION_ENDED, session_desk_edge_event},
    {CHANGE_DEVICE_REVOKED, session_guard_revoked},
    {CHANGE_SESSION_REPORT, session_desk_report},
    {CHANGE_SESSION_HOLD, session_hold_begin},
    {CHANGE_SESSION_RELEASE, session_hold_end},
    {CHANGE_JOB_OPEN, jobs_open},
    {CHANGE_JOB_ACTION, jobs_act},
    {CHANGE_JOB_RESULT, jobs_result},
    {CHANGE_SESSION_LINES, session_finds_lines},
    {CHANGE_SESSION_FINDING, session_finds_finding},
};
_Static_assert(sizeof verbs / sizeof *verbs == CHANGE_VERB_COUNT, "every verb has its row");

enum result desk_execute(struct core *core, struct change *change) {
    core->figures.changes++;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (verbs[i].verb == change->verb)
            return verbs[i].execute(core, change);
    die("gateway.desk", "change verb %d has no row", change->verb);
}
