/* A token bucket for each event (area and id), so that a storm of one does not silence the others. Nothing is dropped
 * silently: the next line of that event that leaves says how many did not, and when none follows, log_settle says it.
 *
 * Debug lines are not limited, because who asks for them wants them all. Events are a closed set, some hundred in each
 * program; should the table ever be full, an event is not limited rather than lost. Areas and ids are literals, so the
 * table keeps their addresses. */
#include "src/log_limit.h"

#include <pthread.h>
#include <string.h>

#include "fieldline/bytes.h"

enum { SLOTS = 512 };

static const struct {
    int64_t burst, per_second; /* 0: no limit */
} budgets[] = {
    [LOG_LEVEL_DEBUG] = {0, 0},
    [LOG_LEVEL_INFO] = {LOG_INFO_BURST, LOG_INFO_PER_SECOND},
    [LOG_LEVEL_WARN] = {LOG_WARN_BURST, LOG_WARN_PER_SECOND},
    [LOG_LEVEL_ERROR] = {LOG_WARN_BURST, LOG_WARN_PER_SECOND},
};

struct slot {
    const char *area, *id; /* NULL: free */
    enum log_level level;
    int64_t tokens_milli, filled_ms, suppressed_ms;
    unsigned suppressed;
};
static struct slot slots[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct slot *find(const char *area, const char *id) {
    const uint32_t start = hash_text(hash_text(HASH_START, area), id);
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &slots[(start + i) % SLOTS];
        if (!slot->id || (strcmp(slot->id, id) == 0 && strcmp(slot->area, area) == 0))
            return slot;
    }
    return NULL;
}

static void fill(struct slot *slot, enum log_level level, int64_t mono_ms) {
    const int64_t most = budgets[level].burst * 1000;
    slot->tokens_milli += (mono_ms - slot->filled_ms) * budgets[level].per_second;
    slot->tokens_milli = slot->tokens_milli > most ? most : slot->tokens_milli;
    slot->filled_ms = mono_ms;
}

bool log_limit_passes(enum log_level level, const char *area, const char *id, int64_t mono_ms, unsigned *suppressed) {
    *suppressed = 0;
    if (budgets[level].burst == 0)
        return true;
    pthread_mutex_lock(&lock);
    struct slot *slot = find(area, id);
    bool passes = true;
    if (slot && !slot->id)
        *slot =
            (struct slot){.area = area, .id = id, .tokens_milli = budgets[level].burst * 1000, .filled_ms = mono_ms};
    if (slot) {
        fill(slot, level, mono_ms);
        slot->level = level;
        passes = slot->tokens_milli >= 1000;
        if (passes) {
            slot->tokens_milli -= 1000;
            *suppressed = slot->suppressed;
            slot->suppressed = 0;
        } else {
            slot->suppressed++;
            slot->suppressed_ms = mono_ms;
        }
    }
    pthread_mutex_unlock(&lock);
    return passes;
}

bool log_limit_settled(int64_t mono_ms, enum log_level *level, const char **area, const char **id,
                       unsigned *suppressed) {
    bool is_found = false;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < SLOTS && !is_found; i++) {
        struct slot *slot = &slots[i];
        if (slot->suppressed == 0 || mono_ms - slot->suppressed_ms < LOG_SETTLE_MS)
            continue;
        *level = slot->level;
        *area = slot->area;
        *id = slot->id;
        *suppressed = slot->suppressed;
        slot->suppressed = 0;
        is_found = true;
    }
    pthread_mutex_unlock(&lock);
    return is_found;
}
