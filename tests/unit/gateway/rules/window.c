/* The windows against a naive recomputation over random data: every answer, after every sample, at every range. */
#include "rules/function.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALL = WINDOW_SUM | WINDOW_SPREAD | WINDOW_TREND | WINDOW_LOW | WINDOW_HIGH | WINDOW_STEPS | WINDOW_READ |
          WINDOW_PAIR | WINDOW_RESETS,
    SAMPLES = 4000
};

static uint64_t state = 88172645463325252u;
static double uniform(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

struct naive {
    int64_t at_ms[SAMPLES];
    double value[SAMPLES];
    size_t count;
};
/* Keeps time order; a time that is there already is ignored. */
static void naive_add(struct naive *n, int64_t at_ms, double value) {
    size_t i = n->count;
    while (i > 0 && n->at_ms[i - 1] > at_ms)
        i--;
    if (i > 0 && n->at_ms[i - 1] == at_ms)
        return;
    memmove(&n->at_ms[i + 1], &n->at_ms[i], (n->count - i) * sizeof *n->at_ms);
    memmove(&n->value[i + 1], &n->value[i], (n->count - i) * sizeof *n->value);
    n->at_ms[i] = at_ms;
    n->value[i] = value;
    n->count++;
}

struct answers {
    size_t count;
    double sum, mean, stddev, low, high, changes, resets, slope, first, last, increase, delta;
    bool has_slope, has_increase;
    double scale; /* of the values, for tolerances */
};

static double extrapolated(const struct naive *n, size_t from, size_t to, int64_t now_ms, int64_t range_ms,
                           bool counter) {
    double first = n->value[from], last = n->value[to - 1], result = last - first;
    for (size_t i = from + 1; counter && i < to; i++)
        if (n->value[i] < n->value[i - 1])
            result += n->value[i - 1];
    double start = (double)(n->at_ms[from] - (now_ms - range_ms)) / 1000;
    double end = (double)(now_ms - n->at_ms[to - 1]) / 1000;
    double sampled = (double)(n->at_ms[to - 1] - n->at_ms[from]) / 1000, step = sampled / (double)(to - from - 1);
    if (start >= step * 1.1)
        start = step / 2;
    if (counter && result > 0 && first >= 0 && sampled * (first / result) < start)
        start = sampled * (first / result);
    if (end >= step * 1.1)
        end = step / 2;
    return result * (sampled + start + end) / sampled;
}

static struct answers naive_ask(const struct naive *n, int64_t now_ms, int64_t range_ms) {
    struct answers a = {.low = INFINITY, .high = -INFINITY};
    size_t from = 0, to = n->count;
    while (from < to && n->at_ms[from] <= now_ms - range_ms)
        from++;
    a.count = to - from;
    if (a.count == 0)
        return a;
    long double sum = 0, t_sum = 0, squares = 0, tt = 0, tv = 0;
    for (size_t i = from; i < to; i++) {
        sum += n->value[i];
        t_sum += n->at_ms[i];
        a.low = fmin(a.low, n->value[i]);
        a.high = fmax(a.high, n->value[i]);
        a.scale = fmax(a.scale, fabs(n->value[i]));
        a.changes += i > from && n->value[i] != n->value[i - 1];
        a.resets += i > from && n->value[i] < n->value[i - 1];
    }
    long double mean = sum / a.count, t_mean = t_sum / a.count;
    for (size_t i = from; i < to; i++) {
        long double dv = n->value[i] - mean, dt = (n->at_ms[i] - t_mean) / 1000;
        squares += dv * dv;
        tt += dt * dt;
        tv += dt * dv;
    }
    a.sum = (double)sum;
    a.mean = (double)mean;
    a.stddev = (double)sqrtl(squares / a.count);
    a.first = n->value[from];
    a.last = n->value[to - 1];
    a.has_slope = a.has_increase = a.count > 1;
    if (a.count > 1) {
        a.slope = (double)(tv / tt);
        a.increase = extrapolated(n, from, to, now_ms, range_ms, true);
        a.delta = extrapolated(n, from, to, now_ms, range_ms, false);
    }
    return a;
}

static void near(double is, double expected, double tolerance, const char *what, size_t step) {
    cr_assert(fabs(is - expected) <= tolerance, "step %zu: %s is %.17g, expected %.17g", step, what, is, expected);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
/* Of sorted values; between two of them in a straight line. */
static double naive_quantile(const double *sorted, size_t count, double q) {
    const double at = q * (double)(count - 1), low = floor(at);
    const size_t next = (size_t)low + 1 < count ? (size_t)low + 1 : (size_t)low;
    return sorted[(size_t)low] * (1 - (at - low)) + sorted[next] * (at - low);
}

static double call(const char *name, struct window *w, const struct window_spec *spec, int64_t now_ms, bool *has) {
    struct window_view view = {.window = w, .spec = spec, .now_ms = now_ms};
    double out = 0;
    *has = function_rows[function_find(name, strlen(name))].over(&view, &out);
    return out;
}

static void compare_pair(struct window *w, const struct window_spec *spec, const struct naive *n, int64_t now_ms,
                         size_t step) {
    bool has;
    const bool has_two = n->count > 1 && n->at_ms[n->count - 2] > now_ms - spec->range_ms;
    const double by = has_two ? n->value[n->count - 1] - n->value[n->count - 2] : 0;
    const double idelta = call("idelta", w, spec, now_ms, &has);
    cr_assert_eq(has, has_two, "step %zu: idelta", step);
    if (!has_two)
        return;
    near(idelta, by, 0, "idelta", step);
    const double over_s = (double)(n->at_ms[n->count - 1] - n->at_ms[n->count - 2]) / 1000;
    const double rate = (by < 0 ? n->value[n->count - 1] : by) / over_s;
    near(call("irate", w, spec, now_ms, &has), rate, 1e-9 * fabs(rate), "irate", step);
}

/* Those that look at every sample. */
static void compare_order(struct window *w, const struct window_spec *spec, const struct naive *n,
                          const struct answers *a, int64_t now_ms, size_t step) {
    static const double quantiles[] = {0, 0.1, 0.5, 0.9, 1};
    double sorted[SAMPLES];
    bool has;
    memcpy(sorted, n->value + n->count - a->count, a->count * sizeof *sorted);
    qsort(sorted, a->count, sizeof *sorted, by_value);
    for (size_t i = 0; i < 5; i++) {
        struct window_view view = {
            .window = w, .spec = spec, .now_ms = now_ms, .numbers = {quantiles[i]}, .number_count = 1};
        double is = 0;
        cr_assert(function_rows[function_find("quantile_over_time", 18)].over(&view, &is));
        near(is, naive_quantile(sorted, a->count, quantiles[i]), 1e-12 * a->scale, "quantile", step);
    }
    const double median = naive_quantile(sorted, a->count, 0.5);
    for (size_t i = 0; i < a->count; i++)
        sorted[i] = fabs(sorted[i] - median);
    qsort(sorted, a->count, sizeof *sorted, by_value);
    near(call("mad_over_time", w, spec, now_ms, &has), naive_quantile(sorted, a->count, 0.5), 1e-12 * a->scale, "mad",
         step);
}

static void compare(struct window *w, const struct window_spec *spec, const struct naive *n, int64_t now_ms,
                    size_t step) {
    struct answers a = naive_ask(n, now_ms, spec->range_ms);
    bool has;
    window_advance(w, spec, now_ms);
    cr_assert_eq(window_count(w), a.count, "step %zu: count is %zu, expected %zu", step, (size_t)window_count(w),
                 a.count);
    if (a.count == 0)
        return;
    double e = a.scale * 1e-9;
    near(call("sum_over_time", w, spec, now_ms, &has), a.sum, e * (double)a.count, "sum", step);
    near(call("avg_over_time", w, spec, now_ms, &has), a.mean, e, "avg", step);
    near(call("min_over_time", w, spec, now_ms, &has), a.low, 0, "min", step);
    near(call("max_over_time", w, spec, now_ms, &has), a.high, 0, "max", step);
    near(call("changes", w, spec, now_ms, &has), a.changes, 0, "changes", step);
    near(call("resets", w, spec, now_ms, &has), a.resets, 0, "resets", step);
    compare_pair(w, spec, n, now_ms, step);
    if (step % 20 == 0)
        compare_order(w, spec, n, &a, now_ms, step);
    near(call("last_over_time", w, spec, now_ms, &has), a.last, 0, "last", step);
    near(call("stddev_over_time", w, spec, now_ms, &has), a.stddev, 1e-7 * a.scale, "stddev", step);
    double slope = call("deriv", w, spec, now_ms, &has), seconds = (double)spec->range_ms / 1000;
    cr_assert_eq(has, a.has_slope, "step %zu: deriv", step);
    near(slope, a.slope, 1e-6 * (a.scale / seconds + fabs(a.slope)), "deriv", step);
    double increase = call("increase", w, spec, now_ms, &has);
    cr_assert_eq(has, a.has_increase, "step %zu: increase", step);
    near(increase, a.increase, e * (double)a.count + 1e-9 * fabs(a.increase), "increase", step);
    near(call("delta", w, spec, now_ms, &has), a.delta, e + 1e-9 * fabs(a.delta), "delta", step);
}

/* What the values are like; the hard ones are those that make digits cancel. */
enum signal { NOISE, LEVEL, STEPS, SPIKES, FAR_OFF, COUNTER, WHOLE, SENSOR, BIG_COUNTER, SIGNALS };
static double signal_value(enum signal kind, size_t i, double before) {
    switch (kind) {
    case NOISE: return uniform() * 20 - 10;
    case LEVEL: return 21.5;
    case STEPS: return i / 100 % 2 ? 1e6 : 0.001;
    case SPIKES: return i % 97 == 5 ? 1e12 : uniform();
    case FAR_OFF: return 1e7 + uniform();
    case COUNTER: return uniform() < 0.01 ? 0 : before + floor(uniform() * 5);
    case WHOLE: return floor(uniform() * 4);
    case SENSOR: return round((before + uniform() - 0.5) * 100) / 100;
    case BIG_COUNTER: return before + floor(uniform() * 9000);
    case SIGNALS: break;
    }
    return 0;
}

static void run(enum signal kind, int64_t range_ms, double lateness) {
    struct window_spec spec = {.range_ms = range_ms, .needs = ALL};
    struct window *w = window_new(&spec);
    struct naive *n = calloc(1, sizeof *n);
    int64_t now_ms = 1000000;
    double value = 0;
    for (size_t i = 0; i < SAMPLES; i++) {
        now_ms += uniform() < 0.01 ? range_ms / 2 + 7000 : (int64_t)(uniform() * 2000) + 1;
        bool is_late = uniform() < lateness;
        int64_t at_ms = is_late ? now_ms - (int64_t)(uniform() * 1.5 * (double)range_ms) : now_ms;
        value = signal_value(kind, i, value);
        naive_add(n, at_ms, value);
        window_add(w, &spec, at_ms, value);
        if (i % 3 == 0)
            compare(w, &spec, n, now_ms, i);
    }
    window_free(w);
    free(n);
}

Test(window, agrees_with_recomputing_everything) {
    for (enum signal kind = 0; kind < SIGNALS; kind++) {
        run(kind, 10 * 1000, 0);
        run(kind, 300 * 1000, 0);
        run(kind, 777 * 1000, 0);
    }
}

Test(window, agrees_when_samples_come_late) {
    for (enum signal kind = 0; kind < SIGNALS; kind++)
        run(kind, 200 * 1000, 0.2);
}

/* Samples of a time that is there already are ignored, wherever they come. */
Test(window, agrees_when_samples_come_twice) {
    struct window_spec spec = {.range_ms = 60 * 1000, .needs = ALL};
    struct window *w = window_new(&spec);
    struct naive *n = calloc(1, sizeof *n);
    int64_t now_ms = 1000000;
    for (size_t i = 0; i < SAMPLES; i++) {
        now_ms += (int64_t)(uniform() * 3) * 500; /* often 0 */
        int64_t at_ms = uniform() < 0.2 ? now_ms - (int64_t)(uniform() * 140) * 500 : now_ms;
        double value = signal_value(SENSOR, i, 20);
        naive_add(n, at_ms, value);
        window_add(w, &spec, at_ms, value);
        compare(w, &spec, n, now_ms, i);
    }
    window_free(w);
    free(n);
}

/* A folded window holds all samples from some moment on: exactly those, whatever came late or left in between. (Its
 * slope is that of its buckets: the tests above know how near.) */
static void run_folded(enum signal kind, bool is_expected_dense, double lateness) {
    struct window_spec spec = {.range_ms = 1500 * 1000, .needs = ALL, .is_dense = is_expected_dense};
    struct window *w = window_new(&spec);
    struct naive *n = calloc(1, sizeof *n);
    int64_t now_ms = 1000000, newest_ms = 0, first_ms;
    double value = 0, first;
    bool has;
    for (size_t i = 0; i < SAMPLES; i++) {
        now_ms += uniform() < 0.001 ? 2 * spec.range_ms : 1 + (int64_t)(uniform() * 1000);
        int64_t at_ms = uniform() < lateness ? now_ms - (int64_t)(uniform() * 1.2 * (double)spec.range_ms) : now_ms;
        value = signal_value(kind, i, value);
        if (at_ms <= newest_ms - spec.range_ms)
            continue; /* too late to be taken, though its bucket may still be there */
        newest_ms = at_ms > newest_ms ? at_ms : newest_ms;
        size_t count = n->count;
        naive_add(n, at_ms, value);
        if (n->count > count) /* in a bucket nobody knows which times were there */
            window_add(w, &spec, at_ms, value);
        window_advance(w, &spec, now_ms);
        cr_assert_leq(window_bytes(w), 20 * 1024);
        if (i % 5 || window_count(w) == 0)
            continue;
        window_first(w, &first_ms, &first);
        struct answers a = naive_ask(n, now_ms, now_ms - first_ms + 1);
        cr_assert_leq(now_ms - first_ms, spec.range_ms + spec.range_ms / 126 + 1);
        cr_assert_eq(window_count(w), a.count, "step %zu: count is %zu, expected %zu", i, (size_t)window_count(w),
                     a.count);
        double e = a.scale * 1e-9;
        near(window_sum(w), a.sum, e * (double)a.count, "sum", i);
        near(window_min(w), a.low, 0, "min", i);
        near(window_max(w), a.high, 0, "max", i);
        near(window_stddev(w), a.stddev, 1e-6 * a.scale, "stddev", i);
        near(call("last_over_time", w, &spec, now_ms, &has), a.last, 0, "last", i);
        compare_pair(w, &spec, n, now_ms, i);
        if (lateness > 0)
            continue;
        near(window_changes(w), a.changes, 0, "changes", i);
        near(window_reset_count(w), a.resets, 0, "resets", i);
    }
    window_free(w);
    free(n);
}

Test(window, folded_agrees_with_recomputing_everything) {
    for (enum signal kind = 0; kind < SIGNALS; kind++) {
        run_folded(kind, true, 0);
        run_folded(kind, false, 0);
        run_folded(kind, true, 0.1);
    }
}

Test(window, is_left_open) {
    struct window_spec spec = {.range_ms = 10000, .needs = ALL};
    struct window *w = window_new(&spec);
    window_add(w, &spec, 5000, 1);
    window_add(w, &spec, 6000, 2);
    window_advance(w, &spec, 14999);
    cr_expect_eq(window_count(w), 2);
    window_advance(w, &spec, 15000);
    cr_expect_eq(window_count(w), 1, "the sample exactly a range ago is out");
    window_advance(w, &spec, 16000);
    cr_expect_eq(window_count(w), 0);
    window_add(w, &spec, 20000, 7);
    cr_expect_eq(window_sum(w), 7, "an emptied window starts clean");
    window_free(w);
}

Test(window, the_same_time_twice_counts_once) {
    struct window_spec spec = {.range_ms = 10000, .needs = ALL};
    struct window *w = window_new(&spec);
    window_add(w, &spec, 1000, 1);
    window_add(w, &spec, 2000, 2);
    window_add(w, &spec, 2000, 5);
    window_add(w, &spec, 1000, 5);
    cr_expect_eq(window_count(w), 2);
    cr_expect_eq(window_sum(w), 3);
    window_free(w);
}

Test(window, a_spike_leaves_no_trace) {
    struct window_spec spec = {.range_ms = 10000, .needs = ALL};
    struct window *w = window_new(&spec);
    for (int64_t t = 1; t <= 40; t++)
        window_add(w, &spec, t * 1000, t == 20 ? 1e15 : 0.25);
    cr_expect_eq(window_sum(w), 2.5);
    cr_expect_eq(window_stddev(w), 0);
    window_free(w);
}

/* Dense data: memory stays bounded and answers stay right, up to the stated error at the old edge. */
static void dense(bool is_expected_dense) {
    struct window_spec spec = {.range_ms = 3600 * 1000, .needs = ALL, .is_dense = is_expected_dense};
    struct window *w = window_new(&spec);
    int64_t now_ms = 0;
    for (size_t i = 0; i < 20000; i++) {
        now_ms = (int64_t)i * 1000;
        window_add(w, &spec, now_ms, (double)i * 0.5);
        window_advance(w, &spec, now_ms);
    }
    bool has;
    int64_t first_ms;
    double first, count = (double)window_count(w);
    window_first(w, &first_ms, &first);
    cr_expect_leq(window_bytes(w), 20 * 1024, "%zu bytes", window_bytes(w));
    cr_expect_leq(now_ms - first_ms, 3600 * 1000 + 3600 * 1000 / 126 + 1);
    cr_expect_geq(now_ms - first_ms, 3599 * 1000);
    cr_expect(fabs(count - 3600) <= 30, "%g samples", count);
    near(call("max_over_time", w, &spec, now_ms, &has), 19999 * 0.5, 0, "max", 0);
    near(call("min_over_time", w, &spec, now_ms, &has), first, 0, "min", 0);
    near(call("avg_over_time", w, &spec, now_ms, &has), (19999 * 0.5 + first) / 2, 1e-6, "avg", 0);
    near(call("sum_over_time", w, &spec, now_ms, &has), (19999 * 0.5 + first) / 2 * count, 1e-3, "sum", 0);
    near(call("deriv", w, &spec, now_ms, &has), 0.5, 1e-9, "deriv", 0);
    near(call("changes", w, &spec, now_ms, &has), count - 1, 0, "changes", 0);
    near(call("increase", w, &spec, now_ms, &has), 1800, 20, "increase", 0);
    double n = count, stddev = 0.5 * sqrt((n * n - 1) / 12);
    near(call("stddev_over_time", w, &spec, now_ms, &has), stddev, 1e-6 * stddev, "stddev", 0);
    window_free(w);
}

Test(window, dense_data_is_folded) {
    dense(true);
    dense(false); /* found out when the ring is full */
}

Test(window, folded_windows_take_late_samples) {
    struct window_spec spec = {.range_ms = 100 * 1000, .needs = ALL, .is_dense = true};
    struct window *w = window_new(&spec);
    double sum = 0, high = 0;
    size_t count = 0;
    for (int64_t t = 1; t <= 100; t++) {
        if (t % 7 == 0)
            continue;
        window_add(w, &spec, t * 1000, (double)t);
        sum += (double)t;
        count++;
    }
    for (int64_t t = 98; t >= 7; t -= 7) {
        window_add(w, &spec, t * 1000, 1000.0 + (double)t);
        sum += 1000.0 + (double)t;
        high = fmax(high, 1000.0 + (double)t);
        count++;
    }
    cr_expect_eq(window_count(w), count);
    near(window_sum(w), sum, 1e-9, "sum", 0);
    cr_expect_eq(window_max(w), high);
    cr_expect_eq(window_min(w), 1);
    window_advance(w, &spec, 300 * 1000);
    cr_expect_eq(window_count(w), 0);
    window_free(w);
}

Test(window, what_is_older_than_the_range_does_not_enter) {
    struct window_spec spec = {.range_ms = 10000, .needs = ALL};
    struct window *w = window_new(&spec);
    window_add(w, &spec, 20000, 1);
    window_add(w, &spec, 10000, 5);
    window_add(w, &spec, 10001, 5);
    cr_expect_eq(window_count(w), 2);
    window_free(w);
}
