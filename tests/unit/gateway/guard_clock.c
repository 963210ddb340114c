/* Clocks of products (and ours) that jump, through the whole pipeline: records, events, rules, forecasts. Real store,
 * real packs. */
#include "guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "strange.h"

Test(guard_clock, promise_12_records_of_a_clock_that_jumped_are_where_they_belong) {
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

Test(guard_clock, promise_12_a_clock_in_1970_is_put_right_although_its_times_look_relative) {
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

Test(guard_clock, promise_12_the_reference_survives_a_restart_and_what_is_told_is_told_once) {
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

Test(guard_clock, promise_12_events_gaps_and_logs_are_put_right_too) {
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

Test(guard_clock, promise_12_no_rule_fires_because_of_a_jump) {
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

Test(guard_clock, promise_12_no_forecast_is_made_from_a_clock_that_is_wrong) {
    const struct seen believed = slope_and_leaps(false), rebased = slope_and_leaps(true);
    cr_expect_eq(believed.alarms, 1, "believed, the slope is three times as steep");
    cr_expect_eq(rebased.alarms, 0, "%s", rebased.alarm);
}

Test(guard_clock, promise_12_our_own_clock_that_is_set_makes_no_product_wrong) {
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
