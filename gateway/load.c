/* Reads back what the pipeline thread holds in memory: devices, streams, series, rule state, open chunks. At the start,
 * and in place of a restart when a turn's transaction failed (then what is in memory may be ahead of what is stored).
 *
 * Order: devices with their packs, series, streams; the rules' states; log lines and events that these have not seen
 * (load_logs.c); then the journal, which gives rules what their states have not seen and history its open chunks; last
 * the raised alarms. What a state does not hold (there is none, or the pack was edited since) is made anew from
 * history: windows are filled, conditions begin with the next sample. Firings of the replay are thrown away: what they
 * caused is in the store already. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "cases.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fleet.h"
#include "foreign.h"
#include "load_logs.h"
#include "pipeline.h"
#include "store/cases.h"
#include "store/conduct.h"
#include "store/devices.h"
#include "store/rule_state.h"
#include "watchdog.h"

enum { BEAT_ROWS = 10000 };

/* Where a series of the journal belongs. Ids are small and dense: an array. */
struct place {
    struct device *device;
    int metric, part;
};
struct by_row {
    int64_t row;
    struct device *device;
    UT_hash_handle hh;
};
struct loading {
    struct core *core;
    struct by_row *by_row;
    struct place *places;
    int64_t place_count;
    struct sample samples[JOURNAL_SAMPLES_MAX];
    enum result failed; /* in the middle of the journal */
    int64_t rows, samples_total, states, warmed;
};

static struct device *by_row_find(const void *self, int64_t row) {
    const struct loading *l = self;
    struct by_row *found;
    HASH_FIND(hh, l->by_row, &row, sizeof row, found);
    return found ? found->device : NULL;
}

static void load_device(void *self, const struct device_loaded *d) {
    struct loading *l = self;
    struct device *device = registry_add(l->core->registry, d->device);
    struct by_row *entry = mem_alloc(sizeof *entry);
    device->row = d->row;
    device->capabilities = d->capabilities;
    device->last_seen_ms = d->last_seen_ms;
    device->evidence_bytes = d->evidence_bytes;
    device_set_pack(device, d->model, packs_find(l->core->packs, d->model));
    if (device->rules)
        rule_device_join(device->rules, fleet_enter(l->core->fleets, d->model, d->firmware));
    foreign_remember(l->core->foreign, d->device, d->agent, d->serial, d->firmware);
    entry->row = d->row;
    entry->device = device;
    HASH_ADD(hh, l->by_row, row, sizeof entry->row, entry);
}

static void load_stream(void *self, const struct stream_loaded *s) {
    struct loading *l = self;
    struct device *device = by_row_find(l, s->device);
    if (!device)
        return;
    struct device_stream *stream = device_stream_add(device, s->stream);
    stream->seq = stream->acked_seq = s->seq;
    stream->is_urgent = s->is_urgent;
    stream->used_mono_ms = s->used_ms - clock_wall_ms() + clock_mono_ms(); /* may be negative: before this boot */
}

static void load_series(void *self, const struct series_loaded *s) {
    struct loading *l = self;
    struct device *device = by_row_find(l, s->device);
    const int metric = device && device->pack ? pack_metric_find(device->pack, s->metric) : -1;
    const int part = metric < 0 ? -1 : rule_device_part(device->rules, s->part);
    if (part < 0)
        return; /* of a metric that the pack no longer has: its past can be read, rules do not see it */
    device_set_series(device, metric, part, s->id);
    if (s->id >= l->place_count) {
        const int64_t count = s->id * 2 + 64;
        l->places = mem_realloc(l->places, (size_t)count * sizeof *l->places);
        memset(l->places + l->place_count, 0, (size_t)(count - l->place_count) * sizeof *l->places);
        l->place_count = count;
    }
    l->places[s->id] = (struct place){.device = device, .metric = metric, .part = part};
}

static void load_conduct(void *self, int64_t row, const struct conduct *kept) {
    struct loading *l = self;
    struct device *device = by_row_find(l, row);
    if (device)
        guard_load(l->core, device, kept);
}

static void load_state(void *self, int64_t row, int64_t journal, const void *state, size_t bytes) {
    struct loading *l = self;
    struct device *device = by_row_find(l, row);
    if (!device || !device->rules)
        return;
    const enum result result = rule_device_load(device->rules, state, bytes);
    if (result == RESULT_OK) {
        device->rules_loaded = device->unkept.newest = journal;
        device->state_loaded.is_there = true;
        l->states++;
    } else {
        log_info("gateway.load", "state_unfit", "device=%s result=%s", device->id, result_name(result));
    }
}

struct warming {
    struct loading *loading;
    const struct place *place;
};

static void warm_points(void *self, const struct point *points, size_t count) {
    const struct warming *w = self;
    for (size_t i = 0; i < count; i++)
        rule_device_warm(w->place->device->rules, &(struct sample){.metric = w->place->metric,
                                                                   .part = w->place->part,
                                                                   .event_ms = points[i].event_ms,
                                                                   .value = points[i].value});
    w->loading->warmed += (int64_t)count;
}

/* From chunks, for devices whose rules have no state, or one from before an edit of their pack; what is not in a chunk
 * yet comes with the journal. */
static enum result warm_up(struct loading *l) {
    enum result result = RESULT_OK;
    const int64_t now_ms = clock_wall_ms();
    for (int64_t id = 0; id < l->place_count && result == RESULT_OK; id++) {
        struct warming w = {.loading = l, .place = &l->places[id]};
        const struct device *device = w.place->device;
        if (device && (device->rules_loaded == 0 || rule_device_is_cold(device->rules)))
            result = store_points_since(l->core->store, id, now_ms - device->pack->longest_window_ms, warm_points, &w);
    }
    return result;
}

static void load_alarm(void *self, const struct alarm *alarm) {
    struct loading *l = self;
    struct device *device = by_row_find(l, alarm->device_id);
    if (alarm->is_active && !alarm->is_latched && device && device->rules)
        rule_device_restore(device->rules, alarm->alarm, alarm->part, alarm->is_fault_code, alarm->severity,
                            alarm->raised_ms);
}

/* Rules have seen it, but windows that an edit of the pack brought have not. */
static void warm_with(struct loading *l, const struct place *place, const struct journal_row *row,
                      const struct journal_sample *s) {
    if (row->id > history_covered(l->core->history, s->series) && rule_device_is_cold(place->device->rules))
        rule_device_warm(
            place->device->rules,
            &(struct sample){.metric = place->metric, .part = place->part, .event_ms = s->event_ms, .value = s->value});
}

static void replay_row(void *self, const struct journal_row *row) {
    struct loading *l = self;
    struct device *device = NULL;
    size_t count = 0;
    for (size_t i = 0; i < row->count; i++) {
        const struct journal_sample *s = &row->samples[i];
        history_add(l->core->history, s->series, row->id, row->recv_ms, s->event_ms, s->value);
        if (s->series < 0 || s->series >= l->place_count || !l->places[s->series].device)
            continue;
        const struct place *place = &l->places[s->series];
        if (place->device->rules_loaded == 0 && row->id <= history_covered(l->core->history, s->series))
            continue; /* warmed up with it */
        device = place->device;
        if (row->id <= device->rules_loaded)
            warm_with(l, place, row, s);
        l->samples[count++] =
            (struct sample){.metric = place->metric, .part = place->part, .event_ms = s->event_ms, .value = s->value};
    }
    if (device && row->id > device->rules_loaded) {
        firings_reset(&l->core->firings);
        rule_device_samples(device->rules, l->samples, count, &l->core->firings);
        if (l->failed == RESULT_OK)
            l->failed = rule_keep_note(l->core, device, row->id, clock_mono_ms());
    }
    if (++l->rows % BEAT_ROWS == 0)
        watchdog_beat(l->core->watchdog, l->core);
    l->samples_total += (int64_t)row->count;
}

enum result pipeline_load(struct core *core, struct fault *fault) {
    struct loading *l = mem_alloc(sizeof *l);
    const struct device_loader loader = {
        .device = load_device, .stream = load_stream, .series = load_series, .self = l};
    const int64_t begun_ms = clock_mono_ms();
    l->core = core;
    foreign_forget(core->foreign);
    acks_forget(core->acks);
    core->touched = NULL;
    core->log_wait.first = NULL;
    rule_keep_forget(&core->rule_keep);
    core->guard.listed = NULL;
    registry_free(core->registry);
    fleets_free(core->fleets);
    reload_forget(core);
    history_close(core->history);
    core->registry = registry_new();
    core->fleets = fleets_new();
    core->history = NULL;
    enum result result = store_begin(core->store);
    if (result == RESULT_OK)
        result = store_devices_offline(core->store);
    if (result == RESULT_OK)
        result = store_commit(core->store);
    if (result == RESULT_OK)
        result = store_devices_load(core->store, &loader);
    if (result == RESULT_OK)
        result = store_conducts_load(core->store, load_conduct, l);
    if (result == RESULT_OK)
        result = history_open(core->store, &(struct history_options){0}, &core->history);
    if (result == RESULT_OK)
        result = store_rule_states_load(core->store, load_state, l);
    if (result == RESULT_OK)
        result = warm_up(l);
    struct load_logs logs = {.core = core, .find = by_row_find, .self = l};
    if (result == RESULT_OK)
        result = load_logs(&logs);
    if (result == RESULT_OK)
        result = journal_replay(core->store, 0, replay_row, l);
    if (result == RESULT_OK)
        result = l->failed;
    load_logs_wait(core);
    for (struct device *d = NULL; result == RESULT_OK && (d = registry_next(core->registry, d));)
        if (d->rules)
            rule_device_settle(d->rules);
    if (result == RESULT_OK)
        result = store_alarms_load(core->store, INT64_MAX, load_alarm, l);
    if (result == RESULT_OK)
        result = fleet_load(core);
    core->may_have_orphans = true;
    if (result != RESULT_OK) {
        fault_set(fault, result, "loading from the store: %s", store_error(core->store));
        store_rollback(core->store);
    } else {
        log_info("gateway.load", "loaded",
                 "devices=%zu states=%lld warmed_samples=%lld journal_rows=%lld samples=%lld log_rows=%lld ms=%lld",
                 registry_count(core->registry), (long long)l->states, (long long)l->warmed, (long long)l->rows,
                 (long long)l->samples_total, (long long)logs.rows, (long long)(clock_mono_ms() - begun_ms));
    }
    struct by_row *entry, *next;
    HASH_ITER(hh, l->by_row, entry, next) {
        HASH_DEL(l->by_row, entry);
        free(entry);
    }
    free(l->places);
    free(l);
    return result;
}
