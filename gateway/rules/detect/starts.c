/* Counts beginnings in a sliding window: of a compressor, a pump, a door. The beginnings are samples of a window
 * (window.h) of which only the number is asked: exact up to 1,024 in the range, 4 bytes each; where a contact chatters
 * more than that they are folded into 128 cells of 16 bytes, and the old edge is exact to 1/126 of the range. Nothing
 * is allocated for what never starts. A beginning has the time of the sample that first showed it. */
#include "rules/detect/starts.h"

#include <stdio.h>

#include "rules/detect/event_time.h"
#include "rules/state.h"

enum { RANGE_MIN_S = 1, RANGE_MAX_S = 366 * 86400 };

struct starts {
    struct window *seen;
    int64_t last_ms;
    bool has_last, was_on;
};

static struct window_spec window_of(const struct detector_spec *spec) {
    return (struct window_spec){.range_ms = (int64_t)(spec->numbers[0] * 1000)};
}

static bool starts_check(const struct detector_spec *spec, char *why, size_t room) {
    if (spec->numbers[0] >= RANGE_MIN_S && spec->numbers[0] <= RANGE_MAX_S)
        return true;
    snprintf(why, room, "the range is %g s: expected 1s to 366d", spec->numbers[0]);
    return false;
}

static void starts_init(void *state, const struct detector_spec *spec) {
    const struct window_spec window = window_of(spec);
    struct starts *s = state;
    s->seen = window_new(&window);
}

static void starts_fini(void *state) {
    struct starts *s = state;
    window_free(s->seen);
}

static bool starts_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                          double outputs[DETECTOR_OUTPUTS_MAX]) {
    const struct window_spec window = window_of(spec);
    struct starts *s = state;
    const bool is_on = inputs[0] != 0, is_known = s->has_last && at_ms - s->last_ms <= event_gap_ms(spec);
    window_advance(s->seen, &window, at_ms);
    if (is_on && is_known && !s->was_on)
        window_add(s->seen, &window, at_ms, 1);
    s->has_last = true;
    s->was_on = is_on;
    s->last_ms = at_ms;
    outputs[0] = (double)window_count(s->seen);
    return true;
}

static void starts_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    const struct starts *s = state;
    (void)spec;
    buf_add_u8(out, (uint8_t)(s->has_last | s->was_on << 1));
    state_put_time(out, s->last_ms);
    window_save(s->seen, out);
}

static bool starts_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    const struct window_spec window = window_of(spec);
    struct starts *s = state;
    int64_t newest_ms;
    double one;
    uint8_t bits;
    if (!cursor_u8(in, &bits) || bits > 3 || bits == 2 || !state_get_time(in, &s->last_ms) ||
        !event_time_fits(s->last_ms) || !window_load(s->seen, &window, in))
        return false;
    s->has_last = bits & 1;
    s->was_on = bits >> 1;
    if (window_count(s->seen) == 0)
        return true;
    window_last(s->seen, &newest_ms, &one);
    return s->has_last && newest_ms <= s->last_ms;
}

static size_t starts_bytes(const void *state) {
    const struct starts *s = state;
    return window_bytes(s->seen);
}

const struct detector_row detect_starts = {
    .name = "starts",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_numbers = 1,
    .max_numbers = 1,
    .input = DETECTOR_CONDITION,
    .state_bytes = sizeof(struct starts),
    .check = starts_check,
    .init = starts_init,
    .fini = starts_fini,
    .update = starts_update,
    .save = starts_save,
    .load = starts_load,
    .bytes = starts_bytes,
};
