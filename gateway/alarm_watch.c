/* A walk over the silent alarms, a few in each turn's second, and round again: nothing has to be told to a timer when a
 * window is moved, a router comes back or a shelf is emptied. Members of incidents are not among them: their incident
 * speaks for them until they clear.
 *
 * A reason that is gone must stay gone for a while where what is silent comes back a little later than what silenced it
 * (silence_settle_ms). */
#include "alarm_watch.h"

#include "attention.h"
#include "cases.h"
#include "core.h"
#include "fieldline/log.h"
#include "store/cases.h"
#include "store/shelves.h"

enum { ROWS_PER_TICK = 100 };

struct rows {
    int64_t ids[ROWS_PER_TICK];
    size_t count;
};

static void keep_id(void *self, const struct alarm *alarm) {
    struct rows *rows = self;
    if (rows->count < ROWS_PER_TICK)
        rows->ids[rows->count++] = alarm->id;
}

static bool is_past(const struct core *core, const struct device *device, const struct alarm *alarm) {
    const struct silence_backlog backlog = {
        .front_ms = device->front_ms, .taken_ms = alarm->taken_ms, .is_fault_code = alarm->is_fault_code};
    return alarm->silence == SILENCE_PAST && !silence_has_drained(&backlog, core->now_ms);
}

static enum result keep(struct core *core, struct alarm *alarm, enum silence silence, int64_t surface_ms) {
    if (alarm->silence == silence && alarm->surface_ms == surface_ms)
        return RESULT_OK;
    alarm->silence = silence;
    alarm->surface_ms = surface_ms;
    effects_notify_row(core->effects, "alarm", alarm->id, alarm->device);
    return store_alarm_put(core->store, alarm);
}

static enum result look_at_quiet(struct core *core, struct device *device, struct alarm *alarm) {
    struct location location;
    enum silence found;
    const int64_t settle_ms = silence_settle_ms(alarm->silence);
    const bool is_gathering = alarm->silence == SILENCE_GATHERING;
    if (is_gathering && core->now_ms - alarm->taken_ms < STORM_GATHER_MS && core->now_ms >= alarm->taken_ms)
        return RESULT_OK;
    const enum result result = attention_look(core, device, alarm, is_past(core, device, alarm), &location, &found);
    if (result != RESULT_OK)
        return result;
    if (found != SILENCE_NONE)
        return keep(core, alarm, found, 0);
    if (settle_ms > 0 && (alarm->surface_ms == 0 || alarm->surface_ms > core->now_ms + settle_ms))
        return keep(core, alarm, alarm->silence, core->now_ms + settle_ms);
    return core->now_ms >= alarm->surface_ms ? cases_surface(core, device, alarm, is_gathering) : RESULT_OK;
}

static enum result look_at_flapping(struct core *core, struct device *device, struct alarm *alarm) {
    struct alarm calm;
    return alarm_calm(alarm, core->now_ms, &calm) ? cases_change(core, device, &calm, ALARM_CALMED) : RESULT_OK;
}

/* Whose device is not known any more is left as it is. */
static enum result each(struct core *core, const struct rows *rows,
                        enum result (*look)(struct core *core, struct device *device, struct alarm *alarm)) {
    for (size_t i = 0; i < rows->count; i++) {
        struct alarm alarm;
        enum result result = store_alarm_find(core->store, rows->ids[i], &alarm);
        struct device *device = result == RESULT_OK ? registry_find(core->registry, alarm.device) : NULL;
        if (device)
            result = look(core, device, &alarm);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

enum result alarm_watch_tick(struct core *core) {
    struct alarm_watch *watch = &core->alarm_watch;
    struct rows quiet = {.count = 0}, flapping = {.count = 0};
    int expired = 0;
    enum result result = store_shelves_expire(core->store, core->now_ms, &expired);
    if (expired > 0) {
        log_info("gateway.alarms", "shelves_expired", "count=%d", expired);
        effects_notify(core->effects, "shelf", "", NULL);
    }
    if (result == RESULT_OK)
        result = store_alarms_quiet(core->store, &watch->quiet_after, ROWS_PER_TICK, keep_id, &quiet);
    if (result == RESULT_OK)
        result = each(core, &quiet, look_at_quiet);
    if (result == RESULT_OK)
        result = store_alarms_flapping(core->store, &watch->flapping_after, ROWS_PER_TICK, keep_id, &flapping);
    return result == RESULT_OK ? each(core, &flapping, look_at_flapping) : result;
}
