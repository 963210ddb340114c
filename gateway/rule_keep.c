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
}

void rule_keep_note(struct rule_keep *keep, struct device *device, int64_t journal, int64_t now_mono_ms) {
    device->unkept.newest = journal;
    if (device->unkept.oldest != 0)
        return;
    device->unkept.oldest = journal;
    device->unkept.since_mono_ms = now_mono_ms;
    device->unkept.newer = NULL;
    if (keep->last)
        keep->last->unkept.newer = device;
    else
        keep->first = device;
    keep->last = device;
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
    for (int i = 0; result == RESULT_OK && keep->first && (all || i < RULE_KEEP_DEVICES); i++) {
        if (!all && core->now_mono_ms - keep->first->unkept.since_mono_ms < RULE_KEEP_EVERY_MS)
            break;
        result = write_first(core);
    }
    return result;
}

int64_t rule_keep_pin(const struct rule_keep *keep) {
    return keep->first ? keep->first->unkept.oldest : INT64_MAX;
}
