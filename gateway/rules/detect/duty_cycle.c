/* Time that a condition held, in a sliding window, by weight of event time: from one sample to the next the condition
 * counts as the first of them had it.
 *
 * The window is a grid of 64 cells, each with the milliseconds that are known and those in which the condition held,
 * and both sums over all cells. A sample touches the cells since the one before it (mostly one); the oldest cell counts
 * by the part of it that is still inside. So a sample costs the same for a minute and a year, and memory is 0.6 KB;
 * where in the oldest cell the condition held is not known, which is 1/63 of the range at most. Everything is whole
 * numbers: nothing drifts.
 *
 * Left: a list of the changes (exact, but a chattering contact has no bound), and an average with exponential
 * forgetting (four numbers, but nobody can check "of the last hour" by hand). */
#include "rules/detect/duty_cycle.h"

#include <stdio.h>

#include "rules/detect/event_time.h"
#include "rules/state.h"

enum { CELLS = 64, RANGE_MIN_S = 60, RANGE_MAX_S = 366 * 86400 };

struct duty {
    int64_t last_ms;
    int64_t on_ms, known_ms; /* of all cells */
    struct {
        uint32_t on_ms, known_ms;
    } cells[CELLS]; /* by cell number modulo CELLS; the newest is last_ms' */
    bool has_last, is_on;
};

static int64_t range_ms(const struct detector_spec *spec) {
    return (int64_t)(spec->numbers[0] * 1000);
}

static int64_t width_ms(const struct detector_spec *spec) {
    return (range_ms(spec) + CELLS - 2) / (CELLS - 1);
}

static bool duty_check(const struct detector_spec *spec, char *why, size_t room) {
    if (spec->numbers[0] >= RANGE_MIN_S && spec->numbers[0] <= RANGE_MAX_S)
        return true;
    snprintf(why, room, "the range is %g s: expected 1m to 366d", spec->numbers[0]);
    return false;
}

static void duty_init(void *state, const struct detector_spec *spec) {
    (void)state, (void)spec;
}

static size_t place(int64_t cell) {
    return (size_t)(((cell % CELLS) + CELLS) % CELLS);
}

/* The cells after `from` up to `to` begin anew. */
static void clear_cells(struct duty *d, int64_t from, int64_t to) {
    if (to - from > CELLS)
        from = to - CELLS;
    for (int64_t cell = from + 1; cell <= to; cell++) {
        const size_t at = place(cell);
        d->on_ms -= d->cells[at].on_ms;
        d->known_ms -= d->cells[at].known_ms;
        d->cells[at].on_ms = d->cells[at].known_ms = 0;
    }
}

static void add_known(struct duty *d, int64_t from_ms, int64_t to_ms, int64_t width) {
    const int64_t oldest_ms = (event_cell(to_ms, width) - (CELLS - 1)) * width;
    if (from_ms < oldest_ms)
        from_ms = oldest_ms;
    while (from_ms < to_ms) {
        const int64_t cell = event_cell(from_ms, width), end_ms = (cell + 1) * width;
        const int64_t ms = (end_ms < to_ms ? end_ms : to_ms) - from_ms;
        const size_t at = place(cell);
        d->cells[at].known_ms += (uint32_t)ms;
        d->known_ms += ms;
        d->cells[at].on_ms += d->is_on ? (uint32_t)ms : 0;
        d->on_ms += d->is_on ? ms : 0;
        from_ms += ms;
    }
}

/* What of the cells lies before the range, and so does not count. */
static void count_outside(const struct duty *d, int64_t start_ms, int64_t width, double *on_ms, double *known_ms) {
    const int64_t first = event_cell(d->last_ms, width) - (CELLS - 1), partial = event_cell(start_ms, width);
    *on_ms = *known_ms = 0;
    for (int64_t cell = first; cell <= partial; cell++) {
        const size_t at = place(cell);
        const double share = cell < partial ? 1 : (double)(start_ms - cell * width) / (double)width;
        *on_ms += share * d->cells[at].on_ms;
        *known_ms += share * d->cells[at].known_ms;
    }
}

static bool duty_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                        double outputs[DETECTOR_OUTPUTS_MAX]) {
    struct duty *d = state;
    const int64_t width = width_ms(spec), range = range_ms(spec);
    double on_before, known_before;
    if (d->has_last) {
        clear_cells(d, event_cell(d->last_ms, width), event_cell(at_ms, width));
        if (at_ms - d->last_ms <= event_gap_ms(spec))
            add_known(d, d->last_ms, at_ms, width);
    }
    d->has_last = true;
    d->is_on = inputs[0] != 0;
    d->last_ms = at_ms;
    count_outside(d, at_ms - range, width, &on_before, &known_before);
    const double known = (double)d->known_ms - known_before, on = (double)d->on_ms - on_before;
    outputs[0] = known > 0 ? on / known : 0;
    outputs[1] = known / (double)range;
    return known > 0;
}

static void duty_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    const struct duty *d = state;
    buf_add_u8(out, (uint8_t)(d->has_last | d->is_on << 1));
    if (!d->has_last)
        return;
    state_put_time(out, d->last_ms);
    const int64_t newest = event_cell(d->last_ms, width_ms(spec));
    for (int64_t cell = newest - (CELLS - 1); cell <= newest; cell++) {
        buf_add_varint(out, d->cells[place(cell)].known_ms);
        buf_add_varint(out, d->cells[place(cell)].on_ms);
    }
}

static bool duty_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    struct duty *d = state;
    const int64_t width = width_ms(spec);
    uint8_t bits;
    if (!cursor_u8(in, &bits) || bits > 3 || bits == 2)
        return false;
    d->has_last = bits & 1;
    d->is_on = bits >> 1;
    if (!d->has_last)
        return true;
    if (!state_get_time(in, &d->last_ms) || !event_time_fits(d->last_ms))
        return false;
    const int64_t newest = event_cell(d->last_ms, width);
    for (int64_t cell = newest - (CELLS - 1); cell <= newest; cell++) {
        uint64_t known, on;
        if (!cursor_varint(in, &known) || !cursor_varint(in, &on) || known > (uint64_t)width || on > known)
            return false;
        d->cells[place(cell)].known_ms = (uint32_t)known;
        d->cells[place(cell)].on_ms = (uint32_t)on;
        d->known_ms += (int64_t)known;
        d->on_ms += (int64_t)on;
    }
    return true;
}

const struct detector_row detect_duty_cycle = {
    .name = "duty_cycle",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_numbers = 1,
    .max_numbers = 1,
    .input = DETECTOR_CONDITION,
    .state_bytes = sizeof(struct duty),
    .check = duty_check,
    .init = duty_init,
    .update = duty_update,
    .save = duty_save,
    .load = duty_load,
};
