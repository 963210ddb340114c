/* Lines of recorded sessions: who finds what, what is forgotten is gone, and sessions that wait to be read. */
#include "store/session_lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "store/recordings.h"

#define ONE "11111111-1111-4111-8111-111111111111"
#define TWO "22222222-2222-4222-8222-222222222222"
#define ALL ((1u << LINE_KIND_COUNT) - 1)

static void put_session(struct fixture *f, const char *id, const char *device, int64_t ticket, int64_t started_ms,
                        enum session_state state) {
    struct session s = {
        .ticket = ticket, .state = state, .requested_ms = started_ms, .has_started = true, .started_ms = started_ms};
    snprintf(s.id, sizeof s.id, "%s", id);
    snprintf(s.device, sizeof s.device, "%s", device);
    snprintf(s.engineer, sizeof s.engineer, "ann");
    cr_assert_eq(store_session_put(f->store, &s), RESULT_OK, "%s", store_error(f->store));
}

static void add(struct fixture *f, const char *session, uint64_t n, enum line_kind kind, const char *by,
                const char *text) {
    struct line line = {.n = n, .t_ms = (int64_t)n * 1000, .kind = kind, .by = by, .text = text};
    cr_assert_eq(store_line_add(f->store, session, &line), RESULT_OK, "%s", store_error(f->store));
}

static int64_t put_ticket(struct fixture *f, int64_t device) {
    struct ticket ticket = {.device_id = device, .severity = SEVERITY_IS_MINOR, .opened_ms = 1, .updated_ms = 1};
    snprintf(ticket.subject, sizeof ticket.subject, "noise");
    cr_assert_eq(store_ticket_put(f->store, &ticket, NULL, 0), RESULT_OK, "%s", store_error(f->store));
    return ticket.id;
}

static void open_world(struct fixture *f) {
    fixture_open(f);
    int64_t one = add_device(f, "freezer-7"), two = add_device(f, "freezer-8");
    begin(f);
    put_session(f, ONE, "freezer-7", put_ticket(f, one), 1000000, SESSION_LIVE);
    put_session(f, TWO, "freezer-8", put_ticket(f, two), 2000000, SESSION_LIVE);
    add(f, ONE, 1, LINE_SCREEN, "freezer-7", "voltage 24 V 温度过高");
    add(f, ONE, 2, LINE_TYPED, "ann", "show voltage");
    add(f, ONE, 3, LINE_CHAT, "bob", "the voltage is \"fine\" OR not");
    add(f, TWO, 1, LINE_SCREEN, "freezer-8", "voltage 12 V");
    add(f, TWO, 2, LINE_PARAMETER, "ann", "voltage_limit 5 -> 7");
    commit(f);
}

static void note_hit(void *self, const struct line_hit *hit) {
    buf_printf(self, "%c%llu ", hit->session[0], (unsigned long long)hit->line.n);
}

static void expect_hits(struct fixture *f, const char *what, const struct line_query *query, const char *hits) {
    struct buf out;
    int64_t next;
    struct reader *reader = open_reader(f);
    buf_init(&out, 4096);
    cr_assert_eq(reader_lines(reader, query, note_hit, &out, &next), RESULT_OK, "%s", what);
    cr_expect_str_eq(buf_text(&out), hits, "%s: '%s'", what, buf_text(&out));
    buf_fini(&out);
    reader_close(reader);
}

Test(session_lines, are_found_by_words_and_filters) {
    struct fixture f;
    open_world(&f);
    static const struct {
        const char *what;
        struct line_query query;
        const char *hits;
    } rows[] = {
        {"a word, newest first", {.q = "voltage"}, "22 21 13 12 11 "},
        {"capitals do not matter", {.q = "VOLTAGE"}, "22 21 13 12 11 "},
        {"the beginning of a word", {.q = "volt"}, "22 21 13 12 11 "},
        {"the middle of a word is not", {.q = "oltage"}, ""},
        {"all words", {.q = "voltage 24"}, "11 "},
        {"Chinese, two characters of four", {.q = "温度"}, "11 "},
        {"Chinese in another order is not", {.q = "度温"}, ""},
        {"a user's words are never syntax", {.q = "\"fine\" OR"}, "13 "},
        {"nor tags", {.q = "tags:s1"}, ""},
        {"signs alone find nothing", {.q = "\"\" * ("}, ""},
        {"of a device", {.q = "voltage", .device = "freezer-8"}, "22 21 "},
        {"of a device that is not there", {.q = "voltage", .device = "freezer-9"}, ""},
        {"of a session", {.q = "voltage", .session = ONE}, "13 12 11 "},
        {"of a session that is not there", {.q = "voltage", .session = "33333333-3333-4333-8333-333333333333"}, ""},
        {"everything of a session", {.session = ONE}, "13 12 11 "},
        {"everything of everything is not to be had", {.q = ""}, ""},
        {"by an author", {.q = "voltage", .author = "ann"}, "22 12 "},
        {"by nobody", {.q = "voltage", .author = "an"}, ""},
        {"of a kind", {.q = "voltage", .kinds = 1u << LINE_CHAT}, "13 "},
        {"from a time on", {.q = "voltage", .from_ms = 2000000}, "22 21 "},
        {"until a time", {.q = "voltage", .to_ms = 1002000}, "11 "},
        {"a page", {.q = "voltage", .limit = 2}, "22 21 "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line_query query = rows[i].query;
        query.kinds = query.kinds == 0 ? ALL : query.kinds;
        query.to_ms = query.to_ms == 0 ? INT64_MAX : query.to_ms;
        query.limit = query.limit == 0 ? 50 : query.limit;
        expect_hits(&f, rows[i].what, &query, rows[i].hits);
    }
    expect_hits(&f, "who may see no kind finds nothing",
                &(struct line_query){.q = "voltage", .kinds = 0, .to_ms = INT64_MAX, .limit = 9}, "");
    fixture_close(&f);
}

Test(session_lines, pages_join_without_a_gap) {
    struct fixture f;
    open_world(&f);
    struct buf out;
    buf_init(&out, 4096);
    int64_t next = 0;
    int pages = 0;
    struct reader *reader = open_reader(&f);
    do {
        struct line_query query = {.q = "voltage", .kinds = ALL, .to_ms = INT64_MAX, .limit = 2, .after = next};
        cr_assert_eq(reader_lines(reader, &query, note_hit, &out, &next), RESULT_OK);
        pages++;
    } while (next != 0);
    cr_expect_str_eq(buf_text(&out), "22 21 13 12 11 ");
    cr_expect_eq(pages, 3);
    reader_close(reader);
    buf_fini(&out);
    fixture_close(&f);
}

Test(session_lines, what_is_forgotten_is_gone_from_the_index_too) {
    struct fixture f;
    open_world(&f);
    begin(&f);
    for (int i = 0; i < 2500; i++) {
        add(&f, ONE, 10, LINE_SCREEN, "freezer-7", "flood 温度");
    }
    cr_assert_eq(store_lines_forget(f.store, ONE), RESULT_OK);
    cr_assert_eq(store_lines_forget(f.store, "33333333-3333-4333-8333-333333333333"), RESULT_NOT_FOUND);
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM session_line WHERE session = 1"), 0);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM session_text WHERE session_text MATCH 'flood OR show OR 温'"), 0);
    expect_hits(&f, "the other's are there",
                &(struct line_query){.q = "voltage", .kinds = ALL, .to_ms = INT64_MAX, .limit = 9}, "22 21 ");
    fixture_close(&f);
}

Test(session_lines, those_of_a_removed_recording_go_and_those_of_a_held_one_stay) {
    struct fixture f;
    open_world(&f);
    begin(&f);
    cr_expect_eq(store_lines_forget_removed(f.store), RESULT_NOT_FOUND, "nothing was removed");
    for (int i = 0; i < 1500; i++) {
        add(&f, ONE, 10, LINE_SCREEN, "freezer-7", "flood 温度");
    }
    put_session(&f, ONE, "freezer-7", 1, 1000000, SESSION_ENDED);
    put_session(&f, TWO, "freezer-8", 2, 2000000, SESSION_ENDED);
    struct recording removed = {.session = ONE, .removed_ms = 9000000}, held = {.session = TWO, .held_by = "vera"};
    cr_assert_eq(store_recording_put(f.store, &held), RESULT_OK);
    cr_expect_eq(store_lines_forget_removed(f.store), RESULT_NOT_FOUND, "held is not removed");
    cr_assert_eq(store_recording_put(f.store, &removed), RESULT_OK, "%s", store_error(f.store));
    cr_assert_eq(store_lines_forget_removed(f.store), RESULT_OK);
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM session_unread"), 1, "nobody reads the removed one any more");
    cr_expect_eq(ask(&f, "SELECT count(*) FROM session_line WHERE session = 1"), 503, "a bounded step");
    begin(&f);
    cr_assert_eq(store_lines_forget_removed(f.store), RESULT_OK);
    cr_expect_eq(store_lines_forget_removed(f.store), RESULT_NOT_FOUND);
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM session_line WHERE session = 1"), 0);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM session_text WHERE session_text MATCH 'flood OR show OR 温'"), 0);
    expect_hits(&f, "the held one's are there",
                &(struct line_query){.q = "voltage", .kinds = ALL, .to_ms = INT64_MAX, .limit = 9}, "22 21 ");
    fixture_close(&f);
}

static void note_session(void *self, const struct session *s) {
    buf_printf(self, "%c", s->id[0]);
}

Test(session_lines, a_session_is_unread_from_its_end_until_its_lines_are_whole) {
    struct fixture f;
    struct buf out;
    open_world(&f);
    buf_init(&out, 100);
    cr_assert_eq(store_sessions_unread(f.store, note_session, &out), RESULT_OK);
    cr_expect_str_eq(buf_text(&out), "", "live ones are not");
    begin(&f);
    put_session(&f, ONE, "freezer-7", 1, 1000000, SESSION_ENDED);
    put_session(&f, TWO, "freezer-8", 2, 2000000, SESSION_ENDED);
    cr_assert_eq(store_lines_finish(f.store, TWO), RESULT_OK);
    commit(&f);
    cr_assert_eq(store_sessions_unread(f.store, note_session, &out), RESULT_OK);
    cr_expect_str_eq(buf_text(&out), "1");
    buf_fini(&out);
    fixture_close(&f);
}

static void note_finding(void *self, const struct finding *finding) {
    buf_printf(self, "%lld %s: %s|", (long long)finding->at_ms, finding->by, finding->text);
}

Test(session_lines, findings_are_kept_in_order) {
    struct fixture f;
    struct buf out;
    open_world(&f);
    buf_init(&out, 1000);
    begin(&f);
    cr_assert_eq(store_finding_add(f.store, ONE, &(struct finding){.at_ms = 5, .by = "ann", .text = "worn"}),
                 RESULT_OK);
    cr_assert_eq(store_finding_add(f.store, ONE, &(struct finding){.at_ms = 9, .by = "bob", .text = "ordered"}),
                 RESULT_OK);
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_findings(reader, ONE, note_finding, &out), RESULT_OK);
    cr_assert_eq(reader_findings(reader, TWO, note_finding, &out), RESULT_OK);
    cr_expect_str_eq(buf_text(&out), "5 ann: worn|9 bob: ordered|");
    reader_close(reader);
    buf_fini(&out);
    fixture_close(&f);
}
