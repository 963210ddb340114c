/* The journal is trimmed in every turn by a multiple of what the turn wrote: at any rate of messages it stays as long
 * as the rules look back, and no longer. Retention goes round the devices, one a second and at most so many rows of
 * each: a fleet of 10,000 is round in three hours, which is often enough for limits counted in days. */
#include "housekeeping.h"

#include <stdlib.h>

#include "store/records.h"
#include "store/users.h"

enum {
    TRIM_EVERY_MS = 100,
    TRIM_PER_MESSAGE = 2,
    TRIM_ROWS_LEAST = 200,
    JOURNAL_KEEP_EXTRA_MS = 10 * 60 * 1000, /* beyond what rules look back: for late data */
    DEVICE_EVERY_MS = 1000,
    EXPIRE_ROWS = 500,
    LOGINS_EVERY_MS = 60 * 1000
};

static const int64_t UNKNOWN_MODEL_KEEP_MS = 30LL * 24 * 3600 * 1000; /* of a model without a pack */

struct housekeeping {
    int64_t journal_keep_ms;
    int64_t trim_mono_ms, device_mono_ms, logins_mono_ms; /* when next */
    size_t messages;                                      /* since the last trim */
    const struct device *device;                          /* whose turn it was last */
};

struct housekeeping *housekeeping_new(const struct core *core) {
    struct housekeeping *h = mem_alloc(sizeof *h);
    for (size_t i = 0; i < packs_count(core->packs); i++) {
        const int64_t window = packs_at(core->packs, i)->longest_window_ms;
        h->journal_keep_ms = window > h->journal_keep_ms ? window : h->journal_keep_ms;
    }
    h->journal_keep_ms += JOURNAL_KEEP_EXTRA_MS;
    return h;
}

void housekeeping_free(struct housekeeping *h) {
    free(h);
}

void housekeeping_forget(struct housekeeping *h) {
    h->device = NULL;
}

static bool is_due(int64_t *next_mono_ms, int64_t now_mono_ms, int64_t every_ms) {
    if (now_mono_ms < *next_mono_ms)
        return false;
    *next_mono_ms = now_mono_ms + every_ms;
    return true;
}

static enum result trim_journal(struct housekeeping *h, struct core *core) {
    int deleted;
    const size_t rows = TRIM_ROWS_LEAST + TRIM_PER_MESSAGE * h->messages;
    h->messages = 0;
    return journal_trim(core->store, history_pins(core->history), core->now_ms - h->journal_keep_ms, (int)rows,
                        &deleted);
}

static enum result expire_next_device(struct housekeeping *h, struct core *core) {
    const struct device *device = h->device = registry_next(core->registry, h->device);
    int deleted;
    if (!device || device->row == 0 || core->now_mono_ms < core->guard.unsettled_until_mono_ms)
        return RESULT_OK;
    const int64_t history_ms = device->pack ? device->pack->history_ms : UNKNOWN_MODEL_KEEP_MS;
    const int64_t logs_ms = device->pack ? device->pack->logs_ms : UNKNOWN_MODEL_KEEP_MS;
    enum result result = history_expire(core->history, device->row, core->now_ms - history_ms, EXPIRE_ROWS, &deleted);
    if (result == RESULT_OK)
        result = store_logs_expire(core->store, device->row, core->now_ms - logs_ms, EXPIRE_ROWS, &deleted);
    return result;
}

enum result housekeeping_turn(struct housekeeping *h, struct core *core, size_t messages) {
    enum result result = RESULT_OK;
    h->messages += messages;
    if (is_due(&h->trim_mono_ms, core->now_mono_ms, TRIM_EVERY_MS))
        result = trim_journal(h, core);
    if (result == RESULT_OK && is_due(&h->device_mono_ms, core->now_mono_ms, DEVICE_EVERY_MS))
        result = expire_next_device(h, core);
    if (result == RESULT_OK && is_due(&h->logins_mono_ms, core->now_mono_ms, LOGINS_EVERY_MS))
        result = store_logins_expire(core->store, core->now_ms, core->now_ms - core->settings->login_idle_ms);
    return result;
}
