/* Strange devices through the whole pipeline: clocks that jump, two programs with one certificate, floods, flapping, a
 * broker that crashed, deliveries doubled and out of order. Real store, real packs. */
#include "guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"

static const char *const DEVICE = "freezer-7";
static const char *const BOOT = "33333333-3333-4333-8333-333333333333";
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* What people are shown of a device. */
struct seen {
    int64_t since_ms[CONDUCT_COUNT], clock_error_ms, dropped, quarantined;
    bool is_online;
    int alarms, infos;
    char alarm[ALARM_NAME_BYTES + 1];    /* a raised one */
    char info[CAP_EVENT_TEXT_BYTES + 1]; /* the newest */
};

static void see_device(void *self, const struct device_row *row) {
    struct seen *seen = self;
    memcpy(seen->since_ms, row->trouble_since_ms, sizeof seen->since_ms);
    seen->clock_error_ms = row->clock_error_ms;
    seen->dropped = row->dropped;
    seen->quarantined = row->quarantined;
    seen->is_online = row->is_online;
}

static void see_alarm(void *self, const struct alarm *alarm) {
    struct seen *seen = self;
    seen->alarms++;
    snprintf(seen->alarm, sizeof seen->alarm, "%s", alarm->alarm);
}

static void see_event(void *self, int64_t id, const struct event_message *event) {
    struct seen *seen = self;
    (void)id;
    if (event->kind == EVENT_INFO && seen->infos++ == 0)
        snprintf(seen->info, sizeof seen->info, "%s", event->text);
}

static struct seen look(struct fixture *f, const char *device) {
    struct seen seen = {.alarm = ""};
    const struct alarm_query active = {.device = device, .has_active = true, .is_active = true, .limit = 100};
    cr_assert_eq(reader_device(f->reader, device, see_device, &seen), RESULT_OK);
    cr_assert_eq(reader_alarms(f->reader, &active, see_alarm, &seen), RESULT_OK);
    cr_assert_eq(reader_events(f->reader, device, INT64_MAX, 100, see_event, &seen), RESULT_OK);
    return seen;
}

static void count_sample(void *self, int64_t event_ms, double value) {
    (void)event_ms;
    (void)value;
    (*(int *)self)++;
}

/* Samples of the metric that were measured in this span. */
static int samples_between(struct fixture *f, const char *device, const char *metric, int64_t from_ms, int64_t to_ms) {
    int count = 0;
    const struct history_query query = {
        .device = device, .metric = metric, .part = "", .from_ms = from_ms, .to_ms = to_ms, .points = 1};
    const enum result result = reader_samples(f->reader, &query, 100000, count_sample, &count);
    cr_assert(result == RESULT_OK || result == RESULT_NOT_FOUND);
    return count;
}

static struct wire_stamp stamp_of(const char *stream, uint64_t seq, int64_t mono_ms, int64_t wall_ms) {
    struct wire_stamp stamp = {.seq = seq, .from = seq, .mono_ms = mono_ms, .wall_ms = wall_ms};
    snprintf(stamp.boot, sizeof stamp.boot, "%s", BOOT);
    snprintf(stamp.stream, sizeof stamp.stream, "%s", stream);
    return stamp;
}

/* The introduction of a connection: a birth outside of the streams, sent now. */
static void introduce(struct fixture *f, const char *device, const char *model, int64_t mono_ms, int64_t wall_ms) {
    char topic[CAP_TOPIC_BYTES + 1], payload[500];
    const struct wire_stamp stamp = stamp_of("", 0, mono_ms, wall_ms);
    topic_format(device, TOPIC_UP_BIRTH, topic);
    snprintf(payload, sizeof payload,
             "{\"t\":%lld,\"model\":\"%s\",\"serial\":\"1\",\"firmware\":\"1\",\"agent\":\"1\",\"boot\":\"%s\","
             "\"metrics\":[],\"capabilities\":[],\"diagnostics\":[]}",
             (long long)wall_ms, model, BOOT);
    fixture_feed_stamp(f, topic, payload, strlen(payload), &stamp);
}

/* One sample, stamped when it was measured. */
static void tele(struct fixture *f, const char *device, const char *metric, const char *stream, uint64_t seq,
                 int64_t mono_ms, int64_t wall_ms, double value) {
    char topic[CAP_TOPIC_BYTES + 1], payload[300];
    const struct wire_stamp stamp = stamp_of(stream, seq, mono_ms, wall_ms);
    topic_format(device, TOPIC_UP_TELE, topic);
    snprintf(payload, sizeof payload, "[{\"n\":\"%s\",\"t\":%.3f,\"v\":%g}]", metric, (double)wall_ms / 1000, value);
    fixture_feed_stamp(f, topic, payload, strlen(payload), &stamp);
}

static void state(struct fixture *f, const char *device, const char *word) {
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format(device, TOPIC_STATE, topic);
    fixture_feed_stamp(f, topic, word, strlen(word), NULL);
}

/* ---- clocks ---- */

Test(guard, promise_12_records_of_a_clock_that_jumped_are_where_they_belong) {
    static const struct {
        const char *what;
        int64_t off_ms; /* the clock is wrong by this from the second message on */
    } rows[] = {
        {"right", 0},           {"a day fast", DAY},     {"a day slow", -DAY},
        {"an hour fast", HOUR}, {"an hour slow", -HOUR}, {"a year slow", -365 * DAY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture *f = fixture_new();
        const int64_t now = clock_wall_ms(), mono = 10 * HOUR;
        introduce(f, DEVICE, "vaccine-freezer", mono, now + rows[i].off_ms);
        for (int n = 0; n < 20; n++) { /* a minute apart, recorded in the last twenty minutes */
            const int64_t ago = (20 - n) * MINUTE;
            tele(f, DEVICE, "air_temperature", fixture_bulk, (uint64_t)n + 1, mono - ago,
                 now - ago + (n ? rows[i].off_ms : 0), -20);
        }
        cr_expect_eq(samples_between(f, DEVICE, "air_temperature", now - 20 * MINUTE - 500, now), 20, "%s",
                     rows[i].what);
        const struct seen seen = look(f, DEVICE);
        cr_expect_eq(seen.quarantined, 0, "%s", rows[i].what);
        cr_expect_eq(seen.infos, rows[i].off_ms != 0, "%s: told once", rows[i].what);
        cr_expect_eq(seen.since_ms[CONDUCT_CLOCK] != 0, rows[i].off_ms != 0, "%s", rows[i].what);
        cr_expect_leq(llabs(seen.clock_error_ms - rows[i].off_ms), 500, "%s: %lld", rows[i].what,
                      (long long)seen.clock_error_ms);
        cr_expect_eq(f->core.figures.clock_rebased, rows[i].off_ms ? 19 : 0, "%s", rows[i].what);
        fixture_free(f);
    }
}

Test(guard, promise_12_a_clock_in_1970_is_put_right_although_its_times_look_relative) {
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms(), mono = 10 * MINUTE;
    introduce(f, DEVICE, "vaccine-freezer", mono, now); /* by now the network told the time */
    tele(f, DEVICE, "air_temperature", fixture_bulk, 1, 2 * MINUTE, 2 * MINUTE, -20); /* 00:02 on 1 January 1970 */
    tele(f, DEVICE, "air_temperature", fixture_bulk, 2, 9 * MINUTE, now - MINUTE, -20);
    cr_expect_eq(samples_between(f, DEVICE, "air_temperature", now - 8 * MINUTE - 500, now - 8 * MINUTE + 500), 1);
    cr_expect_eq(samples_between(f, DEVICE, "air_temperature", now - MINUTE - 500, now - MINUTE + 500), 1);
    cr_expect_eq(look(f, DEVICE).clock_error_ms, 0, "the newest message is right");
    fixture_free(f);
}

Test(guard, promise_12_the_reference_survives_a_restart_and_what_is_told_is_told_once) {
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms(), mono = HOUR;
    introduce(f, DEVICE, "vaccine-freezer", mono, now + DAY);
    tele(f, DEVICE, "air_temperature", fixture_bulk, 1, mono - 2 * SECOND, now + DAY - 2 * SECOND, -20);
    fixture_restart(f);
    tele(f, DEVICE, "air_temperature", fixture_bulk, 2, mono - SECOND, now + DAY - SECOND, -20);
    cr_expect_eq(samples_between(f, DEVICE, "air_temperature", now - 3 * SECOND, now + SECOND), 2);
    cr_expect_eq(look(f, DEVICE).infos, 1, "it was told before the restart");
    tele(f, DEVICE, "air_temperature", fixture_bulk, 3, mono + 1, now + 1, -20);
    struct seen seen = look(f, DEVICE);
    cr_expect_eq(seen.infos, 2);
    cr_expect_not_null(strstr(seen.info, "right again"), "%s", seen.info);
    cr_expect_eq(seen.since_ms[CONDUCT_CLOCK], 0);
    tele(f, DEVICE, "air_temperature", fixture_bulk, 4, mono + 2, now + HOUR, -20);
    fixture_tick(f);
    cr_expect_eq(look(f, DEVICE).infos, 2, "within a minute of the last word nothing is told");
    f->later_ms = CONDUCT_TELL_MS + SECOND;
    fixture_tick(f);
    seen = look(f, DEVICE);
    cr_expect_eq(seen.infos, 3, "but it is not forgotten");
    cr_expect_neq(seen.since_ms[CONDUCT_CLOCK], 0);
    fixture_free(f);
}

Test(guard, promise_12_events_gaps_and_logs_are_put_right_too) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1], payload[400];
    const int64_t now = clock_wall_ms(), mono = HOUR, wrong = now + DAY;
    struct wire_stamp stamp = stamp_of(fixture_urgent, 1, mono, wrong);
    introduce(f, DEVICE, "vaccine-freezer", mono, wrong);
    topic_format(DEVICE, TOPIC_UP_EVENT, topic);
    snprintf(payload, sizeof payload,
             "{\"t\":%lld,\"kind\":\"gap\",\"severity\":4,\"text\":\"x\",\"count\":4,\"first\":%lld,\"last\":%lld}",
             (long long)wrong, (long long)wrong - 2000, (long long)wrong - 1000);
    fixture_feed_stamp(f, topic, payload, strlen(payload), &stamp);
    topic_format(DEVICE, TOPIC_UP_LOG, topic);
    snprintf(payload, sizeof payload, "{\"logs\":[{\"t\":%lld,\"sev\":3,\"fac\":3,\"app\":\"a\",\"msg\":\"b\"}]}",
             (long long)wrong);
    stamp = stamp_of(fixture_bulk, 1, mono, wrong);
    fixture_feed_stamp(f, topic, payload, strlen(payload), &stamp);
    cr_expect_eq(look(f, DEVICE).quarantined, 0, "a day ahead would have been absurd");
    cr_expect_eq(f->core.figures.logs, 1);
    cr_expect_eq(f->core.figures.events, 1);
    fixture_free(f);
}

/* The lid is open for 110 s; the rule wants two minutes. In the middle the clock leaps by 40 s. */
static struct seen lid_and_a_leap(bool is_introduced) {
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms(), mono = 2 * HOUR, start = -HOUR;
    if (is_introduced)
        introduce(f, DEVICE, "vaccine-freezer", mono, now);
    else
        fixture_birth(f, DEVICE, "vaccine-freezer");
    for (int n = 0; n <= 40; n++) {
        const int64_t at = start + n * 10 * SECOND;
        tele(f, DEVICE, "door_open", fixture_bulk, (uint64_t)n + 1, mono + at, now + at + (n >= 6 ? 40 * SECOND : 0),
             n <= 11 ? 1 : 0);
        if (n == 11 && look(f, DEVICE).alarms > 0)
            break; /* as it is while the lid is still open */
    }
    const struct seen seen = look(f, DEVICE);
    fixture_free(f);
    return seen;
}

Test(guard, promise_12_no_rule_fires_because_of_a_jump) {
    const struct seen believed = lid_and_a_leap(false), rebased = lid_and_a_leap(true);
    cr_expect_eq(believed.alarms, 1, "believed, the leap makes a false alarm: or this test shows nothing");
    cr_expect_eq(rebased.alarms, 0, "%s", rebased.alarm);
}

/* The air warms by 6 K an hour, far from its limit; the compressor runs all the time. The rule looks half an hour
 * ahead along a slope: a clock that leaps back in steps makes it steep. */
static struct seen slope_and_leaps(bool is_introduced) {
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms(), mono = 2 * HOUR, start = -HOUR;
    uint64_t seq = 0;
    if (is_introduced)
        introduce(f, DEVICE, "vaccine-freezer", mono, now);
    else
        fixture_birth(f, DEVICE, "vaccine-freezer");
    for (int n = 0; n <= 120; n++) {
        const int64_t at = start + n * 10 * SECOND, wall = now + at - n * 7 * SECOND; /* 3 s pass on it for 10 s */
        tele(f, DEVICE, "compressor_duty", fixture_bulk, ++seq, mono + at, wall, 1);
        tele(f, DEVICE, "door_open", fixture_bulk, ++seq, mono + at, wall, 0);
        tele(f, DEVICE, "air_temperature", fixture_bulk, ++seq, mono + at, wall, -21 + n * 10 * 6.0 / 3600);
    }
    const struct seen seen = look(f, DEVICE);
    fixture_free(f);
    return seen;
}

Test(guard, promise_12_no_forecast_is_made_from_a_clock_that_is_wrong) {
    const struct seen believed = slope_and_leaps(false), rebased = slope_and_leaps(true);
    cr_expect_eq(believed.alarms, 1, "believed, the slope is three times as steep");
    cr_expect_eq(rebased.alarms, 0, "%s", rebased.alarm);
}

Test(guard, promise_12_our_own_clock_that_is_set_makes_no_product_wrong) {
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms(), mono = HOUR;
    introduce(f, DEVICE, "vaccine-freezer", mono, now + DAY); /* in truth ours is a day slow */
    tele(f, DEVICE, "air_temperature", fixture_bulk, 1, mono, now + DAY, -20);
    cr_expect_neq(look(f, DEVICE).clock_error_ms, 0);
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(guard_own_clock(&f->core, now, 5000), RESULT_OK);
    cr_assert_eq(guard_own_clock(&f->core, now + 400, 5400), RESULT_OK);
    cr_expect_eq(f->core.figures.own_clock_steps, 0, "time that passes is no step");
    cr_assert_eq(guard_own_clock(&f->core, now + DAY + 800, 5800), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    cr_expect_eq(f->core.figures.own_clock_steps, 1);
    cr_expect_gt(f->core.guard.unsettled_until_mono_ms, f->core.now_mono_ms, "a leap may not delete history at once");
    struct device *device = registry_find(f->core.registry, DEVICE);
    const struct wire_stamp next = stamp_of(fixture_bulk, 2, mono + SECOND, now + DAY + SECOND);
    cr_expect_eq(device_clock_error(&device->conduct.clock, &next, now + DAY + SECOND), 0);
    fixture_free(f);
}

/* ---- two programs, one certificate ---- */

static const char *const OTHER = "44444444-4444-4444-8444-444444444444";

Test(guard, promise_3_two_programs_with_one_certificate_lose_and_double_nothing_and_are_shown) {
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms();
    introduce(f, DEVICE, "vaccine-freezer", 0, now);
    for (uint64_t n = 1; n <= 10; n++) { /* by turns; each sends its last one again */
        for (int again = 0; again < 2; again++) {
            tele(f, DEVICE, "air_temperature", fixture_bulk, n, (int64_t)n, now - (int64_t)n * 100, -20);
            cr_expect_eq(fake_ack_seq, n);
            tele(f, DEVICE, "air_temperature", OTHER, n, (int64_t)n, now - (int64_t)n * 100 - 50, -30);
            cr_expect_eq(fake_ack_seq, n);
        }
    }
    struct seen seen = look(f, DEVICE);
    cr_expect_eq(samples_between(f, DEVICE, "air_temperature", now - DAY, now + DAY), 20);
    cr_expect_neq(seen.since_ms[CONDUCT_SHARED], 0);
    cr_expect_eq(seen.infos, 1, "told once, not with every change of hands");
    cr_expect_eq(seen.alarms, 1);
    cr_expect_str_eq(seen.alarm, "identity_shared");
    cr_expect_geq(f->core.figures.identity_switches, 20);
    fixture_restart(f);
    fixture_tick(f);
    cr_expect_eq(look(f, DEVICE).alarms, 1, "it is not over because we started again");
    f->later_ms = conduct_quiet_ms(CONDUCT_SHARED) + SECOND;
    fixture_tick(f);
    seen = look(f, DEVICE);
    cr_expect_eq(seen.alarms, 0, "over by itself");
    cr_expect_eq(seen.since_ms[CONDUCT_SHARED], 0);
    fixture_free(f);
}

Test(guard, a_spool_that_was_made_anew_is_no_second_program) {
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms();
    introduce(f, DEVICE, "vaccine-freezer", 0, now);
    tele(f, DEVICE, "air_temperature", fixture_bulk, 1, 1, now, -20);
    tele(f, DEVICE, "air_temperature", OTHER, 1, 2, now + 1, -20);
    tele(f, DEVICE, "air_temperature", OTHER, 2, 3, now + 2, -20);
    cr_expect_eq(look(f, DEVICE).alarms, 0);
    cr_expect_eq(f->core.figures.identity_switches, 0);
    fixture_free(f);
}

/* ---- floods ---- */

static void push_flood(struct fixture *f, const char *topic, int count) {
    for (int i = 0; i < count; i++)
        inbox_push(f->core.inbox, inbound_new(topic, strlen(topic), "x", 1));
}

Test(guard, promise_15_a_flood_is_told_once_counted_and_over_by_itself) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1];
    introduce(f, DEVICE, "vaccine-freezer", 0, clock_wall_ms());
    topic_format(DEVICE, TOPIC_UP_TELE, topic);
    push_flood(f, topic, INBOX_DEVICE_MESSAGES + 1000);
    fixture_tick(f);
    struct seen seen = look(f, DEVICE);
    cr_expect_neq(seen.since_ms[CONDUCT_FLOODING], 0);
    cr_expect_eq(seen.dropped, 1000);
    cr_expect_eq(seen.infos, 1);
    cr_expect_eq(seen.quarantined, 1, "a reason in the quarantine");
    push_flood(f, topic, 500);
    fixture_tick(f);
    seen = look(f, DEVICE);
    cr_expect_eq(seen.dropped, 1500, "counted");
    cr_expect_eq(seen.infos, 1, "not told again");
    cr_expect_eq(seen.quarantined, 1);
    f->later_ms = conduct_quiet_ms(CONDUCT_FLOODING) + SECOND;
    fixture_tick(f);
    seen = look(f, DEVICE);
    cr_expect_eq(seen.since_ms[CONDUCT_FLOODING], 0);
    cr_expect_not_null(strstr(seen.info, "1500"), "%s", seen.info);
    fixture_free(f);
}

Test(guard, a_flood_on_names_that_are_made_up_is_one_row_a_minute) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1], name[32];
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 20; i++) {
            snprintf(name, sizeof name, "nobody-%d-%d", round, i);
            topic_format(name, TOPIC_UP_TELE, topic);
            push_flood(f, topic, INBOX_DEVICE_MESSAGES + 5);
        }
        fixture_tick(f);
    }
    cr_expect_eq(f->core.figures.quarantined, 1);
    cr_expect_eq(registry_count(f->core.registry), 0);
    fixture_free(f);
}

Test(guard, promise_15_names_that_are_made_up_are_not_remembered_for_ever) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1], name[32];
    for (int i = 0; i < REGISTRY_STRANGERS_MAX + 200; i++) {
        snprintf(name, sizeof name, "nobody-%d", i);
        topic_format(name, TOPIC_STATE, topic);
        fixture_feed(f, topic, "offline", 7, NULL, 0, 0);
    }
    cr_expect_leq(registry_stranger_count(f->core.registry), REGISTRY_STRANGERS_MAX);
    cr_expect_eq(registry_count(f->core.registry), 0);
    fixture_birth(f, DEVICE, "vaccine-freezer");
    cr_expect_eq(registry_count(f->core.registry), 1, "who introduces himself is taken in");
    fixture_free(f);
}

/* ---- flapping ---- */

Test(guard, promise_21_a_device_that_flaps_is_shown_and_not_announced) {
    struct fixture *f = fixture_new();
    introduce(f, DEVICE, "vaccine-freezer", 0, clock_wall_ms());
    fake_notified = 0;
    for (int i = 0; i < CONDUCT_FLAPS_PER_MINUTE - 1; i++) {
        state(f, DEVICE, "offline");
        state(f, DEVICE, "online");
    }
    struct seen seen = look(f, DEVICE);
    cr_expect_eq(seen.since_ms[CONDUCT_FLAPPING], 0);
    cr_expect_geq(fake_notified, 2 * (CONDUCT_FLAPS_PER_MINUTE - 1), "each change is told so far");
    state(f, DEVICE, "offline");
    state(f, DEVICE, "online");
    seen = look(f, DEVICE);
    cr_expect_neq(seen.since_ms[CONDUCT_FLAPPING], 0);
    cr_expect_eq(seen.infos, 1);
    fake_notified = 0;
    for (int i = 0; i < 200; i++) {
        state(f, DEVICE, "offline");
        state(f, DEVICE, "online");
    }
    state(f, DEVICE, "offline");
    cr_expect_eq(fake_notified, 0, "no storm: %d", fake_notified);
    cr_expect_eq(look(f, DEVICE).is_online, false, "not hidden: its state is what it is");
    f->later_ms = conduct_quiet_ms(CONDUCT_FLAPPING) - SECOND;
    fixture_tick(f);
    cr_expect_neq(look(f, DEVICE).since_ms[CONDUCT_FLAPPING], 0);
    f->later_ms = conduct_quiet_ms(CONDUCT_FLAPPING) + SECOND;
    fixture_tick(f);
    seen = look(f, DEVICE);
    cr_expect_eq(seen.since_ms[CONDUCT_FLAPPING], 0);
    cr_expect_not_null(strstr(seen.info, "steady again after 215"), "%s", seen.info);
    cr_expect_geq(fake_notified, 1, "now its state is told");
    fixture_free(f);
}

/* ---- a broker that crashed ---- */

Test(guard, promise_10_who_does_not_return_after_a_crash_of_the_broker_is_offline) {
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms();
    introduce(f, "returns-1", "vaccine-freezer", 0, now);
    introduce(f, "silent-1", "vaccine-freezer", 0, now);
    introduce(f, "speaks-1", "vaccine-freezer", 0, now);
    fake_mqtt = (struct mqtt_figures){.is_connected = true};
    f->later_ms = SECOND;
    fixture_tick(f);
    fake_mqtt = (struct mqtt_figures){.losses = 1, .lost_mono_ms = clock_mono_ms() + 2 * SECOND};
    f->later_ms = 10 * MINUTE;
    fixture_tick(f);
    cr_expect(look(f, "silent-1").is_online, "while the broker is away nothing is known");
    fake_mqtt.is_connected = true;
    fixture_tick(f);
    state(f, "returns-1", "online");
    tele(f, "speaks-1", "air_temperature", fixture_bulk, 1, 0, now, -20);
    f->later_ms += f->core.settings->return_within_ms - SECOND;
    fixture_tick(f);
    cr_expect(look(f, "silent-1").is_online, "it may still return");
    f->later_ms += 2 * SECOND;
    fixture_tick(f);
    cr_expect_not(look(f, "silent-1").is_online);
    cr_expect(look(f, "returns-1").is_online);
    cr_expect(look(f, "speaks-1").is_online);
    cr_expect_eq(f->core.figures.doubted, 1);
    f->later_ms += HOUR;
    fixture_tick(f);
    cr_expect(look(f, "returns-1").is_online, "the doubt is over");
    state(f, "silent-1", "online");
    cr_expect(look(f, "silent-1").is_online, "late is not never");
    fake_mqtt = (struct mqtt_figures){0};
    fixture_free(f);
}

/* ---- doubled and out of order ---- */

static unsigned dice(unsigned *state_of) {
    *state_of = *state_of * 1664525u + 1013904223u;
    return *state_of >> 8;
}

Test(guard, promise_3_deliveries_doubled_and_out_of_order_count_once) {
    enum { MESSAGES = 400, WINDOW = 20 };
    struct fixture *f = fixture_new();
    const int64_t now = clock_wall_ms();
    unsigned seed = 7;
    uint64_t acked = 0;
    int deliveries = 0;
    introduce(f, DEVICE, "vaccine-freezer", 0, now);
    while (acked < MESSAGES) { /* a window is sent; one in ten comes twice, one in ten changes places with the next */
        uint64_t queue[2 * WINDOW + 2];
        size_t count = 0;
        for (uint64_t seq = acked + 1; seq <= acked + WINDOW && seq <= MESSAGES; seq++) {
            queue[count++] = seq;
            if (dice(&seed) % 10 == 0)
                queue[count++] = seq;
        }
        for (size_t i = 0; i + 1 < count; i++)
            if (dice(&seed) % 10 == 0) {
                const uint64_t first = queue[i];
                queue[i] = queue[i + 1];
                queue[i + 1] = first;
            }
        for (size_t i = 0; i < count; i++, deliveries++)
            tele(f, DEVICE, "air_temperature", fixture_bulk, queue[i], 0, now - HOUR + (int64_t)queue[i] * SECOND, -20);
        cr_assert_geq(fake_ack_seq, acked, "nothing is taken back");
        cr_assert_leq(fake_ack_seq, MESSAGES, "nothing is acknowledged that was not sent");
        acked = fake_ack_seq;
        if (dice(&seed) % 8 == 0)
            fixture_restart(f);
    }
    cr_expect_gt(deliveries, MESSAGES + MESSAGES / 10, "or nothing was doubled");
    cr_expect_gt(f->core.figures.repeats, MESSAGES / 20);
    cr_expect_gt(f->core.figures.gaps, MESSAGES / 20);
    cr_expect_eq(f->core.figures.samples, MESSAGES);
    cr_expect_eq(samples_between(f, DEVICE, "air_temperature", now - DAY, now + DAY), MESSAGES);
    fixture_free(f);
}

static void keep_name(void *self, const struct quarantine_row *row) {
    snprintf(self, CAP_DEVICE_ID_BYTES + 1, "%s", row->device);
}

Test(guard, a_wrong_shard_is_filed_under_the_name_that_it_claims) {
    static const struct {
        const char *topic, *name;
    } rows[] = {
        {"fl/1/00/freezer-7/up/tele", "freezer-7"},
        {"fl/1/00/Freezer 7/up/tele", ""},
        {"fl/1/00//up/tele", ""},
        {"fl/1/00/freezer-7", ""},
        {"fl/1/000/freezer-7/up/tele", ""},
        {"fl/1", ""},
        {"fl/2/00/freezer-7/up/tele", ""},
    };
    struct fixture *f = fixture_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[CAP_DEVICE_ID_BYTES + 1] = "?";
        fixture_feed(f, rows[i].topic, "[]", 2, NULL, 0, 0);
        cr_assert_eq(reader_quarantine(f->reader, NULL, 1, keep_name, name), RESULT_OK);
        cr_expect_str_eq(name, rows[i].name, "%s: %s", rows[i].topic, name);
    }
    cr_expect_eq(registry_stranger_count(f->core.registry), 0);
    fixture_free(f);
}
