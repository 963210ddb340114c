/* The row is all there is here: what a device knows of itself is the state, what it knows of the others is the fleet's.
 * A device is stale for the others after five of its intervals, at least an hour: its average changes slowly, and a
 * fleet must not shrink to those that happen to be heard every second. */
#include "rules/detect/fleet_zscore.h"

#include "rules/detect/event_time.h"
#include "rules/fleet.h"

enum { STALE_MIN_MS = 3600 * 1000 };

static void zscore_fini(void *state) {
    fleet_member_withdraw(state);
}

static bool zscore_update(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                          double outputs[DETECTOR_OUTPUTS_MAX]) {
    const int64_t gap_ms = event_gap_ms(spec);
    return fleet_zscore_update(state, at_ms, inputs[0], gap_ms > STALE_MIN_MS ? gap_ms : STALE_MIN_MS, outputs);
}

static void zscore_save(const void *state, const struct detector_spec *spec, struct buf *out) {
    (void)spec;
    fleet_member_save(state, out);
}

static bool zscore_load(void *state, const struct detector_spec *spec, struct cursor *in) {
    (void)spec;
    return fleet_member_load(state, in);
}

void fleet_zscore_join(void *state, struct fleet *fleet, const char *expression, const char *part) {
    fleet_member_join(state, fleet, expression, part);
}

const struct detector_row detect_fleet_zscore = {
    .name = "fleet_zscore",
    .min_inputs = 1,
    .max_inputs = 1,
    .input = DETECTOR_VALUES,
    .state_bytes = sizeof(struct fleet_member),
    .fini = zscore_fini,
    .update = zscore_update,
    .save = zscore_save,
    .load = zscore_load,
};
