/* What grows old goes, by the pack's retention, and not before: samples after their trends were made, then trends, log
 * lines, events. Real store; years pass by setting the core's clock. */
#include "housekeeping.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "store/records.h"

enum { SAMPLES = 400 };
static const int64_t day_ms = INT64_C(86400000);

static void feed(struct fixture *f, int64_t from_ms) {
    char topic[CAP_TOPIC_BYTES + 1], payload[200];
    topic_format("freezer-7", TOPIC_UP_TELE, topic);
    for (int i = 0; i < SAMPLES; i++) {
        snprintf(payload, sizeof payload, "[{\"n\":\"air_temperature\",\"u\":\"Cel\",\"t\":%.3f,\"v\":%d}]",
                 (double)(from_ms + i * INT64_C(1000)) / 1000, -20 - i % 3);
        fixture_feed(f, topic, payload, strlen(payload), fixture_bulk, (uint64_t)i + 1, 0);
    }
}

static void say(struct fixture *f, int64_t at_ms) {
    const struct log_record record = {.event_ms = at_ms, .severity = 6, .app = "controller", .text = "compressor on"};
    const struct event_message event = {.event_ms = at_ms, .code = "E17"};
    const struct device *device = registry_next(f->core.registry, NULL);
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(store_log_add(f->core.store, device->row, at_ms, &record), RESULT_OK);
    cr_assert_eq(store_event_add(f->core.store, device->row, at_ms, &event), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
}

/* A minute of turns at that time. */
static void keep_house(struct fixture *f, struct housekeeping *h, int64_t now_ms) {
    f->core.now_ms = now_ms;
    for (int turn = 0; turn < 60; turn++) {
        f->core.now_mono_ms += 1000;
        cr_assert_eq(store_begin(f->core.store), RESULT_OK);
        cr_assert_eq(housekeeping_turn(h, &f->core, 1), RESULT_OK, "%s", store_error(f->core.store));
        cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    }
}

static void count_sample(void *self, int64_t event_ms, double value) {
    (void)event_ms, (void)value;
    ++*(int *)self;
}
static void count_log(void *self, const struct log_record *record) {
    (void)record;
    ++*(int *)self;
}
static void count_event(void *self, int64_t id, const struct event_message *event) {
    (void)id, (void)event;
    ++*(int *)self;
}

struct kept {
    int samples, drawn, logs, events;
};

static struct kept look(struct fixture *f, int64_t at_ms) {
    struct kept kept = {0};
    struct span spans[100];
    size_t count = 0;
    int64_t step_ms = 0;
    struct history_query query = {.device = "freezer-7",
                                  .metric = "air_temperature",
                                  .part = "",
                                  .from_ms = at_ms - 30 * day_ms,
                                  .to_ms = at_ms + 30 * day_ms,
                                  .points = 100};
    cr_assert_eq(reader_samples(f->reader, &query, 10000, count_sample, &kept.samples), RESULT_OK);
    cr_assert_eq(reader_history(f->reader, &query, spans, &count, &step_ms), RESULT_OK);
    for (size_t i = 0; i < count; i++)
        kept.drawn += (int)spans[i].count;
    const struct log_query logs = {
        .device = "freezer-7", .q = "compressor", .severity = 7, .before_ms = INT64_MAX, .limit = 10};
    cr_assert_eq(reader_logs(f->reader, &logs, count_log, &kept.logs), RESULT_OK);
    cr_assert_eq(reader_events(f->reader, "freezer-7", INT64_MAX, 10, count_event, &kept.events), RESULT_OK);
    return kept;
}

Test(housekeeping, each_kind_goes_when_the_pack_says) {
    /* vaccine-freezer: history 2y, trends 10y, logs 90d, events 5y. What is in no chunk yet stays: the journal has it.
     */
    static const struct {
        const char *what;
        int64_t days;
        bool has_samples, has_trends, has_log, has_event;
    } rows[] = {
        {"a week later", 7, true, true, true, true},
        {"before the logs' time", 85, true, true, true, true},
        {"after it", 95, true, true, false, true},
        {"before the samples' time", 725, true, true, false, true},
        {"after it: the trends are drawn", 740, false, true, false, true},
        {"before the events' time", 5 * 365 - 5, false, true, false, true},
        {"after it", 5 * 365 + 5, false, true, false, false},
        {"before the trends' time", 10 * 365 - 10, false, true, false, false},
        {"after it", 10 * 365 + 10, false, false, false, false},
    };
    struct fixture *f = fixture_new();
    const int64_t at_ms = (clock_wall_ms() / day_ms - 3) * day_ms + day_ms / 2; /* noon, some days ago */
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    feed(f, at_ms);
    say(f, at_ms);
    struct housekeeping *h = housekeeping_new();
    const int open = (int)history_read_figures(f->core.history).open_samples;
    cr_assert_lt(open, SAMPLES, "a chunk was written");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        keep_house(f, h, at_ms + rows[i].days * day_ms);
        const struct kept kept = look(f, at_ms);
        cr_expect_eq(kept.samples, rows[i].has_samples ? SAMPLES : open, "%s: %d samples", rows[i].what, kept.samples);
        cr_expect_eq(kept.drawn, rows[i].has_trends ? SAMPLES : open, "%s: %d drawn", rows[i].what, kept.drawn);
        cr_expect_eq(kept.logs, rows[i].has_log, "%s: %d lines", rows[i].what, kept.logs);
        cr_expect_eq(kept.events, rows[i].has_event, "%s: %d events", rows[i].what, kept.events);
    }
    housekeeping_free(h);
    fixture_free(f);
}
