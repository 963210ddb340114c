/* A queue through the devices: who changes first after being written goes to its end, so its head holds the oldest row
 * that is still needed, and is the next to be written. Writing each device every few minutes costs a few kilobytes a
 * device; not writing would mean to replay the longest window of any rule, which may be weeks, at each start.
 *
 * In the transaction of the turn: when that is rolled back everything is read anew (load.c), this queue too. */
#include "rule_keep.h"

#include "core.h"
#include "fieldline/log.h"
#include "store/rule_state.h"

void rule_keep_init(struct rule_keep *keep) {
    *keep = (struct rule_keep){0};
    buf_init(&keep->state, RULE_STATE_BYTES_MAX);
}

void rule_keep_fini(struct rule_keep *keep) {
    buf_fini(&keep->state);
}

void rule_keep_forget(struct rule_keep *keep) {
    keep->first = keep->last = NULL;
    keep->journal = 0;
}

static void join(struct rule_keep *keep, struct device *device, int64_t journal, const struct log_place *seen,
                 int64_t now_mono_ms) {
    device->unkept.oldest = journal;
    device->unkept.log = seen->log;
    device->unkept.event = seen->event;
    device->unkept.since_mono_ms = now_mono_ms;
    device->unkept.newer = NULL;
    if (keep->last)
        keep->last->unkept.newer = device;
    else
        keep->first = device;
    keep->last = device;
}

enum result rule_keep_note(struct core *core, struct device *device, int64_t journal, int64_t now_mono_ms) {
    struct log_place seen = {0};
    core->rule_keep.journal = device->unkept.newest = journal;
    if (device->unkept.oldest != 0)
        return RESULT_OK;
    const enum result result = store_log_newest(core->store, &seen);
    if (result == RESULT_OK)
        join(&core->rule_keep, device, journal, &seen, now_mono_ms);
    return result;
}

void rule_keep_note_seen(struct core *core, struct device *device, const struct log_place *seen, int64_t now_mono_ms) {
    if (device->unkept.oldest == 0)
        join(&core->rule_keep, device, core->rule_keep.journal + 1, seen, now_mono_ms);
}

enum result rule_keep_note_logs(struct core *core, struct device *device, int64_t now_mono_ms) {
    struct log_place seen = {0};
    if (device->unkept.oldest != 0)
        return RESULT_OK;
    const enum result result = store_log_newest(core->store, &seen);
    if (result == RESULT_OK)
        rule_keep_note_seen(core, device, &seen, now_mono_ms);
    return result;
}

/* Everything that was received is seen by the state that is written now. */
static enum result write_log_place(struct core *core, const struct device *device) {
    struct log_place now;
    if (!pack_reads_logs(device->pack) && !pack_reads_codes(device->pack))
        return RESULT_OK;
    const enum result result = store_log_newest(core->store, &now);
    return result == RESULT_OK ? store_log_place_put(core->store, device->row, &now) : result;
}

/* What every stored state has seen: a restart reads from there on. Not exact but never too far: places of devices that
 * wait to be written rise along the queue. */
static enum result write_all_place(struct core *core) {
    const struct device *first = core->rule_keep.first;
    struct log_place seen;
    if (first)
        seen = (struct log_place){.log = first->unkept.log, .event = first->unkept.event};
    else if (store_log_newest(core->store, &seen) != RESULT_OK)
        return RESULT_IO;
    return store_log_place_put(core->store, 0, &seen);
}

static enum result write_first(struct core *core) {
    struct rule_keep *keep = &core->rule_keep;
    struct device *device = keep->first;
    enum result result = RESULT_OK;
    buf_reset(&keep->state);
    if (device->rules)
        rule_device_save(device->rules, &keep->state);
    if (keep->state.overflow) { /* an older one must not stay: the rows after it leave the journal */
        log_warn("gateway.rule_keep", "state_too_big", "device=%s", device->id);
        buf_reset(&keep->state);
    }
    if (device->rules)
        result =
            store_rule_state_put(core->store, device->row, device->unkept.newest, keep->state.data, keep->state.count);
    if (device->rules && result == RESULT_OK)
        result = write_log_place(core, device);
    keep->first = device->unkept.newer;
    if (!keep->first)
        keep->last = NULL;
    device->unkept.oldest = 0;
    device->unkept.newer = NULL;
    return result;
}

enum result rule_keep_turn(struct core *core, bool all) {
    struct rule_keep *keep = &core->rule_keep;
    enum result result = RESULT_OK;
    const struct device *first = keep->first;
    for (int i = 0; result == RESULT_OK && keep->first && (all || i < RULE_KEEP_DEVICES); i++) {
        if (!all && core->now_mono_ms - keep->first->unkept.since_mono_ms < RULE_KEEP_EVERY_MS)
            break;
        result = write_first(core);
    }
    return result == RESULT_OK && keep->first != first ? write_all_place(core) : result;
}

int64_t rule_keep_pin(const struct rule_keep *keep) {
    return keep->first ? keep->first->unkept.oldest : INT64_MAX;
}
