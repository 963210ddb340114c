/* duty_cycle, run_hours and starts: stories with the answer counted by hand, and long random ones against a naive
 * account of every second. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "detect_contract.h"
#include "rules/detect/duty_cycle.h"
#include "rules/detect/run_hours.h"
#include "rules/detect/starts.h"

#define BEGIN_MS 1790000000000

enum { STEPS = 12 };
struct story {
    const char *what;
    const struct detector_row *row;
    double range_s;
    int64_t interval_ms;
    struct {
        double at_s;
        int input;
        double answer; /* NAN: none */
    } steps[STEPS];    /* up to the first with at_s 0 that is not the first */
};

static const struct story stories[] = {
    {"one sample tells nothing of any time", &detect_duty_cycle, 3600, 10000, {{0, 1, NAN}}},
    {"on until the second sample: on all the time that is known",
     &detect_duty_cycle,
     3600,
     10000,
     {{0, 1, NAN}, {10, 0, 1}}},
    {"then off as long: half", &detect_duty_cycle, 3600, 10000, {{0, 1, NAN}, {10, 0, 1}, {20, 0, 0.5}}},
    {"weighted by time, not by the number of samples",
     &detect_duty_cycle,
     3600,
     10000,
     {{0, 1, NAN}, {30, 0, 1}, {31, 0, 30.0 / 31}, {32, 0, 30.0 / 32}, {33, 0, 30.0 / 33}, {40, 0, 0.75}}},
    {"further apart than the gap bound: neither on nor off",
     &detect_duty_cycle,
     3600,
     10000,
     {{0, 1, NAN}, {10, 0, 1}, {20, 0, 0.5}, {81, 0, 0.5}, {91, 1, 1.0 / 3}}},
    {"exactly the bound is known", &detect_duty_cycle, 3600, 10000, {{0, 1, NAN}, {60, 0, 1}, {120, 0, 0.5}}},
    {"a slow product has a wider bound",
     &detect_duty_cycle,
     36000,
     600000,
     {{0, 1, NAN}, {3000, 0, 1}, {6001, 0, 1}, {9001, 0, 0.5}}},
    {"nobody knows the interval: five minutes",
     &detect_duty_cycle,
     3600,
     0,
     {{0, 1, NAN}, {300, 0, 1}, {601, 0, 1}, {901, 1, 0.5}}},
    {"what has left the range is forgotten",
     &detect_duty_cycle,
     63,
     10000,
     {{0, 1, NAN}, {10, 0, 1}, {60, 0, 10.0 / 60}, {63, 0, 10.0 / 63}, {68, 0, 5.0 / 63}, {73, 0, 0}}},
    {"after a gap as long as the range nothing is known",
     &detect_duty_cycle,
     3600,
     10000,
     {{0, 1, NAN}, {10, 1, 1}, {4000, 1, NAN}, {4010, 1, 1}}},
    {"a clock that was set forward is a gap",
     &detect_duty_cycle,
     3600,
     10000,
     {{0, 1, NAN}, {10, 0, 1}, {1e9, 0, NAN}, {1e9 + 10, 0, 0}}},

    {"hours begin at 0", &detect_run_hours, 0, 10000, {{0, 1, 0}}},
    {"and grow while it holds",
     &detect_run_hours,
     0,
     10000,
     {{0, 1, 0}, {36, 1, 0.01}, {72, 0, 0.02}, {108, 0, 0.02}, {144, 1, 0.02}, {180, 1, 0.03}}},
    {"not over a gap", &detect_run_hours, 0, 10000, {{0, 1, 0}, {36, 1, 0.01}, {97, 1, 0.01}}},
    {"the bound itself is no gap",
     &detect_run_hours,
     0,
     10000,
     {{0, 1, 0}, {60, 1, 60.0 / 3600}, {120.001, 1, 60.0 / 3600}}},
    {"a clock that was set forward by a year adds no year",
     &detect_run_hours,
     0,
     10000,
     {{0, 1, 0}, {36, 1, 0.01}, {31e6, 1, 0.01}, {31e6 + 36, 1, 0.02}}},

    {"found on at first it is no start", &detect_starts, 3600, 10000, {{0, 1, 0}, {10, 1, 0}}},
    {"off, then on", &detect_starts, 3600, 10000, {{0, 0, 0}, {10, 1, 1}, {20, 1, 1}, {30, 0, 1}, {40, 1, 2}}},
    {"found on after a gap: nobody saw it",
     &detect_starts,
     3600,
     10000,
     {{0, 0, 0}, {61, 1, 0}, {71, 0, 0}, {81, 1, 1}}},
    {"exactly the bound was seen", &detect_starts, 3600, 10000, {{0, 0, 0}, {60, 1, 1}}},
    {"forgotten when the range is over, to the millisecond (left-open)",
     &detect_starts,
     60,
     10000,
     {{0, 0, 0}, {10, 1, 1}, {20, 0, 1}, {30, 1, 2}, {69.999, 1, 2}, {70, 1, 1}, {90, 1, 0}}},
    {"a clock that was set forward is no start",
     &detect_starts,
     3600,
     10000,
     {{0, 0, 0}, {10, 1, 1}, {20, 0, 1}, {1e9, 1, 0}}},
};

Test(detect_counters, stories_of_conditions_tell_what_was_counted_by_hand) {
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        const struct story *s = &stories[i];
        struct detect_probe p;
        detect_probe_init(&p, s->row,
                          &(struct detector_spec){.input_count = 1,
                                                  .number_count = s->range_s > 0,
                                                  .numbers = {s->range_s},
                                                  .interval_ms = s->interval_ms});
        for (int k = 0; k < STEPS && (k == 0 || s->steps[k].at_s > 0); k++) {
            const int64_t at_ms = BEGIN_MS + llround(s->steps[k].at_s * 1000);
            const double is = detect_tell(&p, at_ms, s->steps[k].input, NULL), expected = s->steps[k].answer;
            cr_assert(isnan(is) == isnan(expected) && !(fabs(is - expected) > 1e-12),
                      "%s: at %g s it says %.15g, expected %.15g", s->what, s->steps[k].at_s, is, expected);
        }
        detect_probe_fini(&p);
    }
}

/* ---- random stories ---- */

static uint64_t state;
static double uniform(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

enum { SAMPLES = 6000 };

/* Whole seconds; chatters, rests, and now and then nothing comes for a while. */
static size_t make(struct detect_sample samples[SAMPLES], uint64_t seed, int64_t begin_ms) {
    int64_t at_ms = begin_ms;
    double share = 0.5;
    state = seed * 2654435761u + 88172645463325252u;
    for (size_t i = 0; i < SAMPLES; i++) {
        if (uniform() < 0.01)
            share = uniform();
        at_ms += uniform() < 0.01 ? 1000 * (int64_t)(uniform() * 3000) + 1000 : 1000 * (1 + (int64_t)(uniform() * 20));
        samples[i] = (struct detect_sample){.at_ms = at_ms, .inputs = {uniform() < share}};
    }
    return SAMPLES;
}

struct account {
    double on_s, known_s, hours;
    int starts;
};

/* Of the range before sample `now`, from all samples since the first. */
static struct account count_all(const struct detect_sample *s, size_t now, int64_t range_ms, int64_t gap_ms) {
    struct account a = {0};
    const int64_t from_ms = s[now].at_ms - range_ms;
    for (size_t i = 1; i <= now; i++) {
        if (s[i].at_ms - s[i - 1].at_ms > gap_ms)
            continue;
        a.hours += s[i - 1].inputs[0] * (double)(s[i].at_ms - s[i - 1].at_ms) / 3600000;
        if (s[i].at_ms > from_ms && s[i].inputs[0] != 0 && s[i - 1].inputs[0] == 0)
            a.starts++;
        const int64_t begin_ms = s[i - 1].at_ms > from_ms ? s[i - 1].at_ms : from_ms;
        if (s[i].at_ms <= begin_ms)
            continue;
        a.known_s += (double)(s[i].at_ms - begin_ms) / 1000;
        a.on_s += s[i - 1].inputs[0] * (double)(s[i].at_ms - begin_ms) / 1000;
    }
    return a;
}

static struct detect_sample samples[SAMPLES];

Test(detect_counters, random_conditions_agree_with_an_account_of_every_second) {
    static const int64_t ranges_ms[] = {60000, 600000, 3600000, 86400000};
    static const int64_t begins_ms[] = {BEGIN_MS, 0, -7000000};
    for (uint64_t round = 0; round < 4 * 3; round++) {
        const int64_t range_ms = ranges_ms[round % 4];
        const struct detector_spec spec = {
            .input_count = 1, .number_count = 1, .numbers = {(double)range_ms / 1000}, .interval_ms = 10000};
        struct detect_probe duty, hours, starts;
        const size_t count = make(samples, round, begins_ms[round / 4]);
        detect_probe_init(&duty, &detect_duty_cycle, &spec);
        detect_probe_init(&hours, &detect_run_hours, &spec);
        detect_probe_init(&starts, &detect_starts, &spec);
        for (size_t i = 0; i < count; i++) {
            double told[DETECTOR_OUTPUTS_MAX];
            const double share = detect_tell(&duty, samples[i].at_ms, samples[i].inputs[0], told);
            const double h = detect_tell(&hours, samples[i].at_ms, samples[i].inputs[0], NULL);
            const double n = detect_tell(&starts, samples[i].at_ms, samples[i].inputs[0], NULL);
            if (i % 7 != 0)
                continue;
            const struct account a = count_all(samples, i, range_ms, 60000);
            const double edge_s = (double)range_ms / 1000 / 63 + 0.001; /* the oldest cell counts by its part */
            cr_assert_float_eq(h, a.hours, 1e-9, "round %d, sample %zu: %g h, expected %g", (int)round, i, h, a.hours);
            cr_assert_float_eq(n, a.starts, 0, "round %d, sample %zu: %g starts, expected %d", (int)round, i, n,
                               a.starts);
            cr_assert_float_eq(told[1] * (double)range_ms / 1000, a.known_s, edge_s, "round %d, sample %zu: known",
                               (int)round, i);
            if (a.known_s > edge_s * 4)
                cr_assert_float_eq(share, a.on_s / a.known_s, 2 * edge_s / a.known_s,
                                   "round %d, sample %zu: share %g, expected %g", (int)round, i, share,
                                   a.on_s / a.known_s);
        }
        detect_probe_fini(&duty);
        detect_probe_fini(&hours);
        detect_probe_fini(&starts);
    }
}

Test(detect_counters, promise_23_counters_survive_a_restart) {
    static const struct detector_row *const rows[] = {&detect_duty_cycle, &detect_run_hours, &detect_starts};
    for (size_t r = 0; r < 3; r++)
        for (int range = 0; range < 2; range++) {
            const struct detector_spec spec = {
                .input_count = 1, .number_count = 1, .numbers = {range ? 86400 * 30 : 600}, .interval_ms = 10000};
            detect_contract(rows[r], &spec, samples, make(samples, r + 1, BEGIN_MS), rows[r]->name);
        }
}

Test(detect_counters, a_range_that_makes_no_sense_is_refused_with_its_bounds) {
    static const struct {
        const struct detector_row *row;
        double range_s;
        const char *why; /* "": accepted */
    } rows[] = {
        {&detect_duty_cycle, 60, ""},
        {&detect_duty_cycle, 366 * 86400.0, ""},
        {&detect_duty_cycle, 59, "the range is 59 s: expected 1m to 366d"},
        {&detect_duty_cycle, 1e9, "the range is 1e+09 s: expected 1m to 366d"},
        {&detect_duty_cycle, NAN, "the range is nan s: expected 1m to 366d"},
        {&detect_starts, 1, ""},
        {&detect_starts, 0, "the range is 0 s: expected 1s to 366d"},
        {&detect_starts, -5, "the range is -5 s: expected 1s to 366d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct detector_spec spec = {.input_count = 1, .number_count = 1, .numbers = {rows[i].range_s}};
        char why[200];
        cr_assert_eq(detect_accepts(rows[i].row, &spec, why, sizeof why), rows[i].why[0] == 0, "row %zu", i);
        cr_assert_str_eq(why, rows[i].why, "row %zu", i);
    }
}
