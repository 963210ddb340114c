/* A period is cut into bins: 168 hours of a week, 48 half hours of a day, for others as many half hours as there are,
 * within these bounds. A stay in a bin is one vote, whatever the number of its samples: their median, and their median
 * distance from it. A bin remembers the votes of its last five periods; what is usual is the median of the medians, so
 * that two odd weeks of five (a holiday, a fault) change nothing, and a new level is usual after three. The spread puts
 * together what x does within a stay and how the stays differ, both by median distances (1.4826 times that is the
 * standard deviation of normal values).
 *
 * The median of a stay is taken over at most 32 samples: every one of them, then every second, every fourth and so on.
 * The answer changes only when a bin begins, so a sample costs a few comparisons. What is told for a sample knows
 * nothing of it, nor of its stay. Memory: 44 bytes a bin as differences from the first value in single precision, 7.6
 * KB for a week, 2.3 KB for a day.
 *
 * Sources: median and MAD as the usual robust pair (Rousseeuw and Croux 1993); hour-of-the-week profiles as in load
 * forecasting. Left: exponential forgetting of a mean (one odd week is then seen for months), seasonal decomposition
 * (STL keeps whole periods), interpolation between bins (smears what begins on the hour). */
#include "rules/detect/baseline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/detect/event_time.h"
#include "rules/order.h"
#include "rules/state.h"

enum {
    PERIODS = 5,
    STAY_SAMPLES = 32,
    BINS_MIN = 48,
    BINS_MAX = 168,
    HALF_HOUR_S = 1800,
    PERIOD_MIN_S = 3600,
    PERIOD_MAX_S = 28 * 86400
};
#define DISTANCE_MAX 1e37 /* from the first value: further is no measurement, and single precision ends near */

struct bin {
    float medians[PERIODS], distances[PERIODS]; /* of a stay each */
    uint8_t count, next;
};
struct baseline {
    struct bin *bins;
    double origin; /* the first value: bins hold differences from it */
    double expected, spread;
    int64_t cell, last_ms; /* the stay under way */
    uint32_t seen, stride; /* its samples; every stride-th is kept */
    float kept[STAY_SAMPLES];
    uint8_t kept_count;
    uint8_t bin_count;
    bool has_origin, has_expected;
};

static int bin_count(const struct detector_spec *spec) {
    const double bins = spec->numbers[0] / HALF_HOUR_S;
    return bins < BINS_MIN ? BINS_MIN : bins > BINS_MAX ? BINS_MAX : (int)bins;
}

/* Of a bin; a period that cannot be cut evenly is longer by some ms than was said. */
static int64_t width_ms(const struct detector_spec *spec) {
    return (int64_t)ceil(spec->numbers[0] * 1000 / bin_count(spec));
}

static bool baseline_check(const struct detector_spec *spec, char *why, size_t room) {
    if (spec->numbers[0] >= PERIOD_MIN_S && spec->numbers[0] <= PERIOD_MAX_S)
        return true;
    snprintf(why, room, "the period is %g s: expected 1h to 4w, mostly 1d or 1w", spec->numbers[0]);
    return false;
}

static void baseline_init(void *state, const struct detector_spec *spec) {
    struct baseline *b = state;
    b->bin_count = (uint8_t)bin_count(spec);
    b->bins = mem_alloc(b->bin_count * sizeof *b->bins);
}

static void baseline_fini(void *state) {
    struct baseline *b = state;
    free(b->bins);
}

static struct bin *bin_of(const struct baseline *b) {
    const int64_t count = b->bin_count;
    return &b->bins[((b->cell % count) + count) % count];
}

static double median_of(const float *values, size_t count) {
    double copy[STAY_SAMPLES];
    for (size_t i = 0; i < count; i++)
        copy[i] = values[i];
    return order_median(copy, count);
}

static double median_distance_of(const float *values, size_t count, double centre) {
    double copy[STAY_SAMPLES];
    for (size_t i = 0; i < count; i++)
        copy[i] = values[i];
    return order_median_distance(copy, count, centre);
}

/* ---- a stay in a bin ---- */

static void stay_add(struct baseline *b, float value) {
    if (b->kept_count == STAY_SAMPLES) {
        for (size_t i = 0; i < STAY_SAMPLES / 2; i++)
            b->kept[i] = b->kept[2 * i];
        b->kept_count = STAY_SAMPLES / 2;
        b->stride *= 2;
    }
    if (b->seen++ % b->stride == 0)
        b->kept[b->kept_count++] = value;
}

static void stay_end(struct baseline *b) {
    struct bin *bin = bin_of(b);
    if (b->kept_count == 0)
        return;
    const double median = median_of(b->kept, b->kept_count);
    bin->medians[bin->next] = (float)median;
    bin->distances[bin->next] = (float)median_distance_of(b->kept, b->kept_count, median);
    bin->next = (uint8_t)((bin->next + 1) % PERIODS);
    bin->count = (uint8_t)(bin->count < PERIODS ? bin->count + 1 : PERIODS);
}

static void expect(struct baseline *b) {
    const struct bin *bin = bin_of(b);
    b->has_expected = bin->count > 0;
    if (!b->has_expected)
        return;
    const double median = median_of(bin->medians, bin->count);
    b->expected = b->origin + median;
    b->spread = ORDER_MAD_TO_SIGMA *
                hypot(median_of(bin->distances, bin->count), median_distance_of(bin->medians, bin->count, median));
}

static void stay_begin(struct baseline *b, int64_t cell) {
    b->cell = cell;
    b->seen = 0;
    b->stride = 1;
    b->kept_count = 0;
    expect(b);
}

static bool baseline_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                            double outputs[DETECTOR_OUTPUTS_MAX]) {
    const int64_t cell = event_cell(at_ms, width_ms(spec));
    struct baseline *b = state;
    if (!b->has_origin) {
        b->has_origin = true;
        b->origin = inputs[0];
        stay_begin(b, cell);
    } else if (cell != b->cell) {
        stay_end(b);
        stay_begin(b, cell);
    }
    b->last_ms = at_ms;
    const double value = inputs[0] - b->origin;
    if (fabs(value) < DISTANCE_MAX)
        stay_add(b, (float)value);
    outputs[0] = b->expected;
    outputs[1] = b->spread;
    return b->has_expected;
}

/* ---- saved: the votes of a bin from the oldest on ---- */

static void put_float(struct buf *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    buf_add_u32be(out, bits);
}

static bool get_float(struct cursor *in, float *value) {
    uint32_t bits;
    if (!cursor_u32be(in, &bits))
        return false;
    memcpy(value, &bits, sizeof bits);
    return isfinite(*value);
}

static void baseline_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    (void)spec;
    const struct baseline *b = state;
    buf_add_u8(out, b->has_origin);
    if (!b->has_origin)
        return;
    state_put_double(out, b->origin);
    state_put_time(out, b->last_ms);
    buf_add_u32be(out, b->seen);
    buf_add_u32be(out, b->stride);
    buf_add_u8(out, b->kept_count);
    for (size_t i = 0; i < b->kept_count; i++)
        put_float(out, b->kept[i]);
    for (int i = 0; i < b->bin_count; i++) {
        const struct bin *bin = &b->bins[i];
        buf_add_u8(out, bin->count);
        for (int k = 0; k < bin->count; k++) {
            const int at = (bin->next + PERIODS - bin->count + k) % PERIODS;
            put_float(out, bin->medians[at]);
            put_float(out, bin->distances[at]);
        }
    }
}

static bool load_stay(struct baseline *b, struct cursor *in) {
    if (!cursor_u32be(in, &b->seen) || !cursor_u32be(in, &b->stride) || !cursor_u8(in, &b->kept_count) ||
        b->stride == 0 || (b->stride & (b->stride - 1)) != 0 || b->kept_count > STAY_SAMPLES || b->kept_count > b->seen)
        return false;
    for (size_t i = 0; i < b->kept_count; i++)
        if (!get_float(in, &b->kept[i]))
            return false;
    return true;
}

static bool load_bin(struct bin *bin, struct cursor *in) {
    if (!cursor_u8(in, &bin->count) || bin->count > PERIODS)
        return false;
    for (int k = 0; k < bin->count; k++)
        if (!get_float(in, &bin->medians[k]) || !get_float(in, &bin->distances[k]) || bin->distances[k] < 0)
            return false;
    bin->next = (uint8_t)(bin->count % PERIODS);
    return true;
}

static bool baseline_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    struct baseline *b = state;
    uint8_t has_origin;
    if (!cursor_u8(in, &has_origin) || has_origin > 1)
        return false;
    b->has_origin = has_origin;
    if (!has_origin)
        return true;
    if (!state_get_double(in, &b->origin) || !isfinite(b->origin) || !state_get_time(in, &b->last_ms) ||
        !event_time_fits(b->last_ms) || !load_stay(b, in))
        return false;
    for (int i = 0; i < b->bin_count; i++)
        if (!load_bin(&b->bins[i], in))
            return false;
    b->cell = event_cell(b->last_ms, width_ms(spec));
    expect(b);
    return true;
}

static size_t baseline_bytes(const void *state) {
    const struct baseline *b = state;
    return b->bin_count * sizeof *b->bins;
}

const struct detector_row detect_baseline = {
    .name = "baseline",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_numbers = 1,
    .max_numbers = 1,
    .input = DETECTOR_VALUES,
    .state_bytes = sizeof(struct baseline),
    .check = baseline_check,
    .init = baseline_init,
    .fini = baseline_fini,
    .update = baseline_update,
    .save = baseline_save,
    .load = baseline_load,
    .bytes = baseline_bytes,
};
