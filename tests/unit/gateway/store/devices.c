/* Devices, streams, series: written, loaded at a start, listed and searched. */
#include "store/devices.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

struct loaded {
    char text[2000];
};
static void add(struct loaded *l, const char *text) {
    const size_t used = strlen(l->text);
    snprintf(l->text + used, sizeof l->text - used, "%s", text);
}
static void load_device(void *self, const struct device_loaded *d) {
    char text[200];
    snprintf(text, sizeof text, "D%lld %s %s %s %s %u %lld;", (long long)d->row, d->device, d->model, d->serial,
             d->firmware, d->capabilities, (long long)d->last_seen_ms);
    add(self, text);
}
static void load_stream(void *self, const struct stream_loaded *s) {
    char text[200];
    snprintf(text, sizeof text, "S%lld %s %d %llu;", (long long)s->device, s->stream, s->is_urgent,
             (unsigned long long)s->seq);
    add(self, text);
}
static void load_series(void *self, const struct series_loaded *s) {
    char text[200];
    snprintf(text, sizeof text, "M%lld %lld %s/%s;", (long long)s->device, (long long)s->id, s->metric, s->part);
    add(self, text);
}

Test(devices, a_start_finds_what_was_committed) {
    struct fixture f;
    struct loaded loaded = {""};
    int64_t id = 0;
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7"), two = add_device(&f, "pump-1");
    begin(&f);
    cr_assert_eq(store_stream_put(f.store, one, "bulk", false, 5, 10, &(int64_t){0}), RESULT_OK);
    cr_assert_eq(store_stream_put(f.store, one, "urgent", true, 2, 11, &(int64_t){0}), RESULT_OK);
    cr_assert_eq(store_stream_put(f.store, one, "bulk", false, 6, 12, &(int64_t){0}), RESULT_OK);
    cr_assert_eq(store_stream_put(f.store, two, "bulk", false, UINT32_MAX + 9ull, 12, &(int64_t){0}), RESULT_OK);
    cr_assert_eq(store_series_intern(f.store, one, "temp", "", &id), RESULT_OK);
    cr_assert_eq(store_series_intern(f.store, two, "temp", "", &id), RESULT_OK);
    cr_assert_eq(store_series_intern(f.store, one, "temp", "lid", &id), RESULT_OK);
    cr_expect_eq(id, 3);
    cr_assert_eq(store_series_intern(f.store, one, "temp", "", &id), RESULT_OK);
    cr_expect_eq(id, 1, "the same again");
    cr_assert_eq(store_device_seen(f.store, two, true, 5000), RESULT_OK);
    commit(&f);
    fixture_reopen(&f);
    const struct device_loader loader = {load_device, load_stream, load_series, &loaded};
    cr_assert_eq(store_devices_load(f.store, &loader), RESULT_OK);
    cr_expect_str_eq(loaded.text,
                     "D1 freezer-7 freezer-v1 SN-freezer-7 1.4.2 3 1000;D2 pump-1 freezer-v1 SN-pump-1 1.4.2 3 5000;"
                     "S1 urgent 1 2;S1 bulk 0 6;S2 bulk 0 4294967304;M1 1 temp/;M1 3 temp/lid;M2 2 temp/;");
    begin(&f);
    cr_assert_eq(store_devices_offline(f.store), RESULT_OK);
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM presence WHERE is_online = 1"), 0);
    cr_expect_eq(ask(&f, "SELECT last_seen_ms FROM presence WHERE device = 2"), 5000, "seen when it was seen");
    cr_expect_eq(ask(&f, "SELECT n FROM tally WHERE name = 'online'"), 0);
    fixture_close(&f);
}

Test(devices, a_newer_birth_changes_the_row_and_the_search) {
    struct fixture f;
    struct birth_message birth = {.model = "freezer-v2", .serial = "XYZ-99", .firmware = "2.0", .capabilities = 7};
    int64_t row = 0;
    fixture_open(&f);
    const int64_t first = add_device(&f, "freezer-7");
    begin(&f);
    cr_assert_eq(store_device_put(f.store, "freezer-7", &birth, 9000, &row), RESULT_OK);
    commit(&f);
    cr_expect_eq(row, first);
    cr_expect_eq(
        ask(&f, "SELECT count(*) FROM device WHERE model = 'freezer-v2' AND created_ms = 1000 AND born_ms = 9000"), 1);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM device_text WHERE device_text MATCH '\"XYZ\"'"), 1);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM device_text WHERE device_text MATCH '\"SN-\"'"), 0);
    fixture_close(&f);
}

Test(devices, old_streams_of_a_device_are_forgotten) {
    struct fixture f;
    fixture_open(&f);
    const int64_t one = add_device(&f, "freezer-7"), two = add_device(&f, "pump-1");
    begin(&f);
    cr_assert_eq(store_stream_put(f.store, two, "kept", false, 1, 0, &(int64_t){0}), RESULT_OK);
    for (int i = 0; i < 20; i++) {
        char name[24];
        snprintf(name, sizeof name, "stream-%d", i);
        cr_assert_eq(store_stream_put(f.store, one, name, false, 1, 100 + i, &(int64_t){0}), RESULT_OK);
    }
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM stream WHERE device = 1"), 8);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM stream WHERE device = 1 AND stream = 'stream-19'"), 1);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM position"), 9, "another device's stays");
    fixture_close(&f);
}

static void list(void *self, const struct device_row *row) {
    add(self, row->device);
    add(self, " ");
}

Test(devices, pages_by_id_and_by_part) {
    static const struct {
        const char *what, *q, *after;
        int limit;
        const char *want, *next;
    } rows[] = {
        {"all", "", "", 10, "freezer-1 freezer-2 freezer-3 pump-1 pump-2 ", ""},
        {"a page", NULL, NULL, 2, "freezer-1 freezer-2 ", "freezer-2"},
        {"the next", "", "freezer-2", 2, "freezer-3 pump-1 ", "pump-1"},
        {"the last", "", "pump-1", 2, "pump-2 ", ""},
        {"a beginning of two letters", "pu", "", 10, "pump-1 pump-2 ", ""},
        {"the same in capitals", "PU", "", 10, "pump-1 pump-2 ", ""},
        {"the same, a page", "pu", "pump-1", 1, "pump-2 ", ""},
        {"a part, by age", "mp-", "", 10, "pump-2 pump-1 ", ""},
        {"a part, in pages", "n-free", "", 2, "freezer-3 freezer-1 ", "3"},
        {"a part, the next", "n-free", "3", 2, "freezer-2 ", ""},
        {"a serial number", "sn-freezer-2", "", 10, "freezer-2 ", ""},
        {"the model", "zer-v1", "", 10, "pump-2 freezer-3 freezer-1 pump-1 freezer-2 ", ""},
        {"nothing", "zzz", "", 10, "", ""},
        {"quotes are text", "\"ump", "", 10, "", ""},
        {"operators are text", "pump OR freezer", "", 10, "", ""},
        {"a percent sign is text", "%", "", 10, "", ""},
    };
    struct fixture f;
    char next[READER_CURSOR_BYTES + 1];
    fixture_open(&f);
    add_device(&f, "pump-2");
    add_device(&f, "freezer-3");
    add_device(&f, "freezer-1");
    add_device(&f, "pump-1");
    add_device(&f, "freezer-2");
    struct reader *reader = open_reader(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct loaded got = {""};
        const struct device_query query = {rows[i].q, rows[i].after, rows[i].limit};
        cr_assert_eq(reader_devices(reader, &query, list, &got, next), RESULT_OK, "%s: %s", rows[i].what,
                     reader_error(reader));
        cr_expect_str_eq(got.text, rows[i].want, "%s: %s", rows[i].what, got.text);
        cr_expect_str_eq(next, rows[i].next, "%s: %s", rows[i].what, next);
    }
    struct loaded got = {""};
    cr_expect_eq(reader_devices(reader, &(struct device_query){"pump", "not-a-row", 5}, list, &got, next),
                 RESULT_BAD_INPUT);
    char long_cursor[200];
    memset(long_cursor, 'a', 199);
    long_cursor[199] = '\0';
    cr_expect_eq(reader_devices(reader, &(struct device_query){"", long_cursor, 5}, list, &got, next),
                 RESULT_BAD_INPUT);
    reader_close(reader);
    fixture_close(&f);
}

static void see(void *self, const struct device_row *row) {
    char text[300];
    snprintf(text, sizeof text, "%s %s %s %s %s %u %s %d %lld %lld alarms=%lld worst=%d tickets=%lld q=%lld",
             row->device, row->model, row->serial, row->firmware, row->agent, row->capabilities, row->diagnostics_json,
             row->is_online, (long long)row->born_ms, (long long)row->last_seen_ms, (long long)row->alarms_active,
             row->worst, (long long)row->tickets_open, (long long)row->quarantined);
    add(self, text);
}
static void see_series(void *self, const char *metric, const char *part) {
    add(self, metric);
    add(self, "/");
    add(self, part);
    add(self, " ");
}

Test(devices, one_device_with_what_it_counts) {
    struct fixture f;
    struct loaded got = {""}, series = {""};
    struct ticket_event event;
    struct ticket first = {.severity = SEVERITY_IS_MAJOR, .subject = "warm"}, ticket;
    int64_t id = 0;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    first.device_id = device;
    cr_assert_eq(ticket_open(&first, "sue", "", 1, &ticket, &event, &f.fault), RESULT_OK);
    struct alarm alarms[] = {{.device_id = device, .alarm = "A", .severity = SEVERITY_IS_WARNING, .is_active = true},
                             {.device_id = device, .alarm = "B", .severity = SEVERITY_IS_MAJOR, .is_active = true},
                             {.device_id = device, .alarm = "C", .severity = SEVERITY_IS_CRITICAL}};
    begin(&f);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(store_alarm_put(f.store, &alarms[i]), RESULT_OK);
    cr_assert_eq(store_ticket_put(f.store, &ticket, &event, 1), RESULT_OK);
    cr_assert_eq(store_series_intern(f.store, device, "temp", "lid", &id), RESULT_OK);
    cr_assert_eq(store_series_intern(f.store, device, "amps", "", &id), RESULT_OK);
    cr_assert_eq(store_device_seen(f.store, device, false, 7000), RESULT_OK);
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_device(reader, "freezer-7", see, &got), RESULT_OK);
    cr_expect_str_eq(
        got.text,
        "freezer-7 freezer-v1 SN-freezer-7 1.4.2 1.0.0 3 [\"disk\"] 0 1000 7000 alarms=2 worst=3 tickets=1 q=0");
    cr_expect_eq(reader_device(reader, "pump-1", see, &got), RESULT_NOT_FOUND);
    cr_assert_eq(reader_series(reader, "freezer-7", see_series, &series), RESULT_OK);
    cr_expect_str_eq(series.text, "amps/ temp/lid ");
    cr_expect_eq(reader_series(reader, "pump-1", see_series, &series), RESULT_NOT_FOUND);
    reader_close(reader);
    fixture_close(&f);
}
