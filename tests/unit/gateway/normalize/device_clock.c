/* The clock of a product: jumps, reboots, spools, absurd stamps. Everything in milliseconds; the true time is T + mono
 * of the boot under way. */
#include "normalize/device_clock.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
static const int64_t T = INT64_C(1795000000000);

static struct wire_stamp stamp_of(const char *boot, int64_t mono, int64_t wall) {
    struct wire_stamp stamp = {.mono_ms = mono, .wall_ms = wall};
    snprintf(stamp.boot, sizeof stamp.boot, "%s", boot);
    return stamp;
}

enum { INTRODUCE, MESSAGE };
struct step {
    int what;
    const char *boot;
    int64_t mono, wall, recv, error; /* expected of a message */
};
struct story {
    const char *what;
    struct step steps[8]; /* up to one without a boot */
};

static const struct story stories[] = {
    {"a right clock is believed", {{INTRODUCE, "a", 0, T, T, 0}, {MESSAGE, "a", 60000, T + 60000, T + 60050, 0}}},
    {"a clock that is roughly set is left alone",
     {{INTRODUCE, "a", 0, T + 4000, T, 0}, {MESSAGE, "a", 60000, T + 64000, T + 60000, 0}}},
    {"a clock that is a day fast",
     {{INTRODUCE, "a", 0, T + DAY, T, 0}, {MESSAGE, "a", 60000, T + DAY + 60000, T + 60010, DAY}}},
    {"a clock that is an hour slow",
     {{INTRODUCE, "a", 0, T - HOUR, T, 0}, {MESSAGE, "a", 1000, T - HOUR + 1000, T + 1000, -HOUR}}},
    {"a jump of a day forward, and back",
     {{INTRODUCE, "a", 0, T, T, 0},
      {MESSAGE, "a", 1000, T + 1000, T + 1000, 0},
      {MESSAGE, "a", 2000, T + 2000 + DAY, T + 2000, DAY},
      {MESSAGE, "a", 3000, T + 3000 + DAY, T + 3000, DAY},
      {MESSAGE, "a", 4000, T + 4000, T + 4000, 0}}},
    {"what was tolerated before the jump is tolerated behind it: times go on smoothly",
     {{INTRODUCE, "a", 0, T, T, 0},
      {MESSAGE, "a", 1000, T + 1000 + 3000, T + 1000, 0},
      {MESSAGE, "a", 2000, T + 2000 + 3000 + HOUR, T + 2000, HOUR}}},
    {"a slow link: late messages are not a jump",
     {{INTRODUCE, "a", 0, T, T, 0}, {MESSAGE, "a", 1000, T + 1000, T + 90 * SECOND, 0}}},
    {"a backlog of hours, recorded before the connection",
     {{INTRODUCE, "a", 10 * HOUR, T + 10 * HOUR, T + 10 * HOUR, 0},
      {MESSAGE, "a", HOUR, T + HOUR, T + 10 * HOUR + 5, 0},
      {MESSAGE, "a", 2 * HOUR, T + 2 * HOUR, T + 10 * HOUR + 10, 0}}},
    {"the jump lies within the backlog",
     {{INTRODUCE, "a", 10 * HOUR, T + 10 * HOUR, T + 10 * HOUR, 0},
      {MESSAGE, "a", HOUR, T + HOUR - DAY, T + 10 * HOUR + 5, -DAY},
      {MESSAGE, "a", 2 * HOUR, T + 2 * HOUR, T + 10 * HOUR + 10, 0}}},
    {"1970 until the network told the time",
     {{INTRODUCE, "a", 5 * 60000, T + 5 * 60000, T + 5 * 60000, 0},
      {MESSAGE, "a", 60000, 60000, T + 5 * 60000 + 10, -T},
      {MESSAGE, "a", 6 * 60000, T + 6 * 60000, T + 6 * 60000, 0}}},
    {"two lanes: a message from before the jump comes behind one from after it",
     {{INTRODUCE, "a", 0, T, T, 0},
      {MESSAGE, "a", 5000, T + 5000 + DAY, T + 5000, DAY},
      {MESSAGE, "a", 1000, T + 1000, T + 5010, 0},
      {MESSAGE, "a", 6000, T + 6000 + DAY, T + 6000, DAY}}},
    {"a reboot between: the spool's messages of the boot before are judged by its own zero",
     {{INTRODUCE, "a", 0, T + DAY, T, 0},
      {INTRODUCE, "b", 0, T + HOUR, T + HOUR, 0},
      {MESSAGE, "a", 1800 * SECOND, T + 1800 * SECOND + DAY, T + HOUR + 5, DAY},
      {MESSAGE, "b", 1000, T + HOUR + 1000, T + HOUR + 1000, 0}}},
    {"two boots ago is believed",
     {{INTRODUCE, "a", 0, T, T, 0},
      {INTRODUCE, "b", 0, T, T, 0},
      {INTRODUCE, "c", 0, T, T, 0},
      {MESSAGE, "a", 1000, T - DAY, T + 1000, 0}}},
    {"a boot that never introduced itself is believed about the past",
     {{MESSAGE, "a", 1000, T - DAY, T, 0}, {MESSAGE, "a", 2000, T, T, 0}}},
    {"and not about the future", {{MESSAGE, "a", 1000, T + DAY, T, DAY}, {MESSAGE, "a", 2000, T + 4000, T, 0}}},
    {"beyond 2038 it is the same",
     {{INTRODUCE, "a", 0, INT64_C(2200000000000), INT64_C(2200000000000), 0},
      {MESSAGE, "a", 1000, INT64_C(2200000001000) - HOUR, INT64_C(2200000001000), -HOUR}}},
    {"a delayed introduction is corrected by the first message that was not",
     {{INTRODUCE, "a", 0, T, T + 20000, 0}, {MESSAGE, "a", 1000, T + 1000, T + 1000, 0}}},
    {"at the next connection a quicker one is kept",
     {{INTRODUCE, "a", 0, T, T, 0},
      {INTRODUCE, "a", 9000, T + 9000, T + 29000, 0},
      {MESSAGE, "a", 9500, T + 9500, T + 29500, 0}}},
    {"our own clock was wrong when the boot introduced itself: the next introduction settles it",
     {{INTRODUCE, "a", 0, T, T - DAY, 0},
      {INTRODUCE, "a", 1000, T + 1000, T + 1000, 0},
      {MESSAGE, "a", 2000, T + 2000, T + 2000, 0}}},
    {"absurd stamps are not judged",
     {{INTRODUCE, "a", 0, T, T, 0},
      {MESSAGE, "a", INT64_MAX, T, T, 0},
      {MESSAGE, "a", 1000, INT64_MAX, T, 0},
      {MESSAGE, "a", -1, T, T, 0}}},
    {"absurd introductions set nothing", {{INTRODUCE, "a", INT64_MAX, T, T, 0}, {MESSAGE, "a", 1000, T - DAY, T, 0}}},
    {"two machines take turns: each boot keeps its zero",
     {{INTRODUCE, "a", 0, T, T, 0},
      {INTRODUCE, "b", 0, T + DAY, T, 0},
      {INTRODUCE, "a", 2000, T + 2000, T + 2000, 0},
      {MESSAGE, "b", 1000, T + DAY + 1000, T + 2100, DAY},
      {MESSAGE, "a", 3000, T + 3000, T + 3000, 0}}},
};

Test(device_clock, promise_12_a_jump_is_told_from_time_that_passed) {
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct device_clock clock = {0};
        for (const struct step *s = stories[i].steps; s < stories[i].steps + 8 && s->boot; s++) {
            const struct wire_stamp stamp = stamp_of(s->boot, s->mono, s->wall);
            if (s->what == INTRODUCE) {
                const bool is_taken = device_clock_introduce(&clock, &stamp, s->recv);
                cr_expect_eq(is_taken, s->mono < INT64_MAX, "%s", stories[i].what);
                continue;
            }
            const int64_t error = device_clock_error(&clock, &stamp, s->recv);
            cr_expect_leq(llabs(error - s->error), 50, "%s, step %td: %lld, expected %lld", stories[i].what,
                          s - stories[i].steps, (long long)error, (long long)s->error);
        }
    }
}

Test(device_clock, a_correction_does_not_jitter) {
    struct device_clock clock = {0};
    const struct wire_stamp hello = stamp_of("a", 0, T + HOUR);
    cr_assert(device_clock_introduce(&clock, &hello, T + 900)); /* 0.9 s under way: the zero comes down later */
    int64_t first = 0;
    for (int i = 1; i < 1000; i++) {
        const int64_t mono = i * SECOND, delay = i * 37 % 900;
        const struct wire_stamp stamp = stamp_of("a", mono, T + HOUR + mono + i % 7);
        const int64_t error = device_clock_error(&clock, &stamp, T + mono + delay);
        if (i == 1)
            first = error;
        cr_assert_eq(error, first, "message %d", i);
    }
}

Test(device_clock, a_slow_crystal_is_followed) {
    struct device_clock clock = {0};
    const struct wire_stamp hello = stamp_of("a", 0, T);
    cr_assert(device_clock_introduce(&clock, &hello, T));
    for (int i = 1; i <= 30 * 24; i++) { /* a month, 50 ppm slow, its wall clock slow alike but set each hour */
        const int64_t true_ms = i * HOUR, mono = true_ms - true_ms / 20000;
        const struct wire_stamp stamp = stamp_of("a", mono, T + true_ms);
        cr_assert_eq(device_clock_error(&clock, &stamp, T + true_ms + 20), 0, "hour %d", i);
    }
}

Test(device_clock, our_own_step_moves_what_is_compared) {
    struct device_clock clock = {0};
    const struct wire_stamp hello = stamp_of("a", 0, T), next = stamp_of("a", 1000, T + 1000);
    cr_assert(device_clock_introduce(&clock, &hello, T - DAY)); /* our clock is a day slow */
    cr_expect_eq(device_clock_error(&clock, &next, T - DAY + 1000), DAY, "as far as we know it is the product's");
    device_clock_step(&clock, DAY);
    cr_expect_eq(device_clock_error(&clock, &next, T + 1000), 0, "now we know better");
}
