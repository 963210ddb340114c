/* An hour meter: what service intervals are counted in. From one sample to the next the condition counts as the first
 * of them had it. The sum is in milliseconds, so that a year of short samples adds up exactly. Thirty bytes; there is
 * nothing to forget and nothing to estimate. */
#include "rules/detect/run_hours.h"

#include "rules/detect/event_time.h"
#include "rules/state.h"

#define HOUR_MS 3600000.0

struct meter {
    int64_t last_ms, on_ms;
    bool has_last, is_on;
};

static void meter_init(void *state, const struct detector_spec *spec) {
    (void)state, (void)spec;
}

static bool meter_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                         double outputs[DETECTOR_OUTPUTS_MAX]) {
    struct meter *m = state;
    if (m->has_last && m->is_on && at_ms - m->last_ms <= event_gap_ms(spec))
        m->on_ms += at_ms - m->last_ms;
    m->has_last = true;
    m->is_on = inputs[0] != 0;
    m->last_ms = at_ms;
    outputs[0] = (double)m->on_ms / HOUR_MS;
    return true;
}

static void meter_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    const struct meter *m = state;
    (void)spec;
    buf_add_u8(out, (uint8_t)(m->has_last | m->is_on << 1));
    state_put_time(out, m->last_ms);
    state_put_time(out, m->on_ms);
}

static bool meter_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    struct meter *m = state;
    uint8_t bits;
    (void)spec;
    if (!cursor_u8(in, &bits) || bits > 3 || bits == 2 || !state_get_time(in, &m->last_ms) ||
        !state_get_time(in, &m->on_ms) || !event_time_fits(m->last_ms) || !event_time_fits(m->on_ms) || m->on_ms < 0)
        return false;
    m->has_last = bits & 1;
    m->is_on = bits >> 1;
    return true;
}

const struct detector_row detect_run_hours = {
    .name = "run_hours",
    .min_inputs = 1,
    .max_inputs = 1,
    .input = DETECTOR_CONDITION,
    .state_bytes = sizeof(struct meter),
    .init = meter_init,
    .update = meter_update,
    .save = meter_save,
    .load = meter_load,
};
