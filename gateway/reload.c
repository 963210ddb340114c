/* A device goes over by the way a restart goes: its rule state is saved and loaded into the new rules, which take what
 * they find of theirs; what is raised is put back by name. What a restart takes from the store is here in memory, so no
 * journal is replayed and nothing stands still: a fleet of 10,000 goes over in slices, between messages.
 *
 * An alarm whose rule is gone would stay for ever, because nobody judges it any more: it is cleared, and its ticket
 * says why. Doing all devices in one turn was left: at some 50 us each a large fleet would wait half a second. */
#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "load_logs.h"
#include "orphans.h"
#include "rules/device.h"
#include "rules/pack_holder.h"
#include "store/cases.h"
#include "store/rule_state.h"

enum { RAISED_MAX = 1024 };

/* What has to outlive the old rules. */
struct crossing {
    struct core *core;
    struct device *device;
    const struct pack *old_pack;
    struct rule_device *old; /* owned; its pack is held by reload.old */
    struct device_series *series;
    struct rule_raised raised[RAISED_MAX];
    size_t raised_count;
};

static size_t at_most(size_t count, size_t most) {
    return count < most ? count : most;
}

/* ---- series and windows ---- */

/* Indices of metrics and parts are the pack's and the device's own; ids of series are the store's and stay. */
static void move_series(const struct crossing *c) {
    struct device *device = c->device;
    for (size_t m = 0; m < c->old_pack->metric_count; m++) {
        const int metric = pack_metric_find(device->pack, c->old_pack->metrics[m].name);
        for (int part = 0; metric >= 0 && part <= c->series[m].count; part++) {
            const int64_t id = part == 0 ? c->series[m].first : c->series[m].ids[part - 1];
            if (id != 0)
                device_set_series(device, metric, rule_device_part(device->rules, rule_device_part_name(c->old, part)),
                                  id);
        }
    }
}

struct warming {
    struct rule_device *rules;
    int metric, part;
};

static void warm_points(void *self, const struct point *points, size_t count) {
    const struct warming *w = self;
    for (size_t i = 0; i < count; i++)
        rule_device_warm(w->rules, &(struct sample){.metric = w->metric,
                                                    .part = w->part,
                                                    .event_ms = points[i].event_ms,
                                                    .value = points[i].value});
}

/* Windows that no state filled, from chunks and from what is in no chunk yet. */
static enum result warm_up(struct core *core, struct device *device) {
    enum result result = RESULT_OK;
    for (size_t m = 0; m < device->pack->metric_count; m++)
        for (int part = 0; part <= device->series[m].count && result == RESULT_OK; part++) {
            struct warming w = {.rules = device->rules, .metric = (int)m, .part = part};
            const int64_t id = device_series_id(device, (int)m, part);
            if (id != 0)
                result = store_points_since(core->store, id, core->now_ms - device->pack->longest_window_ms,
                                            warm_points, &w);
            const struct point *open;
            const size_t count = id != 0 && result == RESULT_OK ? history_open_points(core->history, id, &open) : 0;
            warm_points(&w, count > 0 ? open : NULL, count);
        }
    return result;
}

static enum result move_state(const struct crossing *c) {
    struct device *device = c->device;
    struct reload_report *report = &c->core->reload.report;
    struct buf state;
    buf_init(&state, RULE_STATE_BYTES_MAX);
    rule_device_save(c->old, &state);
    const enum result loaded =
        state.overflow ? RESULT_TOO_BIG : rule_device_load(device->rules, state.data, state.count);
    buf_fini(&state);
    rule_device_pass_fleet(c->old, device->rules);
    report->kept += loaded == RESULT_OK;
    report->anew += loaded != RESULT_OK;
    if (loaded != RESULT_OK)
        log_info("gateway.reload", "state_unfit", "device=%s result=%s", device->id, result_name(loaded));
    const enum result warmed = rule_device_is_cold(device->rules) ? warm_up(c->core, device) : RESULT_OK;
    return warmed == RESULT_OK ? load_logs_of(c->core, device) : warmed;
}

/* ---- alarms ---- */

static bool is_raised(const struct rule_device *rules, const struct rule_raised *r) {
    struct rule_raised raised[RAISED_MAX];
    const size_t count = at_most(rule_device_raised(rules, raised, RAISED_MAX), RAISED_MAX);
    for (size_t i = 0; i < count; i++)
        if (strcmp(raised[i].rule->alert, r->rule->alert) == 0 && strcmp(raised[i].part, r->part) == 0 &&
            raised[i].rule->severity == r->rule->severity)
            return true;
    return false;
}

static enum result clear_alarm(const struct crossing *c, const struct rule_raised *raised) {
    const struct firing last = {.alarm = raised->rule->alert,
                                .part = raised->part,
                                .severity = raised->rule->severity,
                                .opens_ticket = raised->rule->opens_ticket,
                                .value = raised->value};
    c->core->reload.report.alarms_cleared++;
    return orphan_clear(c->core, c->device, &last);
}

static enum result move_alarms(const struct crossing *c) {
    struct rule_device *rules = c->device->rules;
    enum result result = RESULT_OK;
    for (size_t i = 0; i < c->raised_count && result == RESULT_OK; i++) {
        const struct rule_raised *r = &c->raised[i];
        if (!c->device->pack || !pack_has_alert(c->device->pack, r->rule->alert))
            result = clear_alarm(c, r);
        else if (!is_raised(rules, r))
            rule_device_restore(rules, r->rule->alert, r->part, false, r->rule->severity, r->since_ms);
    }
    const char *codes[FAULTS_ON_MAX];
    const size_t on = rules ? at_most(rule_device_faults(c->old, codes, FAULTS_ON_MAX), FAULTS_ON_MAX) : 0;
    for (size_t i = 0; i < on; i++)
        rule_device_restore(rules, codes[i], "", true, SEVERITY_IS_WARNING, 0);
    return result;
}

/* ---- devices ---- */

static enum result cross(struct crossing *c) {
    struct device *device = c->device;
    enum result result = RESULT_OK;
    c->raised_count = at_most(rule_device_raised(c->old, c->raised, RAISED_MAX), RAISED_MAX);
    if (device->rules) {
        move_series(c);
        result = move_state(c);
    }
    return result == RESULT_OK ? move_alarms(c) : result;
}

enum result reload_device(struct core *core, struct device *device) {
    const struct pack *fresh = packs_find(core->packs, device->model);
    enum result result = RESULT_OK;
    if (!core->reload.is_under_way || device->row == 0 || device->pack == fresh)
        return RESULT_OK;
    struct crossing *c = mem_alloc(sizeof *c);
    *c = (struct crossing){.core = core, .device = device, .old_pack = device->pack};
    c->old = device_change_pack(device, fresh, &c->series);
    if (c->old)
        result = cross(c);
    core->reload.report.devices++;
    device_series_free(c->series, c->old_pack);
    rule_device_free(c->old);
    free(c);
    return result;
}

static enum result sweep(struct core *core, int64_t until_us, bool *is_done) {
    struct reload *r = &core->reload;
    enum result result = RESULT_OK;
    struct device *device = registry_next(core->registry, r->reached);
    for (; device && result == RESULT_OK; device = registry_next(core->registry, device)) {
        result = reload_device(core, device);
        r->reached = device;
        if (clock_mono_us() >= until_us)
            break;
    }
    *is_done = device == NULL;
    return result;
}

static void finish(struct core *core) {
    pack_holder_return(core->holder, core->reload.old);
    core->reload.old = NULL;
    core->reload.is_under_way = false;
}

enum result reload_begin(struct core *core, struct packs *fresh) {
    bool is_done = true;
    const enum result result = core->reload.is_under_way ? sweep(core, INT64_MAX, &is_done) : RESULT_OK;
    if (result != RESULT_OK) { /* devices are still on the old packs; the turn fails, and reload_forget returns them */
        packs_free(fresh);
        return result;
    }
    if (core->reload.is_under_way)
        finish(core);
    const struct packs *old = pack_holder_take(core->holder);
    pack_holder_put(core->holder, fresh);
    core->packs = fresh;
    core->reload = (struct reload){.is_under_way = true, .old = old, .began_mono_ms = core->now_mono_ms};
    return RESULT_OK;
}

enum result reload_turn(struct core *core, bool *is_done) {
    *is_done = false;
    if (!core->reload.is_under_way)
        return RESULT_OK;
    const enum result result = sweep(core, clock_mono_us() + RELOAD_SLICE_US, is_done);
    if (result == RESULT_OK && *is_done)
        finish(core);
    return result;
}

void reload_forget(struct core *core) {
    if (core->reload.is_under_way)
        finish(core);
}
