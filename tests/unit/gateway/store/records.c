/* Log lines, events, quarantine. */
#include "store/records.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static void add_line(struct fixture *f, int64_t device, int64_t event_ms, int severity, const char *app,
                     const char *text) {
    struct log_record record = {.event_ms = event_ms, .severity = severity, .facility = 3, .is_cut = severity == 2};
    snprintf(record.app, sizeof record.app, "%s", app);
    snprintf(record.text, sizeof record.text, "%s", text);
    cr_assert_eq(store_log_add(f->store, device, 9, &record), RESULT_OK, "%s", store_error(f->store));
}

struct lines {
    char text[4000];
    int count;
};
static void see(void *self, const struct log_record *record) {
    struct lines *l = self;
    const size_t used = strlen(l->text);
    snprintf(l->text + used, sizeof l->text - used, "%lld:%d:%s:%s%s;", (long long)record->event_ms, record->severity,
             record->app, record->text, record->is_cut ? "+" : "");
    l->count++;
}

Test(logs, pages_severities_and_words) {
    static const struct {
        const char *what;
        struct log_query query;
        const char *want;
    } rows[] = {
        {"newest first",
         {"freezer-7", "", 7, INT64_MAX, 3},
         "50:7:fan:spinning;40:2:compressor:seized up+;30:4:door:open too long;"},
        {"before", {"freezer-7", "", 7, 30, 10}, "20:6:compressor:start 冷却水;10:6:compressor:start;"},
        {"errors", {"freezer-7", "", 3, INT64_MAX, 10}, "40:2:compressor:seized up+;"},
        {"warnings", {"freezer-7", "", 4, INT64_MAX, 10}, "40:2:compressor:seized up+;30:4:door:open too long;"},
        {"emergencies", {"freezer-7", "", 0, INT64_MAX, 10}, ""},
        {"a word", {"freezer-7", "start", 7, INT64_MAX, 10}, "20:6:compressor:start 冷却水;10:6:compressor:start;"},
        {"the application counts", {"freezer-7", "compr seiz", 7, INT64_MAX, 10}, "40:2:compressor:seized up+;"},
        {"a word before", {"freezer-7", "start", 7, 20, 10}, "10:6:compressor:start;"},
        {"a word, of a severity", {"freezer-7", "compressor", 3, INT64_MAX, 10}, "40:2:compressor:seized up+;"},
        {"Chinese", {"freezer-7", "却水", 7, INT64_MAX, 10}, "20:6:compressor:start 冷却水;"},
        {"another device's word", {"freezer-7", "bearing", 7, INT64_MAX, 10}, ""},
        {"punctuation alone", {"freezer-7", "-- \"", 7, INT64_MAX, 10}, ""},
        {"syntax is text", {"freezer-7", "tags:d2", 7, INT64_MAX, 10}, ""},
    };
    struct fixture f;
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7"), two = add_device(&f, "pump-1");
    begin(&f);
    add_line(&f, one, 10, 6, "compressor", "start");
    add_line(&f, two, 15, 3, "pump", "bearing hot");
    add_line(&f, one, 20, 6, "compressor", "start 冷却水");
    add_line(&f, one, 30, 4, "door", "open too long");
    add_line(&f, one, 40, 2, "compressor", "seized up");
    add_line(&f, one, 50, 7, "fan", "spinning");
    commit(&f);
    struct reader *reader = open_reader(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lines got = {"", 0};
        cr_assert_eq(reader_logs(reader, &rows[i].query, see, &got), RESULT_OK, "%s: %s", rows[i].what,
                     reader_error(reader));
        cr_expect_str_eq(got.text, rows[i].want, "%s: %s", rows[i].what, got.text);
    }
    struct lines got = {"", 0};
    cr_expect_eq(reader_logs(reader, &(struct log_query){"pump-9", "", 7, INT64_MAX, 10}, see, &got), RESULT_NOT_FOUND);
    reader_close(reader);
    fixture_close(&f);
}

Test(logs, a_page_does_not_tear_a_millisecond_apart) {
    struct fixture f;
    struct lines got = {"", 0};
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7");
    begin(&f);
    for (int i = 0; i < 9; i++)
        add_line(&f, one, i < 6 ? 100 : 200, 6, "x", "y");
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_logs(reader, &(struct log_query){"freezer-7", "", 7, INT64_MAX, 4}, see, &got), RESULT_OK);
    cr_expect_eq(got.count, 9, "three of 200, and all of 100: %d", got.count);
    got.count = 0;
    cr_assert_eq(reader_logs(reader, &(struct log_query){"freezer-7", "", 7, INT64_MAX, 2}, see, &got), RESULT_OK);
    cr_expect_eq(got.count, 3, "all of 200: %d", got.count);
    reader_close(reader);
    fixture_close(&f);
}

Test(logs, old_lines_go_with_their_search_entries) {
    struct fixture f;
    struct lines got = {"", 0};
    int deleted = 0;
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7"), two = add_device(&f, "pump-1");
    begin(&f);
    for (int i = 1; i <= 10; i++) {
        add_line(&f, one, i, 6, "compressor", "kept 冷却水 or not");
        add_line(&f, two, i, 6, "compressor", "kept");
    }
    cr_assert_eq(store_logs_expire(f.store, one, 8, 5, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 5, "no more than asked");
    cr_assert_eq(store_logs_expire(f.store, one, 8, 5, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 2);
    cr_assert_eq(store_logs_expire(f.store, one, 8, 5, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0);
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_logs(reader, &(struct log_query){"freezer-7", "冷却水", 7, INT64_MAX, 100}, see, &got),
                 RESULT_OK);
    cr_expect_eq(got.count, 3);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM log_text WHERE log_text MATCH 'body : kept'"), 13);
    reader_close(reader);
    fixture_close(&f);
}

Test(events, old_ones_go_in_bounded_steps) {
    struct fixture f;
    int deleted = 0;
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7"), two = add_device(&f, "pump-1");
    begin(&f);
    for (int i = 1; i <= 10; i++) {
        const struct event_message event = {.event_ms = i, .code = "E17"};
        cr_assert_eq(store_event_add(f.store, one, 1000, &event), RESULT_OK);
        cr_assert_eq(store_event_add(f.store, two, 1000, &event), RESULT_OK);
    }
    cr_assert_eq(store_events_expire(f.store, one, 8, 5, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 5, "no more than asked");
    cr_assert_eq(store_events_expire(f.store, one, 8, 5, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 2);
    cr_assert_eq(store_events_expire(f.store, one, 8, 5, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0);
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM event"), 13);
    cr_expect_eq(ask(&f, "SELECT min(event_ms) FROM event WHERE device = 1"), 8, "the newest stay");
    fixture_close(&f);
}

static void see_event(void *self, int64_t id, const struct event_message *e) {
    struct lines *l = self;
    const size_t used = strlen(l->text);
    snprintf(l->text + used, sizeof l->text - used, "%lld %lld %s %s %d %d %s %llu %lld %lld;", (long long)id,
             (long long)e->event_ms, event_kind_name(e->kind), e->code, e->active, e->severity, e->text,
             (unsigned long long)e->gap_count, (long long)e->gap_first_ms, (long long)e->gap_last_ms);
}

Test(events, come_back_newest_first) {
    struct fixture f;
    struct lines got = {"", 0};
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7");
    const struct event_message fault = {
        .event_ms = 10, .kind = EVENT_FAULT, .code = "E17", .active = true, .severity = 3, .text = "fan"};
    const struct event_message gap = {.event_ms = 20,
                                      .kind = EVENT_GAP,
                                      .severity = 4,
                                      .text = "spool full",
                                      .gap_count = 99,
                                      .gap_first_ms = 5,
                                      .gap_last_ms = 15};
    begin(&f);
    cr_assert_eq(store_event_add(f.store, one, 30, &fault), RESULT_OK);
    cr_assert_eq(store_event_add(f.store, one, 30, &gap), RESULT_OK);
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_events(reader, "freezer-7", INT64_MAX, 10, see_event, &got), RESULT_OK);
    cr_expect_str_eq(got.text, "2 20 gap  0 4 spool full 99 5 15;1 10 fault E17 1 3 fan 0 0 0;");
    got.text[0] = '\0';
    cr_assert_eq(reader_events(reader, "freezer-7", 20, 10, see_event, &got), RESULT_OK);
    cr_expect_str_eq(got.text, "1 10 fault E17 1 3 fan 0 0 0;");
    reader_close(reader);
    fixture_close(&f);
}

static void see_quarantined(void *self, const struct quarantine_row *row) {
    struct lines *l = self;
    const size_t used = strlen(l->text);
    snprintf(l->text + used, sizeof l->text - used, "%s|%s|%s|%s|%lld;", row->topic, row->device, row->reason,
             row->excerpt, (long long)row->bytes);
    l->count++;
}

static void set_aside(struct fixture *f, const char *device, const char *topic, const void *payload, size_t bytes) {
    const struct quarantined q = {
        .at_ms = 1, .topic = topic, .device = device, .reason = "not JSON", .payload = payload, .payload_bytes = bytes};
    cr_assert_eq(store_quarantine_add(f->store, &q), RESULT_OK, "%s", store_error(f->store));
}

Test(quarantine, what_is_kept_is_printable_and_bounded) {
    struct fixture f;
    struct lines got = {"", 0};
    struct overview overview;
    fixture_open(&f);
    add_device(&f, "freezer-7");
    begin(&f);
    set_aside(&f, "freezer-7", "fl/1/\x01\xff/x", "{\"a\":\x00\x1b[31m\xc3\xa9\xc3", 14);
    set_aside(&f, "", "nowhere", NULL, 70000);
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_quarantine(reader, NULL, 10, see_quarantined, &got), RESULT_OK);
    cr_expect_str_eq(got.text, "nowhere||not JSON||70000;fl/1/../x|freezer-7|not JSON|{\"a\":..[31m\xc3\xa9.|14;");
    begin(&f);
    char big[5000];
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 3 * QUARANTINE_KEPT; i++)
        set_aside(&f, "freezer-7", "t", big, sizeof big);
    commit(&f);
    got = (struct lines){"", 0};
    cr_assert_eq(reader_quarantine(reader, "freezer-7", 1000, see_quarantined, &got), RESULT_OK);
    cr_expect_eq(got.count, QUARANTINE_KEPT);
    got.count = 0;
    cr_assert_eq(reader_quarantine(reader, "", 1000, see_quarantined, &got), RESULT_OK);
    cr_expect_eq(got.count, 1, "one that floods pushes out only its own");
    cr_assert_eq(reader_overview(reader, &overview), RESULT_OK);
    cr_expect_eq(overview.quarantined, 2 + 3 * QUARANTINE_KEPT, "all are counted");
    cr_expect_eq(ask(&f, "SELECT max(length(excerpt)) <= 200 FROM quarantine"), 1);
    reader_close(reader);
    fixture_close(&f);
}
