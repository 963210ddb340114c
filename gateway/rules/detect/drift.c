/* Two cumulative sums, of what x was above and below its usual level, each of them never below 0 (Page 1954; with the
 * level learnt on the way it is the test of Page and Hinkley 1971). In units of the usual deviation z:
 *
 *   up = max(0, up + z - allowance),  down = max(0, down - z - allowance),  score = max(up, down) / limit
 *
 * The allowance is a quarter of a deviation and the standard error of the level itself (while little has been seen, it
 * may be wrong by that much). The limit is 32 for independent samples: a sum's tail falls off as exp(-2 allowance sum),
 * so chance reaches it once in 10 million. Where samples resemble their neighbours a sum wanders further, by the factor
 * F: the variance of a mean of b samples times b. F is the largest over b = 1, 4, 16, ...; each is taken from the mean
 * squared difference of neighbouring batches (von Neumann 1941), which a slow drift does not change, while noise with a
 * memory and daily patterns do. So the limit grows with F.
 *
 * Robust: z is cut at 3, level and deviation are learnt from what is cut, the deviation is the mean absolute one.
 * Left: a level frozen after learning (a product has seasons), a second fast mean (finds steps, not drifts), a fitted
 * autoregression of first order (blind to daily patterns below noise). */
#include "rules/detect/drift.h"

#include <math.h>

#include "rules/detect/event_time.h"
#include "rules/state.h"

enum { LEARNT = 100, MEMORY = 5000, BATCHES = 10, BATCH_OF = 4, BATCH_KNOWN = 6, BATCH_MEMORY = 100 };
#define DAY_MS                 ((int64_t)86400 * 1000)
#define LEARNT_MS              (2 * DAY_MS)
#define MEMORY_MS              (14 * DAY_MS)
#define CUT                    3.0
#define ALLOWANCE              0.25
#define LIMIT                  32.0
#define SCORE_MAX              2.0
#define SIGMA_OF_MEAN_DISTANCE 1.2533 /* sqrt(pi / 2): of normal values */
#define WANDER_MAX             1e6
#define VALUE_MAX              1e150

/* Means of BATCH_OF^k values each. */
struct batch {
    double sum, before, square; /* under way; the mean before; mean squared difference of neighbours */
    uint32_t seen;              /* differences, up to BATCH_MEMORY; the first mean makes none */
    uint8_t count;
    bool has_before;
};
struct drift {
    double level, distance; /* usual; distance: mean absolute one */
    double up, down;
    uint64_t seen;
    int64_t first_ms;
    struct batch batches[BATCHES];
};

static void drift_init(void *state, const struct detector_spec *spec) {
    (void)state;
    (void)spec;
}

static double standardise(const struct drift *d, double x) {
    const double away = x - d->level, sigma = d->distance * SIGMA_OF_MEAN_DISTANCE;
    if (fabs(away) >= CUT * sigma)
        return away > 0 ? CUT : away < 0 ? -CUT : 0;
    return away / sigma;
}

/* 5,000 samples or two weeks, whichever is more; at first, all there were. */
static double pace_of(const struct drift *d, int64_t at_ms) {
    const double seen = (double)d->seen, past_ms = fmax((double)(at_ms - d->first_ms), 1);
    return 1 / fmin(seen, fmax(MEMORY, seen * MEMORY_MS / past_ms));
}

static void learn(struct drift *d, double x, double pace) {
    const double most = CUT * SIGMA_OF_MEAN_DISTANCE * d->distance;
    double away = x - d->level;
    if (d->seen > LEARNT && d->distance > 0)
        away = fmax(fmin(away, most), -most);
    d->level += away * pace;
    d->distance += (fabs(away) - d->distance) * pace;
}

static void batches_add(struct drift *d, double z) {
    for (int k = 0; k < BATCHES; k++) {
        struct batch *b = &d->batches[k];
        const double step = z - b->before;
        b->seen += b->has_before && b->seen < BATCH_MEMORY;
        if (b->has_before)
            b->square += (step * step - b->square) / b->seen;
        b->has_before = true;
        b->before = z;
        b->sum += z;
        if (++b->count < BATCH_OF)
            return;
        z = b->sum / BATCH_OF;
        b->sum = 0;
        b->count = 0;
    }
}

/* How much further a sum of these wanders than one of independent samples. */
static double wander(const struct drift *d) {
    double most = 1, size = 1;
    for (int k = 0; k < BATCHES && d->batches[k].seen >= BATCH_KNOWN; k++) {
        most = fmax(most, size * d->batches[k].square / 2);
        size *= BATCH_OF;
    }
    return fmin(most, WANDER_MAX);
}

static bool drift_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                         double outputs[DETECTOR_OUTPUTS_MAX]) {
    (void)spec;
    struct drift *d = state;
    const double x = fmax(fmin(inputs[0], VALUE_MAX), -VALUE_MAX);
    if (d->seen == 0) {
        d->level = x;
        d->first_ms = at_ms;
    }
    d->seen++;
    const double z = standardise(d, x), pace = pace_of(d, at_ms), factor = wander(d);
    const double allowance = ALLOWANCE + sqrt(factor * pace), most = SCORE_MAX * LIMIT * factor;
    learn(d, x, pace);
    batches_add(d, z);
    if (d->seen <= LEARNT || at_ms - d->first_ms < LEARNT_MS)
        return false;
    d->up = fmin(fmax(0, d->up + z - allowance), most);
    d->down = fmin(fmax(0, d->down - z - allowance), most);
    outputs[0] = fmax(d->up, d->down) / (LIMIT * factor);
    return true;
}

static void drift_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    const struct drift *d = state;
    (void)spec;
    buf_add_varint(out, d->seen);
    if (d->seen == 0)
        return;
    state_put_time(out, d->first_ms);
    const double figures[] = {d->level, d->distance, d->up, d->down};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        state_put_double(out, figures[i]);
    for (int k = 0; k < BATCHES; k++) {
        const struct batch *b = &d->batches[k];
        buf_add_u8(out, b->has_before);
        if (!b->has_before)
            break;
        buf_add_u8(out, b->count);
        buf_add_varint(out, b->seen);
        state_put_double(out, b->sum);
        state_put_double(out, b->before);
        state_put_double(out, b->square);
    }
}

static bool get(struct cursor *in, double *value, double least, double most) {
    return state_get_double(in, value) && *value >= least && *value <= most;
}

static bool load_batch(struct batch *b, struct cursor *in) {
    uint64_t seen;
    uint8_t has_before;
    if (!cursor_u8(in, &has_before) || has_before > 1)
        return false;
    b->has_before = has_before;
    if (!has_before)
        return true;
    if (!cursor_u8(in, &b->count) || b->count >= BATCH_OF || !cursor_varint(in, &seen) || seen > BATCH_MEMORY)
        return false;
    b->seen = (uint32_t)seen;
    return get(in, &b->sum, -CUT * BATCH_OF, CUT * BATCH_OF) && get(in, &b->before, -CUT, CUT) &&
           get(in, &b->square, 0, 4 * CUT * CUT);
}

static bool drift_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    struct drift *d = state;
    const double most = SCORE_MAX * LIMIT * WANDER_MAX;
    (void)spec;
    if (!cursor_varint(in, &d->seen) || d->seen > (uint64_t)1 << 53)
        return false;
    if (d->seen == 0)
        return true;
    if (!state_get_time(in, &d->first_ms) || !event_time_fits(d->first_ms) ||
        !get(in, &d->level, -2 * VALUE_MAX, 2 * VALUE_MAX) || !get(in, &d->distance, 0, 4 * VALUE_MAX) ||
        !get(in, &d->up, 0, most) || !get(in, &d->down, 0, most))
        return false;
    for (int k = 0; k < BATCHES && (k == 0 || d->batches[k - 1].has_before); k++)
        if (!load_batch(&d->batches[k], in))
            return false;
    return true;
}

const struct detector_row detect_drift = {
    .name = "drift_score",
    .min_inputs = 1,
    .max_inputs = 1,
    .input = DETECTOR_VALUES,
    .state_bytes = sizeof(struct drift),
    .init = drift_init,
    .update = drift_update,
    .save = drift_save,
    .load = drift_load,
};
