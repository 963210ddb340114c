/* From recorded lives to a forecast, in four steps: sensors that do not move with wear are dropped, the others
 * standardised; each life is walked with quick and slow means (course.h), as a device will be; their principal
 * components are the fused health of the unit; and the life that is left, up to a cap, is a quadratic in them, fitted
 * with a small penalty (a response surface: Box and Wilson 1951).
 *
 * How many components is decided by units left out, ten groups in turn, and so is the interval: residuals of units that
 * the fit had not seen, by what it had forecast (split conformal prediction: Papadopoulos 2002, Lei 2018). A sum that
 * can be taken apart (ridge.h) makes that cheap: 20,000 rows take some 0.2 s in all.
 *
 * The cap is there because a new unit says nothing about its end but the mean of all; beyond it the answer is "at least
 * so long". A unit's age is used where the time axis is one of the inputs, for only then it is known.
 *
 * Left, with the error on engines left out (C-MAPSS FD001, cap 125; this: 11.1): linear in the components 16.2;
 * Gaussian bumps instead of squares 13.0 where this had 13.0 too (both without age). Matching the trajectory to each
 * of the library (Wang 2008) is said to be at 17 on the test engines. */
#include "rules/detect/life_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/detect/ridge.h"
#include "rules/order.h"

static const double QUICK = 0.075, SLOW = 0.25; /* of the median life */
static const double CAP = 0.6;                  /* of the median life */
static const double AGE_UNIT = 0.5;             /* of the median life */
static const double MOVES_LEAST = 0.5;          /* deviations between the beginnings and the ends of the lives */
static const double FAR_OUT = 1e6;              /* deviations; no sum of them is too big */
static const double PENALTY = 0.0005;
static const double OUTSIDE = 0.05; /* on each side of the interval */
enum { ROWS_MAX = 20000, FOLDS_MAX = 10, BEGINNING_PART = 5, END_PART = 10, CHOICES = 6, UNITS_A_KNOT = 5 };
static const int components_to_try[CHOICES] = {1, 2, 4, 8, 12, 16};

/* What is learnt from: every so many rows of the lives, in the form the fit wants. */
struct lesson {
    size_t rows;
    int features;
    double *feature_rows, *component_rows;
    double *left; /* of the life, in units of the axis */
    uint16_t *fold;
};

static double length_of(const struct lives *lives, const struct life *life) {
    return lives_row(lives, life->first + life->count - 1)[0] - lives_row(lives, life->first)[0];
}

static double median_length(const struct lives *lives) {
    double *lengths = mem_alloc(lives->count * sizeof *lengths);
    for (size_t u = 0; u < lives->count; u++)
        lengths[u] = length_of(lives, &lives->items[u]);
    const double median = order_nth(lengths, lives->count, lives->count / 2);
    free(lengths);
    return median;
}

/* ---- sensors ---- */

struct column {
    double mean, deviation;
    double moves; /* from the beginnings of the lives to their ends, in deviations within them */
};

static double mean_of(const struct lives *lives, int column, size_t first, size_t count) {
    double sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += lives_row(lives, first + k)[column];
    return sum / (double)count;
}

static double squares_of(const struct lives *lives, int column, size_t first, size_t count, double mean) {
    double squares = 0;
    for (size_t k = 0; k < count; k++)
        squares += pow(lives_row(lives, first + k)[column] - mean, 2);
    return squares;
}

static struct column look_at(const struct lives *lives, int column) {
    struct column c = {.mean = mean_of(lives, column, 0, lives->row_count)};
    double within = 0, beginnings = 0, ends = 0;
    size_t looked = 0;
    c.deviation = sqrt(squares_of(lives, column, 0, lives->row_count, c.mean) / (double)lives->row_count);
    for (size_t u = 0; u < lives->count; u++) {
        const struct life *life = &lives->items[u];
        const size_t young = life->count / BEGINNING_PART, old = life->count / END_PART;
        const double beginning = mean_of(lives, column, life->first, young);
        within += squares_of(lives, column, life->first, young, beginning);
        looked += young;
        beginnings += beginning;
        ends += mean_of(lives, column, life->first + life->count - old, old);
    }
    within = sqrt(within / (double)looked);
    c.moves = fabs(ends - beginnings) / (double)lives->count / fmax(within, c.deviation * 1e-3);
    return c;
}

static bool add_input(struct life_model *m, const struct lives *lives, const char *metric, int input,
                      struct fault *why) {
    const int column = lives_column(lives, metric);
    if (column < 0) {
        (void)fault_set(why, RESULT_BAD_INPUT, "the recorded lives have no column '%s'", metric);
        return false;
    }
    if (column == 0) {
        m->axis_input = input;
        return true;
    }
    const struct column c = look_at(lives, column);
    if (c.deviation > fabs(c.mean) * 1e-12 && c.moves >= MOVES_LEAST) {
        m->mean[m->sensor_count] = c.mean;
        m->deviation[m->sensor_count] = c.deviation;
        m->sensors[m->sensor_count++] = input;
    }
    return true;
}

void life_model_sensors(const struct life_model *m, const double *inputs, double *out) {
    for (int i = 0; i < m->sensor_count; i++) {
        const double value = (inputs[m->sensors[i]] - m->mean[i]) / m->deviation[i];
        out[i] = fmin(fmax(value, -FAR_OUT), FAR_OUT);
    }
}

/* ---- from a course to a forecast ---- */

static int features_of(const struct life_model *m, const struct course *course, double *out) {
    const int count = 2 * m->sensor_count;
    course_features(course, m->sensor_count, out);
    if (m->age_unit <= 0)
        return count;
    out[count] = course->at / m->age_unit;
    return count + 1;
}

/* 1, then for each component itself and its products with those before: the first `count` components are the first
 * terms. */
static int terms_of(const double *components, int count, double *out) {
    int n = 0;
    out[n++] = 1;
    for (int c = 0; c < count; c++) {
        out[n++] = components[c];
        for (int a = 0; a <= c; a++)
            out[n++] = components[a] * components[c];
    }
    return n;
}

static int term_count(int components) {
    return 1 + components * (components + 3) / 2;
}

static double apply(const double *weights, const double *terms, int count, double cap) {
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += weights[i] * terms[i];
    return fmin(fmax(sum, 0), cap);
}

static void put_interval(const struct life_model *m, struct forecast *f) {
    const struct life_knot *k = m->knots;
    int i = 1;
    while (i < m->knot_count && k[i].at < f->expected)
        i++;
    struct life_knot here = k[i - 1];
    if (i < m->knot_count && f->expected > k[i - 1].at) {
        const double part = (f->expected - k[i - 1].at) / (k[i].at - k[i - 1].at);
        here.low += part * (k[i].low - k[i - 1].low);
        here.high += part * (k[i].high - k[i - 1].high);
    }
    f->low = fmax(f->expected + fmin(here.low, 0), 0);
    f->high = f->expected + fmax(here.high, 0);
}

void life_model_forecast(const struct life_model *m, const struct course *course, struct forecast *out) {
    double features[PRINCIPAL_FEATURES_MAX], components[PRINCIPAL_MAX], terms[LIFE_TERMS_MAX];
    features_of(m, course, features);
    principal_project(&m->principal, features, components);
    terms_of(components, m->principal.count, terms);
    out->expected = apply(m->weights, terms, m->terms, m->cap);
    put_interval(m, out);
}

/* ---- learning ---- */

static void walk(const struct life_model *m, const struct lives *lives, const int *columns, size_t unit, size_t every,
                 struct lesson *l) {
    const struct life *life = &lives->items[unit];
    const double end = lives_row(lives, life->first + life->count - 1)[0];
    const double begin = m->axis_input < 0 ? lives_row(lives, life->first)[0] : 0;
    struct course course = {0};
    for (size_t k = 0; k < life->count; k++) {
        const double *row = lives_row(lives, life->first + k);
        double inputs[DETECTOR_INPUTS_MAX] = {0}, sensors[DETECTOR_INPUTS_MAX];
        for (int i = 0; i < m->input_count; i++)
            inputs[i] = row[columns[i]];
        life_model_sensors(m, inputs, sensors);
        course_step(&course, m->scale, row[0] - begin, sensors, m->sensor_count);
        if ((life->first + k) % every != 0)
            continue;
        features_of(m, &course, l->feature_rows + l->rows * (size_t)l->features);
        l->left[l->rows] = end - row[0];
        l->fold[l->rows++] = (uint16_t)(unit % FOLDS_MAX);
    }
}

static void lesson_init(struct lesson *l, const struct life_model *m, const struct lives *lives, const int *columns) {
    const size_t every = (lives->row_count + ROWS_MAX - 1) / ROWS_MAX, room = lives->row_count / every + 1;
    *l = (struct lesson){.features = 2 * m->sensor_count + (m->age_unit > 0)};
    l->feature_rows = mem_alloc(room * (size_t)l->features * sizeof(double));
    l->component_rows = mem_alloc(room * PRINCIPAL_MAX * sizeof(double));
    l->left = mem_alloc(room * sizeof *l->left);
    l->fold = mem_alloc(room * sizeof *l->fold);
    for (size_t u = 0; u < lives->count; u++)
        walk(m, lives, columns, u, every, l);
}

static void lesson_fini(struct lesson *l) {
    free(l->feature_rows);
    free(l->component_rows);
    free(l->left);
    free(l->fold);
}

static void add_up(const struct life_model *m, const struct lesson *l, struct ridge_sums *sums) {
    double terms[LIFE_TERMS_MAX];
    for (size_t k = 0; k < l->rows; k++) {
        terms_of(l->component_rows + k * PRINCIPAL_MAX, m->principal.count, terms);
        ridge_row(&sums[l->fold[k]], terms, fmin(l->left[k], m->cap));
    }
}

/* Forecasts for the rows of a fold by a fit to all others; the squares of their errors. */
static double forecast_fold(const struct life_model *m, const struct lesson *l, const struct ridge_sums *others,
                            int fold, int components, double *forecasts) {
    double weights[LIFE_TERMS_MAX], terms[LIFE_TERMS_MAX], squares = 0;
    ridge_solve(others, term_count(components), PENALTY, weights);
    for (size_t k = 0; k < l->rows; k++) {
        if (l->fold[k] != fold)
            continue;
        const int count = terms_of(l->component_rows + k * PRINCIPAL_MAX, components, terms);
        forecasts[k] = apply(weights, terms, count, m->cap);
        squares += pow(forecasts[k] - fmin(l->left[k], m->cap), 2);
    }
    return squares;
}

/* How many components forecast best for units left out; those forecasts go to `forecasts`. */
static int choose(const struct life_model *m, const struct lesson *l, const struct ridge_sums *sums,
                  const struct ridge_sums *all, double *forecasts, double *error) {
    double squares[CHOICES] = {0};
    double *tries = mem_alloc(CHOICES * l->rows * sizeof *tries);
    int best = 0;
    for (int fold = 0; fold < FOLDS_MAX; fold++) {
        struct ridge_sums others;
        ridge_init(&others, all->terms);
        ridge_add(&others, all);
        ridge_subtract(&others, &sums[fold]);
        for (int i = 0; i < CHOICES && components_to_try[i] <= m->principal.count && sums[fold].rows > 0; i++)
            squares[i] += forecast_fold(m, l, &others, fold, components_to_try[i], tries + (size_t)i * l->rows);
        ridge_fini(&others);
    }
    for (int i = 1; i < CHOICES && components_to_try[i] <= m->principal.count; i++)
        best = squares[i] < squares[best] ? i : best;
    memcpy(forecasts, tries + (size_t)best * l->rows, l->rows * sizeof *forecasts);
    *error = sqrt(squares[best] / (double)l->rows);
    free(tries);
    return components_to_try[best];
}

static void fit(struct life_model *m, const struct lesson *l, double *forecasts) {
    struct ridge_sums sums[FOLDS_MAX], all;
    ridge_init(&all, term_count(m->principal.count));
    for (int i = 0; i < FOLDS_MAX; i++)
        ridge_init(&sums[i], all.terms);
    add_up(m, l, sums);
    for (int i = 0; i < FOLDS_MAX; i++)
        ridge_add(&all, &sums[i]);
    m->principal.count = choose(m, l, sums, &all, forecasts, &m->error);
    m->terms = term_count(m->principal.count);
    ridge_solve(&all, m->terms, PENALTY, m->weights);
    for (int i = 0; i < FOLDS_MAX; i++)
        ridge_fini(&sums[i]);
    ridge_fini(&all);
}

/* ---- the interval ---- */

struct miss {
    double forecast, by;
};

static int by_forecast(const void *a, const void *b) {
    const double x = ((const struct miss *)a)->forecast, y = ((const struct miss *)b)->forecast;
    return (x > y) - (x < y);
}

/* Few units have not shown the worst: the share is taken of one unit more than there are. */
static void put_knot(struct life_knot *knot, const struct miss *misses, size_t count, size_t units, double *room) {
    const double share = fmin((1 - OUTSIDE) * (1 + 1 / (double)units), 1);
    const size_t from_end = (size_t)((1 - share) * (double)count);
    knot->at = 0;
    for (size_t i = 0; i < count; i++) {
        room[i] = misses[i].by;
        knot->at += misses[i].forecast / (double)count;
    }
    knot->low = order_nth(room, count, from_end);
    knot->high = order_nth(room, count, count - 1 - from_end);
}

static void learn_interval(struct life_model *m, const struct lesson *l, const double *forecasts, size_t units) {
    struct miss *misses = mem_alloc(l->rows * sizeof *misses);
    double *room = mem_alloc(l->rows * sizeof *room);
    size_t knots = units / UNITS_A_KNOT;
    knots = knots < 1 ? 1 : knots > LIFE_KNOTS_MAX ? LIFE_KNOTS_MAX : knots;
    for (size_t k = 0; k < l->rows; k++)
        misses[k] = (struct miss){forecasts[k], l->left[k] - forecasts[k]};
    qsort(misses, l->rows, sizeof *misses, by_forecast);
    for (size_t i = 0; i < knots; i++) {
        const size_t from = l->rows * i / knots, to = l->rows * (i + 1) / knots;
        put_knot(&m->knots[i], misses + from, to - from, units, room);
    }
    m->knot_count = (int)knots;
    free(misses);
    free(room);
}

static void learn(struct life_model *m, const struct lives *lives, const int *columns) {
    struct lesson l;
    lesson_init(&l, m, lives, columns);
    double *forecasts = mem_alloc(l.rows * sizeof *forecasts);
    principal_learn(&m->principal, l.feature_rows, l.rows, l.features);
    for (size_t k = 0; k < l.rows; k++)
        principal_project(&m->principal, l.feature_rows + k * (size_t)l.features, l.component_rows + k * PRINCIPAL_MAX);
    fit(m, &l, forecasts);
    learn_interval(m, &l, forecasts, lives->count);
    free(forecasts);
    lesson_fini(&l);
}

enum result life_model_new(const struct lives *lives, const char *const *metrics, int count, double cap,
                           struct life_model **out, struct fault *why) {
    struct life_model *m = mem_alloc(sizeof *m);
    int columns[DETECTOR_INPUTS_MAX];
    enum result result = RESULT_BAD_INPUT;
    const double median = median_length(lives);
    m->input_count = count;
    m->axis_input = -1;
    for (int i = 0; i < count; i++) {
        if (!add_input(m, lives, metrics[i], i, why))
            goto out;
        columns[i] = lives_column(lives, metrics[i]);
    }
    if (m->sensor_count == 0) {
        (void)fault_set(why, result, "none of its inputs moves with wear in the recorded lives");
        goto out;
    }
    m->scale = (struct course_scale){.quick = QUICK * median, .slow = SLOW * median};
    m->age_unit = m->axis_input >= 0 ? AGE_UNIT * median : 0;
    m->cap = cap > 0 ? cap : CAP * median;
    learn(m, lives, columns);
    *out = m;
    m = NULL;
    result = RESULT_OK;
out:
    life_model_free(m);
    return result;
}

void life_model_free(struct life_model *model) {
    free(model);
}
