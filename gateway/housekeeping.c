/* The journal is trimmed in every turn by a multiple of what the turn wrote: at any rate of messages it holds what open
 * chunks and rule states that are not stored yet need, and no more. Retention goes round the devices, one a second and
 * at most so many rows of each: a fleet of 10,000 is round in three hours, which is often enough for limits counted in
 * days. History's tiers get a little time in every turn too. */
#include "housekeeping.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "session_hold.h"
#include "store/records.h"
#include "store/users.h"

enum {
    TRIM_EVERY_MS = 100,
    TRIM_PER_MESSAGE = 2,
    TRIM_ROWS_LEAST = 200,
    DEVICE_EVERY_MS = 1000,
    EXPIRE_ROWS = 500,
    TIDY_EVERY_MS = 50,
    TIDY_CHUNKS_LEAST = 16, /* a fraction of a millisecond: what an older program left */
    TIDY_CHUNKS_TURN = 24,
    TIDY_OWED_PART = 50,
    LOGINS_EVERY_MS = 60 * 1000,
    RECORDING_EVERY_MS = 1000,
    FORGET_EVERY_MS = 1000
};

static const int64_t UNKNOWN_MODEL_KEEP_MS = 30LL * 24 * 3600 * 1000; /* of a model without a pack */

struct housekeeping {
    int64_t trim_mono_ms, device_mono_ms, tidy_mono_ms, logins_mono_ms, recording_mono_ms,
        forget_mono_ms;          /* when next */
    uint64_t owed_chunks;        /* to be opened for tiers */
    uint64_t tidied_chunks;      /* written when tiers were last worked on */
    size_t messages;             /* since the last trim */
    const struct device *device; /* whose turn it was last */
};

struct housekeeping *housekeeping_new(void) {
    return mem_alloc(sizeof(struct housekeeping));
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

/* Tiers keep up when they open twice as many chunks as were written. Series that began together fill their chunks
 * together, so what is owed comes in bursts; it is paid in every turn by a little, that no turn is long, and by the
 * more the more is owed. */
static int tidy_chunks(struct housekeeping *h, const struct core *core) {
    const uint64_t written = history_read_figures(core->history).chunks;
    h->owed_chunks += written > h->tidied_chunks ? 2 * (written - h->tidied_chunks) : 0; /* a reload begins at 0 */
    h->tidied_chunks = written;
    const uint64_t most = TIDY_CHUNKS_TURN + h->owed_chunks / TIDY_OWED_PART;
    const uint64_t now = h->owed_chunks < most ? h->owed_chunks : most;
    h->owed_chunks -= now;
    return (int)now;
}

static enum result trim_journal(struct housekeeping *h, struct core *core) {
    int deleted;
    const size_t rows = TRIM_ROWS_LEAST + TRIM_PER_MESSAGE * h->messages;
    const int64_t chunks = history_pins(core->history), rules = rule_keep_pin(&core->rule_keep);
    h->messages = 0;
    return journal_trim(core->store, chunks < rules ? chunks : rules, (int)rows, &deleted);
}

/* What a device's pack lets grow old, and who throws it away. */
struct retention {
    size_t keep_ms; /* where in struct pack */
    enum result (*expire)(struct core *core, int64_t device, int64_t before_ms, int *deleted);
};

static enum result expire_history(struct core *core, int64_t device, int64_t before_ms, int *deleted) {
    return history_expire(core->history, device, before_ms, EXPIRE_ROWS, deleted);
}
static enum result expire_tiers(struct core *core, int64_t device, int64_t before_ms, int *deleted) {
    return history_expire_tiers(core->history, device, before_ms, EXPIRE_ROWS, deleted);
}
static enum result expire_logs(struct core *core, int64_t device, int64_t before_ms, int *deleted) {
    return store_logs_expire(core->store, device, before_ms, EXPIRE_ROWS, deleted);
}
static enum result expire_events(struct core *core, int64_t device, int64_t before_ms, int *deleted) {
    return store_events_expire(core->store, device, before_ms, EXPIRE_ROWS, deleted);
}

static const struct retention retentions[] = {{offsetof(struct pack, history_ms), expire_history},
                                              {offsetof(struct pack, trends_ms), expire_tiers},
                                              {offsetof(struct pack, logs_ms), expire_logs},
                                              {offsetof(struct pack, events_ms), expire_events}};

static enum result expire_next_device(struct housekeeping *h, struct core *core) {
    const struct device *device = h->device = registry_next(core->registry, h->device);
    enum result result = RESULT_OK;
    int deleted;
    if (!device || device->row == 0 || core->now_mono_ms < core->guard.unsettled_until_mono_ms)
        return RESULT_OK;
    for (size_t i = 0; i < sizeof retentions / sizeof *retentions && result == RESULT_OK; i++) {
        int64_t keep_ms = UNKNOWN_MODEL_KEEP_MS;
        if (device->pack)
            memcpy(&keep_ms, (const char *)device->pack + retentions[i].keep_ms, sizeof keep_ms);
        result = retentions[i].expire(core, device->row, core->now_ms - keep_ms, &deleted);
    }
    return result;
}

enum result housekeeping_turn(struct housekeeping *h, struct core *core, size_t messages) {
    enum result result = RESULT_OK;
    h->messages += messages;
    if (is_due(&h->trim_mono_ms, core->now_mono_ms, TRIM_EVERY_MS))
        result = trim_journal(h, core);
    if (result == RESULT_OK && is_due(&h->device_mono_ms, core->now_mono_ms, DEVICE_EVERY_MS))
        result = expire_next_device(h, core);
    const int chunks =
        tidy_chunks(h, core) + (is_due(&h->tidy_mono_ms, core->now_mono_ms, TIDY_EVERY_MS) ? TIDY_CHUNKS_LEAST : 0);
    if (result == RESULT_OK && chunks > 0)
        result = history_tidy(core->history, core->now_ms, chunks);
    if (result == RESULT_OK && is_due(&h->logins_mono_ms, core->now_mono_ms, LOGINS_EVERY_MS))
        result = store_logins_expire(core->store, core->now_ms, core->now_ms - core->settings->login_idle_ms);
    if (result == RESULT_OK && is_due(&h->recording_mono_ms, core->now_mono_ms, RECORDING_EVERY_MS))
        result = session_hold_expire(core);
    if (result == RESULT_OK && is_due(&h->forget_mono_ms, core->now_mono_ms, FORGET_EVERY_MS))
        result = session_hold_forget(core);
    return result;
}
