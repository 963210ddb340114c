/* anomaly_score: stories of two weeks at five minutes, with what happens on the eleventh day; what a healthy series
 * may cost in alarms; and what every detector must keep. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect_contract.h"
#include "noise.h"
#include "rules/detect/anomaly.h"

#define BEGIN_MS 1790000100000 /* a quarter of an hour begins */
enum { STEP_MS = 300000, DAY = 288, SAMPLES = 14 * DAY, EVENT = 10 * DAY + 30 };

enum shape { FLAT, NOISE, DAILY, DAILY_EXACT, COUNTS, JITTER };
enum event { NOTHING, SPIKE, DIP, SHIFT, STUCK, NO_PEAK, LOUD, OTHER_VALUE };

static double usual(enum shape shape, int i, struct noise *n) {
    const double day = sin(6.283185307179586 * i / DAY);
    switch (shape) {
    case FLAT: return 45;
    case NOISE: return 20 + noise_normal(n);
    case DAILY: return 50 + 20 * day + noise_normal(n);
    case DAILY_EXACT: return i % DAY < 99 ? 80 : 20;
    case COUNTS: return floor(exp(3 + day + 0.4 * noise_normal(n)));
    case JITTER: return 1e9 + noise_normal(n);
    }
    return 0;
}

static double with(enum event event, enum shape shape, int i, double x, struct noise *n) {
    const int since = i - EVENT;
    if (since < 0)
        return x;
    switch (event) {
    case NOTHING: return x;
    case SPIKE: return since < 2 ? x * 6 + 30 : x;
    case DIP: return since < 6 ? 0 : x;
    case SHIFT: return x + 15;
    case STUCK: return since < DAY ? 20 : x;
    case NO_PEAK: /* the day stays at its night: no value that was not there before */
        return since < DAY ? usual(shape, 3 * DAY / 4, n) : x;
    case LOUD: return since < DAY ? x + 6 * noise_normal(n) : x;
    case OTHER_VALUE: return since < 3 ? 46 : x;
    }
    return x;
}

struct story {
    const char *what;
    enum shape shape;
    enum event event;
    int within;     /* how many samples it is found; 0: there is nothing to find */
    int alarms_max; /* of the whole two weeks, the first day left out */
};
static const struct story stories[] = {
    {"a constant is silent", FLAT, NOTHING, 0, 0},
    {"an exact daily pattern: one at most, while the week is not known", DAILY_EXACT, NOTHING, 0, 1},
    {"noise: a few in two weeks", NOISE, NOTHING, 0, 4},
    {"noise on a daily pattern: a few in two weeks", DAILY, NOTHING, 0, 5},
    {"heavy-tailed counts: a few in two weeks", COUNTS, NOTHING, 0, 6},
    {"noise far from zero is noise", JITTER, NOTHING, 0, 4},
    {"a constant that is another value for once", FLAT, OTHER_VALUE, 12, 2},
    {"a spike", NOISE, SPIKE, 12, 5},
    {"a spike in counts", COUNTS, SPIKE, 12, 9},
    {"a dip in a daily pattern", DAILY, DIP, 12, 6},
    {"a level shift is told when it begins, and learnt", NOISE, SHIFT, 12, 6},
    {"a value that is stuck within its range", NOISE, STUCK, 72, 7},
    {"a day without its peak: no value is new, only the time", DAILY, NO_PEAK, 12, 8},
    {"an exact pattern that fails to come", DAILY_EXACT, NO_PEAK, 12, 6},
    {"more noise than ever: a whole day of it", NOISE, LOUD, 12, 10},
};

static struct detect_probe probe_of(void) {
    struct detect_probe p;
    detect_probe_init(&p, &detect_anomaly, &(struct detector_spec){.input_count = 1});
    return p;
}

Test(detect_anomaly, stories) {
    for (size_t k = 0; k < sizeof stories / sizeof *stories; k++) {
        const struct story *s = &stories[k];
        struct detect_probe p = probe_of();
        struct noise n = noise_of(k);
        int alarms = 0, found = -1;
        for (int i = 0; i < SAMPLES; i++) {
            const double x = with(s->event, s->shape, i, usual(s->shape, i, &n), &n);
            const double score = detect_tell(&p, BEGIN_MS + (int64_t)i * STEP_MS, x, NULL);
            cr_assert(isnan(score) ? i < 50 : score >= 0 && score <= 1, "%s: %g at %d", s->what, score, i);
            const bool is_alarm = score >= ANOMALY_ALARM && i >= DAY;
            alarms += is_alarm;
            if (is_alarm && found < 0 && i >= EVENT)
                found = i - EVENT;
        }
        cr_assert_leq(alarms, s->alarms_max, "%s: %d alarms", s->what, alarms);
        cr_assert(s->within == 0 || (found >= 0 && found < s->within), "%s: found after %d", s->what, found);
        detect_probe_fini(&p);
    }
}

Test(detect_anomaly, after_an_alarm_it_rests) {
    struct detect_probe p = probe_of();
    struct noise n = noise_of(1);
    int last = -SAMPLES, alarms = 0;
    for (int i = 0; i < SAMPLES; i++) {
        const double x = usual(NOISE, i, &n) + (i >= EVENT ? 30 : 0);
        const double score = detect_tell(&p, BEGIN_MS + (int64_t)i * STEP_MS, x, NULL);
        if (!(score >= ANOMALY_ALARM))
            continue;
        cr_assert_gt(i - last, (int)(0.03 * last), "alarms at %d and %d", last, i);
        last = i;
        alarms++;
    }
    cr_assert_geq(alarms, 1);
    detect_probe_fini(&p);
}

/* A scale is no property of the data: volts or millivolts, the same alarms. */
Test(detect_anomaly, unit_does_not_matter) {
    struct detect_probe a = probe_of(), b = probe_of();
    struct noise n = noise_of(3);
    for (int i = 0; i < SAMPLES; i++) {
        const double x = with(SHIFT, COUNTS, i, usual(COUNTS, i, &n), &n);
        const double one = detect_tell(&a, BEGIN_MS + (int64_t)i * STEP_MS, x, NULL);
        const double other = detect_tell(&b, BEGIN_MS + (int64_t)i * STEP_MS, x * 1024, NULL);
        cr_assert((isnan(one) && isnan(other)) || fabs(one - other) < 1e-3, "%d: %g, times 1024 %g", i, one, other);
    }
    detect_probe_fini(&a);
    detect_probe_fini(&b);
}

/* The same beginning, two ends: nothing told before they part differs. */
Test(detect_anomaly, nothing_is_known_of_the_future) {
    struct detect_probe a = probe_of(), b = probe_of();
    struct noise n = noise_of(5), m = noise_of(5);
    for (int i = 0; i < SAMPLES; i++) {
        const int64_t at_ms = BEGIN_MS + (int64_t)i * STEP_MS;
        const double one = detect_tell(&a, at_ms, with(NOTHING, DAILY, i, usual(DAILY, i, &n), &n), NULL);
        const double other = detect_tell(&b, at_ms, with(DIP, DAILY, i, usual(DAILY, i, &m), &m), NULL);
        cr_assert(i >= EVENT || memcmp(&one, &other, sizeof one) == 0, "%d: %g and %g", i, one, other);
    }
    detect_probe_fini(&a);
    detect_probe_fini(&b);
}

Test(detect_anomaly, contract) {
    static const double extremes[] = {0, -0.0, 1e308, -1e308, 5e-324, 1, 1e37, -1e37, 1e16, 3};
    enum { COUNT = 3000 };
    struct detect_sample *samples = calloc(COUNT, sizeof *samples);
    for (int shape = FLAT; shape <= JITTER + 1; shape++) {
        struct noise n = noise_of((uint64_t)shape);
        int64_t at_ms = shape == COUNTS ? -86400000 : BEGIN_MS;
        for (int i = 0; i < COUNT; i++) {
            at_ms += 1 + (int64_t)(noise_uniform(&n) * STEP_MS * (i % 50 == 0 ? 100 : 2));
            samples[i].at_ms = at_ms;
            samples[i].inputs[0] = shape > JITTER ? extremes[(int)(noise_uniform(&n) * 10)]
                                                  : usual((enum shape)shape, i, &n) + (i % 700 == 699 ? 40 : 0);
        }
        detect_contract(&detect_anomaly, &(struct detector_spec){.input_count = 1}, samples, COUNT, "anomaly");
    }
    free(samples);
    cr_assert_leq(detect_anomaly.state_bytes, 4096, "more than is written");
}
