/* Whoever speaks is evaluated by what it says, in its own time: an absence is noticed there with the next sample of
 * anything else. Whoever is offline is known to be (presence), and its data may be in its spool. What is left is the
 * device that is connected and silent; its rules of absence, and no others, are asked by the wall clock
 * (rule_device_wall). */
#include "absence.h"

#include "cases.h"
#include "fieldline/clock.h"

static bool is_silent(const struct core *core, const struct device *device) {
    return device->is_online && device->rules && device->pack->has_absence &&
           core->now_mono_ms - device->heard_mono_ms >= ABSENCE_QUIET_MS;
}

enum result absence_tick(struct core *core) {
    enum result result = RESULT_OK;
    if (core->now_mono_ms < core->absence_mono_ms)
        return RESULT_OK;
    core->absence_mono_ms = core->now_mono_ms + ABSENCE_EVERY_MS;
    for (struct device *d = NULL; result == RESULT_OK && (d = registry_next(core->registry, d));) {
        if (!is_silent(core, d))
            continue;
        firings_reset(&core->firings);
        rule_device_wall(d->rules, core->now_ms, &core->firings);
        result = rule_keep_note_logs(core, d, core->now_mono_ms); /* a hold that runs is to outlive a restart */
        if (result == RESULT_OK && core->firings.count > 0)
            result = cases_take(core, d, &core->firings, core->now_ms, clock_mono_us());
    }
    return result;
}
