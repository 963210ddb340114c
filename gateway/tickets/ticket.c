/* What an action does to a ticket: checks in the order in which a person would want to hear of them (is this still the
 * ticket you saw? does the table know such an arrow? may you? did you say what it asks for?), then one new ticket and
 * one event.
 *
 * Pure, no clock, no store: the desk calls it inside its transaction. The version counts events, so that If-Match fails
 * when anything was said or done meanwhile, and not because an alarm was counted once more. Left: an event log as the
 * only truth, with the ticket folded from it on each read; lists and searches need the row anyway, and the row and its
 * event are written in one transaction. */
#include "tickets/ticket.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/bytes.h"

/* What this role could do instead, for the refusal's sentence. */
static void list_possible(const struct ticket *ticket, enum role role, char *out, size_t room) {
    const struct ticket_arrow *possible[TICKET_VERB_COUNT];
    const size_t count = ticket_arrows(ticket, role, possible, TICKET_VERB_COUNT);
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const int n =
            snprintf(out + used, room - used, "%s%s", i == 0 ? "" : ", ", ticket_verb_name(possible[i]->verb));
        if (n < 0 || (size_t)n >= room - used)
            return;
        used += (size_t)n;
    }
    if (count == 0)
        snprintf(out, room, "nothing");
}

static enum result check_text(const char *what, const char *text, size_t max, struct fault *fault) {
    const size_t count = strlen(text);
    if (count > max)
        return fault_set(fault, RESULT_TOO_BIG, "%s has %zu bytes, at most %zu are possible", what, count, max);
    if (!utf8_valid(text, count))
        return fault_set(fault, RESULT_BAD_INPUT, "%s is not valid UTF-8", what);
    return RESULT_OK;
}

static bool is_blank(const char *text) {
    return text[strspn(text, " \t\r\n")] == '\0';
}

static enum result check_needs(const struct ticket_arrow *arrow, const struct ticket_action *action,
                               struct fault *fault) {
    const char *verb = ticket_verb_name(action->verb);
    const char *text = action->text ? action->text : "", *assignee = action->assignee ? action->assignee : "";
    if (arrow->need == TICKET_NEEDS_TEXT && is_blank(text))
        return fault_set(fault, RESULT_BAD_INPUT, "%s needs a text: %s", verb, arrow->asks);
    if (arrow->need == TICKET_NEEDS_ASSIGNEE && is_blank(assignee))
        return fault_set(fault, RESULT_BAD_INPUT, "%s needs an assignee: %s", verb, arrow->asks);
    if (arrow->need != TICKET_NEEDS_ASSIGNEE && assignee[0] != '\0')
        return fault_set(fault, RESULT_BAD_INPUT, "%s takes no assignee; use assign", verb);
    const enum result result = check_text("the text", text, TICKET_TEXT_BYTES, fault);
    if (result != RESULT_OK)
        return result;
    return check_text("the assignee", assignee, TICKET_WHO_BYTES, fault);
}

static enum result check_action(const struct ticket *ticket, const struct ticket_action *action,
                                const struct ticket_arrow **arrow, struct fault *fault) {
    char possible[160];
    list_possible(ticket, action->role, possible, sizeof possible);
    if (action->if_match >= 0 && action->if_match != ticket->version) {
        fault_set(fault, RESULT_CONFLICT, "ticket %lld changed meanwhile: it is at version %lld, you acted on %lld",
                  (long long)ticket->id, (long long)ticket->version, (long long)action->if_match);
        return RESULT_CONFLICT;
    }
    *arrow = ticket_arrow_find(ticket->state, action->verb);
    if (*arrow == NULL) {
        fault_set(fault, RESULT_CONFLICT, "%s is not possible while the ticket is %s; possible now: %s",
                  ticket_verb_name(action->verb), ticket_state_name(ticket->state), possible);
        return RESULT_CONFLICT;
    }
    if (((*arrow)->roles & ROLE_BIT(action->role)) == 0)
        return fault_set(fault, RESULT_DENIED, "%s is not for the role %s; possible for you now: %s",
                         ticket_verb_name(action->verb), role_name(action->role), possible);
    return check_needs(*arrow, action, fault);
}

static void begin_event(struct ticket_event *event, const struct ticket *ticket, enum ticket_event_kind kind,
                        const char *by, const char *text, int64_t now_ms) {
    event->id = 0;
    event->ticket = ticket->id;
    event->at_ms = now_ms;
    event->kind = kind;
    event->from[0] = event->to[0] = event->data[0] = '\0';
    text_copy(event->by, sizeof event->by, by);
    text_copy(event->text, sizeof event->text, text ? text : "");
}

static enum ticket_event_kind kind_of(const struct ticket_arrow *arrow) {
    if (arrow->verb == TICKET_COMMENT)
        return TICKET_EVENT_COMMENT;
    return arrow->verb == TICKET_ASSIGN ? TICKET_EVENT_ASSIGNED : TICKET_EVENT_STATE;
}

enum result ticket_apply(const struct ticket *ticket, const struct ticket_action *action, struct ticket *out,
                         struct ticket_event *event, struct fault *fault) {
    const struct ticket_arrow *arrow = NULL;
    const enum result result = check_action(ticket, action, &arrow, fault);
    if (result != RESULT_OK)
        return result;
    struct ticket next = *ticket;
    next.version++;
    next.updated_ms = action->now_ms;
    next.is_touched = true;
    next.state = ticket_arrow_target(ticket, arrow);
    begin_event(event, ticket, kind_of(arrow), action->by, action->text, action->now_ms);
    if (event->kind == TICKET_EVENT_ASSIGNED) {
        text_copy(next.assignee, sizeof next.assignee, action->assignee);
        text_copy(event->from, sizeof event->from, ticket->assignee);
        text_copy(event->to, sizeof event->to, next.assignee);
    } else if (event->kind == TICKET_EVENT_STATE) {
        text_copy(event->from, sizeof event->from, ticket_state_name(ticket->state));
        text_copy(event->to, sizeof event->to, ticket_state_name(next.state));
    }
    if (next.state == TICKET_RESOLVED && ticket->state != TICKET_RESOLVED)
        next.resolved_ms = action->now_ms;
    if (ticket_state_is_open(next.state)) {
        next.resolved_ms = 0;
        next.is_self_healed = false;
    }
    *out = next;
    return RESULT_OK;
}

enum result ticket_open(const struct ticket *first, const char *by, const char *text, int64_t now_ms,
                        struct ticket *out, struct ticket_event *event, struct fault *fault) {
    if (is_blank(first->subject))
        return fault_set(fault, RESULT_BAD_INPUT, "a ticket needs a subject: what is wrong, in a line");
    enum result result = check_text("the subject", first->subject, TICKET_SUBJECT_BYTES, fault);
    if (result == RESULT_OK)
        result = check_text("the text", text ? text : "", TICKET_TEXT_BYTES, fault);
    if (result != RESULT_OK)
        return result;
    struct ticket next = *first;
    next.id = 0;
    next.version = 1;
    next.state = TICKET_NEW;
    next.opened_ms = next.updated_ms = now_ms;
    next.is_touched = true;
    if (next.severity == 0)
        next.severity = SEVERITY_IS_MINOR;
    begin_event(event, &next, TICKET_EVENT_OPENED, by, text, now_ms);
    text_copy(event->to, sizeof event->to, ticket_state_name(TICKET_NEW));
    *out = next;
    return RESULT_OK;
}

void ticket_note(const struct ticket *ticket, enum ticket_event_kind kind, const char *by, const char *text,
                 const char *data_json, int64_t now_ms, struct ticket *out, struct ticket_event *event) {
    *out = *ticket;
    out->version++;
    out->updated_ms = now_ms;
    begin_event(event, ticket, kind, by, text, now_ms);
    if (data_json != NULL && strlen(data_json) <= TICKET_DATA_BYTES)
        text_copy(event->data, sizeof event->data, data_json);
}
