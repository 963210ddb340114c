/* The functions of the rule language, as rows: what a name takes, what it needs and what it computes. rules/README.md
 * lists them for authors; a test compares the two.
 * A function that is new is a row here and nothing elsewhere, unless it needs a shape that is not there yet. */
#pragma once
#include "rules/window.h"

enum value_type { TYPE_SCALAR, TYPE_VECTOR, TYPE_RANGE };
enum function_shape {
    SHAPE_OVER,        /* range vector (and numbers) -> vector: `over` for each part */
    SHAPE_EACH,        /* vector (and numbers) -> vector: `each` for each part */
    SHAPE_CALENDAR,    /* the same; without an argument: of the moment */
    SHAPE_ABSENT,      /* vector -> 1 where there is none */
    SHAPE_ABSENT_OVER, /* range -> 1 where nothing was measured in it */
    SHAPE_TIMESTAMP,   /* a metric -> when it was measured */
    SHAPE_HISTOGRAM,   /* number, vector by upper bound -> one value */
    SHAPE_SCALAR,      /* vector of one -> number */
    SHAPE_VECTOR,      /* number -> vector of one */
    SHAPE_NOW,         /* -> number: the moment */
    SHAPE_PI           /* -> number */
};
enum counter_rule { FITS_ANY, FITS_COUNTER, FITS_GAUGE };

enum { FUNCTION_ARGS_MAX = 3 };
/* A window at the moment of asking; it holds at least one sample. */
struct window_view {
    struct window *window;
    const struct window_spec *spec;
    int64_t now_ms;
    double numbers[FUNCTION_ARGS_MAX]; /* the other arguments, in order */
    int number_count;
};
struct function_row {
    const char *name;
    enum function_shape shape;
    int min_args, max_args;
    enum value_type args[FUNCTION_ARGS_MAX];
    uint32_t needs;         /* of a window: SHAPE_OVER */
    enum counter_rule fits; /* the metric's kind: SHAPE_OVER */
    bool sees_gaps;         /* knows its answer when samples are missing: such a rule runs on every message */
    bool is_zero_of_none;   /* SHAPE_OVER of events and log lines: none came, so it is 0 */
    /* Both: false when there is no answer (too few samples, outside the function's domain). */
    bool (*over)(const struct window_view *view, double *out);
    bool (*each)(double value, const double *numbers, int count, double *out);
};
extern const struct function_row function_rows[];
extern const size_t function_row_count;
int function_find(const char *name, size_t chars); /* index, or -1 */
bool function_is_scalar(const struct function_row *row);
