/* A device whose state came from the store gets the rows that it has not seen, as if they came now: they wait in its
 * rules until the journal's samples have reached their time. A device without one gets what its windows look back to,
 * and evaluates none of it.
 *
 * Firings are thrown away, as all of a restart: alarms are in the store. */
#include "load_logs.h"

#include <stddef.h>

#include "fieldline/clock.h"

struct reading {
    struct load_logs *l;
    struct log_place all; /* what all states have seen */
};

static void take_place(void *self, int64_t row, const struct log_place *place) {
    struct reading *r = self;
    if (row == 0) {
        r->all = *place;
        return;
    }
    struct device *device = r->l->find(r->l->self, row);
    if (!device || !device->state_loaded.is_there)
        return;
    device->state_loaded.has_logs = true;
    device->state_loaded.log = place->log;
    device->state_loaded.event = place->event;
}

/* ---- a state that has not seen all ---- */

static void again(struct reading *r, struct device *device) {
    rule_keep_note_seen(r->l->core, device, &r->all, clock_mono_ms());
    r->l->rows++;
}

static void take_line(void *self, int64_t row, int64_t id, const struct log_record *record) {
    struct reading *r = self;
    struct device *device = r->l->find(r->l->self, row);
    if (!device || !device->rules || !device->state_loaded.has_logs || id <= device->state_loaded.log ||
        !pack_reads_logs(device->pack))
        return;
    firings_reset(&r->l->core->firings);
    rule_device_log(device->rules, record, &r->l->core->firings);
    again(r, device);
}

static void take_code(void *self, int64_t row, int64_t id, const char *code, int64_t event_ms) {
    struct reading *r = self;
    struct device *device = r->l->find(r->l->self, row);
    if (!device || !device->rules || !device->state_loaded.has_logs || id <= device->state_loaded.event ||
        !pack_reads_codes(device->pack))
        return;
    firings_reset(&r->l->core->firings);
    rule_device_code(device->rules, code, event_ms, &r->l->core->firings);
    again(r, device);
}

/* ---- no state, or one of rules that asked for others ---- */

static void warm_line(void *self, int64_t row, int64_t id, const struct log_record *record) {
    struct reading *r = self;
    const struct device *device = r->l->find(r->l->self, row);
    if (device->state_loaded.has_logs && id > device->state_loaded.log)
        return; /* comes with those that the state has not seen */
    rule_device_warm_log(device->rules, record);
    r->l->rows++;
}

static void warm_code(void *self, int64_t row, int64_t id, const char *code, int64_t event_ms) {
    struct reading *r = self;
    const struct device *device = r->l->find(r->l->self, row);
    if (device->state_loaded.has_logs && id > device->state_loaded.event)
        return;
    rule_device_warm_code(device->rules, code, event_ms);
    r->l->rows++;
}

static enum result warm_up(struct reading *r) {
    struct store *store = r->l->core->store;
    enum result result = RESULT_OK;
    const int64_t now_ms = clock_wall_ms();
    for (struct device *d = NULL; result == RESULT_OK && (d = registry_next(r->l->core->registry, d));) {
        if (!d->rules || (d->state_loaded.has_logs && !rule_device_logs_are_cold(d->rules)))
            continue;
        const int64_t from_ms = now_ms - d->pack->longest_window_ms;
        if (pack_reads_logs(d->pack))
            result = store_lines_since(store, d->row, from_ms, warm_line, r);
        if (result == RESULT_OK && pack_reads_codes(d->pack))
            result = store_codes_since(store, d->row, from_ms, warm_code, r);
        rule_device_warm_end(d->rules);
    }
    return result;
}

static void warm_own_line(void *self, int64_t row, int64_t id, const struct log_record *record) {
    (void)row, (void)id;
    rule_device_warm_log(self, record);
}
static void warm_own_code(void *self, int64_t row, int64_t id, const char *code, int64_t event_ms) {
    (void)row, (void)id;
    rule_device_warm_code(self, code, event_ms);
}

enum result load_logs_of(struct core *core, const struct device *device) {
    enum result result = RESULT_OK;
    const int64_t from_ms = core->now_ms - device->pack->longest_window_ms;
    if (!rule_device_logs_are_cold(device->rules))
        return RESULT_OK;
    if (pack_reads_logs(device->pack))
        result = store_lines_since(core->store, device->row, from_ms, warm_own_line, device->rules);
    if (result == RESULT_OK && pack_reads_codes(device->pack))
        result = store_codes_since(core->store, device->row, from_ms, warm_own_code, device->rules);
    rule_device_warm_end(device->rules);
    return result;
}

enum result load_logs(struct load_logs *l) {
    struct reading r = {.l = l};
    enum result result = store_log_places_load(l->core->store, take_place, &r);
    if (result == RESULT_OK)
        result = warm_up(&r);
    if (result == RESULT_OK)
        result = store_lines_after(l->core->store, r.all.log, take_line, &r);
    if (result == RESULT_OK)
        result = store_codes_after(l->core->store, r.all.event, take_code, &r);
    return result;
}

void load_logs_wait(struct core *core) {
    for (struct device *d = NULL; (d = registry_next(core->registry, d));)
        log_wait_note(&core->log_wait, d, clock_mono_ms());
}
