/* The ticket's history gets a line when the number of members reaches a power of two from 16 on, when the severity
 * rises, and when all is over: a storm of 10,000 devices writes ten lines. Who is a member is in the alarms' rows. */
#include "tickets/incident.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"

enum { FIRST_LINE = 16 };

void incident_group_text(const struct incident *incident, char *out, size_t room) {
    if (incident->site[0])
        snprintf(out, room, "at %s", incident->site);
    else
        snprintf(out, room, "of %s with firmware %s", incident->model, incident->firmware);
}

void incident_open(struct incident *incident, const struct alarm *alarm, int64_t now_ms) {
    text_copy(incident->alarm, sizeof incident->alarm, alarm->alarm);
    text_copy(incident->summary, sizeof incident->summary, alarm->summary[0] ? alarm->summary : alarm->alarm);
    incident->severity = alarm->severity;
    incident->is_active = true;
    incident->opened_ms = incident->newest_ms = now_ms;
    incident->closed_ms = 0;
    incident->ticket = incident->members = incident->active = 0;
}

static void print_data(const struct incident *incident, const char *change, char *out, size_t room) {
    struct buf text;
    buf_init(&text, room - 1);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    if (incident->id)
        jo_int(&j, "incident", incident->id);
    jo_str(&j, "alarm", incident->alarm);
    jo_str(&j, "change", change);
    jo_str(&j, "severity", alarm_severity_name(incident->severity));
    jo_int(&j, "members", incident->members);
    jo_int(&j, "active", incident->active);
    jo_end(&j);
    text_copy(out, room, text.overflow ? "" : buf_text(&text));
    buf_fini(&text);
}

static void write_event(const struct incident *incident, const struct ticket *ticket, enum ticket_event_kind kind,
                        const char *change, int64_t now_ms, struct ticket_event *event) {
    *event = (struct ticket_event){.ticket = ticket->id, .at_ms = now_ms, .kind = kind, .by = TICKET_BY_GATEWAY};
    print_data(incident, change, event->data, sizeof event->data);
}

void incident_open_ticket(const struct incident *incident, size_t products, const char *model,
                          const struct alarm *alarm, int64_t now_ms, struct ticket *ticket,
                          struct ticket_event *event) {
    char group[200], subject[ALARM_NAME_BYTES + sizeof group + 40];
    incident_group_text(incident, group, sizeof group);
    *ticket = (struct ticket){.version = 1,
                              .device_id = alarm->device_id,
                              .state = TICKET_NEW,
                              .severity = incident->severity,
                              .source = TICKET_FROM_ALARM,
                              .opened_ms = now_ms,
                              .updated_ms = now_ms,
                              .alarms_active = (int64_t)products};
    text_copy(ticket->device, sizeof ticket->device, alarm->device);
    text_copy(ticket->model, sizeof ticket->model, model);
    text_copy(ticket->alarm, sizeof ticket->alarm, incident->alarm);
    snprintf(subject, sizeof subject, "Many products %s: %s", group, incident->alarm);
    text_copy(ticket->subject, sizeof ticket->subject, subject);
    write_event(incident, ticket, TICKET_EVENT_OPENED, "raised", now_ms, event);
    text_copy(event->to, sizeof event->to, ticket_state_name(TICKET_NEW));
    snprintf(event->text, sizeof event->text,
             "%zu products %s raised %s within minutes, so this is one fault with many members. They are listed in the "
             "incident; further ones join it and open no tickets of their own. The newest says: %s",
             products, group, incident->alarm, incident->summary);
}

static bool is_worth_a_line(int64_t members) {
    return members >= FIRST_LINE && (members & (members - 1)) == 0;
}

bool incident_join(struct incident *incident, struct alarm *alarm, const struct ticket *ticket, int64_t now_ms,
                   struct ticket *out, struct ticket_event *event) {
    const bool is_member = alarm->incident == incident->id && incident->id != 0;
    const bool rises = alarm->severity > incident->severity;
    incident->newest_ms = now_ms;
    if (!is_member)
        incident->members++;
    if (!is_member || !alarm->is_in_ticket)
        incident->active++;
    if (rises)
        incident->severity = alarm->severity;
    alarm->incident = incident->id;
    alarm->ticket = incident->ticket;
    alarm->is_in_ticket = true;
    alarm->silence = SILENCE_FLEET;
    alarm->surface_ms = 0;
    if (ticket == NULL)
        return false;
    if (!ticket_state_is_open(ticket->state) || (!rises && (is_member || !is_worth_a_line(incident->members))))
        return false;
    *out = *ticket;
    out->version++;
    out->updated_ms = now_ms;
    out->alarms_active = incident->active;
    if (incident->severity > ticket->severity)
        out->severity = incident->severity;
    write_event(incident, ticket, TICKET_EVENT_ALARM, rises ? "rose" : "repeated", now_ms, event);
    if (rises)
        snprintf(event->text, sizeof event->text, "%s rose to %s on %s.", incident->alarm,
                 alarm_severity_name(alarm->severity), alarm->device);
    else
        snprintf(event->text, sizeof event->text, "%lld members now, %lld of them active.",
                 (long long)incident->members, (long long)incident->active);
    return true;
}

bool incident_leave(struct incident *incident, struct alarm *alarm, const struct ticket *ticket, int64_t now_ms,
                    struct ticket *out, struct ticket_event *event) {
    alarm->is_in_ticket = false;
    if (incident->active > 0)
        incident->active--;
    if (incident->active > 0)
        return false;
    incident->is_active = false;
    incident->closed_ms = now_ms;
    if (ticket == NULL)
        return false;
    *out = *ticket;
    out->version++;
    out->updated_ms = now_ms;
    out->alarms_active = 0;
    if (ticket->state == TICKET_NEW && !ticket->is_touched) {
        out->state = TICKET_RESOLVED;
        out->resolved_ms = now_ms;
        out->is_self_healed = true;
        write_event(incident, ticket, TICKET_EVENT_STATE, "cleared", now_ms, event);
        text_copy(event->from, sizeof event->from, ticket_state_name(TICKET_NEW));
        text_copy(event->to, sizeof event->to, ticket_state_name(TICKET_RESOLVED));
        snprintf(event->text, sizeof event->text, "Healed by itself: all %lld members cleared before anybody acted.",
                 (long long)incident->members);
        return true;
    }
    write_event(incident, ticket, TICKET_EVENT_ALARM, "cleared", now_ms, event);
    snprintf(event->text, sizeof event->text, "All %lld members have cleared.", (long long)incident->members);
    return true;
}

void incident_fold_ticket(const struct incident *incident, const struct ticket *ticket, const struct alarm *alarm,
                          int64_t now_ms, struct ticket *out, struct ticket_event *event) {
    *out = *ticket;
    out->version++;
    out->updated_ms = now_ms;
    if (out->alarms_active > 0)
        out->alarms_active--;
    if (out->alarms_active > 0 || ticket->state != TICKET_NEW || ticket->is_touched) {
        write_event(incident, ticket, TICKET_EVENT_ALARM, "folded", now_ms, event);
        snprintf(event->text, sizeof event->text, "%s is a fault of many products: it is handled in ticket #%lld.",
                 alarm->alarm, (long long)incident->ticket);
        return;
    }
    out->state = TICKET_RESOLVED;
    out->resolved_ms = now_ms;
    write_event(incident, ticket, TICKET_EVENT_STATE, "folded", now_ms, event);
    text_copy(event->from, sizeof event->from, ticket_state_name(TICKET_NEW));
    text_copy(event->to, sizeof event->to, ticket_state_name(TICKET_RESOLVED));
    snprintf(event->text, sizeof event->text, "Folded into ticket #%lld: %s is a fault of many products.",
             (long long)incident->ticket, alarm->alarm);
}
