/* One value under watch: two running means and a limit. The fast mean is what is now, the base what was lately normal;
 * their distance over the limit is the answer. The base makes slow normal drift (a motor that warms up) no fault. It
 * stands still while the value is outside, so that a fault is not learnt, and is on a leash: a drift that goes on and
 * on is a fault in the end.
 *
 * The limit comes from the healthy stretch: LIMITS times the spread of the distance there, widened where the stretch
 * shows the value only a few times. A value that wanders crosses its median seldom: so many crossings, so many
 * independent looks at it, and few looks say little about the next one. (Without it drifting sensors are what alarms
 * first. Tried beside it: the greatest distance seen, its quantiles, and its extrapolation; they are worse by 2 to 8
 * points of F1 on SKAB.)
 *
 * A fault is over when the distance has fallen to a third of its peak: machines seldom come back to exactly where they
 * were, and what is left is taken for the new normal. EWMA charts: Roberts 1959; the rest is ours. */
#include "rules/detect/watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/state.h"

static const double LIMITS = 5;           /* spreads that are the edge */
static const double FEW_CROSSINGS = 10;   /* so many crossings double the limit, twice as many add half */
static const double LEASH = 20;           /* spreads that the base may wander */
static const double LIMIT_LEAST = 0.5;    /* of the value's own deviation: what moved once is no measure */
static const double HYSTERESIS = 0.5;     /* of the limit */
static const double OVER = 0.3;           /* of the peak */
static const double TRUSTED_SHARE = 0.95; /* of the stretch: the rest may be outliers */
enum { SETTLE_FASTS = 3, LATE_PART = 4 /* the means need a quarter of the stretch to come in */ };

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Root mean square around `middle`, without the most distant ones. Sorts `values`. */
static double spread(double *values, size_t count, double middle) {
    const size_t used = (size_t)((double)count * TRUSTED_SHARE);
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        values[i] = fabs(values[i] - middle);
    qsort(values, count, sizeof *values, by_value);
    for (size_t i = 0; i < used; i++)
        squares += values[i] * values[i];
    return sqrt(squares / (double)used);
}

static size_t crossings(const double *values, size_t count, double of) {
    size_t found = 0;
    for (size_t i = 1; i < count; i++)
        found += (values[i] > of) != (values[i - 1] > of);
    return found;
}

static double towards(double mean, double value, double samples) {
    return mean + (value - mean) / samples;
}

static void take(struct watch *w, struct watch_scale scale, double value) {
    w->age += w->age < (uint32_t)scale.slow;
    w->fast = towards(w->fast, value, fmin(w->age, scale.fast));
}

void watch_learn(struct watch *w, struct watch_scale scale, const double *values, size_t count, double *room) {
    double *levels = room, *distances = room + count;
    size_t used = 0;
    *w = (struct watch){0};
    for (size_t i = 0; i < count; i++) {
        take(w, scale, values[i]);
        w->base = towards(w->base, w->fast, w->age);
        if (i < count / LATE_PART)
            continue;
        levels[used] = w->fast;
        distances[used++] = w->fast - w->base;
    }
    const double distance = spread(distances, used, 0);
    memcpy(distances, levels, used * sizeof *levels);
    qsort(distances, used, sizeof *distances, by_value);
    w->middle = distances[used / 2];
    const double wider = 1 + FEW_CROSSINGS / (double)(1 + crossings(levels, used, w->middle));
    w->limit = fmax(LIMITS * distance * wider, LIMIT_LEAST);
    w->leash = fmax(LEASH * spread(levels, used, w->middle) * wider, w->limit);
}

double watch_step(struct watch *w, struct watch_scale scale, double value) {
    take(w, scale, value);
    w->base = fmin(fmax(w->base, w->middle - w->leash), w->middle + w->leash);
    if (w->settling > 0) {
        w->settling--;
        w->base = w->fast;
        return 0;
    }
    if (w->age < (uint32_t)scale.fast)
        return 0;
    const double distance = fabs(w->fast - w->base) / w->limit;
    if (w->is_outside) {
        w->peak = fmax(w->peak, distance);
        if (distance < fmax(HYSTERESIS, OVER * w->peak)) {
            w->is_outside = false;
            if (OVER * w->peak > HYSTERESIS)
                watch_settle(w, scale);
        }
    } else if (distance > 1) {
        w->is_outside = true;
        w->peak = distance;
    }
    if (!w->is_outside)
        w->base = towards(w->base, w->fast, scale.slow);
    return distance;
}

void watch_settle(struct watch *w, struct watch_scale scale) {
    w->is_outside = false;
    w->age = 0;
    w->settling = (uint32_t)(SETTLE_FASTS * scale.fast);
}

void watch_restart(struct watch *w) {
    w->age = 0;
}

void watch_save(const struct watch *w, struct buf *out) {
    const double figures[] = {w->fast, w->base, w->middle, w->leash, w->limit, w->peak};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        state_put_double(out, figures[i]);
    buf_add_varint(out, w->age);
    buf_add_varint(out, w->settling);
    buf_add_u8(out, w->is_outside);
}

bool watch_load(struct watch *w, struct cursor *in) {
    double *const figures[] = {&w->fast, &w->base, &w->middle, &w->leash, &w->limit, &w->peak};
    uint64_t age, settling;
    uint8_t is_outside;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (!state_get_double(in, figures[i]) || !isfinite(*figures[i]))
            return false;
    if (!cursor_varint(in, &age) || age > UINT32_MAX || !cursor_varint(in, &settling) || settling > UINT16_MAX ||
        !cursor_u8(in, &is_outside) || is_outside > 1 || w->limit < LIMIT_LEAST || w->leash < w->limit)
        return false;
    w->age = (uint32_t)age;
    w->settling = (uint32_t)settling;
    w->is_outside = is_outside;
    return true;
}
