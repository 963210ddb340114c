/* One row a function. Names and meanings are Prometheus 3's: ranges are left-open, `rate` and `increase` extrapolate to
 * the range's ends, standard deviation is the population's. Where Prometheus would answer NaN or Inf, these have no
 * answer: such a result may neither raise nor clear an alarm. */
#include "rules/function.h"

#include <math.h>
#include <string.h>

static bool over_sum(const struct window_view *v, double *out) {
    *out = window_sum(v->window);
    return true;
}
static bool over_log_rate(const struct window_view *v, double *out) {
    *out = window_sum(v->window) / ((double)v->spec->range_ms / 1000);
    return true;
}
static bool over_avg(const struct window_view *v, double *out) {
    *out = window_sum(v->window) / (double)window_count(v->window);
    return true;
}
static bool over_min(const struct window_view *v, double *out) {
    *out = window_min(v->window);
    return true;
}
static bool over_max(const struct window_view *v, double *out) {
    *out = window_max(v->window);
    return true;
}
static bool over_count(const struct window_view *v, double *out) {
    *out = (double)window_count(v->window);
    return true;
}
static bool over_stddev(const struct window_view *v, double *out) {
    *out = window_stddev(v->window);
    return true;
}
static bool over_stdvar(const struct window_view *v, double *out) {
    *out = window_stddev(v->window);
    *out *= *out;
    return true;
}
static bool over_last(const struct window_view *v, double *out) {
    int64_t at_ms;
    window_last(v->window, &at_ms, out);
    return true;
}
static bool over_present(const struct window_view *v, double *out) {
    (void)v;
    *out = 1;
    return true;
}
static bool over_changes(const struct window_view *v, double *out) {
    *out = window_changes(v->window);
    return true;
}
static bool over_deriv(const struct window_view *v, double *out) {
    return window_slope(v->window, v->spec, out);
}

/* Prometheus' extrapolatedRate: the samples rarely lie on the ends of the range, so the difference is stretched to
 * them; by half a sample distance where an end is far from the next sample, and never below zero for a counter. */
static bool extrapolate(const struct window_view *v, bool is_counter, double *out) {
    int64_t first_ms, last_ms;
    double first, last, samples = (double)window_count(v->window);
    window_first(v->window, &first_ms, &first);
    window_last(v->window, &last_ms, &last);
    if (last_ms <= first_ms || samples < 2)
        return false;
    double result = last - first + (is_counter ? window_resets(v->window) : 0);
    double sampled = (double)(last_ms - first_ms), step = sampled / (samples - 1), far = step * 1.1;
    double before = (double)(first_ms - (v->now_ms - v->spec->range_ms)), after = (double)(v->now_ms - last_ms);
    if (before >= far)
        before = step / 2;
    if (is_counter && result > 0 && first >= 0)
        before = fmin(before, sampled * (first / result));
    if (after >= far)
        after = step / 2;
    *out = result * ((sampled + before + after) / sampled);
    return true;
}
static bool over_increase(const struct window_view *v, double *out) {
    return extrapolate(v, true, out);
}
static bool over_delta(const struct window_view *v, double *out) {
    return extrapolate(v, false, out);
}
static bool over_rate(const struct window_view *v, double *out) {
    if (!extrapolate(v, true, out))
        return false;
    *out /= (double)v->spec->range_ms / 1000;
    return true;
}

static bool each_abs(double x, const double *numbers, int count, double *out) {
    (void)numbers, (void)count;
    *out = fabs(x);
    return true;
}
static bool each_ceil(double x, const double *numbers, int count, double *out) {
    (void)numbers, (void)count;
    *out = ceil(x);
    return true;
}
static bool each_floor(double x, const double *numbers, int count, double *out) {
    (void)numbers, (void)count;
    *out = floor(x);
    return true;
}
static bool each_round(double x, const double *numbers, int count, double *out) {
    double inverse = count > 0 ? 1 / numbers[0] : 1;
    *out = floor(x * inverse + 0.5) / inverse;
    return true;
}
static bool each_sqrt(double x, const double *numbers, int count, double *out) {
    (void)numbers, (void)count;
    *out = sqrt(x);
    return true;
}
static bool each_exp(double x, const double *numbers, int count, double *out) {
    (void)numbers, (void)count;
    *out = exp(x);
    return true;
}
static bool each_ln(double x, const double *numbers, int count, double *out) {
    (void)numbers, (void)count;
    *out = log(x);
    return true;
}
static bool each_clamp(double x, const double *numbers, int count, double *out) {
    (void)count;
    *out = fmax(numbers[0], fmin(numbers[1], x));
    return numbers[0] <= numbers[1];
}
static bool each_clamp_min(double x, const double *numbers, int count, double *out) {
    (void)count;
    *out = fmax(numbers[0], x);
    return true;
}
static bool each_clamp_max(double x, const double *numbers, int count, double *out) {
    (void)count;
    *out = fmin(numbers[0], x);
    return true;
}

#define OVER(f) .shape = SHAPE_OVER, .min_args = 1, .max_args = 1, .args = {TYPE_RANGE}, .over = f
#define EACH(f, least, most)                                                                                           \
    .shape = SHAPE_EACH, .min_args = 1 + (least), .max_args = 1 + (most), .args = {TYPE_VECTOR}, .each = f

const struct function_row function_rows[] = {
    {"sum_over_time", OVER(over_sum), .needs = WINDOW_SUM},
    {"avg_over_time", OVER(over_avg), .needs = WINDOW_SUM},
    {"min_over_time", OVER(over_min), .needs = WINDOW_LOW},
    {"max_over_time", OVER(over_max), .needs = WINDOW_HIGH},
    {"count_over_time", OVER(over_count), .sees_gaps = true},
    {"stddev_over_time", OVER(over_stddev), .needs = WINDOW_SPREAD},
    {"stdvar_over_time", OVER(over_stdvar), .needs = WINDOW_SPREAD},
    {"last_over_time", OVER(over_last), .sees_gaps = true},
    {"present_over_time", OVER(over_present), .sees_gaps = true},
    {"changes", OVER(over_changes), .needs = WINDOW_STEPS},
    {"delta", OVER(over_delta), .needs = WINDOW_FIRST, .fits = FITS_GAUGE},
    {"deriv", OVER(over_deriv), .needs = WINDOW_TREND, .fits = FITS_GAUGE},
    {"increase", OVER(over_increase), .needs = WINDOW_STEPS, .fits = FITS_COUNTER},
    {"rate", OVER(over_rate), .needs = WINDOW_STEPS, .fits = FITS_COUNTER},
    {"log_rate", OVER(over_log_rate), .needs = WINDOW_SUM, .sees_gaps = true},
    {"abs", EACH(each_abs, 0, 0)},
    {"ceil", EACH(each_ceil, 0, 0)},
    {"floor", EACH(each_floor, 0, 0)},
    {"round", EACH(each_round, 0, 1)},
    {"sqrt", EACH(each_sqrt, 0, 0)},
    {"exp", EACH(each_exp, 0, 0)},
    {"ln", EACH(each_ln, 0, 0)},
    {"clamp", EACH(each_clamp, 2, 2)},
    {"clamp_min", EACH(each_clamp_min, 1, 1)},
    {"clamp_max", EACH(each_clamp_max, 1, 1)},
    {"absent", .shape = SHAPE_ABSENT, .min_args = 1, .max_args = 1, .args = {TYPE_VECTOR}, .sees_gaps = true},
};
const size_t function_row_count = sizeof function_rows / sizeof *function_rows;

int function_find(const char *name, size_t chars) {
    for (size_t i = 0; i < function_row_count; i++)
        if (strlen(function_rows[i].name) == chars && memcmp(function_rows[i].name, name, chars) == 0)
            return (int)i;
    return -1;
}
