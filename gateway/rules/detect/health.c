/* Multivariate distance from healthy operation. A stretch of samples is kept until it is long enough; then each input
 * is put under watch (watch.h), and so is what the other inputs do not explain of it (redundancy.h), where they explain
 * at least half: sensors that belong together and no longer agree are seen long before either leaves its range. The
 * answer is the distance of the one that is farthest out.
 *
 * The fault as a whole has a peak as well: when everything has fallen to a third of it, the fault is over for all
 * inputs, for after a big fault the small ones beside it (a casing that is still warm) are its rest.
 *
 * An input that never changed in the stretch is not judged: nothing is known of its spread. Machines are restarted
 * in gaps: after one so many samples as a fast mean has are not looked at, and then the fast means begin anew; there is
 * no answer until they have come in.
 *
 * Left: T-squared and Q of principal components (F1 .76 on SKAB in its published table, drift alarms all the time, and
 * they name no sensor); nearest neighbours in the stretch (cost and memory grow with it); learning anew by itself (it
 * would learn the fault). */
#include "rules/detect/health.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/detect/redundancy.h"
#include "rules/detect/watch.h"
#include "rules/state.h"

enum { FAST_PART = 40, SLOW_PART = 8, SMOOTH_FASTS = 2 };
static const double EXPLAINED_LEAST = 0.5;
static const double OVER = 0.3; /* of the peak of the whole fault */
static const double STILL_OUTSIDE = 1.0001;
static const double FAR_OUT = 1e9; /* deviations; no sum of them is too big */

struct health {
    double *stretch;       /* while it learns: rows of input_count; NULL afterwards */
    struct watch *watches; /* of the inputs, then of their residuals: two for each input */
    double *weights;       /* of the residuals: input_count rows */
    double mean[DETECTOR_INPUTS_MAX], deviation[DETECTOR_INPUTS_MAX]; /* deviation 0: not judged */
    bool has_residual[DETECTOR_INPUTS_MAX];
    int64_t first_ms, last_ms, gap_ms; /* gap_ms: longer without a sample is a gap */
    uint32_t seen;                     /* samples of the stretch */
    uint32_t waiting;                  /* samples until the fast means have come in */
    size_t allocated;                  /* bytes */
    double level, peak;                /* of the fault under way */
    bool is_outside;
};

static size_t samples_of(const struct detector_spec *spec) {
    return spec->number_count > 0 ? (size_t)spec->numbers[0] : HEALTH_SAMPLES_DEFAULT;
}

static struct watch_scale scale_of(const struct detector_spec *spec) {
    const int samples = (int)samples_of(spec);
    return (struct watch_scale){.fast = samples / FAST_PART, .slow = samples / SLOW_PART};
}

static bool health_check(const struct detector_spec *spec, char *why, size_t room) {
    const double samples = spec->number_count > 0 ? spec->numbers[0] : HEALTH_SAMPLES_DEFAULT;
    if (!(samples >= HEALTH_SAMPLES_MIN && samples <= HEALTH_SAMPLES_MAX) || samples != floor(samples))
        snprintf(why, room, "learns from %g samples, expected a whole number from %d to %d", samples,
                 HEALTH_SAMPLES_MIN, HEALTH_SAMPLES_MAX);
    else if (samples * spec->input_count > HEALTH_STRETCH_MAX)
        snprintf(why, room, "learns from %g samples of %d inputs, expected at most %d values (%d samples)", samples,
                 spec->input_count, HEALTH_STRETCH_MAX, HEALTH_STRETCH_MAX / spec->input_count);
    else
        return true;
    return false;
}

static void health_init(void *state, const struct detector_spec *spec) {
    struct health *h = state;
    h->allocated = samples_of(spec) * (size_t)spec->input_count * sizeof *h->stretch;
    h->stretch = mem_alloc(h->allocated);
}

static void health_fini(void *state) {
    struct health *h = state;
    free(h->stretch);
    free(h->watches);
    free(h->weights);
}

/* ---- learning ---- */

/* Mean and deviation of each column; the stretch is standardised in place. */
static void standardise(struct health *h, size_t count, int n) {
    for (int i = 0; i < n; i++) {
        double sum = 0, squares = 0;
        for (size_t k = 0; k < count; k++)
            sum += h->stretch[k * (size_t)n + (size_t)i];
        h->mean[i] = sum / (double)count;
        for (size_t k = 0; k < count; k++) {
            const double off = h->stretch[k * (size_t)n + (size_t)i] - h->mean[i];
            squares += off * off;
        }
        const double deviation = sqrt(squares / (double)count);
        h->deviation[i] = deviation > fabs(h->mean[i]) * 1e-12 ? deviation : 0; /* less is rounding */
        for (size_t k = 0; k < count; k++) {
            double *value = &h->stretch[k * (size_t)n + (size_t)i];
            *value = h->deviation[i] > 0 ? (*value - h->mean[i]) / h->deviation[i] : 0;
        }
    }
}

/* Residual of `input`: what the others do not explain of it. */
static double residual(const struct health *h, int n, int input, const double *row) {
    const double *weights = h->weights + input * n;
    double sum = 0;
    for (int j = 0; j < n; j++)
        sum += weights[j] * row[j];
    return sum;
}

static void make_room(struct health *h, int n) {
    const size_t watches = (size_t)(2 * n) * sizeof *h->watches, weights = (size_t)(n * n) * sizeof *h->weights;
    h->watches = mem_alloc(watches);
    h->weights = mem_alloc(weights);
    h->allocated = watches + weights;
}

static void forget_stretch(struct health *h) {
    free(h->stretch);
    h->stretch = NULL;
}

static void learn(struct health *h, const struct detector_spec *spec) {
    const size_t count = h->seen;
    const int n = spec->input_count;
    const struct watch_scale scale = scale_of(spec);
    double explained[DETECTOR_INPUTS_MAX], *room = mem_alloc(3 * count * sizeof *room), *column = room + 2 * count;
    make_room(h, n);
    standardise(h, count, n);
    redundancy_learn(h->stretch, count, n, h->weights, explained);
    for (int i = 0; i < n; i++) {
        h->has_residual[i] = h->deviation[i] > 0 && explained[i] >= EXPLAINED_LEAST;
        for (size_t k = 0; k < count; k++)
            column[k] = h->stretch[k * (size_t)n + (size_t)i];
        watch_learn(&h->watches[i], scale, column, count, room);
        for (size_t k = 0; k < count; k++)
            column[k] = residual(h, n, i, h->stretch + k * (size_t)n);
        watch_learn(&h->watches[n + i], scale, column, count, room);
    }
    h->gap_ms = (h->last_ms - h->first_ms) / (int64_t)(count - 1) * scale.slow;
    free(room);
    forget_stretch(h);
}

/* ---- judging ---- */

struct verdict_of_health {
    double distance;
    int input;
    bool is_outside;
};

static void look(struct watch *w, struct watch_scale scale, double value, int input, struct verdict_of_health *v) {
    const double distance = watch_step(w, scale, value);
    v->is_outside |= w->is_outside;
    if (distance > v->distance) {
        v->distance = distance;
        v->input = input;
    }
}

static void watches_each(struct health *h, int n, void (*act)(struct watch *w, struct watch_scale scale),
                         struct watch_scale scale) {
    for (int i = 0; i < 2 * n; i++)
        act(&h->watches[i], scale);
}

static void restart(struct watch *w, struct watch_scale scale) {
    (void)scale;
    watch_restart(w);
}

/* Whether the fault as a whole is over, although a part of it is still outside. */
static bool is_over(struct health *h, const struct verdict_of_health *v, struct watch_scale scale) {
    if (!v->is_outside) {
        h->level = h->peak = 0;
        return false;
    }
    h->level += (v->distance - h->level) / (SMOOTH_FASTS * scale.fast);
    h->peak = fmax(h->peak, h->level);
    return v->distance < OVER * h->peak;
}

static void judge(struct health *h, const struct detector_spec *spec, const double *inputs,
                  double outputs[DETECTOR_OUTPUTS_MAX]) {
    const int n = spec->input_count;
    const struct watch_scale scale = scale_of(spec);
    struct verdict_of_health v = {0};
    double row[DETECTOR_INPUTS_MAX];
    for (int i = 0; i < n; i++)
        row[i] = h->deviation[i] > 0 ? fmin(fmax((inputs[i] - h->mean[i]) / h->deviation[i], -FAR_OUT), FAR_OUT) : 0;
    for (int i = 0; i < n; i++) {
        if (h->deviation[i] > 0)
            look(&h->watches[i], scale, row[i], i, &v);
        if (h->has_residual[i])
            look(&h->watches[n + i], scale, residual(h, n, i, row), i, &v);
    }
    if (h->waiting == 0 && is_over(h, &v, scale)) {
        watches_each(h, n, watch_settle, scale);
        h->level = h->peak = 0;
        v.is_outside = false;
    }
    outputs[0] = v.is_outside ? fmax(v.distance, STILL_OUTSIDE) : fmin(v.distance, 1);
    outputs[1] = v.input;
}

static bool health_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                          double outputs[DETECTOR_OUTPUTS_MAX]) {
    struct health *h = state;
    const int n = spec->input_count;
    const int64_t since_ms = at_ms - h->last_ms;
    const uint32_t fast = (uint32_t)scale_of(spec).fast;
    if (h->stretch) {
        for (int i = 0; i < n; i++)
            h->stretch[(size_t)h->seen * (size_t)n + (size_t)i] = inputs[i];
        h->first_ms = h->seen == 0 ? at_ms : h->first_ms;
        h->last_ms = at_ms;
        if (++h->seen == samples_of(spec))
            learn(h, spec);
        return false;
    }
    h->last_ms = at_ms;
    if (since_ms > h->gap_ms) {
        watches_each(h, n, restart, scale_of(spec));
        h->waiting = 2 * fast;
    }
    h->waiting -= h->waiting > 0;
    if (h->waiting < fast)
        judge(h, spec, inputs, outputs);
    return h->waiting == 0;
}

/* ---- as bytes ---- */

static void health_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    const struct health *h = state;
    const int n = spec->input_count;
    buf_add_varint(out, h->seen);
    state_put_time(out, h->first_ms);
    state_put_time(out, h->last_ms);
    for (size_t i = 0; h->stretch && i < (size_t)h->seen * (size_t)n; i++)
        state_put_double(out, h->stretch[i]);
    if (h->stretch)
        return;
    state_put_time(out, h->gap_ms);
    buf_add_varint(out, h->waiting);
    state_put_double(out, h->level);
    state_put_double(out, h->peak);
    for (int i = 0; i < n; i++) {
        state_put_double(out, h->mean[i]);
        state_put_double(out, h->deviation[i]);
        buf_add_u8(out, h->has_residual[i]);
        watch_save(&h->watches[i], out);
        if (!h->has_residual[i])
            continue;
        watch_save(&h->watches[n + i], out);
        for (int j = 0; j < n; j++)
            state_put_double(out, h->weights[i * n + j]);
    }
}

/* Far from where differences overflow. */
static bool get_time(struct cursor *in, int64_t *ms) {
    return state_get_time(in, ms) && *ms > -((int64_t)1 << 53) && *ms < (int64_t)1 << 53;
}

static bool get_figure(struct cursor *in, double *out) {
    return state_get_double(in, out) && isfinite(*out);
}

static bool load_stretch(struct health *h, int n, struct cursor *in) {
    for (size_t i = 0; i < (size_t)h->seen * (size_t)n; i++)
        if (!get_figure(in, &h->stretch[i]))
            return false;
    return true;
}

static bool load_input(struct health *h, int n, int i, struct cursor *in) {
    uint8_t has_residual;
    if (!get_figure(in, &h->mean[i]) || !get_figure(in, &h->deviation[i]) || h->deviation[i] < 0 ||
        !cursor_u8(in, &has_residual) || has_residual > 1 || !watch_load(&h->watches[i], in))
        return false;
    h->has_residual[i] = has_residual;
    if (!has_residual)
        return true;
    if (!watch_load(&h->watches[n + i], in))
        return false;
    for (int j = 0; j < n; j++)
        if (!get_figure(in, &h->weights[i * n + j]))
            return false;
    return true;
}

static bool health_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    struct health *h = state;
    const int n = spec->input_count;
    uint64_t seen, waiting;
    if (!cursor_varint(in, &seen) || seen > samples_of(spec) || !get_time(in, &h->first_ms) ||
        !get_time(in, &h->last_ms))
        return false;
    h->seen = (uint32_t)seen;
    if (seen < samples_of(spec))
        return load_stretch(h, n, in);
    forget_stretch(h);
    make_room(h, n);
    if (!get_time(in, &h->gap_ms) || !cursor_varint(in, &waiting) || waiting > HEALTH_SAMPLES_MAX ||
        !get_figure(in, &h->level) || !get_figure(in, &h->peak))
        return false;
    h->waiting = (uint32_t)waiting;
    for (int i = 0; i < n; i++)
        if (!load_input(h, n, i, in))
            return false;
    return true;
}

static size_t health_bytes(const void *state) {
    const struct health *h = state;
    return h->allocated;
}

const struct detector_row detect_health = {
    .name = "health",
    .min_inputs = 2,
    .max_inputs = DETECTOR_INPUTS_MAX,
    .max_numbers = 1,
    .input = DETECTOR_VALUES,
    .state_bytes = sizeof(struct health),
    .check = health_check,
    .init = health_init,
    .fini = health_fini,
    .update = health_update,
    .save = health_save,
    .load = health_load,
    .bytes = health_bytes,
};
