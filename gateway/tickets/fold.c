/* Alarm changes folded into tickets; the policy is the table in fold.h, and pick() is that table's first four lines.
 *
 * What was left on purpose: folding by time alone ("within an hour of each other"), because a compressor that fails
 * takes a day to raise its second alarm, and folding by group, because packs would have to name groups before anybody
 * gains from it. A second, unrelated fault in the same ticket is seen by the engineer who opens the case: its alarms
 * are listed there. */
#include "tickets/fold.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"

enum target { TARGET_NEW, TARGET_OWN, TARGET_RECENT, TARGET_OTHER };

static bool is_same_alarm(const struct ticket *ticket, const struct alarm *alarm) {
    return strcmp(ticket->alarm, alarm->alarm) == 0 && strcmp(ticket->part, alarm->part) == 0;
}

/* Newest of those that match, so that the order of `tickets` does not matter. */
static const struct ticket *newer(const struct ticket *best, const struct ticket *ticket) {
    return best == NULL || ticket->id > best->id ? ticket : best;
}

static enum target pick(const struct ticket *tickets, size_t count, const struct alarm *alarm, int64_t now_ms,
                        const struct ticket **out) {
    const struct ticket *own = NULL, *recent = NULL, *other = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct ticket *t = &tickets[i];
        const bool is_its_own = (alarm->ticket != 0 && t->id == alarm->ticket) || is_same_alarm(t, alarm);
        if (ticket_state_is_open(t->state)) {
            if (is_its_own)
                own = newer(own, t);
            else if (t->source == TICKET_FROM_ALARM)
                other = newer(other, t);
        } else if (is_its_own && t->state != TICKET_FOLLOWED_UP && now_ms - t->resolved_ms <= TICKET_REOPEN_MS) {
            recent = newer(recent, t);
        }
    }
    *out = own ? own : recent ? recent : other;
    return own ? TARGET_OWN : recent ? TARGET_RECENT : other ? TARGET_OTHER : TARGET_NEW;
}

/* A repeat that deserves a line in the history: the first three, then each power of two. */
static bool is_worth_a_line(int64_t count) {
    return count <= 3 || (count & (count - 1)) == 0;
}

static void print_data(const struct alarm *alarm, enum alarm_change change, bool is_self_healed, char *out,
                       size_t room) {
    struct buf text;
    buf_init(&text, room - 1);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_int(&j, "alarm_id", alarm->id);
    jo_str(&j, "alarm", alarm->alarm);
    jo_str(&j, "part", alarm->part);
    jo_str(&j, "change", alarm_change_name(change));
    jo_str(&j, "severity", alarm_severity_name(alarm->severity));
    if (!alarm->is_fault_code)
        jo_num(&j, "value", alarm->value);
    jo_int(&j, "event_ms", change == ALARM_CLEARED ? alarm->cleared_ms : alarm->raised_ms);
    jo_int(&j, "count", alarm->count);
    if (is_self_healed)
        jo_str(&j, "reason", "self_healed");
    jo_end(&j);
    text_copy(out, room, text.overflow ? "" : buf_text(&text));
    buf_fini(&text);
}

static void begin_event(struct ticket_event *event, const struct ticket *ticket, enum ticket_event_kind kind,
                        int64_t now_ms) {
    *event = (struct ticket_event){.ticket = ticket->id, .at_ms = now_ms, .kind = kind, .by = TICKET_BY_GATEWAY};
}

static const char *of_part(const struct alarm *alarm, char *out, size_t room) {
    if (alarm->part[0] == '\0')
        snprintf(out, room, "%s", alarm->alarm);
    else
        snprintf(out, room, "%s (%s)", alarm->alarm, alarm->part);
    return out;
}

static void open_new(const char *model, const struct alarm *alarm, int64_t now_ms, struct ticket *out,
                     struct ticket_event *event) {
    *out = (struct ticket){.version = 1,
                           .device_id = alarm->device_id,
                           .state = TICKET_NEW,
                           .severity = alarm->severity,
                           .source = TICKET_FROM_ALARM,
                           .opened_ms = now_ms,
                           .updated_ms = now_ms,
                           .alarms_active = 1};
    text_copy(out->device, sizeof out->device, alarm->device);
    text_copy(out->model, sizeof out->model, model);
    text_copy(out->alarm, sizeof out->alarm, alarm->alarm);
    text_copy(out->part, sizeof out->part, alarm->part);
    text_copy(out->subject, sizeof out->subject, alarm->summary[0] ? alarm->summary : alarm->alarm);
    begin_event(event, out, TICKET_EVENT_OPENED, now_ms);
    text_copy(event->to, sizeof event->to, ticket_state_name(TICKET_NEW));
    text_copy(event->text, sizeof event->text, alarm->description);
}

/* It says so once; what follows is counted only, until it is calm. */
static void tell_flapping(const struct alarm *alarm, struct ticket_event *event) {
    char name[TICKET_ALARM_BYTES + CAP_PART_BYTES + 8];
    if (alarm->flap_count != ALARM_FLAP_RAISES)
        return;
    event->kind = TICKET_EVENT_ALARM;
    snprintf(
        event->text, sizeof event->text,
        "%s is flapping: raised %d times, each within %d minutes of the one before. From here on it is counted, and "
        "told again when it is calm.",
        of_part(alarm, name, sizeof name), ALARM_FLAP_RAISES, ALARM_FLAP_MS / 60000);
}

static void raise_into(const struct ticket *ticket, enum target target, const struct alarm *alarm, int64_t now_ms,
                       struct ticket *out, struct ticket_event *event) {
    char name[TICKET_ALARM_BYTES + CAP_PART_BYTES + 8];
    *out = *ticket;
    out->alarms_active += !alarm->is_in_ticket; /* it was latched: it counts already */
    out->repeats++;
    const bool rises = alarm->severity > ticket->severity;
    if (rises)
        out->severity = alarm->severity;
    begin_event(event, ticket, TICKET_EVENT_NONE, now_ms);
    if (target == TARGET_RECENT) {
        event->kind = TICKET_EVENT_STATE;
        out->state = ticket->assignee[0] ? TICKET_ASSIGNED : TICKET_NEW;
        out->resolved_ms = 0;
        out->is_self_healed = false;
        text_copy(event->from, sizeof event->from, ticket_state_name(ticket->state));
        text_copy(event->to, sizeof event->to, ticket_state_name(out->state));
        snprintf(event->text, sizeof event->text, "Reopened: %s came back%s. %s", of_part(alarm, name, sizeof name),
                 alarm->is_flapping ? " and is flapping; from here on it is counted, and told again when it is calm"
                                    : "",
                 alarm->summary);
    } else if (alarm->is_flapping && !rises && target == TARGET_OWN) {
        tell_flapping(alarm, event);
    } else if (target == TARGET_OTHER || rises || is_worth_a_line(out->repeats)) {
        event->kind = TICKET_EVENT_ALARM;
        snprintf(event->text, sizeof event->text, "%s %s. %s", of_part(alarm, name, sizeof name),
                 target == TARGET_OTHER ? "was raised on the same product" : "was raised again", alarm->summary);
    }
}

static void rise(const struct ticket *ticket, const struct alarm *alarm, int64_t now_ms, struct ticket *out,
                 struct ticket_event *event) {
    char name[TICKET_ALARM_BYTES + CAP_PART_BYTES + 8];
    *out = *ticket;
    out->severity = alarm->severity;
    begin_event(event, ticket, TICKET_EVENT_ALARM, now_ms);
    snprintf(event->text, sizeof event->text, "%s rose to %s. %s", of_part(alarm, name, sizeof name),
             alarm_severity_name(alarm->severity), alarm->summary);
}

/* Nobody has touched the ticket, and no alarm of it is active: it is done. An alarm that a person had to reset is not
 * of that kind. */
static bool heals(const struct ticket *out, const struct alarm *alarm) {
    return out->alarms_active == 0 && out->state == TICKET_NEW && !out->is_touched && !alarm->is_flapping &&
           !alarm->latches;
}

static void resolve(const struct alarm *alarm, const char *how, int64_t now_ms, struct ticket *out,
                    struct ticket_event *event) {
    char name[TICKET_ALARM_BYTES + CAP_PART_BYTES + 8];
    event->kind = TICKET_EVENT_STATE;
    out->state = TICKET_RESOLVED;
    out->resolved_ms = now_ms;
    out->is_self_healed = true;
    text_copy(event->from, sizeof event->from, ticket_state_name(TICKET_NEW));
    text_copy(event->to, sizeof event->to, ticket_state_name(TICKET_RESOLVED));
    snprintf(event->text, sizeof event->text, "Healed by itself: %s %s. Reopens if it comes back.",
             of_part(alarm, name, sizeof name), how);
}

static void heal(const struct ticket *ticket, const struct alarm *alarm, int64_t now_ms, struct ticket *out,
                 struct ticket_event *event) {
    char name[TICKET_ALARM_BYTES + CAP_PART_BYTES + 8];
    *out = *ticket;
    if (out->alarms_active > 0)
        out->alarms_active--;
    begin_event(event, ticket, TICKET_EVENT_NONE, now_ms);
    const bool is_last = out->alarms_active == 0;
    if (heals(out, alarm)) {
        resolve(alarm, "cleared before anybody acted", now_ms, out, event);
    } else if (!alarm->is_flapping && is_worth_a_line(alarm->count)) {
        event->kind = TICKET_EVENT_ALARM;
        snprintf(event->text, sizeof event->text, "%s cleared%s", of_part(alarm, name, sizeof name),
                 is_last ? "; no alarm of this ticket is active now." : ".");
    }
}

/* A milder severity. What is being handled keeps its urgency: who handles it decides. */
static void fall(const struct ticket *ticket, const struct alarm *alarm, int64_t now_ms, struct ticket *out,
                 struct ticket_event *event) {
    char name[TICKET_ALARM_BYTES + CAP_PART_BYTES + 8];
    *out = *ticket;
    const bool is_waiting = ticket->state == TICKET_NEW && !ticket->is_touched && ticket->assignee[0] == '\0';
    if (is_waiting && ticket->alarms_active == 1 && is_same_alarm(ticket, alarm))
        out->severity = alarm->severity;
    begin_event(event, ticket, TICKET_EVENT_ALARM, now_ms);
    snprintf(event->text, sizeof event->text, "%s fell to %s%s", of_part(alarm, name, sizeof name),
             alarm_severity_name(alarm->severity),
             out->severity == alarm->severity ? "." : "; the ticket keeps its urgency.");
}

static void latch(const struct ticket *ticket, const struct alarm *alarm, int64_t now_ms, struct ticket *out,
                  struct ticket_event *event) {
    char name[TICKET_ALARM_BYTES + CAP_PART_BYTES + 8];
    *out = *ticket;
    begin_event(event, ticket, TICKET_EVENT_NONE, now_ms);
    if (alarm->is_flapping || !is_worth_a_line(alarm->count))
        return;
    event->kind = TICKET_EVENT_ALARM;
    snprintf(event->text, sizeof event->text, "The condition of %s has gone; the alarm is latched until it is reset.",
             of_part(alarm, name, sizeof name));
}

static void calm(const struct ticket *ticket, const struct alarm *alarm, int64_t now_ms, struct ticket *out,
                 struct ticket_event *event) {
    char name[TICKET_ALARM_BYTES + CAP_PART_BYTES + 8];
    *out = *ticket;
    begin_event(event, ticket, TICKET_EVENT_ALARM, now_ms);
    if (!alarm->is_active && heals(out, alarm)) {
        resolve(alarm, "has flapped and is calm now, and nobody has acted", now_ms, out, event);
        return;
    }
    snprintf(event->text, sizeof event->text, "%s is calm again after %lld raises; it is %s.",
             of_part(alarm, name, sizeof name), (long long)alarm->count, alarm->is_active ? "active" : "cleared");
}

static const struct ticket *find(const struct ticket *tickets, size_t count, int64_t id) {
    for (size_t i = 0; i < count; i++)
        if (id != 0 && tickets[i].id == id)
            return &tickets[i];
    return NULL;
}

static enum ticket_effect finish(const struct alarm *alarm, enum alarm_change change, int64_t now_ms,
                                 struct ticket *out, struct ticket_event *event) {
    if (event->kind == TICKET_EVENT_NONE)
        return TICKET_CHANGED;
    out->version++;
    out->updated_ms = now_ms;
    print_data(alarm, change, out->is_self_healed, event->data, sizeof event->data);
    return TICKET_CHANGED;
}

static enum ticket_effect take_raise(const struct ticket *tickets, size_t count, const char *model,
                                     const struct alarm *alarm, enum alarm_change change, int64_t now_ms,
                                     struct ticket *out, struct ticket_event *event) {
    const struct ticket *ticket = NULL;
    if (!alarm->opens_ticket)
        return TICKET_NOT_CONCERNED;
    const enum target target = pick(tickets, count, alarm, now_ms, &ticket);
    if (target == TARGET_NEW) {
        open_new(model, alarm, now_ms, out, event);
        print_data(alarm, change, false, event->data, sizeof event->data);
        return TICKET_OPENED;
    }
    raise_into(ticket, target, alarm, now_ms, out, event);
    return finish(alarm, change, now_ms, out, event);
}

enum ticket_effect ticket_for_alarm(const struct ticket *tickets, size_t count, const char *model,
                                    const struct alarm *alarm, enum alarm_change change, int64_t now_ms,
                                    struct ticket *out, struct ticket_event *event) {
    const struct ticket *ticket = find(tickets, count, alarm->ticket);
    switch (change) {
    case ALARM_RAISED:
    case ALARM_REPEATED: return take_raise(tickets, count, model, alarm, change, now_ms, out, event);
    case ALARM_ROSE:
        if (alarm->ticket == 0) /* too mild for a ticket until now */
            return take_raise(tickets, count, model, alarm, change, now_ms, out, event);
        if (ticket == NULL || !ticket_state_is_open(ticket->state) || alarm->severity <= ticket->severity)
            return TICKET_NOT_CONCERNED;
        rise(ticket, alarm, now_ms, out, event);
        return finish(alarm, change, now_ms, out, event);
    case ALARM_CLEARED:
        if (ticket == NULL)
            return TICKET_NOT_CONCERNED;
        heal(ticket, alarm, now_ms, out, event);
        return finish(alarm, change, now_ms, out, event);
    case ALARM_FELL:
    case ALARM_LATCHED:
    case ALARM_CALMED:
        if (ticket == NULL || !ticket_state_is_open(ticket->state))
            return TICKET_NOT_CONCERNED;
        (change == ALARM_FELL ? fall : change == ALARM_LATCHED ? latch : calm)(ticket, alarm, now_ms, out, event);
        return finish(alarm, change, now_ms, out, event);
    case ALARM_SAME:
    case ALARM_CHANGED:
    case ALARM_LOST:
    case ALARM_CHANGE_COUNT: break;
    }
    return TICKET_NOT_CONCERNED;
}
