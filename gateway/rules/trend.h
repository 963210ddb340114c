/* The robust trend of a window, and when it reaches a limit: `time_to(x[24h], limit)`, `time_to_linear`,
 * `time_to_exponential`. The window needs WINDOW_READ. */
#pragma once
#include "rules/window.h"

enum trend_model {
    TREND_BEST,           /* whichever leaves the smaller residuals */
    TREND_LINEAR = 1,     /* x = a + b t; the numbers are what time_to_model() says */
    TREND_EXPONENTIAL = 2 /* x = a e^(b t); all values on one side of zero */
};
enum { TREND_GROUPS_MAX = 32, TREND_ITEMS_MIN = 8 };
struct trend {
    enum trend_model model;  /* LINEAR or EXPONENTIAL */
    double sign;             /* EXPONENTIAL: of the values; what follows is then of ln |x| */
    double slope;            /* per second */
    double now, oldest;      /* the trend's value at the moment of asking, and at the oldest item */
    double centre, centre_s; /* where it is known best: its value there, and when (seconds from now, negative) */
    double slope_error, centre_error; /* one standard error each */
};
/* false: there is no trend to speak of: fewer than TREND_ITEMS_MIN items, they cover less than half of the range, what
 * they do may well be chance (two-sided 5 %), or the model does not fit their signs. */
bool trend_fit(const struct window *w, const struct window_spec *spec, int64_t now_ms, enum trend_model wanted,
               struct trend *out);

#define TREND_CONFIDENCE_MIN 0.5
#define TREND_CONFIDENCE_MAX 0.999
/* Seconds until the trend is at the limit; 0 when it passed it within the window. `confidence` 0.5: the best estimate.
 * Above: the early bound, the time by which the limit is not reached yet with that probability (0.9: it is reached
 * earlier in one case of ten). false: it never gets there, goes away from it, or the confidence is out of bounds. */
bool trend_time_to(const struct trend *t, double limit, double confidence, double *seconds);
