/* Members come and go, and the ticket says what is worth saying. */
#include "tickets/incident.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define NOW ((int64_t)1700000000000)

static struct alarm an_alarm(int64_t id, enum severity severity) {
    struct alarm a = {
        .id = id, .device_id = id, .severity = severity, .is_active = true, .opens_ticket = true, .raised_ms = NOW};
    snprintf(a.device, sizeof a.device, "freezer-%d", (int)id);
    snprintf(a.alarm, sizeof a.alarm, "Warm");
    return a;
}

static struct incident an_incident(struct ticket *ticket) {
    struct incident incident = {.model = "freezer-v1", .firmware = "1.2"};
    struct alarm first = an_alarm(1, SEVERITY_IS_MINOR);
    struct ticket_event event;
    incident_open(&incident, &first, NOW);
    incident.id = 7;
    incident_open_ticket(&incident, 10, "freezer-v1", &first, NOW, ticket, &event);
    incident.ticket = ticket->id = 33;
    cr_expect_not_null(strstr(event.text, "10 products of freezer-v1 with firmware 1.2 raised Warm"), "%s", event.text);
    cr_expect_not_null(strstr(ticket->subject, "Many products of freezer-v1 with firmware 1.2: Warm"));
    cr_expect(ticket->state == TICKET_NEW && ticket->severity == SEVERITY_IS_MINOR && ticket->device_id == 1);
    return incident;
}

Test(incident, a_storm_of_ten_thousand_writes_ten_lines) {
    struct ticket ticket, after;
    struct ticket_event event;
    struct incident incident = an_incident(&ticket);
    static struct alarm alarms[10000];
    int lines = 0;
    for (int i = 0; i < 10000; i++) {
        alarms[i] = an_alarm(i + 1, SEVERITY_IS_MINOR);
        if (incident_join(&incident, &alarms[i], &ticket, NOW + i, &after, &event)) {
            lines++;
            ticket = after;
        }
        cr_assert(alarms[i].incident == 7 && alarms[i].ticket == 33 && alarms[i].is_in_ticket &&
                  alarms[i].silence == SILENCE_FLEET);
    }
    cr_expect(incident.members == 10000 && incident.active == 10000 && incident.newest_ms == NOW + 9999);
    cr_expect_eq(lines, 10, "16, 32 ... 8,192: %d", lines);
    for (int i = 0; i < 10000; i++) {
        const bool is_told = incident_leave(&incident, &alarms[i], &ticket, NOW + 20000, &after, &event);
        cr_assert_eq(is_told, i == 9999);
        cr_assert_not(alarms[i].is_in_ticket);
    }
    cr_expect(!incident.is_active && incident.closed_ms == NOW + 20000 && incident.members == 10000);
    cr_expect(after.state == TICKET_RESOLVED && after.is_self_healed && strstr(event.text, "all 10000 members"));
}

Test(incident, what_its_ticket_does) {
    struct ticket ticket, after;
    struct ticket_event event;
    struct incident incident = an_incident(&ticket);
    struct alarm one = an_alarm(1, SEVERITY_IS_MINOR), two = an_alarm(2, SEVERITY_IS_CRITICAL);
    cr_expect_not(incident_join(&incident, &one, &ticket, NOW, &after, &event));
    cr_expect_not(incident_join(&incident, &one, &ticket, NOW, &after, &event), "a member already");
    cr_expect(incident.members == 1 && incident.active == 1);
    cr_assert(incident_join(&incident, &two, &ticket, NOW, &after, &event), "it is worse");
    cr_expect(after.severity == SEVERITY_IS_CRITICAL && strstr(event.text, "rose to critical on freezer-2"));
    cr_expect_not(incident_leave(&incident, &two, &ticket, NOW, &after, &event));
    cr_expect_not(incident_join(&incident, &two, &ticket, NOW, &after, &event), "back again: no news");
    cr_expect(incident.members == 2 && incident.active == 2);
    incident_leave(&incident, &two, &ticket, NOW, &after, &event);
    ticket.is_touched = true;
    cr_assert(incident_leave(&incident, &one, &ticket, NOW, &after, &event));
    cr_expect(after.state == TICKET_NEW && event.kind == TICKET_EVENT_ALARM, "somebody was there: not resolved");
    cr_expect(after.alarms_active == 0 && !incident.is_active);
    cr_expect_not(incident_leave(&incident, &one, NULL, NOW, &after, &event), "its ticket is gone");
    ticket.state = TICKET_CLOSED;
    struct alarm worse = an_alarm(3, SEVERITY_IS_CRITICAL);
    incident.severity = SEVERITY_IS_MINOR;
    cr_expect_not(incident_join(&incident, &worse, &ticket, NOW, &after, &event), "a closed ticket is left alone");
}

Test(incident, tickets_of_before_are_folded) {
    static const struct {
        const char *what;
        enum ticket_state state;
        bool is_touched;
        int64_t active;
        enum ticket_state becomes;
    } rows[] = {{"new and untouched", TICKET_NEW, false, 1, TICKET_RESOLVED},
                {"somebody commented", TICKET_NEW, true, 1, TICKET_NEW},
                {"somebody works on it", TICKET_DIAGNOSING, true, 1, TICKET_DIAGNOSING},
                {"another alarm is active there", TICKET_NEW, false, 2, TICKET_NEW}};
    struct ticket ticket, after;
    struct ticket_event event;
    const struct incident incident = an_incident(&ticket);
    const struct alarm alarm = an_alarm(5, SEVERITY_IS_MINOR);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ticket own = {.id = 12,
                                   .version = 3,
                                   .state = rows[i].state,
                                   .is_touched = rows[i].is_touched,
                                   .alarms_active = rows[i].active};
        incident_fold_ticket(&incident, &own, &alarm, NOW, &after, &event);
        cr_expect_eq(after.state, rows[i].becomes, "%s", rows[i].what);
        cr_expect(after.version == 4 && after.alarms_active == rows[i].active - 1 && !after.is_self_healed);
        cr_expect_not_null(strstr(event.text, "#33"), "%s: %s", rows[i].what, event.text);
    }
}

Test(incident, a_group_has_a_name) {
    char text[200];
    incident_group_text(&(struct incident){.site = "plant-7"}, text, sizeof text);
    cr_expect_str_eq(text, "at plant-7");
}
