/* drift_score: months of samples every ten minutes; what drifts is told in time, what does not stays below 1. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "detect_contract.h"
#include "noise.h"
#include "rules/detect/drift.h"

#define BEGIN_MS 1790000000000
enum { STEP_MS = 600000, DAY = 144, SAMPLES = 200 * DAY, EVENT = 100 * DAY };

struct story {
    const char *what;
    double memory;    /* of the noise: the correlation of neighbours */
    double daily;     /* height of a daily pattern, in deviations of the noise */
    double outliers;  /* how many of 1,000 samples are 50 deviations off */
    double heavy;     /* the noise's logarithm is normal with this deviation; 0: the noise itself is */
    double shift;     /* at EVENT */
    double per_month; /* from EVENT on */
    int told_after;   /* at most, samples after EVENT; 0: never */
};
static const struct story stories[] = {
    {"noise is no drift", 0, 0, 0, 0, 0, 0, 0},
    {"noise with a memory is none", 0.9, 0, 0, 0, 0, 0, 0},
    {"with a long one", 0.99, 0, 0, 0, 0, 0, 0},
    {"a daily pattern is none", 0, 3, 0, 0, 0, 0, 0},
    {"outliers are none", 0, 0, 10, 0, 0, 0, 0},
    {"heavy-tailed noise is none", 0, 0, 0, 1.5, 0, 0, 0},
    {"a tenth of a deviation is none", 0, 0, 0, 0, 0.1, 0, 0},
    {"a shift up", 0, 0, 0, 0, 1, 0, 150},
    {"a shift down", 0, 0, 0, 0, -1, 0, 150},
    {"a shift among outliers", 0, 0, 10, 0, 1, 0, 250},
    {"a shift in noise with a memory", 0.9, 0, 0, 0, 2, 0, 8 * DAY},
    {"a slow rise", 0, 0, 0, 0, 0, 0.5, 60 * DAY},
    {"a slow fall", 0, 0, 0, 0, 0, -0.5, 60 * DAY},
    {"a slow rise below a daily pattern", 0, 3, 0, 0, 0, 4, 60 * DAY},
};

static double noise_with(const struct story *s, struct noise *n, double *memory) {
    const double fresh = noise_normal(n);
    *memory = s->memory * *memory + sqrt(1 - s->memory * s->memory) * fresh;
    return s->heavy > 0 ? exp(s->heavy * *memory) : *memory;
}

static struct detect_probe probe_of(void) {
    struct detect_probe p;
    detect_probe_init(&p, &detect_drift, &(struct detector_spec){.input_count = 1});
    return p;
}

Test(detect_drift, stories) {
    for (size_t k = 0; k < sizeof stories / sizeof *stories; k++) {
        const struct story *s = &stories[k];
        struct detect_probe p = probe_of();
        struct noise n = noise_of(k + 1);
        double memory = 0;
        int told = -1;
        for (int i = 0; i < SAMPLES; i++) {
            double x = noise_with(s, &n, &memory) + s->daily * sin(6.283185307179586 * i / DAY);
            if (noise_uniform(&n) < s->outliers / 1000)
                x += 50;
            if (i >= EVENT)
                x += s->shift + s->per_month * (i - EVENT) / (30 * DAY);
            const double score = detect_tell(&p, BEGIN_MS + (int64_t)i * STEP_MS, 100 + 7 * x, NULL);
            cr_assert_eq(isnan(score), i < 2 * DAY, "%s: two days are learnt from: %g at %d", s->what, score, i);
            cr_assert(!(score >= 1) || (s->told_after > 0 && i >= EVENT), "%s: %g at %d", s->what, score, i);
            if (score >= 1 && told < 0) {
                told = i - EVENT;
                break;
            }
        }
        cr_assert(s->told_after == 0 || (told >= 0 && told <= s->told_after), "%s: told after %d", s->what, told);
        detect_probe_fini(&p);
    }
}

/* What was new a while ago is the level now. */
Test(detect_drift, a_level_that_lasts_is_learnt) {
    struct detect_probe p = probe_of();
    struct noise n = noise_of(9);
    double most = 0, last = 0;
    for (int i = 0; i < SAMPLES; i++) {
        last = detect_tell(&p, BEGIN_MS + (int64_t)i * STEP_MS, noise_normal(&n) + (i >= EVENT ? 2 : 0), NULL);
        most = fmax(most, last);
    }
    cr_assert_geq(most, 1);
    cr_assert_lt(last, 1);
    detect_probe_fini(&p);
}

Test(detect_drift, constants) {
    struct detect_probe p = probe_of();
    for (int i = 0; i < 10 * DAY; i++)
        cr_assert_not(detect_tell(&p, BEGIN_MS + (int64_t)i * STEP_MS, 5, NULL) > 0, "a constant at %d", i);
    double score = 0;
    for (int i = 10 * DAY; i < 11 * DAY; i++)
        score = fmax(score, detect_tell(&p, BEGIN_MS + (int64_t)i * STEP_MS, 6, NULL));
    cr_assert_geq(score, 1, "a constant that is another: %g", score);
    detect_probe_fini(&p);
}

Test(detect_drift, contract) {
    static const double extremes[] = {0, -0.0, 1e308, -1e308, 5e-324, 1, 1e150, -1e150, 1e16, 3};
    enum { COUNT = 3000 };
    struct detect_sample *samples = calloc(COUNT, sizeof *samples);
    for (int wild = 0; wild < 2; wild++) {
        struct noise n = noise_of((uint64_t)wild);
        int64_t at_ms = wild ? -86400000 : BEGIN_MS;
        for (int i = 0; i < COUNT; i++) {
            at_ms += 1 + (int64_t)(noise_uniform(&n) * STEP_MS * (i % 50 == 0 ? 100 : 2));
            samples[i].at_ms = at_ms;
            samples[i].inputs[0] = wild ? extremes[(int)(noise_uniform(&n) * 10)] : noise_normal(&n) + i / 500;
        }
        detect_contract(&detect_drift, &(struct detector_spec){.input_count = 1}, samples, COUNT, "drift");
    }
    free(samples);
}
