/* Several pieces of evidence, each measured against its own past and then averaged. Each looks at x from one side:
 *
 *   day, log_day   x, and its logarithm, against the usual at this quarter of an hour of the day
 *   week           x against the usual at this hour of the week
 *   level          x against its slow mean (100 samples)
 *   step           the mean of 12 samples against that of the 12 before
 *   mean           the mean of 24 samples
 *   spread         the logarithm of the variance of 48 samples: noise, bursts, flat lines
 *
 * What counts of each is its surprise in its own tails (tail.h): all are then in one unit on any series, whatever its
 * distribution. A pattern that does not exist makes a residual no worse than x itself, so nothing decides whether a
 * series is seasonal. An average is raised by what several sides see at once, while one that is often wrong alone
 * raises little. A surprise is cut at 10, so two sides that are certain suffice, and of the spread one: a value that is
 * stuck within its range is seen by nothing else.
 *
 * One event, one alarm: at an average of 2 the score is raised, then it rests; twice that surprise wakes it.
 *
 * Sources: the evidences are textbook statistics of Page's and Shewhart's charts; combining tail exponents is Fisher's
 * method (1932) without its claim of independence. Left: nearest neighbours of past windows (kNN-CAD; costs ten times
 * as much, and added nothing that held on series not used to choose), differences (noise), the maximum or the root mean
 * square in place of the mean (more false alarms), a second ranking of the average against its own past, records
 * beyond the extremes seen (needs no tails, but is blind after one glitch), a threshold for each evidence. */
#include "rules/detect/anomaly.h"

#include <math.h>
#include <string.h>

#include "rules/detect/float_bits.h"
#include "rules/detect/season.h"
#include "rules/detect/tail.h"
#include "rules/state.h"

enum {
    DAY_SLOTS = 96,
    DAY_MEMORY = 20,
    WEEK_SLOTS = 168,
    WEEK_MEMORY = 20,
    LEVEL_MEMORY = 100,
    STEP_SAMPLES = 12,
    MEAN_SAMPLES = 24,
    SPREAD_SAMPLES = 48, /* the longest: what is kept of the samples themselves */
    REST_MAX = 288       /* samples: a day at five minutes */
};
#define DAY_MS         ((int64_t)86400 * 1000)
#define REST_SHARE     0.03
#define ALARM_SURPRISE 2.0
#define WAKE           2.0  /* times as surprising as what was told last: no rest is deep enough */
#define FLAT           1e-6 /* of the mean square: a variance below this is a flat line like any other */
#define NOISE_SHARE    1e-6 /* of the mean size: differences below are the rounding of our single precision */
#define VALUE_MAX      1e37

enum evidence { DAY, LOG_DAY, WEEK, LEVEL, STEP, MEAN, SPREAD, EVIDENCES };

struct anomaly {
    double origin;    /* the first value: everything below is about the difference from it, but for log_day */
    double size, far; /* mean of |x|, and of the distance from origin */
    double square;    /* mean of the squared distance from level, for FLAT */
    double level;
    double told; /* surprise of the last alarm */
    uint64_t seen;
    uint32_t rest;              /* samples that stay silent yet */
    float last[SPREAD_SAMPLES]; /* a ring; the newest is before seen % SPREAD_SAMPLES */
    float day_means[DAY_SLOTS], log_day_means[DAY_SLOTS], week_means[WEEK_SLOTS];
    uint8_t day_counts[DAY_SLOTS], log_day_counts[DAY_SLOTS], week_counts[WEEK_SLOTS];
    struct tail tails[EVIDENCES];
};

static struct season day_of(struct anomaly *a) {
    return (struct season){a->day_means, a->day_counts, DAY_SLOTS, DAY_MEMORY, DAY_MS};
}
static struct season log_day_of(struct anomaly *a) {
    return (struct season){a->log_day_means, a->log_day_counts, DAY_SLOTS, DAY_MEMORY, DAY_MS};
}
static struct season week_of(struct anomaly *a) {
    return (struct season){a->week_means, a->week_counts, WEEK_SLOTS, WEEK_MEMORY, 7 * DAY_MS};
}

static void anomaly_init(void *state, const struct detector_spec *spec) {
    (void)state;
    (void)spec;
}

/* ---- the evidences ---- */

/* The mean of `count` samples that ended `ago` samples before the newest. */
static double mean_of(const struct anomaly *a, uint64_t ago, unsigned count) {
    double sum = 0;
    for (uint64_t i = 0; i < count; i++)
        sum += a->last[(a->seen - 1 - ago - i) % SPREAD_SAMPLES];
    return sum / count;
}

static double variance_of(const struct anomaly *a, unsigned count) {
    const double mean = mean_of(a, 0, count);
    double sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        const double d = a->last[(a->seen - 1 - i) % SPREAD_SAMPLES] - mean;
        sum += d * d;
    }
    return sum / count;
}

/* Of the size that is usual: 0 to 1 is nearly linear, then it is the logarithm. */
static double log_of(double value, double size) {
    return copysign(log1p(fabs(value) / (size > 0 ? size : 1)), value);
}

struct seen {
    double value;
    bool is_known;
};

static void look(struct anomaly *a, int64_t at_ms, double input, struct seen seen[EVIDENCES]) {
    const double x = input - a->origin;
    const struct season day = day_of(a), log_day = log_day_of(a), week = week_of(a);
    const double n = (double)a->seen, pace = 1 / fmin(n, LEVEL_MEMORY);
    a->size += (fabs(input) - a->size) / n;
    a->far += (fabs(x) - a->far) / n;
    seen[DAY].is_known = season_residual(&day, season_slot(&day, at_ms), x, &seen[DAY].value);
    seen[LOG_DAY].is_known =
        season_residual(&log_day, season_slot(&log_day, at_ms), log_of(input, a->size), &seen[LOG_DAY].value);
    seen[WEEK].is_known = season_residual(&week, season_slot(&week, at_ms), x, &seen[WEEK].value);
    seen[LEVEL] = (struct seen){x - a->level, true};
    a->square += (seen[LEVEL].value * seen[LEVEL].value - a->square) / n;
    a->level += pace * seen[LEVEL].value;
    seen[STEP].is_known = a->seen > 2 * STEP_SAMPLES;
    if (seen[STEP].is_known)
        seen[STEP].value = mean_of(a, 0, STEP_SAMPLES) - mean_of(a, STEP_SAMPLES, STEP_SAMPLES);
    seen[MEAN] = (struct seen){mean_of(a, 0, (unsigned)fmin(n, MEAN_SAMPLES)), true};
    seen[SPREAD].is_known = a->seen > 2;
    if (seen[SPREAD].is_known)
        seen[SPREAD].value = log(variance_of(a, (unsigned)fmin(n, SPREAD_SAMPLES)) + FLAT * a->square + 1e-30);
}

static double surprise_of(struct anomaly *a, const struct seen seen[EVIDENCES]) {
    double sum = 0;
    for (int e = 0; e < EVIDENCES; e++) {
        const double noise = NOISE_SHARE * (e == LOG_DAY || e == SPREAD ? 1 : a->far);
        if (!seen[e].is_known)
            continue;
        const double surprise = tail_surprise(&a->tails[e], seen[e].value, noise);
        sum += e == SPREAD && surprise >= TAIL_SURPRISE_MAX ? ALARM_SURPRISE * EVIDENCES : surprise;
        tail_add(&a->tails[e], seen[e].value);
    }
    return sum / EVIDENCES;
}

static bool anomaly_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                           double outputs[DETECTOR_OUTPUTS_MAX]) {
    (void)spec;
    struct anomaly *a = state;
    struct seen seen[EVIDENCES] = {0};
    const double input = fmax(fmin(inputs[0], VALUE_MAX), -VALUE_MAX);
    if (a->seen == 0)
        a->origin = input;
    a->last[a->seen++ % SPREAD_SAMPLES] = (float)(input - a->origin);
    look(a, at_ms, input, seen);
    const double surprise = surprise_of(a, seen);
    const bool is_silent = a->rest > 0 && surprise < WAKE * a->told;
    if (a->rest > 0)
        a->rest--;
    outputs[0] = is_silent ? 0 : surprise / (surprise + ALARM_SURPRISE);
    if (!is_silent && surprise >= ALARM_SURPRISE) {
        a->rest = (uint32_t)fmin(REST_SHARE * (double)a->seen, REST_MAX);
        a->told = surprise;
    }
    return a->seen > TAIL_LEARNT;
}

/* ---- saved ---- */

static void bins_put(struct buf *out, const float *means, const uint8_t *counts, size_t slots) {
    floats_put(out, means, slots);
    buf_add(out, counts, slots);
}

static bool bins_get(struct cursor *in, float *means, uint8_t *counts, size_t slots, uint8_t memory) {
    const uint8_t *bytes;
    if (!floats_get(in, means, slots) || !cursor_take(in, slots, &bytes))
        return false;
    memcpy(counts, bytes, slots);
    for (size_t i = 0; i < slots; i++)
        if (counts[i] > memory || fabsf(means[i]) > 2 * (float)VALUE_MAX)
            return false;
    return true;
}

static void anomaly_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    (void)spec;
    const struct anomaly *a = state;
    buf_add_varint(out, a->seen);
    if (a->seen == 0)
        return;
    const double figures[] = {a->origin, a->size, a->far, a->square, a->level, a->told};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        state_put_double(out, figures[i]);
    buf_add_varint(out, a->rest);
    floats_put(out, a->last, SPREAD_SAMPLES);
    bins_put(out, a->day_means, a->day_counts, DAY_SLOTS);
    bins_put(out, a->log_day_means, a->log_day_counts, DAY_SLOTS);
    bins_put(out, a->week_means, a->week_counts, WEEK_SLOTS);
    for (int e = 0; e < EVIDENCES; e++)
        tail_save(&a->tails[e], out);
}

static bool load_figures(struct anomaly *a, struct cursor *in) {
    double *figures[] = {&a->origin, &a->size, &a->far, &a->square, &a->level, &a->told};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (!state_get_double(in, figures[i]) || !(fabs(*figures[i]) <= 1e76))
            return false;
    return a->size >= 0 && a->far >= 0 && a->square >= 0 && a->told >= 0;
}

static bool anomaly_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    (void)spec;
    struct anomaly *a = state;
    uint64_t rest;
    if (!cursor_varint(in, &a->seen))
        return false;
    if (a->seen == 0)
        return true;
    if (a->seen > (uint64_t)1 << 53 || !load_figures(a, in) || !cursor_varint(in, &rest) || rest > REST_MAX ||
        !floats_get(in, a->last, SPREAD_SAMPLES) || !bins_get(in, a->day_means, a->day_counts, DAY_SLOTS, DAY_MEMORY) ||
        !bins_get(in, a->log_day_means, a->log_day_counts, DAY_SLOTS, DAY_MEMORY) ||
        !bins_get(in, a->week_means, a->week_counts, WEEK_SLOTS, WEEK_MEMORY))
        return false;
    a->rest = (uint32_t)rest;
    for (int e = 0; e < EVIDENCES; e++)
        if (!tail_load(&a->tails[e], in))
            return false;
    return true;
}

const struct detector_row detect_anomaly = {
    .name = "anomaly_score",
    .min_inputs = 1,
    .max_inputs = 1,
    .input = DETECTOR_VALUES,
    .state_bytes = sizeof(struct anomaly),
    .init = anomaly_init,
    .update = anomaly_update,
    .save = anomaly_save,
    .load = anomaly_load,
};
