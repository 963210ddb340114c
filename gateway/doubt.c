/* The sweep goes round all devices once a second while it lasts, and changes at most so many of them in one turn: a
 * fleet that is gone as a whole must not hold up what the others send. Only a loss that we saw counts: a gateway that
 * starts takes nobody for online anyway. */
#include "doubt.h"

#include "core.h"
#include "fieldline/log.h"
#include "pipeline.h"

enum { OFFLINE_PER_TICK = 1000 };

static enum result sweep(struct core *core) {
    int found = 0;
    for (struct device *d = NULL; found < OFFLINE_PER_TICK && (d = registry_next(core->registry, d));) {
        if (!d->is_online || d->heard_mono_ms >= core->doubt.since_mono_ms)
            continue;
        const enum result result = pipeline_presence(core, d, false);
        if (result != RESULT_OK)
            return result;
        found++;
    }
    core->figures.doubted += (uint64_t)found;
    if (found > 0)
        log_warn("gateway.doubt", "not_returned", "devices=%d within_ms=%lld", found,
                 (long long)core->settings->return_within_ms);
    if (found < OFFLINE_PER_TICK)
        core->doubt.since_mono_ms = 0;
    return RESULT_OK;
}

enum result doubt_tick(struct core *core) {
    struct doubt *doubt = &core->doubt;
    const struct mqtt_figures mqtt = mqtt_read_figures(core->mqtt);
    if (mqtt.losses > doubt->losses) {
        doubt->losses = mqtt.losses;
        doubt->since_mono_ms = mqtt.lost_mono_ms;
        doubt->deadline_mono_ms = 0;
    }
    if (doubt->since_mono_ms == 0)
        return RESULT_OK;
    if (!mqtt.is_connected)
        doubt->deadline_mono_ms = 0;
    else if (doubt->deadline_mono_ms == 0)
        doubt->deadline_mono_ms = core->now_mono_ms + core->settings->return_within_ms;
    return doubt->deadline_mono_ms != 0 && core->now_mono_ms >= doubt->deadline_mono_ms ? sweep(core) : RESULT_OK;
}
