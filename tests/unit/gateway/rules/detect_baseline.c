/* baseline: a product with a week that repeats, and what must not disturb it. */
#include "rules/detect/baseline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "detect_contract.h"

#define BEGIN_MS 1789948800000 /* 2026-09-21, a Monday, 00:00 */
enum { HOUR_S = 3600, DAY_S = 86400, WEEK_S = 7 * 86400, STEP_S = 300 };

static uint64_t state = 88172645463325252u;
static double uniform(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}
static double normal(void) {
    return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
}

/* Shop hours: Monday to Saturday from 8 to 20, with a peak at noon; otherwise rest. */
static double usual_week(int64_t second) {
    const int64_t day = second % WEEK_S / DAY_S, hour = second % DAY_S / HOUR_S;
    return day == 6 || hour < 8 || hour >= 20 ? 5 : 40 - fabs((double)hour - 12);
}

static struct detector_spec spec_of(double period_s) {
    return (struct detector_spec){
        .input_count = 1, .number_count = 1, .numbers = {period_s}, .interval_ms = STEP_S * 1000};
}

static double tell(struct detect_probe *p, int64_t second, double value, double outputs[DETECTOR_OUTPUTS_MAX]) {
    return detect_tell(p, BEGIN_MS + second * 1000, value, outputs);
}

Test(detect_baseline, the_first_period_has_no_answer_and_the_second_knows_the_hour) {
    const struct detector_spec spec = spec_of(WEEK_S);
    struct detect_probe p;
    detect_probe_init(&p, &detect_baseline, &spec);
    for (int64_t second = 0; second < 2 * WEEK_S; second += STEP_S) {
        const double is = tell(&p, second, usual_week(second), NULL);
        if (second < WEEK_S)
            cr_assert(isnan(is), "an answer in the first week: %g at %lld s", is, (long long)second);
        else
            cr_assert_float_eq(is, usual_week(second), 1e-6, "at %lld s: %g", (long long)second, is);
    }
    detect_probe_fini(&p);
}

/* What disturbs: given the usual value, what the product says. */
struct trouble {
    const char *what;
    double (*value)(int64_t second, double usual);
    bool (*is_silent)(int64_t second);
    double period_s;
    int64_t from_s, until_s; /* where it is judged */
    double error;            /* at most, of the expected value */
    double low, high;        /* bounds of the spread */
};
static double noisy(int64_t second, double usual) {
    (void)second;
    return usual + normal();
}
static double spiked(int64_t second, double usual) {
    (void)second;
    return uniform() < 0.1 ? 1e6 : usual + normal();
}
static double week_off(int64_t second, double usual) { /* the second and the fifth */
    return second / WEEK_S == 1 || second / WEEK_S == 4 ? 5 + normal() : usual + normal();
}
static double stepped(int64_t second, double usual) { /* a new level from the sixth week on */
    return usual + (second >= 5 * WEEK_S ? 20 : 0) + normal();
}
static double weekly_level(int64_t second, double usual) { /* each week has its own, 3 apart at most */
    return usual + (double)(second / WEEK_S * 7 % 4) + 0.1 * normal();
}
static double far_off(int64_t second, double usual) {
    (void)second;
    return 1e12 + 1000 * (usual + normal());
}
static bool never(int64_t second) {
    (void)second;
    return false;
}
static bool third_week(int64_t second) {
    return second / WEEK_S == 2;
}
static bool all_but_minutes(int64_t second) { /* ten minutes an hour */
    return second % HOUR_S >= 600;
}

static const struct trouble troubles[] = {
    {"noise of 1: the spread is about 1", noisy, never, WEEK_S, 5 * WEEK_S, 6 * WEEK_S, 1.5, 0.4, 2.6},
    {"the same by the day, on days that are alike", noisy, never, DAY_S, 2 * DAY_S, 5 * DAY_S, 2.5, 0.1, 4},
    {"a tenth of the samples is absurd", spiked, never, WEEK_S, 5 * WEEK_S, 6 * WEEK_S, 1.8, 0.4, 3},
    {"two weeks of five were holidays", week_off, never, WEEK_S, 5 * WEEK_S, 6 * WEEK_S, 2, 0.3, 60},
    {"a new level is usual after three periods", stepped, never, WEEK_S, 8 * WEEK_S, 9 * WEEK_S, 23, 0.3, 40},
    {"weeks that differ are in the spread", weekly_level, never, WEEK_S, 6 * WEEK_S, 8 * WEEK_S, 3.5, 0.5, 4},
    {"a week is missing", noisy, third_week, WEEK_S, 3 * WEEK_S, 5 * WEEK_S, 3, 0.05, 4},
    {"only ten minutes of each hour", noisy, all_but_minutes, WEEK_S, 5 * WEEK_S, 6 * WEEK_S, 3, 0.05, 4},
    {"far from zero no digits are lost", far_off, never, WEEK_S, 5 * WEEK_S, 6 * WEEK_S, 2500, 300, 2700},
};

Test(detect_baseline, what_is_odd_does_not_become_usual) {
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        const struct trouble *t = &troubles[i];
        const struct detector_spec spec = spec_of(t->period_s);
        struct detect_probe p;
        double error = 0, low = INFINITY, high = 0;
        detect_probe_init(&p, &detect_baseline, &spec);
        for (int64_t second = 0; second < t->until_s; second += STEP_S) {
            double outputs[DETECTOR_OUTPUTS_MAX];
            const double usual = usual_week(t->period_s < WEEK_S ? second % DAY_S : second);
            const double sent = t->value(second, usual);
            if (t->is_silent(second))
                continue;
            const double is = tell(&p, second, sent, outputs);
            if (second < t->from_s)
                continue;
            cr_assert_not(isnan(is), "%s: no answer at %lld s", t->what, (long long)second);
            const double scale = t->value == far_off ? 1000 : 1, offset = t->value == far_off ? 1e12 : 0;
            error = fmax(error, fabs(is - offset - scale * usual));
            low = fmin(low, outputs[1]);
            high = fmax(high, outputs[1]);
        }
        cr_assert(error <= t->error, "%s: off by %g, expected %g at most", t->what, error, t->error);
        cr_assert(low >= t->low && high <= t->high, "%s: a spread of %g to %g, expected within %g to %g", t->what, low,
                  high, t->low, t->high);
        detect_probe_fini(&p);
    }
}

Test(detect_baseline, the_new_level_is_learnt_and_the_old_one_forgotten) {
    const struct detector_spec spec = spec_of(WEEK_S);
    struct detect_probe p;
    detect_probe_init(&p, &detect_baseline, &spec);
    for (int64_t second = 0; second < 10 * WEEK_S; second += STEP_S) {
        const int64_t week = second / WEEK_S;
        const double is = tell(&p, second, usual_week(second) + (week >= 5 ? 20 : 0), NULL);
        if (week >= 1 && week <= 7) /* two odd weeks of five are not enough */
            cr_assert_float_eq(is, usual_week(second), 1e-6, "week %lld", (long long)week);
        if (week >= 8)
            cr_assert_float_eq(is, usual_week(second) + 20, 1e-6, "week %lld", (long long)week);
    }
    detect_probe_fini(&p);
}

Test(detect_baseline, what_is_told_knows_nothing_of_its_own_hour) {
    const struct detector_spec spec = spec_of(DAY_S);
    struct detect_probe a, b;
    detect_probe_init(&a, &detect_baseline, &spec);
    detect_probe_init(&b, &detect_baseline, &spec);
    for (int64_t second = 0; second < 3 * DAY_S; second += STEP_S) {
        const bool is_odd = second >= 2 * DAY_S && second < 2 * DAY_S + 1800;
        const double x = tell(&a, second, 10, NULL), y = tell(&b, second, is_odd ? 1e9 : 10, NULL);
        cr_assert(isnan(x) ? isnan(y) : x == y, "at %lld s", (long long)second);
    }
    detect_probe_fini(&a);
    detect_probe_fini(&b);
}

Test(detect_baseline, numbers_no_single_precision_holds_are_left_out) {
    const struct detector_spec spec = spec_of(DAY_S);
    struct detect_probe p;
    detect_probe_init(&p, &detect_baseline, &spec);
    for (int64_t second = 0; second < 2 * DAY_S; second += STEP_S) {
        const double is = tell(&p, second, second % 900 == 0 ? 10 : second % 900 == 300 ? 1e99 : -1e60, NULL);
        cr_assert(second < DAY_S ? isnan(is) : is == 10, "at %lld s: %g", (long long)second, is);
    }
    detect_probe_fini(&p);
}

Test(detect_baseline, promise_23_what_is_usual_survives_a_restart) {
    static struct detect_sample samples[4000];
    static const struct {
        double period_s;
        int64_t step_s, begin_ms;
    } rows[] = {{WEEK_S, 1200, BEGIN_MS}, {DAY_S, 300, BEGIN_MS}, {HOUR_S, 7, BEGIN_MS}, {DAY_S, 300, -BEGIN_MS}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const struct detector_spec spec = spec_of(rows[r].period_s);
        int64_t at_ms = rows[r].begin_ms;
        for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
            at_ms += 1000 * rows[r].step_s * (uniform() < 0.01 ? 100 : 1);
            samples[i] = (struct detect_sample){at_ms, {usual_week(at_ms / 1000) + normal()}};
        }
        detect_contract(&detect_baseline, &spec, samples, sizeof samples / sizeof *samples, "baseline");
    }
}

Test(detect_baseline, a_period_that_makes_no_sense_is_refused_with_its_bounds) {
    static const struct {
        double period_s;
        const char *why; /* "": accepted */
    } rows[] = {
        {WEEK_S, ""},
        {DAY_S, ""},
        {HOUR_S, ""},
        {28 * DAY_S, ""},
        {HOUR_S - 1, "the period is 3599 s: expected 1h to 4w, mostly 1d or 1w"},
        {29 * DAY_S, "the period is 2.5056e+06 s: expected 1h to 4w, mostly 1d or 1w"},
        {0, "the period is 0 s: expected 1h to 4w, mostly 1d or 1w"},
        {NAN, "the period is nan s: expected 1h to 4w, mostly 1d or 1w"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct detector_spec spec = spec_of(rows[i].period_s);
        char why[200];
        cr_assert_eq(detect_accepts(&detect_baseline, &spec, why, sizeof why), rows[i].why[0] == 0, "row %zu", i);
        cr_assert_str_eq(why, rows[i].why, "row %zu", i);
    }
}
