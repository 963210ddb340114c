/* Trends against independent computations in long double: least squares and the time left as textbooks (and Zabbix'
 * forecast() and timeleft()) have them, Theil-Sen by sorting all pairs; and against truth, with noise and outliers. */
#include "rules/trend.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"
#include "rules/state.h"

#define BEGIN_MS 1790000000000
enum { DAY_MS = 86400 * 1000, ITEMS_MAX = 1000 };

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

struct points_given {
    size_t count;
    int64_t at_ms[ITEMS_MAX];
    double value[ITEMS_MAX];
};
static struct points_given given;

static struct window *window_of(const struct points_given *p, const struct window_spec *spec) {
    struct window *w = window_new(spec);
    for (size_t i = 0; i < p->count; i++)
        window_add(w, spec, p->at_ms[i], p->value[i]);
    return w;
}

static bool near(double is, long double expected) {
    return fabsl(is - expected) <= 1e-9L * fabsl(expected);
}

/* ---- least squares: predict_linear ---- */

struct line {
    long double slope, now;
};
static struct line least_squares(const struct points_given *p, int64_t now_ms) {
    long double n = p->count, t_sum = 0, x_sum = 0, tt = 0, tx = 0;
    for (size_t i = 0; i < p->count; i++) {
        t_sum += (long double)(p->at_ms[i] - now_ms) / 1000;
        x_sum += p->value[i];
    }
    for (size_t i = 0; i < p->count; i++) {
        const long double t = (long double)(p->at_ms[i] - now_ms) / 1000 - t_sum / n;
        tt += t * t;
        tx += t * (p->value[i] - x_sum / n);
    }
    const long double slope = tx / tt;
    return (struct line){slope, x_sum / n - slope * t_sum / n};
}

enum signal { RAMP, NOISY_RAMP, FAR_OFF, TINY, FALL, SIGNALS };
static double signal_value(enum signal kind, double s) {
    switch (kind) {
    case RAMP: return 3 + s / 3600;
    case NOISY_RAMP: return 3 + s / 3600 + normal();
    case FAR_OFF: return 4e6 + s / 10 + normal();
    case TINY: return 1e-9 * (s / 3600 + uniform());
    case FALL: return 95 - s / 7200 + 0.1 * normal();
    case SIGNALS: break;
    }
    return 0;
}

Test(trend, promise_27_predict_linear_agrees_with_least_squares_to_nine_digits) {
    const struct window_spec spec = {.range_ms = DAY_MS, .needs = WINDOW_TREND};
    static const double ahead_s[] = {0, 60, 86400, 30 * 86400.0};
    for (int kind = 0; kind < SIGNALS; kind++)
        for (size_t count = 2; count <= ITEMS_MAX; count = count * 3 + 1) {
            given.count = count;
            int64_t at_ms = BEGIN_MS;
            for (size_t i = 0; i < count; i++) {
                at_ms += 1 + (int64_t)(uniform() * 1.9 * DAY_MS / (double)(2 * count));
                given.at_ms[i] = at_ms;
                given.value[i] = signal_value((enum signal)kind, (double)(at_ms - BEGIN_MS) / 1000);
            }
            const int64_t now_ms = at_ms + 5000;
            const struct line expected = least_squares(&given, now_ms);
            struct window *w = window_of(&given, &spec);
            double slope, now;
            cr_assert(window_line(w, &spec, now_ms, &slope, &now));
            cr_assert(near(slope, expected.slope), "signal %d, %zu samples: slope %.17g, expected %.17Lg", kind, count,
                      slope, expected.slope);
            for (size_t i = 0; i < 4; i++)
                cr_assert(near(now + slope * ahead_s[i], expected.now + expected.slope * ahead_s[i]),
                          "signal %d, %zu samples, %g s ahead: %.17g, expected %.17Lg", kind, count, ahead_s[i],
                          now + slope * ahead_s[i], expected.now + expected.slope * ahead_s[i]);
            window_free(w);
        }
}

/* ---- Theil-Sen by sorting ---- */

static int compare(const void *a, const void *b) {
    const long double x = *(const long double *)a, y = *(const long double *)b;
    return (x > y) - (x < y);
}
static long double sorted_median(long double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Groups of items that follow each other: group g begins at item ceil(g * count / groups). */
static struct line theil_sen(const struct points_given *p, int64_t now_ms, bool is_log) {
    static long double slopes[ITEMS_MAX], t[TREND_GROUPS_MAX], x[TREND_GROUPS_MAX], left[ITEMS_MAX], work[ITEMS_MAX];
    const size_t groups = p->count < TREND_GROUPS_MAX ? p->count : TREND_GROUPS_MAX;
    size_t pairs = 0;
    for (size_t g = 0; g < groups; g++) {
        const size_t from = (g * p->count + groups - 1) / groups, to = ((g + 1) * p->count + groups - 1) / groups;
        for (size_t i = from; i < to; i++) {
            work[i - from] = is_log ? logl(p->value[i]) : (long double)p->value[i];
            left[i - from] = (long double)(p->at_ms[i] - now_ms) / 1000;
        }
        x[g] = sorted_median(work, to - from);
        t[g] = sorted_median(left, to - from);
    }
    for (size_t i = 0; i < groups; i++)
        for (size_t k = 0; k < i; k++)
            slopes[pairs++] = (x[i] - x[k]) / (t[i] - t[k]);
    const long double slope = sorted_median(slopes, pairs);
    for (size_t i = 0; i < groups; i++)
        left[i] = x[i] - slope * t[i];
    return (struct line){slope, sorted_median(left, groups)};
}

Test(trend, promise_27_time_to_agrees_with_theil_sen_by_sorting_to_nine_digits) {
    const struct window_spec spec = {.range_ms = DAY_MS, .needs = WINDOW_READ};
    for (size_t count = 8; count <= ITEMS_MAX; count += count / 5 + 1)
        for (int is_log = 0; is_log < 2; is_log++) {
            given.count = count;
            for (size_t i = 0; i < count; i++) {
                const double u = (double)i / (double)count;
                given.at_ms[i] = BEGIN_MS + (int64_t)((u + 0.4 / (double)count * uniform()) * DAY_MS);
                given.value[i] = is_log ? 10 * exp(2 * u) * (1 + 0.05 * normal()) : 10 + 60 * u + 3 * normal();
            }
            const int64_t now_ms = given.at_ms[count - 1] + 1000;
            const struct line expected = theil_sen(&given, now_ms, is_log);
            const long double limit = is_log ? logl(200) : 200;
            struct window *w = window_of(&given, &spec);
            struct trend t;
            double seconds;
            cr_assert(trend_fit(w, &spec, now_ms, is_log ? TREND_EXPONENTIAL : TREND_LINEAR, &t), "%zu samples", count);
            cr_assert(near(t.slope, expected.slope), "%zu samples: slope %.17g, expected %.17Lg", count, t.slope,
                      expected.slope);
            cr_assert(trend_time_to(&t, 200, 0.5, &seconds));
            cr_assert(near(seconds, (limit - expected.now) / expected.slope), "%zu samples: %.17g s, expected %.17Lg",
                      count, seconds, (limit - expected.now) / expected.slope);
            window_free(w);
        }
}

/* ---- on clean data every estimator gives the formula: (limit - a) / b - now, and with logarithms ---- */

struct clean {
    const char *what;
    enum trend_model wanted;
    bool is_exponential;
    double start, by_day; /* the line, or the exponent's growth a day */
    double limit;
    bool has_answer;
};
static const struct clean cleans[] = {
    {"rises to a limit", TREND_BEST, false, 10, 5, 40, true},
    {"falls to a limit", TREND_BEST, false, 90, -12, 20, true},
    {"falls through zero", TREND_BEST, false, 5, -4, -20, true},
    {"grows as wear does", TREND_BEST, true, 1, 0.7, 40, true},
    {"decays to a limit", TREND_BEST, true, 100, -0.5, 5, true},
    {"grows on the negative side", TREND_BEST, true, -1, 0.7, -40, true},
    {"an exponential taken for a line is not asked here, a line that is forced is", TREND_LINEAR, false, 10, 5, 40,
     true},
    {"an exponential that is forced", TREND_EXPONENTIAL, true, 3, 0.4, 50, true},
    {"reached an hour ago: now", TREND_BEST, false, 10, 24, 33, true},
    {"goes away from a limit that it never saw", TREND_BEST, false, 50, 10, 20, false},
    {"falls away from it", TREND_BEST, false, 10, -5, 40, false},
    {"does not move", TREND_BEST, false, 21.5, 0, 40, false},
    {"stands at the limit and does not move", TREND_BEST, false, 40, 0, 40, false},
    {"decays to zero and never through it", TREND_BEST, true, 100, -0.5, -5, false},
    {"nor to it", TREND_BEST, true, 100, -0.5, 0, false},
    {"an exponential of a line through zero", TREND_EXPONENTIAL, false, -2, 5, 40, false},
};

Test(trend, promise_27_clean_trends_reach_the_limit_when_the_formula_says_or_never) {
    const struct window_spec spec = {.range_ms = DAY_MS, .needs = WINDOW_READ};
    for (size_t row = 0; row < sizeof cleans / sizeof *cleans; row++)
        for (size_t count = 8; count <= 961; count *= 2) {
            const struct clean *c = &cleans[row];
            given.count = count;
            for (size_t i = 0; i < count; i++) {
                const double day = (double)(i + 1) / (double)count;
                given.at_ms[i] = BEGIN_MS + llround(day * DAY_MS);
                const double exact = (double)(given.at_ms[i] - BEGIN_MS) / DAY_MS;
                given.value[i] = c->is_exponential ? c->start * exp(c->by_day * exact) : c->start + c->by_day * exact;
            }
            const int64_t now_ms = BEGIN_MS + DAY_MS;
            const long double at_day = c->is_exponential ? (logl(c->limit / c->start)) / c->by_day
                                                         : ((long double)c->limit - c->start) / c->by_day;
            const long double expected_s = at_day > 1 ? (at_day - 1) * 86400 : 0;
            struct window *w = window_of(&given, &spec);
            struct trend t;
            double seconds = -1;
            const bool has = trend_fit(w, &spec, now_ms, c->wanted, &t) && trend_time_to(&t, c->limit, 0.5, &seconds);
            cr_assert_eq(has, c->has_answer, "%s: %zu samples: an answer, or none", c->what, count);
            cr_assert(!has || near(seconds, expected_s), "%s: %zu samples: %.17g s, expected %.17Lg", c->what, count,
                      seconds, expected_s);
            cr_assert(!has || t.model == (c->is_exponential ? TREND_EXPONENTIAL : TREND_LINEAR),
                      "%s: %zu samples: the other model", c->what, count);
            window_free(w);
        }
}

/* ---- no trend to speak of ---- */

Test(trend, what_is_no_trend_has_no_answer) {
    const struct window_spec spec = {.range_ms = DAY_MS, .needs = WINDOW_READ};
    static const struct {
        const char *what;
        size_t count;
        double covers; /* of the range */
        double slope, noise;
        bool has_trend;
    } rows[] = {
        {"eight clean samples are enough", 8, 1, 10, 0, true},
        {"seven are not", 7, 1, 10, 0, false},
        {"half of the range is enough", 50, 0.52, 10, 0, true},
        {"a third is not: it was just switched on", 50, 0.33, 10, 0, false},
        {"one sample", 1, 1, 10, 0, false},
        {"much noise over a small slope", 100, 1, 0.1, 5, false},
        {"a quantised reading that moved one step back and forth", 100, 1, 0, -1, false},
        {"one that bends as neither model does", 100, 1, 10, -2, true},
        {"the same, few samples", 8, 1, 10, -2, true},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        given.count = rows[row].count;
        for (size_t i = 0; i < given.count; i++) {
            const double u = (double)(i + 1) / (double)given.count;
            given.at_ms[i] = BEGIN_MS + llround(u * rows[row].covers * DAY_MS);
            given.value[i] = rows[row].noise == -1   ? (double)(i / 20 % 2)
                             : rows[row].noise == -2 ? 100 + rows[row].slope * sqrt(u)
                                                     : rows[row].slope * u + rows[row].noise * normal();
        }
        struct window *w = window_of(&given, &spec);
        struct trend t;
        cr_assert_eq(trend_fit(w, &spec, given.at_ms[given.count - 1], TREND_BEST, &t), rows[row].has_trend, "%s",
                     rows[row].what);
        window_free(w);
    }
}

Test(trend, a_confidence_or_limit_out_of_bounds_has_no_answer) {
    const struct trend t = {.model = TREND_LINEAR, .slope = 1, .now = 5, .oldest = 1, .centre = 3, .centre_s = -2};
    static const struct {
        double limit, confidence;
        bool has;
    } rows[] = {{10, 0.5, true}, {10, 0.9, true},  {10, 0.999, true}, {10, 0.49, false},      {10, 1, false},
                {10, -1, false}, {10, NAN, false}, {NAN, 0.5, false}, {INFINITY, 0.5, false}, {-INFINITY, 0.5, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double seconds;
        cr_assert_eq(trend_time_to(&t, rows[i].limit, rows[i].confidence, &seconds), rows[i].has, "row %zu", i);
    }
}

/* ---- truth ---- */

/* Windows of a known trend: how often the limit is reached before `confidence` says so, how far off the best estimate.
 */
struct truth {
    const char *what;
    size_t count;
    double noise, correlation, outliers; /* outliers: part of the samples */
    double late_at_most;                 /* of the early bound 0.9 */
    double error_at_most;                /* median, of the best estimate, relative */
};
static const struct truth truths[] = {
    {"24 samples", 24, 3, 0, 0, 0.15, 0.20},
    {"100 samples", 100, 3, 0, 0, 0.14, 0.12},
    {"1,000 samples", 1000, 3, 0, 0, 0.14, 0.06},
    {"a fifth are spikes upwards", 300, 3, 0, 0.2, 0.14, 0.12},
    {"neighbours resemble each other", 300, 2, 0.9, 0, 0.16, 0.20},
};

static double median_of(double *values, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && values[k] < values[k - 1]; k--) {
            const double kept = values[k];
            values[k] = values[k - 1];
            values[k - 1] = kept;
        }
    return values[count / 2];
}

Test(trend, the_early_bound_is_early_nine_times_of_ten) {
    const struct window_spec spec = {.range_ms = DAY_MS, .needs = WINDOW_READ};
    enum { ROUNDS = 400 };
    for (size_t row = 0; row < sizeof truths / sizeof *truths; row++) {
        const struct truth *c = &truths[row];
        double errors[ROUNDS];
        size_t late = 0, answers = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double carried = 0;
            given.count = c->count;
            for (size_t i = 0; i < c->count; i++) {
                const double u = (double)(i + 1) / (double)c->count;
                carried = c->correlation * carried + normal();
                given.at_ms[i] = BEGIN_MS + llround(u * DAY_MS);
                given.value[i] = 40 * u + c->noise * carried + (uniform() < c->outliers ? 200 * uniform() : 0);
            }
            struct window *w = window_of(&given, &spec);
            struct trend t;
            double best, early;
            if (trend_fit(w, &spec, BEGIN_MS + DAY_MS, TREND_LINEAR, &t) && trend_time_to(&t, 60, 0.5, &best) &&
                trend_time_to(&t, 60, 0.9, &early)) {
                cr_assert(early >= 0 && early <= best);
                late += early > 43200;
                errors[answers++] = fabs(best - 43200) / 43200;
            }
            window_free(w);
        }
        cr_assert(answers > ROUNDS * 3 / 4, "%s: %zu answers", c->what, answers);
        cr_assert((double)late <= c->late_at_most * (double)answers, "%s: late in %zu of %zu", c->what, late, answers);
        cr_assert(late > 0, "%s: never late: the bound says nothing", c->what);
        const double error = median_of(errors, answers);
        cr_assert(error <= c->error_at_most, "%s: off by %g, expected %g at most", c->what, error, c->error_at_most);
    }
}

Test(trend, noise_without_a_trend_is_rarely_taken_for_one) {
    const struct window_spec spec = {.range_ms = DAY_MS, .needs = WINDOW_READ};
    static const double correlations[] = {0, 0.5, 0.9};
    for (size_t row = 0; row < 3; row++) {
        int found = 0;
        for (int round = 0; round < 300; round++) {
            double carried = 0;
            given.count = 200;
            for (size_t i = 0; i < given.count; i++) {
                carried = correlations[row] * carried + normal();
                given.at_ms[i] = BEGIN_MS + (int64_t)i * (DAY_MS / 200);
                given.value[i] = carried;
            }
            struct window *w = window_of(&given, &spec);
            struct trend t;
            found += trend_fit(w, &spec, given.at_ms[199], TREND_BEST, &t);
            window_free(w);
        }
        cr_assert(found <= 30, "correlation %g: a trend in %d of 300", correlations[row], found);
    }
}

/* ---- reading a window ---- */

Test(trend, a_window_is_read_as_its_samples_or_the_means_of_its_buckets) {
    for (int is_dense = 0; is_dense < 2; is_dense++) {
        const struct window_spec spec = {.range_ms = 3600 * 1000, .needs = WINDOW_READ, .is_dense = is_dense};
        struct window *w = window_new(&spec);
        struct window_item item;
        struct window_reader empty = window_read(w);
        cr_assert_not(window_read_next(&empty, &item));
        given.count = 1000;
        for (size_t i = 0; i < given.count; i++) {
            given.at_ms[i] = BEGIN_MS + (int64_t)i * 4000 + (int64_t)(uniform() * 3000);
            given.value[i] = normal();
            window_add(w, &spec, given.at_ms[i], given.value[i]);
        }
        window_advance(w, &spec, given.at_ms[999]);
        size_t first = 1000 - (size_t)window_count(w), at = first;
        for (struct window_reader r = window_read(w); window_read_next(&r, &item);) {
            double sum = 0, time = 0;
            for (uint32_t k = 0; k < item.count; k++) {
                sum += given.value[at + k];
                time += (double)(given.at_ms[at + k] - BEGIN_MS);
            }
            cr_assert(is_dense || item.count == 1);
            cr_assert_float_eq(item.value, sum / item.count, 1e-12, "item at %zu", at);
            cr_assert_float_eq((double)(item.at_ms - BEGIN_MS), time / item.count, 1.001, "item at %zu", at);
            at += item.count;
        }
        cr_assert_eq(at, 1000, "read up to %zu", at);
        window_free(w);
    }
}

Test(trend, a_dense_window_tells_nearly_the_same_and_a_loaded_one_the_very_same) {
    const struct window_spec points = {.range_ms = DAY_MS, .needs = WINDOW_READ};
    const struct window_spec dense = {.range_ms = DAY_MS, .needs = WINDOW_READ, .is_dense = true};
    given.count = ITEMS_MAX;
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        given.at_ms[i] = BEGIN_MS + (int64_t)(i + 1) * (DAY_MS / ITEMS_MAX);
        given.value[i] = 10 + (double)i * 0.05 + normal();
    }
    struct window *windows[3] = {window_of(&given, &points), window_of(&given, &dense), window_new(&dense)};
    struct buf saved;
    buf_init(&saved, 1 << 20);
    window_save(windows[1], &saved);
    struct cursor in = cursor_of(saved.data, saved.count);
    cr_assert(window_load(windows[2], &dense, &in) && in.left == 0);
    double seconds[3];
    for (int i = 0; i < 3; i++) {
        struct trend t;
        cr_assert(trend_fit(windows[i], i == 0 ? &points : &dense, BEGIN_MS + DAY_MS, TREND_BEST, &t));
        cr_assert(trend_time_to(&t, 100, 0.9, &seconds[i]));
        window_free(windows[i]);
    }
    cr_assert_float_eq(seconds[1] / seconds[0], 1, 0.02, "%g and %g s", seconds[0], seconds[1]);
    cr_assert(seconds[1] == seconds[2]);
    buf_fini(&saved);
}
