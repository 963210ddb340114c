/* One row a function. Names and meanings are Prometheus 3's: ranges are left-open, `rate` and `increase` extrapolate to
 * the range's ends, standard deviation is the population's. Where Prometheus would answer NaN or Inf, these have no
 * answer: such a result may neither raise nor clear an alarm. */
#include "rules/function.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "rules/order.h"
#include "rules/trend.h"

static bool over_sum(const struct window_view *v, double *out) {
    *out = window_sum(v->window);
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
    double level;
    return window_line(v->window, v->spec, v->now_ms, out, &level);
}
static bool over_predict_linear(const struct window_view *v, double *out) {
    double slope;
    if (!window_line(v->window, v->spec, v->now_ms, &slope, out))
        return false;
    *out += slope * v->numbers[0];
    return true;
}
static bool time_to(const struct window_view *v, enum trend_model model, double *out) {
    struct trend trend;
    return trend_fit(v->window, v->spec, v->now_ms, model, &trend) &&
           trend_time_to(&trend, v->numbers[0], v->number_count > 1 ? v->numbers[1] : TREND_CONFIDENCE_MIN, out);
}
static bool over_time_to(const struct window_view *v, double *out) {
    return time_to(v, TREND_BEST, out);
}
static bool over_time_to_linear(const struct window_view *v, double *out) {
    return time_to(v, TREND_LINEAR, out);
}
static bool over_time_to_model(const struct window_view *v, double *out) {
    struct trend trend;
    if (!trend_fit(v->window, v->spec, v->now_ms, TREND_BEST, &trend))
        return false;
    *out = trend.model;
    return true;
}
static bool over_time_to_exponential(const struct window_view *v, double *out) {
    return time_to(v, TREND_EXPONENTIAL, out);
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
/* The last two samples alone; a counter that fell began at 0. */
static bool last_step(const struct window_view *v, bool is_counter, double *by, double *over_s) {
    int64_t last_ms, before_ms;
    double last, before;
    window_last(v->window, &last_ms, &last);
    if (!window_before(v->window, v->spec, v->now_ms, &before_ms, &before))
        return false;
    *by = is_counter && last < before ? last : last - before;
    *over_s = (double)(last_ms - before_ms) / 1000;
    return true;
}
static bool over_irate(const struct window_view *v, double *out) {
    double by, over_s;
    if (!last_step(v, true, &by, &over_s))
        return false;
    *out = by / over_s;
    return true;
}
static bool over_idelta(const struct window_view *v, double *out) {
    double over_s;
    return last_step(v, false, out, &over_s);
}
static bool over_resets(const struct window_view *v, double *out) {
    *out = window_reset_count(v->window);
    return true;
}

/* All of the window, at most WINDOW_POINTS_MAX; the means of buckets, where there are. */
static size_t read_values(const struct window *w, double *values) {
    struct window_item item;
    size_t count = 0;
    for (struct window_reader r = window_read(w); window_read_next(&r, &item);)
        values[count++] = item.value;
    return count;
}
static bool over_quantile(const struct window_view *v, double *out) {
    double values[WINDOW_POINTS_MAX];
    const size_t count = read_values(v->window, values);
    return order_quantile(values, count, v->numbers[0], out);
}
static bool over_mad(const struct window_view *v, double *out) {
    double values[WINDOW_POINTS_MAX];
    const size_t count = read_values(v->window, values);
    *out = order_median_distance(values, count, order_median(values, count));
    return true;
}
static bool over_increase(const struct window_view *v, double *out) {
    return extrapolate(v, true, out);
}
static bool over_delta(const struct window_view *v, double *out) {
    return extrapolate(v, false, out);
}
static bool over_log_rate(const struct window_view *v, double *out) {
    *out = window_sum(v->window) / ((double)v->spec->range_ms / 1000);
    return true;
}
static bool over_rate(const struct window_view *v, double *out) {
    if (!extrapolate(v, true, out))
        return false;
    *out /= (double)v->spec->range_ms / 1000;
    return true;
}

static bool over_double_exponential(const struct window_view *v, double *out) {
    return window_smoothed(v->window, v->numbers[0], v->numbers[1], out);
}

/* ---- of each value ---- */

#define EACH_OF(name, formula)                                                                                         \
    static bool each_##name(double x, const double *numbers, int count, double *out) {                                 \
        (void)numbers, (void)count;                                                                                    \
        *out = formula;                                                                                                \
        return true;                                                                                                   \
    }
EACH_OF(abs, fabs(x))
EACH_OF(ceil, ceil(x))
EACH_OF(floor, floor(x))
EACH_OF(sqrt, sqrt(x))
EACH_OF(exp, exp(x))
EACH_OF(ln, log(x))
EACH_OF(log2, log2(x))
EACH_OF(log10, log10(x))
EACH_OF(sgn, (x > 0) - (x < 0))
EACH_OF(sin, sin(x))
EACH_OF(cos, cos(x))
EACH_OF(tan, tan(x))
EACH_OF(asin, asin(x))
EACH_OF(acos, acos(x))
EACH_OF(atan, atan(x))
EACH_OF(sinh, sinh(x))
EACH_OF(cosh, cosh(x))
EACH_OF(tanh, tanh(x))
EACH_OF(asinh, asinh(x))
EACH_OF(acosh, acosh(x))
EACH_OF(atanh, atanh(x))
EACH_OF(deg, x * 180 / M_PI)
EACH_OF(rad, x *M_PI / 180)
#undef EACH_OF

static bool each_round(double x, const double *numbers, int count, double *out) {
    double inverse = count > 0 ? 1 / numbers[0] : 1;
    *out = floor(x * inverse + 0.5) / inverse;
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

/* ---- the calendar, UTC, of seconds since 1970 ---- */

static bool calendar(double seconds, struct tm *out) {
    const time_t whole = fabs(seconds) < 1e11 ? (time_t)floor(seconds) : 0;
    return fabs(seconds) < 1e11 && gmtime_r(&whole, out);
}
static int days_in(int month, int year) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 1 && is_leap);
}
#define CALENDAR(name, formula)                                                                                        \
    static bool each_##name(double x, const double *numbers, int count, double *out) {                                 \
        struct tm t;                                                                                                   \
        (void)numbers, (void)count;                                                                                    \
        if (!calendar(x, &t))                                                                                          \
            return false;                                                                                              \
        *out = formula;                                                                                                \
        return true;                                                                                                   \
    }
CALENDAR(minute, t.tm_min)
CALENDAR(hour, t.tm_hour)
CALENDAR(day_of_week, t.tm_wday)
CALENDAR(day_of_month, t.tm_mday)
CALENDAR(day_of_year, t.tm_yday + 1)
CALENDAR(month, t.tm_mon + 1)
CALENDAR(year, t.tm_year + 1900)
CALENDAR(days_in_month, days_in(t.tm_mon, t.tm_year + 1900))
#undef CALENDAR

#define OVER(f) .shape = SHAPE_OVER, .min_args = 1, .max_args = 1, .args = {TYPE_RANGE}, .over = f
#define EACH(f, least, most)                                                                                           \
    .shape = SHAPE_EACH, .min_args = 1 + (least), .max_args = 1 + (most), .args = {TYPE_VECTOR}, .each = f
#define SMOOTHING                                                                                                      \
    .shape = SHAPE_OVER, .min_args = 3, .max_args = 3, .args = {TYPE_RANGE, TYPE_SCALAR, TYPE_SCALAR},                 \
    .needs = WINDOW_READ, .fits = FITS_GAUGE, .over = over_double_exponential
#define CALENDAR(f) .shape = SHAPE_CALENDAR, .max_args = 1, .args = {TYPE_VECTOR}, .sees_gaps = true, .each = f

#define TIME_TO(f)                                                                                                     \
    .shape = SHAPE_OVER, .min_args = 2, .max_args = 3, .args = {TYPE_RANGE, TYPE_SCALAR, TYPE_SCALAR},                 \
    .needs = WINDOW_READ, .fits = FITS_ANY, .over = f

const struct function_row function_rows[] = {
    {"sum_over_time", OVER(over_sum), .needs = WINDOW_SUM, .is_zero_of_none = true},
    {"avg_over_time", OVER(over_avg), .needs = WINDOW_SUM},
    {"min_over_time", OVER(over_min), .needs = WINDOW_LOW},
    {"max_over_time", OVER(over_max), .needs = WINDOW_HIGH},
    {"count_over_time", OVER(over_count), .sees_gaps = true, .is_zero_of_none = true},
    {"stddev_over_time", OVER(over_stddev), .needs = WINDOW_SPREAD},
    {"stdvar_over_time", OVER(over_stdvar), .needs = WINDOW_SPREAD},
    {"last_over_time", OVER(over_last), .sees_gaps = true},
    {"present_over_time", OVER(over_present), .sees_gaps = true},
    {"changes", OVER(over_changes), .needs = WINDOW_STEPS},
    {"delta", OVER(over_delta), .needs = WINDOW_FIRST, .fits = FITS_GAUGE},
    {"deriv", OVER(over_deriv), .needs = WINDOW_TREND, .fits = FITS_GAUGE},
    {.name = "predict_linear",
     .shape = SHAPE_OVER,
     .min_args = 2,
     .max_args = 2,
     .args = {TYPE_RANGE, TYPE_SCALAR},
     .needs = WINDOW_TREND,
     .fits = FITS_GAUGE,
     .over = over_predict_linear},
    {"irate", OVER(over_irate), .needs = WINDOW_PAIR, .fits = FITS_COUNTER},
    {"idelta", OVER(over_idelta), .needs = WINDOW_PAIR, .fits = FITS_GAUGE},
    {"resets", OVER(over_resets), .needs = WINDOW_RESETS, .fits = FITS_COUNTER},
    {"mad_over_time", OVER(over_mad), .needs = WINDOW_READ},
    {.name = "quantile_over_time",
     .shape = SHAPE_OVER,
     .min_args = 2,
     .max_args = 2,
     .args = {TYPE_SCALAR, TYPE_RANGE},
     .needs = WINDOW_READ,
     .over = over_quantile},
    {"time_to", TIME_TO(over_time_to)},
    {"time_to_model", OVER(over_time_to_model), .needs = WINDOW_READ},
    {"time_to_linear", TIME_TO(over_time_to_linear)},
    {"time_to_exponential", TIME_TO(over_time_to_exponential)},
    {"double_exponential_smoothing", SMOOTHING},
    {"holt_winters", SMOOTHING},
    {"increase", OVER(over_increase), .needs = WINDOW_STEPS, .fits = FITS_COUNTER},
    {"rate", OVER(over_rate), .needs = WINDOW_STEPS, .fits = FITS_COUNTER},
    {"log_rate", OVER(over_log_rate), .needs = WINDOW_SUM, .sees_gaps = true, .is_zero_of_none = true},
    {"abs", EACH(each_abs, 0, 0)},
    {"ceil", EACH(each_ceil, 0, 0)},
    {"floor", EACH(each_floor, 0, 0)},
    {"round", EACH(each_round, 0, 1)},
    {"sqrt", EACH(each_sqrt, 0, 0)},
    {"exp", EACH(each_exp, 0, 0)},
    {"ln", EACH(each_ln, 0, 0)},
    {"log2", EACH(each_log2, 0, 0)},
    {"log10", EACH(each_log10, 0, 0)},
    {"sgn", EACH(each_sgn, 0, 0)},
    {"sin", EACH(each_sin, 0, 0)},
    {"cos", EACH(each_cos, 0, 0)},
    {"tan", EACH(each_tan, 0, 0)},
    {"asin", EACH(each_asin, 0, 0)},
    {"acos", EACH(each_acos, 0, 0)},
    {"atan", EACH(each_atan, 0, 0)},
    {"sinh", EACH(each_sinh, 0, 0)},
    {"cosh", EACH(each_cosh, 0, 0)},
    {"tanh", EACH(each_tanh, 0, 0)},
    {"asinh", EACH(each_asinh, 0, 0)},
    {"acosh", EACH(each_acosh, 0, 0)},
    {"atanh", EACH(each_atanh, 0, 0)},
    {"deg", EACH(each_deg, 0, 0)},
    {"rad", EACH(each_rad, 0, 0)},
    {"clamp", EACH(each_clamp, 2, 2)},
    {"clamp_min", EACH(each_clamp_min, 1, 1)},
    {"clamp_max", EACH(each_clamp_max, 1, 1)},
    {"minute", CALENDAR(each_minute)},
    {"hour", CALENDAR(each_hour)},
    {"day_of_week", CALENDAR(each_day_of_week)},
    {"day_of_month", CALENDAR(each_day_of_month)},
    {"day_of_year", CALENDAR(each_day_of_year)},
    {"days_in_month", CALENDAR(each_days_in_month)},
    {"month", CALENDAR(each_month)},
    {"year", CALENDAR(each_year)},
    {.name = "absent", .shape = SHAPE_ABSENT, .min_args = 1, .max_args = 1, .args = {TYPE_VECTOR}, .sees_gaps = true},
    {.name = "absent_over_time",
     .shape = SHAPE_ABSENT_OVER,
     .min_args = 1,
     .max_args = 1,
     .args = {TYPE_RANGE},
     .sees_gaps = true},
    {.name = "timestamp", .shape = SHAPE_TIMESTAMP, .min_args = 1, .max_args = 1, .args = {TYPE_VECTOR}},
    {.name = "histogram_quantile",
     .shape = SHAPE_HISTOGRAM,
     .min_args = 2,
     .max_args = 2,
     .args = {TYPE_SCALAR, TYPE_VECTOR}},
    {.name = "scalar", .shape = SHAPE_SCALAR, .min_args = 1, .max_args = 1, .args = {TYPE_VECTOR}},
    {.name = "vector", .shape = SHAPE_VECTOR, .min_args = 1, .max_args = 1, .args = {TYPE_SCALAR}},
    {.name = "time", .shape = SHAPE_NOW, .sees_gaps = true},
    {.name = "pi", .shape = SHAPE_PI},
};
const size_t function_row_count = sizeof function_rows / sizeof *function_rows;

bool function_is_scalar(const struct function_row *row) {
    return row->shape == SHAPE_SCALAR || row->shape == SHAPE_NOW || row->shape == SHAPE_PI;
}

int function_find(const char *name, size_t chars) {
    for (size_t i = 0; i < function_row_count; i++)
        if (strlen(function_rows[i].name) == chars && memcmp(function_rows[i].name, name, chars) == 0)
            return (int)i;
    return -1;
}
