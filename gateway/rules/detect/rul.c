/* The running unit: the course of its sensors over its time axis, and the shared model asked with it. A time axis that
 * goes back is a unit that was replaced or a counter that was reset: everything begins anew. One that stands still says
 * that the unit rests: the answer stays. */
#include "rules/detect/rul.h"

#include <math.h>
#include <stdio.h>

#include "rules/state.h"

struct rul {
    struct course course;
    int64_t first_ms;
    uint32_t seen; /* samples, up to RUL_SAMPLES_LEAST */
};

static bool rul_check(const struct detector_spec *spec, char *why, size_t room) {
    if (!spec->library)
        snprintf(why, room,
                 "needs recorded lives of this model (the pack's folder lives/); "
                 "without them time_to() says when a trend reaches a limit");
    else if (spec->number_count > 0 && !(spec->numbers[0] > 0))
        snprintf(why, room, "answers at most %g, expected a number greater than 0", spec->numbers[0]);
    else
        return true;
    return false;
}

static void rul_init(void *state, const struct detector_spec *spec) {
    (void)state;
    (void)spec;
}

static bool rul_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                       double outputs[DETECTOR_OUTPUTS_MAX]) {
    struct rul *r = state;
    const struct life_model *model = spec->library;
    double sensors[DETECTOR_INPUTS_MAX];
    struct forecast forecast;
    r->first_ms = r->seen == 0 ? at_ms : r->first_ms;
    const double at = model->axis_input >= 0 ? inputs[model->axis_input] : (double)(at_ms - r->first_ms) / 1000;
    if (r->seen > 0 && at < r->course.at)
        *r = (struct rul){.first_ms = at_ms};
    if (r->seen == 0 || at > r->course.at) {
        life_model_sensors(model, inputs, sensors);
        course_step(&r->course, model->scale, at, sensors, model->sensor_count);
        r->seen += r->seen < RUL_SAMPLES_LEAST;
    }
    if (r->seen < RUL_SAMPLES_LEAST)
        return false;
    life_model_forecast(model, &r->course, &forecast);
    outputs[0] = forecast.expected;
    outputs[1] = forecast.low;
    outputs[2] = forecast.high;
    return true;
}

static void rul_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    const struct rul *r = state;
    const struct life_model *model = spec->library;
    buf_add_varint(out, r->seen);
    if (r->seen == 0)
        return;
    state_put_time(out, r->first_ms);
    state_put_double(out, r->course.began);
    state_put_double(out, r->course.at);
    state_put_double(out, r->course.quick_mass);
    state_put_double(out, r->course.slow_mass);
    for (int i = 0; i < model->sensor_count; i++) {
        state_put_double(out, r->course.quick[i]);
        state_put_double(out, r->course.slow[i]);
    }
}

static bool get_figure(struct cursor *in, double *out) {
    return state_get_double(in, out) && isfinite(*out);
}

static bool rul_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    struct rul *r = state;
    const struct life_model *model = spec->library;
    uint64_t seen;
    if (!cursor_varint(in, &seen) || seen > RUL_SAMPLES_LEAST)
        return false;
    r->seen = (uint32_t)seen;
    if (seen == 0)
        return true;
    if (!state_get_time(in, &r->first_ms) || r->first_ms < -((int64_t)1 << 53) || r->first_ms > (int64_t)1 << 53 ||
        !get_figure(in, &r->course.began) || !get_figure(in, &r->course.at) || !get_figure(in, &r->course.quick_mass) ||
        r->course.quick_mass < 1 || !get_figure(in, &r->course.slow_mass) || r->course.slow_mass < 1)
        return false;
    for (int i = 0; i < model->sensor_count; i++)
        if (!get_figure(in, &r->course.quick[i]) || !get_figure(in, &r->course.slow[i]))
            return false;
    return true;
}

const struct detector_row detect_rul = {
    .name = "rul",
    .min_inputs = 1,
    .max_inputs = DETECTOR_INPUTS_MAX,
    .max_numbers = 1,
    .input = DETECTOR_VALUES,
    .state_bytes = sizeof(struct rul),
    .check = rul_check,
    .init = rul_init,
    .update = rul_update,
    .save = rul_save,
    .load = rul_load,
};
