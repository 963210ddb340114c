/* One broken thing, one ticket: each row is what stands in the book, what an alarm does, and what must come of it. */
#include "tickets/fold.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define NOW ((int64_t)1700000000000)
#define DAY ((int64_t)24 * 60 * 60 * 1000)

static struct alarm an_alarm(const char *name, enum severity severity) {
    struct alarm a = {.id = 5,
                      .device_id = 1,
                      .severity = severity,
                      .is_active = true,
                      .opens_ticket = true,
                      .value = 8.5,
                      .raised_ms = 100,
                      .count = 1};
    snprintf(a.device, sizeof a.device, "freezer-7");
    snprintf(a.alarm, sizeof a.alarm, "%s", name);
    snprintf(a.summary, sizeof a.summary, "%s is bad", name);
    snprintf(a.description, sizeof a.description, "because of %s", name);
    return a;
}

static struct ticket a_ticket(int64_t id, const char *alarm, enum ticket_state state) {
    struct ticket t = {.id = id,
                       .version = 4,
                       .device_id = 1,
                       .state = state,
                       .severity = SEVERITY_IS_MINOR,
                       .opened_ms = NOW - 30 * DAY,
                       .updated_ms = NOW - DAY,
                       .alarms_active = 1};
    t.source = alarm[0] ? TICKET_FROM_ALARM : TICKET_FROM_PHONE;
    snprintf(t.alarm, sizeof t.alarm, "%s", alarm);
    if (state > TICKET_NEW && state < TICKET_FOLLOWED_UP)
        snprintf(t.assignee, sizeof t.assignee, "eva");
    if (!ticket_state_is_open(state)) {
        t.resolved_ms = NOW - DAY;
        t.alarms_active = 0;
    }
    return t;
}

struct book {
    struct ticket tickets[4];
    size_t count;
};
static struct book book_of(const char *text) { /* "id:alarm:state ..." */
    struct book book = {.count = 0};
    char copy[200], *save = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        char alarm[32] = "", state_name[32] = "";
        int id = 0;
        enum ticket_state state;
        cr_assert(sscanf(word, "%d:%31[^:]:%31s", &id, alarm, state_name) == 3, "%s", word);
        cr_assert(ticket_state_parse(state_name, &state));
        book.tickets[book.count++] = a_ticket(id, strcmp(alarm, "-") == 0 ? "" : alarm, state);
    }
    return book;
}

Test(fold, a_raise_finds_its_ticket) {
    static const struct {
        const char *what, *book, *alarm;
        int64_t its_ticket; /* what the alarm's row says already */
        enum ticket_effect effect;
        int64_t id;
        enum ticket_state state;
    } rows[] = {
        {"nothing there", "", "Warm", 0, TICKET_OPENED, 0, TICKET_NEW},
        {"its own, open", "3:Warm:diagnosing", "Warm", 0, TICKET_CHANGED, 3, TICKET_DIAGNOSING},
        {"its own by the row, opened by another alarm", "3:Door:repairing", "Warm", 3, TICKET_CHANGED, 3,
         TICKET_REPAIRING},
        {"its own, resolved yesterday", "3:Warm:resolved", "Warm", 0, TICKET_CHANGED, 3, TICKET_ASSIGNED},
        {"its own, confirmed", "3:Warm:confirmed", "Warm", 0, TICKET_CHANGED, 3, TICKET_ASSIGNED},
        {"its own, closed", "3:Warm:closed", "Warm", 0, TICKET_CHANGED, 3, TICKET_ASSIGNED},
        {"its own, followed up: a new story", "3:Warm:followed_up", "Warm", 0, TICKET_OPENED, 0, TICKET_NEW},
        {"attached then, resolved yesterday", "3:Door:resolved", "Warm", 3, TICKET_CHANGED, 3, TICKET_ASSIGNED},
        {"another alarm's, open", "3:Door:assigned", "Warm", 0, TICKET_CHANGED, 3, TICKET_ASSIGNED},
        {"another alarm's, resolved", "3:Door:resolved", "Warm", 0, TICKET_OPENED, 0, TICKET_NEW},
        {"a person's, open", "3:-:assigned", "Warm", 0, TICKET_OPENED, 0, TICKET_NEW},
        {"its own before another's", "3:Warm:new 4:Door:new", "Warm", 0, TICKET_CHANGED, 3, TICKET_NEW},
        {"its own resolved one before another's open", "3:Warm:resolved 4:Door:new", "Warm", 0, TICKET_CHANGED, 3,
         TICKET_ASSIGNED},
        {"the newest of several", "4:Door:new 9:Fan:new 6:Lid:new", "Warm", 0, TICKET_CHANGED, 9, TICKET_NEW},
        {"an open one before a resolved one, both its own", "9:Warm:resolved 4:Warm:new", "Warm", 0, TICKET_CHANGED, 4,
         TICKET_NEW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct book book = book_of(rows[i].book);
        struct alarm alarm = an_alarm(rows[i].alarm, SEVERITY_IS_MAJOR);
        struct ticket got;
        struct ticket_event event;
        alarm.ticket = rows[i].its_ticket;
        for (int c = ALARM_RAISED; c <= ALARM_REPEATED; c++) {
            const enum ticket_effect effect = ticket_for_alarm(book.tickets, book.count, "freezer-v1", &alarm,
                                                               (enum alarm_change)c, NOW, &got, &event);
            cr_assert_eq(effect, rows[i].effect, "%s: %d", rows[i].what, effect);
            cr_expect(got.id == rows[i].id && got.state == rows[i].state, "%s: %lld %s", rows[i].what,
                      (long long)got.id, ticket_state_name(got.state));
            cr_expect_eq(got.severity, SEVERITY_IS_MAJOR, "%s: severity rises", rows[i].what);
            cr_expect(got.alarms_active > 0 && got.updated_ms == NOW, "%s", rows[i].what);
            cr_expect(event.kind != TICKET_EVENT_NONE && strcmp(event.by, "gateway") == 0 &&
                          strstr(event.data, "\"alarm\":\"Warm\""),
                      "%s: %s", rows[i].what, event.data);
            cr_expect_eq(got.version, effect == TICKET_OPENED ? 1 : 5, "%s: a version for each event", rows[i].what);
        }
    }
}

Test(fold, a_new_ticket_says_what_is_wrong) {
    const struct alarm alarm = an_alarm("Warm", SEVERITY_IS_CRITICAL);
    struct ticket got;
    struct ticket_event event;
    cr_assert_eq(ticket_for_alarm(NULL, 0, "freezer-v1", &alarm, ALARM_RAISED, NOW, &got, &event), TICKET_OPENED);
    cr_expect(got.device_id == 1 && strcmp(got.device, "freezer-7") == 0 && strcmp(got.model, "freezer-v1") == 0);
    cr_expect(strcmp(got.subject, "Warm is bad") == 0 && got.source == TICKET_FROM_ALARM &&
              got.severity == SEVERITY_IS_CRITICAL);
    cr_expect(got.opened_ms == NOW && got.alarms_active == 1 && got.repeats == 0 && !got.is_touched &&
              strcmp(got.alarm, "Warm") == 0);
    cr_expect(event.kind == TICKET_EVENT_OPENED && strcmp(event.to, "new") == 0 &&
              strcmp(event.text, "because of Warm") == 0);
    cr_expect_str_eq(event.data, "{\"alarm_id\":5,\"alarm\":\"Warm\",\"part\":\"\",\"change\":\"raised\",\"severity\":"
                                 "\"critical\",\"value\":8.5,\"event_ms\":100,\"count\":1}");
}

Test(fold, what_does_not_concern_a_ticket) {
    static const struct {
        const char *what, *book;
        bool opens_ticket;
        int64_t its_ticket;
        enum severity severity;
        enum alarm_change change;
    } rows[] = {
        {"an alarm that opens none", "", false, 0, SEVERITY_IS_CRITICAL, ALARM_RAISED},
        {"the same beside an open ticket", "3:Door:new", false, 0, SEVERITY_IS_CRITICAL, ALARM_REPEATED},
        {"nothing changed", "3:Warm:new", true, 3, SEVERITY_IS_CRITICAL, ALARM_SAME},
        {"its text changed", "3:Warm:new", true, 3, SEVERITY_IS_CRITICAL, ALARM_CHANGED},
        {"its data is missing", "3:Warm:new", true, 3, SEVERITY_IS_CRITICAL, ALARM_LOST},
        {"cleared, and had none", "3:Door:new", true, 0, SEVERITY_IS_CRITICAL, ALARM_CLEARED},
        {"cleared, and its ticket is long gone", "", true, 3, SEVERITY_IS_CRITICAL, ALARM_CLEARED},
        {"rose to what the ticket has", "3:Warm:new", true, 3, SEVERITY_IS_MINOR, ALARM_ROSE},
        {"rose, but its ticket is resolved", "3:Warm:resolved", true, 3, SEVERITY_IS_MAJOR, ALARM_ROSE},
        {"rose, and still opens none", "", false, 0, SEVERITY_IS_MAJOR, ALARM_ROSE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct book book = book_of(rows[i].book);
        struct alarm alarm = an_alarm("Warm", rows[i].severity);
        struct ticket got;
        struct ticket_event event;
        alarm.opens_ticket = rows[i].opens_ticket;
        alarm.ticket = rows[i].its_ticket;
        cr_expect_eq(ticket_for_alarm(book.tickets, book.count, "m", &alarm, rows[i].change, NOW, &got, &event),
                     TICKET_NOT_CONCERNED, "%s", rows[i].what);
    }
}

Test(fold, severity_rises_and_never_falls_by_itself) {
    struct book book = book_of("3:Warm:assigned");
    struct alarm alarm = an_alarm("Warm", SEVERITY_IS_CRITICAL);
    struct ticket got;
    struct ticket_event event;
    alarm.ticket = 3;
    cr_assert_eq(ticket_for_alarm(book.tickets, 1, "m", &alarm, ALARM_ROSE, NOW, &got, &event), TICKET_CHANGED);
    cr_expect(got.severity == SEVERITY_IS_CRITICAL && got.version == 5 && got.repeats == 0 &&
              strstr(event.text, "rose to critical"));
    book.tickets[0].severity = SEVERITY_IS_CRITICAL;
    alarm.severity = SEVERITY_IS_WARNING;
    cr_assert_eq(ticket_for_alarm(book.tickets, 1, "m", &alarm, ALARM_REPEATED, NOW, &got, &event), TICKET_CHANGED);
    cr_expect(got.severity == SEVERITY_IS_CRITICAL && got.repeats == 1);
    alarm.ticket = 0;
    alarm.severity = SEVERITY_IS_MAJOR;
    cr_expect_eq(ticket_for_alarm(NULL, 0, "m", &alarm, ALARM_ROSE, NOW, &got, &event), TICKET_OPENED,
                 "too mild for a ticket until now");
}

Test(fold, old_repairs_are_not_blamed) {
    struct book book = book_of("3:Warm:resolved");
    const struct alarm alarm = an_alarm("Warm", SEVERITY_IS_MAJOR);
    struct ticket got;
    struct ticket_event event;
    book.tickets[0].resolved_ms = NOW - TICKET_REOPEN_MS;
    cr_expect_eq(ticket_for_alarm(book.tickets, 1, "m", &alarm, ALARM_RAISED, NOW, &got, &event), TICKET_CHANGED,
                 "seven days to the millisecond");
    cr_expect(event.kind == TICKET_EVENT_STATE && strcmp(event.from, "resolved") == 0 &&
              strcmp(event.to, "assigned") == 0 && strstr(event.text, "came back"));
    cr_expect_eq(got.resolved_ms, 0);
    book.tickets[0].resolved_ms--;
    cr_expect_eq(ticket_for_alarm(book.tickets, 1, "m", &alarm, ALARM_RAISED, NOW, &got, &event), TICKET_OPENED);
}

Test(fold, what_heals_by_itself_is_resolved_only_if_nobody_was_there) {
    static const struct {
        const char *what, *book;
        int64_t active;
        bool is_touched, is_flapping;
        enum ticket_state state;
        bool is_self_healed;
    } rows[] = {
        {"new and untouched", "3:Warm:new", 1, false, false, TICKET_RESOLVED, true},
        {"somebody commented", "3:Warm:new", 1, true, false, TICKET_NEW, false},
        {"somebody works on it", "3:Warm:assigned", 1, true, false, TICKET_ASSIGNED, false},
        {"another of its alarms is active", "3:Warm:new", 2, false, false, TICKET_NEW, false},
        {"it flaps: it will be back", "3:Warm:new", 1, false, true, TICKET_NEW, false},
        {"resolved meanwhile", "3:Warm:resolved", 1, true, false, TICKET_RESOLVED, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct book book = book_of(rows[i].book);
        struct alarm alarm = an_alarm("Warm", SEVERITY_IS_MAJOR);
        struct ticket got;
        struct ticket_event event;
        alarm.is_active = false;
        alarm.cleared_ms = 900;
        alarm.is_flapping = rows[i].is_flapping;
        alarm.ticket = 3;
        book.tickets[0].alarms_active = rows[i].active;
        book.tickets[0].is_touched = rows[i].is_touched;
        cr_assert_eq(ticket_for_alarm(book.tickets, 1, "m", &alarm, ALARM_CLEARED, NOW, &got, &event), TICKET_CHANGED,
                     "%s", rows[i].what);
        cr_expect(got.state == rows[i].state && got.is_self_healed == rows[i].is_self_healed &&
                      got.alarms_active == rows[i].active - 1,
                  "%s", rows[i].what);
        cr_expect_eq(strstr(event.data, "self_healed") != NULL, rows[i].is_self_healed, "%s: %s", rows[i].what,
                     event.data);
        if (rows[i].is_flapping) {
            cr_expect_eq(event.kind, TICKET_EVENT_NONE, "%s: that it flaps was said", rows[i].what);
            continue;
        }
        cr_expect(event.kind != TICKET_EVENT_NONE && strstr(event.text, "cleared") &&
                      strstr(event.data, "\"event_ms\":900"),
                  "%s: %s", rows[i].what, event.text);
    }
}

Test(fold, it_comes_back_and_the_ticket_with_it) {
    struct book book = book_of("3:Warm:new");
    struct alarm alarm = an_alarm("Warm", SEVERITY_IS_MAJOR);
    struct ticket healed, back;
    struct ticket_event event;
    alarm.ticket = 3;
    cr_assert_eq(ticket_for_alarm(book.tickets, 1, "m", &alarm, ALARM_CLEARED, NOW, &healed, &event), TICKET_CHANGED);
    cr_assert_eq(healed.state, TICKET_RESOLVED);
    cr_assert_eq(ticket_for_alarm(&healed, 1, "m", &alarm, ALARM_REPEATED, NOW + DAY, &back, &event), TICKET_CHANGED);
    cr_expect(back.id == 3 && back.state == TICKET_NEW && !back.is_self_healed && back.repeats == 1 &&
              back.alarms_active == 1 && back.version == 6);
}

Test(fold, a_flood_of_repeats_is_counted_not_told) {
    struct ticket ticket = a_ticket(3, "Warm", TICKET_ASSIGNED), next;
    struct alarm alarm = an_alarm("Warm", SEVERITY_IS_MINOR);
    struct ticket_event event;
    int lines = 0;
    alarm.ticket = 3;
    for (int i = 1; i <= 10000; i++) {
        alarm.count = i;
        cr_assert_eq(ticket_for_alarm(&ticket, 1, "m", &alarm, ALARM_REPEATED, NOW, &next, &event), TICKET_CHANGED);
        lines += event.kind != TICKET_EVENT_NONE;
        ticket = next;
        cr_assert_eq(ticket_for_alarm(&ticket, 1, "m", &alarm, ALARM_CLEARED, NOW, &next, &event), TICKET_CHANGED);
        lines += event.kind != TICKET_EVENT_NONE;
        ticket = next;
    }
    cr_expect_eq(ticket.repeats, 10000);
    cr_expect_eq(ticket.alarms_active, 1);
    cr_expect_leq(lines, 32, "%d lines", lines);
    cr_expect_eq(ticket.version, 4 + lines, "the version counts events");
}

Test(fold, texts_from_far_away_are_cut_not_overrun) {
    struct alarm alarm = an_alarm("Warm", SEVERITY_IS_MAJOR);
    struct ticket got;
    struct ticket_event event;
    memset(alarm.alarm, '"', ALARM_NAME_BYTES);
    memset(alarm.part, '\x01', CAP_PART_BYTES);
    memset(alarm.summary, 'x', ALARM_SUMMARY_BYTES);
    alarm.summary[ALARM_SUMMARY_BYTES] = '\0';
    cr_assert_eq(ticket_for_alarm(NULL, 0, "m", &alarm, ALARM_RAISED, NOW, &got, &event), TICKET_OPENED);
    cr_expect_eq(strlen(got.subject), TICKET_SUBJECT_BYTES);
    cr_expect(event.data[0] == '\0' || event.data[strlen(event.data) - 1] == '}', "whole or nothing: %s", event.data);
}

static int flap(struct ticket *ticket, struct alarm *alarm, int raise) {
    struct ticket next;
    struct ticket_event event;
    int lines = 0;
    alarm->count = alarm->flap_count = raise;
    alarm->is_flapping = raise >= ALARM_FLAP_RAISES;
    alarm->is_active = true;
    cr_assert_eq(ticket_for_alarm(ticket, 1, "m", alarm, ALARM_REPEATED, NOW, &next, &event), TICKET_CHANGED);
    lines += event.kind != TICKET_EVENT_NONE;
    if (raise == ALARM_FLAP_RAISES)
        cr_expect_not_null(strstr(event.text, "flapping"), "%s", event.text);
    *ticket = next;
    alarm->is_active = false;
    cr_assert_eq(ticket_for_alarm(ticket, 1, "m", alarm, ALARM_CLEARED, NOW, &next, &event), TICKET_CHANGED);
    lines += event.kind != TICKET_EVENT_NONE;
    *ticket = next;
    return lines;
}

Test(fold, a_flapping_alarm_says_so_once_and_when_it_is_calm) {
    struct ticket ticket = a_ticket(3, "Warm", TICKET_ASSIGNED), calm;
    struct alarm alarm = an_alarm("Warm", SEVERITY_IS_MINOR);
    struct ticket_event event;
    int lines = 0;
    alarm.ticket = 3;
    ticket.alarms_active = 0;
    for (int i = 1; i < ALARM_FLAP_RAISES; i++)
        flap(&ticket, &alarm, i);
    for (int i = ALARM_FLAP_RAISES; i <= 500; i++)
        lines += flap(&ticket, &alarm, i);
    cr_expect_eq(lines, 1, "%d lines", lines);
    cr_expect_eq(ticket.repeats, 500);
    alarm.is_flapping = false;
    alarm.flap_count = 0;
    cr_assert_eq(ticket_for_alarm(&ticket, 1, "m", &alarm, ALARM_CALMED, NOW, &calm, &event), TICKET_CHANGED);
    cr_expect_not_null(strstr(event.text, "calm again after 500 raises; it is cleared"), "%s", event.text);
    ticket = a_ticket(3, "Warm", TICKET_NEW);
    ticket.alarms_active = 0;
    cr_assert_eq(ticket_for_alarm(&ticket, 1, "m", &alarm, ALARM_CALMED, NOW, &calm, &event), TICKET_CHANGED);
    cr_expect(calm.state == TICKET_RESOLVED && calm.is_self_healed, "nobody was there, and it is over");
}

Test(fold, a_fall_is_noted_and_lowers_only_what_nobody_handles) {
    static const struct {
        const char *what, *book;
        int64_t active;
        bool is_touched;
        enum severity severity;
    } rows[] = {{"nobody handles it", "3:Warm:new", 1, false, SEVERITY_IS_WARNING},
                {"somebody commented", "3:Warm:new", 1, true, SEVERITY_IS_MINOR},
                {"somebody works on it", "3:Warm:diagnosing", 1, true, SEVERITY_IS_MINOR},
                {"another alarm is active there", "3:Warm:new", 2, false, SEVERITY_IS_MINOR},
                {"another alarm opened it", "3:Door:new", 1, false, SEVERITY_IS_MINOR}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct book book = book_of(rows[i].book);
        struct alarm alarm = an_alarm("Warm", SEVERITY_IS_WARNING);
        struct ticket got;
        struct ticket_event event;
        alarm.ticket = 3;
        book.tickets[0].alarms_active = rows[i].active;
        book.tickets[0].is_touched = rows[i].is_touched;
        cr_assert_eq(ticket_for_alarm(book.tickets, 1, "m", &alarm, ALARM_FELL, NOW, &got, &event), TICKET_CHANGED);
        cr_expect_eq(got.severity, rows[i].severity, "%s", rows[i].what);
        cr_expect(event.kind == TICKET_EVENT_ALARM && strstr(event.text, "fell to warning"), "%s", event.text);
    }
}

Test(fold, what_latches_waits_for_a_person) {
    struct book book = book_of("3:Warm:new");
    struct alarm alarm = an_alarm("Warm", SEVERITY_IS_MAJOR);
    struct ticket got;
    struct ticket_event event;
    alarm.ticket = 3;
    alarm.latches = alarm.is_latched = alarm.is_in_ticket = true;
    cr_assert_eq(ticket_for_alarm(book.tickets, 1, "m", &alarm, ALARM_LATCHED, NOW, &got, &event), TICKET_CHANGED);
    cr_expect(got.alarms_active == 1 && strstr(event.text, "latched until it is reset"), "%s", event.text);
    alarm.is_latched = false;
    cr_assert_eq(ticket_for_alarm(&got, 1, "m", &alarm, ALARM_REPEATED, NOW, &got, &event), TICKET_CHANGED);
    cr_expect_eq(got.alarms_active, 1, "it counted already");
    alarm.is_active = false;
    cr_assert_eq(ticket_for_alarm(&got, 1, "m", &alarm, ALARM_CLEARED, NOW, &got, &event), TICKET_CHANGED);
    cr_expect(got.alarms_active == 0 && got.state == TICKET_NEW, "reset by a person: that is no healing by itself");
}
