/* Theil-Sen: the slope is the median of the slopes between all pairs, the level the median of what is left; up to 29 %
 * of the window may be outliers. Pairs grow with the square, so a window of more items is put into TREND_GROUPS_MAX
 * groups first, of as many items each, that stand for themselves with their medians (of value and of time).
 *
 * The exponential is the same on ln |x|. TREND_BEST takes it where its median residual, in the metric's unit, is
 * smaller by a twentieth at least: on a short stretch both fit as well, and the line promises less. An exponential with
 * an offset (x = c + a e^(b t)) was left: three numbers of noisy data, and c decides everything.
 *
 * What chance does is judged by Kendall's test on the same pairs. Neighbouring samples of a process resemble each
 * other, so the variance of the test is multiplied by (1 + r) / (1 - r), r being the correlation of neighbouring
 * residuals (Yue and Wang 2004): without it every random walk is a trend. The same factor widens the errors: that of
 * the slope from the ranks of the pairs' slopes (Sen 1968), that of the level from the median residual. The early bound
 * is the point where the trend plus z standard errors, which grow on both sides of the centre, meets the limit (Fieller
 * 1954).
 *
 * Cost: the items are read once; then 496 pairs and three selections. Nothing is kept from one call to the next: every
 * call sees exactly its window. Theil 1950, Sen 1968. Sorting all pairs of all samples was left for its cost, least
 * squares for its outliers (predict_linear has it). */
#include "rules/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/order.h"

enum {
    PAIRS_MAX = TREND_GROUPS_MAX * (TREND_GROUPS_MAX - 1) / 2,
    GROUP_ITEMS_MAX = WINDOW_POINTS_MAX / TREND_GROUPS_MAX + 1
};
#define SIGNIFICANT_Z         1.959963984540054 /* two-sided 5 % */
#define SLOPE_BOUND_Z         1.6448536269514722
#define MEDIAN_OVER_MEAN      1.2533141373155003 /* standard error of a median over that of a mean, normal data */
#define CORRELATION_MAX       0.95
#define CLEARLY_DEVIATIONS    15
#define EXPONENTIAL_MUST_GAIN 0.95
#define NOTHING_LEFT          1e-12 /* residuals below this part of the values are of the arithmetic */

struct series_points {
    int count;
    double at_s[TREND_GROUPS_MAX]; /* from now: negative */
    double value[TREND_GROUPS_MAX];
    double low[TREND_GROUPS_MAX], high[TREND_GROUPS_MAX]; /* the group's middle two; value is between */
};

/* ---- groups ---- */

static bool take_groups(const struct window *w, const struct window_spec *spec, int64_t now_ms,
                        struct series_points *p) {
    struct window_reader r = window_read(w);
    struct window_item item;
    double values[GROUP_ITEMS_MAX];
    double times[GROUP_ITEMS_MAX];
    int64_t oldest_ms = 0, newest_ms = 0;
    const uint32_t all = r.count, groups = all < TREND_GROUPS_MAX ? all : TREND_GROUPS_MAX;
    size_t in_group = 0;
    p->count = 0;
    while (window_read_next(&r, &item)) {
        oldest_ms = r.index == 1 ? item.at_ms : oldest_ms;
        newest_ms = item.at_ms;
        times[in_group] = (double)(item.at_ms - now_ms) / 1000;
        values[in_group++] = item.value;
        if ((uint64_t)r.index * groups / all == (uint64_t)p->count)
            continue; /* the next one is of the same group */
        p->at_s[p->count] = (times[(in_group - 1) / 2] + times[in_group / 2]) / 2;
        order_middle(values, in_group, &p->low[p->count], &p->high[p->count]);
        p->value[p->count] = (p->low[p->count] + p->high[p->count]) / 2;
        p->count++;
        in_group = 0;
    }
    return p->count >= TREND_ITEMS_MIN && newest_ms - oldest_ms >= spec->range_ms / 2;
}

/* ---- one model ---- */

struct pairs {
    double slopes[PAIRS_MAX];
    size_t count;
    int rising; /* Kendall's S: pairs that rise less those that fall */
};

static void pairs_of(const struct series_points *p, struct pairs *out) {
    out->count = 0;
    out->rising = 0;
    for (int i = 1; i < p->count; i++)
        for (int k = 0; k < i; k++) {
            const double by = p->value[i] - p->value[k], over_s = p->at_s[i] - p->at_s[k];
            out->rising += (by > 0) - (by < 0);
            if (over_s > 0)
                out->slopes[out->count++] = by / over_s;
        }
}

static double residual(const struct series_points *p, int i, double slope, double level) {
    return p->value[i] - slope * p->at_s[i] - level;
}

/* How much wider than for independent residuals everything is; outliers count as three deviations. */
static double widening(const struct series_points *p, double slope, double level, double deviation) {
    double before = 0, product = 0, squares = 0;
    if (!(deviation > NOTHING_LEFT * fabs(level)))
        return 1;
    for (int i = 0; i < p->count; i++) {
        const double left = fmax(-3 * deviation, fmin(3 * deviation, residual(p, i, slope, level)));
        product += left * before;
        squares += left * left;
        before = left;
    }
    double r = product / squares;
    r += (1 + 4 * r) / p->count; /* short series show too little of it (Marriott and Pope 1954) */
    r = fmax(0, fmin(CORRELATION_MAX, r));
    return (1 + r) / (1 - r);
}

/* Of Kendall's S, with ties (Kendall 1975). */
static double variance_of_rising(const struct series_points *p) {
    double sorted[TREND_GROUPS_MAX], n = p->count, sum = n * (n - 1) * (2 * n + 5);
    for (int i = 0; i < p->count; i++) {
        int k = i;
        for (; k > 0 && sorted[k - 1] > p->value[i]; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = p->value[i];
    }
    for (int i = 0, same; i < p->count; i += same) {
        same = 1;
        while (i + same < p->count && sorted[i + same] == sorted[i])
            same++;
        sum -= (double)same * (same - 1) * (2 * same + 5);
    }
    return sum / 18;
}

/* Half of what lies between the slopes at the ranks that bound it, as one standard error. The median was selected: each
 * bound lies on its side of it. */
static double slope_error(struct pairs *pairs, double rising_deviation) {
    const double n = (double)pairs->count, off = SLOPE_BOUND_Z * rising_deviation;
    const size_t middle = pairs->count / 2;
    const size_t low = (size_t)fmax(0, floor((n - off) / 2)), high = (size_t)fmin(n - 1, ceil((n + off) / 2));
    const double flattest = order_nth(pairs->slopes, middle + 1, low);
    return (order_nth(pairs->slopes + middle, pairs->count - middle, high - middle) - flattest) / (2 * SLOPE_BOUND_Z);
}

/* Kendall's S is beyond chance. What goes far beyond its own residuals is a trend even where they resemble each other,
 * because it bends: a walk hardly ever gets so far. */
static bool is_significant(const struct trend *t, const struct series_points *p, int rising, double deviation,
                           double wider) {
    const double variance = variance_of_rising(p), change = fabs(t->now - t->oldest);
    if (change > CLEARLY_DEVIATIONS * deviation)
        wider = 1;
    return t->slope != 0 && abs(rising) - 1 > SIGNIFICANT_Z * sqrt(variance * wider);
}

/* Of p, which is x or ln |x|. false: may be chance. */
static bool fit(const struct series_points *p, struct trend *t) {
    struct pairs pairs;
    double left[TREND_GROUPS_MAX];
    pairs_of(p, &pairs);
    t->slope = order_median(pairs.slopes, pairs.count);
    for (int i = 0; i < p->count; i++)
        left[i] = p->value[i] - t->slope * p->at_s[i];
    t->now = order_median(left, (size_t)p->count);
    const double deviation = ORDER_MAD_TO_SIGMA * order_median_distance(left, (size_t)p->count, t->now);
    const double wider = widening(p, t->slope, t->now, deviation);
    t->slope_error = slope_error(&pairs, sqrt(variance_of_rising(p) * wider));
    t->centre_error = MEDIAN_OVER_MEAN * deviation * sqrt(wider / p->count);
    t->centre_s = 0;
    for (int i = 0; i < p->count; i++)
        t->centre_s += p->at_s[i] / p->count;
    t->centre = t->now + t->slope * t->centre_s;
    t->oldest = t->now + t->slope * p->at_s[0];
    return is_significant(t, p, pairs.rising, deviation, wider);
}

/* ---- which model ---- */

/* What the model leaves of the values, in their unit: the median. */
static double misfit(const struct series_points *p, const struct trend *t) {
    double left[TREND_GROUPS_MAX];
    for (int i = 0; i < p->count; i++) {
        const double is = t->now + t->slope * p->at_s[i];
        left[i] = p->value[i] - (t->model == TREND_EXPONENTIAL ? t->sign * exp(is) : is);
    }
    return order_median_distance(left, (size_t)p->count, 0);
}

static bool logarithms(const struct series_points *p, struct series_points *out, double *sign) {
    *sign = p->value[0] > 0 ? 1 : -1;
    out->count = p->count;
    memcpy(out->at_s, p->at_s, sizeof out->at_s);
    for (int i = 0; i < p->count; i++) {
        if (!(p->low[i] * *sign > 0 && p->high[i] * *sign > 0))
            return false;
        out->value[i] = (log(p->low[i] * *sign) + log(p->high[i] * *sign)) / 2;
    }
    return true;
}

bool trend_fit(const struct window *w, const struct window_spec *spec, int64_t now_ms, enum trend_model wanted,
               struct trend *out) {
    struct trend line = {.model = TREND_LINEAR, .sign = 1}, curve = {.model = TREND_EXPONENTIAL};
    struct series_points points, logs;
    if (!take_groups(w, spec, now_ms, &points))
        return false;
    const bool is_line = wanted != TREND_EXPONENTIAL && fit(&points, &line);
    const bool is_curve = wanted != TREND_LINEAR && logarithms(&points, &logs, &curve.sign) && fit(&logs, &curve);
    if (!is_line && !is_curve)
        return false;
    const bool takes_curve =
        is_curve && (!is_line || misfit(&points, &curve) < EXPONENTIAL_MUST_GAIN * misfit(&points, &line));
    *out = takes_curve ? curve : line;
    return true;
}

/* ---- when ---- */

/* The z with this probability below it. Newton's steps from the left never pass it: the curve bends down. */
static double z_of(double probability) {
    double z = 0;
    for (int i = 0; i < 40; i++) {
        const double off = probability - 0.5 * erfc(-z * M_SQRT1_2);
        const double step = off / (exp(-z * z / 2) * 0.3989422804014327);
        z += step;
        if (fabs(step) < 1e-14)
            break;
    }
    return z;
}

/* Seconds after the centre at which the trend, z errors ahead of itself, has gone `distance` at `speed`. */
static double early(const struct trend *t, double distance, double speed, double z) {
    const double level = z * t->centre_error, slope = z * t->slope_error;
    if (distance <= level)
        return 0;
    const double root = sqrt(speed * speed * level * level + slope * slope * (distance * distance - level * level));
    return (distance * distance - level * level) / (speed * distance + root);
}

bool trend_time_to(const struct trend *t, double limit, double confidence, double *seconds) {
    if (!(confidence >= TREND_CONFIDENCE_MIN && confidence <= TREND_CONFIDENCE_MAX))
        return false;
    if (t->model == TREND_EXPONENTIAL) {
        if (!(limit * t->sign > 0))
            return false; /* never gets through zero */
        limit = log(limit * t->sign);
    }
    const double ahead = t->slope > 0 ? 1 : -1, speed = fabs(t->slope), distance = ahead * (limit - t->now);
    if (distance <= 0) {
        *seconds = 0;
        return ahead * (limit - t->oldest) > 0;
    }
    *seconds = distance / speed;
    if (confidence > TREND_CONFIDENCE_MIN) {
        const double after_centre = early(t, ahead * (limit - t->centre), speed, z_of(confidence));
        *seconds = fmax(0, fmin(*seconds, t->centre_s + after_centre));
    }
    return isfinite(*seconds);
}
