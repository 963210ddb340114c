/* Alarms, tickets, sessions, reports: written, found again, counted, searched. */
#include "store/cases.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static struct alarm an_alarm(int64_t device, const char *name, bool is_active, enum severity severity) {
    struct alarm a = {.device_id = device,
                      .severity = severity,
                      .is_active = is_active,
                      .opens_ticket = true,
                      .value = -3.25,
                      .first_raised_ms = 10,
                      .raised_ms = 20,
                      .cleared_ms = is_active ? 0 : 30,
                      .count = 2};
    snprintf(a.alarm, sizeof a.alarm, "%s", name);
    snprintf(a.summary, sizeof a.summary, "%s on the lid", name);
    return a;
}

static struct ticket a_ticket(int64_t device, const char *subject, struct ticket_event *event) {
    struct ticket first = {.device_id = device, .source = TICKET_FROM_PHONE, .severity = SEVERITY_IS_MAJOR}, ticket;
    struct fault fault;
    snprintf(first.subject, sizeof first.subject, "%s", subject);
    cr_assert_eq(ticket_open(&first, "sue", "the owner rang", 1000, &ticket, event, &fault), RESULT_OK, "%s",
                 fault.text);
    return ticket;
}

static int64_t open_ticket(struct fixture *f, int64_t device, const char *subject) {
    struct ticket_event event;
    struct ticket ticket = a_ticket(device, subject, &event);
    begin(f);
    cr_assert_eq(store_ticket_put(f->store, &ticket, &event, 1), RESULT_OK, "%s", store_error(f->store));
    commit(f);
    return ticket.id;
}

static void act(struct fixture *f, int64_t id, enum ticket_verb verb, const char *text, const char *assignee) {
    struct ticket before, after;
    struct ticket_event event;
    const struct ticket_action action = {.verb = verb,
                                         .by = "ann",
                                         .role = ROLE_SUPERVISOR,
                                         .text = text,
                                         .assignee = assignee,
                                         .if_match = -1,
                                         .now_ms = 2000};
    begin(f);
    cr_assert_eq(store_ticket_find(f->store, id, &before), RESULT_OK);
    cr_assert_eq(ticket_apply(&before, &action, &after, &event, &f->fault), RESULT_OK, "%s", f->fault.text);
    cr_assert_eq(store_ticket_put(f->store, &after, &event, 1), RESULT_OK, "%s", store_error(f->store));
    commit(f);
}

struct list {
    int64_t ids[100];
    int count;
};
static void list_alarm(void *self, const struct alarm *alarm) {
    struct list *l = self;
    l->ids[l->count++] = alarm->id;
}
static void list_ticket(void *self, const struct ticket *ticket) {
    struct list *l = self;
    l->ids[l->count++] = ticket->id;
}

Test(alarms, a_row_comes_back_as_it_went) {
    struct fixture f;
    struct alarm got;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    const int64_t ticket = open_ticket(&f, device, "warm");
    struct alarm a = an_alarm(device, "TooWarm", true, SEVERITY_IS_CRITICAL);
    snprintf(a.part, sizeof a.part, "lid");
    snprintf(a.description, sizeof a.description, "it gets warmer");
    snprintf(a.acknowledged_by, sizeof a.acknowledged_by, "ann");
    a.is_acknowledged = a.is_unknown = a.is_fault_code = a.is_flapping = true;
    a.acknowledged_ms = 25;
    a.flap_count = 4;
    a.ticket = ticket;
    begin(&f);
    cr_assert_eq(store_alarm_put(f.store, &a), RESULT_OK, "%s", store_error(f.store));
    cr_expect_eq(a.id, 1);
    cr_assert_eq(store_alarm_find(f.store, a.id, &got), RESULT_OK);
    snprintf(a.device, sizeof a.device, "freezer-7");
    cr_expect(strcmp(got.device, "freezer-7") == 0 && strcmp(got.alarm, "TooWarm") == 0 &&
              strcmp(got.part, "lid") == 0 && strcmp(got.summary, a.summary) == 0 &&
              strcmp(got.description, a.description) == 0 && strcmp(got.acknowledged_by, "ann") == 0);
    cr_expect(got.is_active && got.is_unknown && got.is_acknowledged && got.is_fault_code && got.opens_ticket &&
              got.is_flapping);
    cr_expect(got.severity == SEVERITY_IS_CRITICAL && got.value == -3.25 && got.first_raised_ms == 10 &&
              got.raised_ms == 20 && got.cleared_ms == 0 && got.count == 2 && got.flap_count == 4 &&
              got.ticket == ticket && got.acknowledged_ms == 25 && got.device_id == device);
    a.is_active = false;
    a.cleared_ms = 30;
    a.ticket = 0;
    cr_assert_eq(store_alarm_put(f.store, &a), RESULT_OK);
    cr_assert_eq(store_alarm_newest(f.store, device, "TooWarm", "lid", &got), RESULT_OK);
    cr_expect(!got.is_active && got.cleared_ms == 30 && got.ticket == 0);
    cr_expect_eq(store_alarm_newest(f.store, device, "TooWarm", "", &got), RESULT_NOT_FOUND, "another part");
    cr_expect_eq(store_alarm_find(f.store, 99, &got), RESULT_NOT_FOUND);
    a.id = 99;
    cr_expect_eq(store_alarm_put(f.store, &a), RESULT_NOT_FOUND);
    commit(&f);
    fixture_close(&f);
}

Test(alarms, only_one_of_a_kind_is_active) {
    struct fixture f;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    struct alarm first = an_alarm(device, "TooWarm", true, SEVERITY_IS_MAJOR), again = first, other = first;
    begin(&f);
    cr_assert_eq(store_alarm_put(f.store, &first), RESULT_OK);
    cr_expect_eq(store_alarm_put(f.store, &again), RESULT_CONFLICT);
    snprintf(other.part, sizeof other.part, "lid");
    cr_expect_eq(store_alarm_put(f.store, &other), RESULT_OK, "of another part");
    first.is_active = false;
    cr_assert_eq(store_alarm_put(f.store, &first), RESULT_OK);
    again.id = 0;
    cr_expect_eq(store_alarm_put(f.store, &again), RESULT_OK, "the first was cleared");
    commit(&f);
    fixture_close(&f);
}

Test(alarms, lists_begin_with_the_active_and_the_newest) {
    struct fixture f;
    struct list got = {0};
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7"), two = add_device(&f, "pump-1");
    const int64_t ticket = open_ticket(&f, one, "warm");
    struct alarm rows[] = {an_alarm(one, "A", false, SEVERITY_IS_MAJOR), an_alarm(one, "B", true, SEVERITY_IS_WARNING),
                           an_alarm(two, "A", true, SEVERITY_IS_CRITICAL), an_alarm(one, "A", true, SEVERITY_IS_MINOR)};
    begin(&f);
    for (int i = 0; i < 4; i++) {
        rows[i].raised_ms = 100 + i;
        rows[i].ticket = i == 0 || i == 3 ? ticket : 0;
        cr_assert_eq(store_alarm_put(f.store, &rows[i]), RESULT_OK);
    }
    commit(&f);
    struct reader *reader = open_reader(&f);
    const struct {
        const char *what;
        struct alarm_query query;
        int count;
        int64_t ids[4];
    } queries[] = {
        {"all", {.limit = 10}, 4, {4, 3, 2, 1}},
        {"a page", {.limit = 2}, 2, {4, 3}},
        {"active", {.has_active = true, .is_active = true, .limit = 10}, 3, {4, 3, 2}},
        {"cleared", {.has_active = true, .limit = 10}, 1, {1}},
        {"of a device", {.device = "freezer-7", .limit = 10}, 3, {4, 2, 1}},
        {"of a device, active", {.device = "freezer-7", .has_active = true, .is_active = true, .limit = 10}, 2, {4, 2}},
        {"of a ticket", {.ticket = ticket, .limit = 10}, 2, {4, 1}},
        {"of a ticket and device", {.device = "freezer-7", .ticket = ticket, .limit = 10}, 2, {4, 1}},
        {"of a device nobody knows", {.device = "pump-9", .limit = 10}, 0, {0}},
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        got.count = 0;
        cr_assert_eq(reader_alarms(reader, &queries[i].query, list_alarm, &got), RESULT_OK, "%s", reader_error(reader));
        cr_expect_eq(got.count, queries[i].count, "%s: %d", queries[i].what, got.count);
        cr_expect_eq(memcmp(got.ids, queries[i].ids, (size_t)queries[i].count * 8), 0, "%s", queries[i].what);
    }
    got.count = 0;
    cr_assert_eq(store_alarms_load(f.store, INT64_MAX, list_alarm, &got), RESULT_OK);
    cr_expect(got.count == 3 && got.ids[0] == 2 && got.ids[1] == 4 && got.ids[2] == 3, "active, by device");
    begin(&f);
    rows[1].is_active = false;
    rows[1].cleared_ms = 500;
    cr_assert_eq(store_alarm_put(f.store, &rows[1]), RESULT_OK);
    commit(&f);
    got.count = 0;
    cr_assert_eq(store_alarms_load(f.store, 20, list_alarm, &got), RESULT_OK);
    cr_expect(got.count == 3 && got.ids[0] == 2, "row 1 has a newer one, row 2 was cleared lately: %d", got.count);
    reader_close(reader);
    fixture_close(&f);
}

Test(tickets, version_and_events_go_together) {
    struct fixture f;
    struct ticket ticket;
    struct ticket_event event;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    const int64_t id = open_ticket(&f, device, "warm");
    act(&f, id, TICKET_ASSIGN, "", "eva");
    begin(&f);
    cr_assert_eq(store_ticket_find(f.store, id, &ticket), RESULT_OK);
    cr_expect(ticket.version == 2 && ticket.state == TICKET_ASSIGNED && strcmp(ticket.assignee, "eva") == 0);
    cr_expect(strcmp(ticket.device, "freezer-7") == 0 && strcmp(ticket.model, "freezer-v1") == 0 && ticket.is_touched);
    cr_expect(ticket.source == TICKET_FROM_PHONE && ticket.severity == SEVERITY_IS_MAJOR && ticket.opened_ms == 1000);
    ticket.repeats = 5;
    cr_expect_eq(store_ticket_put(f.store, &ticket, NULL, 0), RESULT_OK, "counts alone");
    struct ticket stale = ticket;
    ticket_note(&ticket, TICKET_EVENT_SESSION, "eva", "asked for a session", "{\"session\":\"x\"}", 3000, &ticket,
                &event);
    cr_assert_eq(store_ticket_put(f.store, &ticket, &event, 1), RESULT_OK);
    cr_expect(event.id == 3 && event.ticket == id);
    ticket_note(&stale, TICKET_EVENT_COMMENT, "eva", "late", NULL, 3000, &stale, &event);
    cr_expect_eq(store_ticket_put(f.store, &stale, &event, 1), RESULT_CONFLICT, "somebody was faster");
    store_rollback(f.store);
    begin(&f);
    cr_expect_eq(store_ticket_find(f.store, 77, &ticket), RESULT_NOT_FOUND);
    store_rollback(f.store);
    fixture_close(&f);
}

struct texts {
    char all[1000];
};
static void list_event(void *self, const struct ticket_event *event) {
    struct texts *t = self;
    const size_t used = strlen(t->all);
    snprintf(t->all + used, sizeof t->all - used, "%s/%s/%s>%s/%s/%s;", ticket_event_kind_name(event->kind), event->by,
             event->from, event->to, event->text, event->data);
}

Test(tickets, the_case_file_reads_in_order) {
    struct fixture f;
    struct texts got = {""};
    fixture_open(&f);
    const int64_t id = open_ticket(&f, add_device(&f, "freezer-7"), "warm");
    act(&f, id, TICKET_ASSIGN, "", "eva");
    act(&f, id, TICKET_DIAGNOSE, "", NULL);
    act(&f, id, TICKET_COMMENT, "fan runs", NULL);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_ticket_events(reader, id, list_event, &got), RESULT_OK);
    cr_expect_str_eq(
        got.all,
        "opened/sue/>new/the owner rang/;assigned/ann/>eva//;state/ann/assigned>diagnosing//;comment/ann/>/fan runs/;");
    reader_close(reader);
    fixture_close(&f);
}

static int search(struct reader *reader, const char *q, const char *device, bool is_open_only, struct list *got) {
    const struct ticket_query query = {.q = q, .device = device, .is_open_only = is_open_only, .limit = 50};
    int64_t next = 0;
    got->count = 0;
    cr_assert_eq(reader_tickets(reader, &query, list_ticket, got, &next), RESULT_OK, "%s: %s", q, reader_error(reader));
    return got->count;
}

Test(tickets, words_find_tickets_and_are_never_syntax) {
    static const struct {
        const char *q, *device;
        bool is_open_only;
        int count;
    } rows[] = {
        {"compressor", NULL, false, 2},
        {"COMPRESS", NULL, false, 2},         /* the beginning of a word */
        {"compressor noise", NULL, false, 1}, /* one word in the subject, one in a comment */
        {"pressor", NULL, false, 0},          /* not its end */
        {"compressor", "freezer-7", false, 1},
        {"compressor", "freezer-9", false, 0},
        {"compressor", NULL, true, 1},
        {"freezer-7", NULL, false, 2},
        {"rang", NULL, false, 3},
        {"冷却", NULL, false, 1},
        {"却水", NULL, false, 1}, /* from the middle of a run */
        {"水冷", NULL, false, 0},
        {"gefriergerat", NULL, false, 1}, /* accents do not matter */
        {"\"", NULL, false, 0},
        {"compressor OR warm", NULL, false, 0}, /* three words, all wanted */
        {"body:compressor", NULL, false, 0},
        {"NEAR(compressor", NULL, false, 0},
        {"compressor*", NULL, false, 2},
        {"'; DROP TABLE ticket --", NULL, false, 0},
        {"\"compressor", NULL, false, 2},
        {"tags:open", NULL, false, 0},
        {"open", NULL, false, 0}, /* our own tags are not found */
        {"\xff\xfe", NULL, false, 0},
    };
    struct fixture f;
    struct list got;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7"), other = add_device(&f, "pump-1");
    const int64_t first = open_ticket(&f, device, "Compressor starts too often");
    act(&f, first, TICKET_COMMENT, "a noise like gravel", NULL);
    const int64_t done = open_ticket(&f, other, "compressor dead");
    open_ticket(&f, device, "冷却水不足 im Gefriergerät");
    act(&f, done, TICKET_ASSIGN, "", "eva");
    act(&f, done, TICKET_DIAGNOSE, "", NULL);
    act(&f, done, TICKET_RESOLVE, "replaced", NULL);
    struct reader *reader = open_reader(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(search(reader, rows[i].q, rows[i].device, rows[i].is_open_only, &got), rows[i].count, "%s: %d",
                     rows[i].q, got.count);
    char *long_q = calloc(1, 6000);
    memset(long_q, 'x', 5999);
    cr_expect_eq(search(reader, long_q, NULL, false, &got), 0);
    free(long_q);
    reader_close(reader);
    cr_expect_eq(ask(&f, "INSERT INTO ticket_text(ticket_text) VALUES('integrity-check')"), -1,
                 "the index fits the rows");
    fixture_close(&f);
}

Test(tickets, pages_and_filters) {
    struct fixture f;
    struct list got = {0};
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7"), two = add_device(&f, "pump-1");
    for (int i = 1; i <= 9; i++)
        open_ticket(&f, i % 3 == 0 ? two : one, "noise");
    for (int i = 1; i <= 9; i += 4) { /* 1, 5, 9 */
        act(&f, i, TICKET_ASSIGN, "", "eva");
        act(&f, i, TICKET_DIAGNOSE, "", NULL);
        act(&f, i, TICKET_RESOLVE, "fixed", NULL);
    }
    struct reader *reader = open_reader(&f);
    const struct {
        const char *what;
        struct ticket_query query;
        int count;
        int64_t ids[9], next;
    } rows[] = {
        {"the first page", {.limit = 4}, 4, {9, 8, 7, 6}, 6},
        {"the second", {.before = 6, .limit = 4}, 4, {5, 4, 3, 2}, 2},
        {"the last", {.before = 2, .limit = 4}, 1, {1}, 0},
        {"a last page that is just full", {.before = 5, .limit = 4}, 4, {4, 3, 2, 1}, 0},
        {"open", {.is_open_only = true, .limit = 9}, 6, {8, 7, 6, 4, 3, 2}, 0},
        {"resolved", {.has_state = true, .state = TICKET_RESOLVED, .limit = 9}, 3, {9, 5, 1}, 0},
        {"of a device", {.device = "pump-1", .limit = 9}, 3, {9, 6, 3}, 0},
        {"of a device, open", {.device = "pump-1", .is_open_only = true, .limit = 9}, 2, {6, 3}, 0},
        {"of a device, resolved",
         {.device = "pump-1", .has_state = true, .state = TICKET_RESOLVED, .limit = 9},
         1,
         {9},
         0},
        {"open and resolved",
         {.is_open_only = true, .has_state = true, .state = TICKET_RESOLVED, .limit = 9},
         0,
         {0},
         0},
        {"open and new",
         {.is_open_only = true, .has_state = true, .state = TICKET_NEW, .limit = 9},
         6,
         {8, 7, 6, 4, 3, 2},
         0},
        {"found, a page", {.q = "noise", .limit = 2}, 2, {9, 8}, 8},
        {"found, the next", {.q = "noise", .before = 8, .limit = 2}, 2, {7, 6}, 6},
        {"found, of a device, resolved",
         {.q = "noise", .device = "pump-1", .has_state = true, .state = TICKET_RESOLVED, .limit = 9},
         1,
         {9},
         0},
        {"of a device nobody knows", {.device = "pump-9", .limit = 9}, 0, {0}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t next = -1;
        got.count = 0;
        cr_assert_eq(reader_tickets(reader, &rows[i].query, list_ticket, &got, &next), RESULT_OK, "%s",
                     reader_error(reader));
        cr_expect_eq(got.count, rows[i].count, "%s: %d", rows[i].what, got.count);
        cr_expect_eq(memcmp(got.ids, rows[i].ids, (size_t)rows[i].count * 8), 0, "%s", rows[i].what);
        cr_expect_eq(next, rows[i].next, "%s: next %lld", rows[i].what, (long long)next);
    }
    reader_close(reader);
    struct ticket of[10];
    size_t count = 0;
    cr_assert_eq(store_tickets_of_device(f.store, one, 2000, of, 10, &count), RESULT_OK);
    cr_expect(count == 6 && of[0].id == 8 && of[5].id == 1, "open, and those resolved at 2000");
    cr_assert_eq(store_tickets_of_device(f.store, one, 2001, of, 10, &count), RESULT_OK);
    cr_expect_eq(count, 4, "open alone");
    cr_assert_eq(store_tickets_of_device(f.store, one, 2000, of, 2, &count), RESULT_OK);
    cr_expect(count == 2 && of[1].id == 7, "no more than there is room for");
    fixture_close(&f);
}

static struct session a_session(const char *id, int64_t ticket, const char *device) {
    struct session s = {
        .ticket = ticket, .capabilities = 3, .state = SESSION_ASKING, .requested_ms = 100, .is_complete = true};
    snprintf(s.id, sizeof s.id, "%s", id);
    snprintf(s.device, sizeof s.device, "%s", device);
    snprintf(s.engineer, sizeof s.engineer, "eva");
    snprintf(s.reason, sizeof s.reason, "look at the fan");
    return s;
}

static void count_session(void *self, const struct session *session) {
    (void)session;
    (*(int *)self)++;
}
static void see_report(void *self, const char *session, const char *markdown, const char *digest, int64_t at_ms) {
    snprintf(self, 100, "%s %s %s %lld", session, markdown, digest, (long long)at_ms);
}

Test(sessions, a_session_lives_and_is_reported) {
    struct fixture f;
    struct session got;
    struct overview overview;
    int count = 0;
    char text[100];
    fixture_open(&f);
    const int64_t ticket = open_ticket(&f, add_device(&f, "freezer-7"), "warm");
    struct session s = a_session("s-1", ticket, "freezer-7"), denied = a_session("s-2", ticket, "freezer-7");
    begin(&f);
    cr_assert_eq(store_session_put(f.store, &s), RESULT_OK, "%s", store_error(f.store));
    denied.state = SESSION_DENIED;
    cr_assert_eq(store_session_put(f.store, &denied), RESULT_OK);
    s.state = SESSION_LIVE;
    s.has_started = s.has_deadline = s.has_consent = true;
    s.started_ms = 200;
    s.deadline_ms = 900;
    s.consent = (struct session_consent){"code", "owner", 150, 800};
    s.needs_moderator = true;
    cr_assert_eq(store_session_put(f.store, &s), RESULT_OK);
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_overview(reader, &overview), RESULT_OK);
    cr_expect_eq(overview.sessions_live, 1);
    cr_assert_eq(reader_session(reader, "s-1", &got), RESULT_OK);
    cr_expect(got.ticket == ticket && strcmp(got.device, "freezer-7") == 0 && strcmp(got.engineer, "eva") == 0 &&
              strcmp(got.reason, "look at the fan") == 0);
    cr_expect(got.state == SESSION_LIVE && got.capabilities == 3 && got.requested_ms == 100 && got.is_complete &&
              !got.is_countersigned);
    cr_expect(got.needs_moderator, "what an approval may add is kept");
    cr_expect(got.has_started && got.started_ms == 200 && got.has_deadline && got.deadline_ms == 900 && !got.has_ended);
    cr_expect(got.has_consent && strcmp(got.consent.method, "code") == 0 && strcmp(got.consent.by, "owner") == 0 &&
              got.consent.at_ms == 150 && got.consent.until_ms == 800);
    cr_expect_eq(reader_session(reader, "s-9", &got), RESULT_NOT_FOUND);
    cr_assert_eq(store_sessions_running(f.store, count_session, &count), RESULT_OK);
    cr_expect_eq(count, 1);
    begin(&f);
    s.state = SESSION_ENDED;
    s.has_ended = true;
    s.ended_ms = 500;
    s.frames = 77;
    snprintf(s.digest, sizeof s.digest, "abc");
    cr_assert_eq(store_session_put(f.store, &s), RESULT_OK);
    commit(&f);
    count = 0;
    cr_assert_eq(store_sessions_unreported(f.store, count_session, &count), RESULT_OK);
    cr_expect_eq(count, 1, "ended and without a report; the denied one needs none");
    cr_expect_eq(reader_report(reader, ticket, see_report, text), RESULT_NOT_FOUND);
    begin(&f);
    cr_assert_eq(store_report_put(f.store, &(struct report_row){ticket, "s-1", "# first", "abc", 600}), RESULT_OK);
    cr_assert_eq(store_report_put(f.store, &(struct report_row){ticket, "s-1", "# second", "abc", 700}), RESULT_OK);
    commit(&f);
    count = 0;
    cr_assert_eq(store_sessions_unreported(f.store, count_session, &count), RESULT_OK);
    cr_expect_eq(count, 0);
    cr_assert_eq(reader_report(reader, ticket, see_report, text), RESULT_OK);
    cr_expect_str_eq(text, "s-1 # second abc 700");
    const struct session_query queries[] = {
        {.limit = 10}, {.device = "freezer-7", .limit = 10}, {.ticket = ticket, .limit = 10},
        {.limit = 1},  {.device = "pump-9", .limit = 10},    {.ticket = 99, .limit = 10}};
    const int counts[] = {2, 2, 2, 1, 0, 0};
    for (size_t i = 0; i < 6; i++) {
        count = 0;
        cr_assert_eq(reader_sessions(reader, &queries[i], count_session, &count), RESULT_OK);
        cr_expect_eq(count, counts[i], "query %zu", i);
    }
    reader_close(reader);
    begin(&f);
    snprintf(s.device, sizeof s.device, "nobody");
    snprintf(s.id, sizeof s.id, "s-3");
    cr_expect_eq(store_session_put(f.store, &s), RESULT_CONFLICT, "a device nobody knows");
    store_rollback(f.store);
    fixture_close(&f);
}

Test(cases, the_first_page_counts_what_is_there) {
    struct fixture f;
    struct overview got;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    add_device(&f, "pump-1");
    struct alarm a = an_alarm(device, "A", true, SEVERITY_IS_MINOR), b = an_alarm(device, "B", true, SEVERITY_IS_MINOR);
    const int64_t first = open_ticket(&f, device, "one");
    open_ticket(&f, device, "two");
    begin(&f);
    cr_assert_eq(store_alarm_put(f.store, &a), RESULT_OK);
    cr_assert_eq(store_alarm_put(f.store, &b), RESULT_OK);
    a.severity = SEVERITY_IS_CRITICAL;
    cr_assert_eq(store_alarm_put(f.store, &a), RESULT_OK);
    b.is_active = false;
    cr_assert_eq(store_alarm_put(f.store, &b), RESULT_OK);
    cr_assert_eq(store_device_seen(f.store, device, false, 9), RESULT_OK);
    commit(&f);
    act(&f, first, TICKET_ASSIGN, "", "eva");
    act(&f, first, TICKET_DIAGNOSE, "", NULL);
    act(&f, first, TICKET_RESOLVE, "done", NULL);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_overview(reader, &got), RESULT_OK);
    cr_expect(got.devices == 2 && got.online == 1 && got.tickets_open == 1 && got.sessions_live == 0 &&
              got.quarantined == 0);
    cr_expect(got.alarms[SEVERITY_IS_CRITICAL] == 1 && got.alarms[SEVERITY_IS_MINOR] == 0 &&
              got.alarms[SEVERITY_IS_MAJOR] == 0);
    act(&f, first, TICKET_REOPEN, "still warm", NULL);
    cr_assert_eq(reader_overview(reader, &got), RESULT_OK);
    cr_expect_eq(got.tickets_open, 2);
    reader_close(reader);
    fixture_close(&f);
}
