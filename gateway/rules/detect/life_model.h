/* What recorded lives say about how long a unit still has: learnt once, when a pack is loaded; asked for each sample.
 */
#pragma once
#include "rules/detect/lives.h"
#include "rules/detect/principal.h"
#include "rules/detect/course.h"

enum { LIFE_TERMS_MAX = 1 + PRINCIPAL_MAX * (PRINCIPAL_MAX + 3) / 2, LIFE_KNOTS_MAX = 16 };

/* By how much a forecast near `at` was off for units that it had not learnt from: 90 % lay between. */
struct life_knot {
    double at, low, high;
};

struct life_model {
    int input_count;
    int axis_input; /* which input is the time axis; -1: none is, and time is event time in seconds */
    int sensor_count, sensors[DETECTOR_INPUTS_MAX]; /* the inputs that move with wear */
    double mean[DETECTOR_INPUTS_MAX], deviation[DETECTOR_INPUTS_MAX];
    struct course_scale scale;
    double age_unit; /* of the axis; 0: age is not known */
    struct principal principal;
    int terms;
    double weights[LIFE_TERMS_MAX];
    double cap; /* forecasts are at most this */
    struct life_knot knots[LIFE_KNOTS_MAX];
    int knot_count;
    double error; /* root mean square, of units left out */
};

struct forecast {
    double expected, low, high; /* in units of the axis; 90 % between low and high */
};

/* metrics: the inputs, in order; each a column of the lives, one may be the time axis. cap 0: 0.6 of the median life.
 * RESULT_BAD_INPUT and the reason when the lives do not allow it. */
FL_CHECK enum result life_model_new(const struct lives *lives, const char *const *metrics, int count, double cap,
                                    struct life_model **out, struct fault *why);
void life_model_free(struct life_model *model);

/* The sensors among the inputs, standardised. */
void life_model_sensors(const struct life_model *model, const double *inputs, double *out);
void life_model_forecast(const struct life_model *model, const struct course *course, struct forecast *out);
