/* Strange devices through the whole pipeline: two programs with one certificate, floods, flapping, a broker that
 * crashed, deliveries doubled and out of order. Real store, real packs. */
#include "guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "strange.h"

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
