/* Pauses between attempts to connect.
 *
 * What matters is the fleet: ten thousand products that lose their broker in the same second must not come back in the
 * same second. So the first attempt after a loss is uniform over reconnect_spread, and there is no quick one before it:
 * a product cannot tell a blip of its own link from a restart of the broker, and a quick attempt of all would be the
 * storm that the spread is to prevent; the spool makes waiting cheap. Failed attempts keep the spread as their share of
 * chance, or those that had found the broker still down would come back as a wave. Known limit: a start of the agent
 * is not spread; a technician waits for it, and products do not power up within the same second by themselves. The
 * other side of a takeover backs off alike, so the row grows for both until people notice. Loop thread. */
#include "retry.h"

void retry_init(struct retry *r, const struct agent_config *config) {
    *r = (struct retry){.min_ms = config->backoff_min_ms,
                        .max_ms = config->backoff_max_ms,
                        .spread_ms = config->reconnect_spread_ms,
                        .pause_ms = config->backoff_min_ms,
                        .taken_pause_ms = RETRY_TAKEN_MIN_MS};
}

/* 0 .. limit_ms */
static int64_t part_of(uint64_t chance, int64_t limit_ms) {
    return limit_ms <= 0 ? 0 : (int64_t)(chance % ((uint64_t)limit_ms + 1));
}

static int64_t doubled(int64_t ms, int64_t most_ms) {
    return ms * 2 < most_ms ? ms * 2 : most_ms;
}

static int64_t failed(struct retry *r, uint64_t chance) {
    int64_t half_ms = r->pause_ms / 2;
    r->pause_ms = doubled(r->pause_ms, r->max_ms);
    return half_ms + part_of(chance, half_ms > r->spread_ms ? half_ms : r->spread_ms);
}

static int64_t taken(struct retry *r, int64_t lasted_ms, uint64_t chance) {
    if (lasted_ms >= RETRY_CALM_MS) {
        r->taken_pause_ms = RETRY_TAKEN_MIN_MS;
        r->taken_count = 0;
    }
    int64_t least_ms = r->taken_pause_ms;
    r->taken_pause_ms = doubled(least_ms, RETRY_TAKEN_MAX_MS);
    r->taken_count++;
    return least_ms + part_of(chance, least_ms);
}

int64_t retry_pause(struct retry *r, enum retry_cause cause, int64_t lasted_ms, uint64_t chance) {
    bool had_success = r->has_succeeded;
    r->has_succeeded = false;
    switch (cause) {
    case RETRY_TAKEN: return taken(r, lasted_ms, chance);
    case RETRY_LOST: return had_success && r->spread_ms > 0 ? part_of(chance, r->spread_ms) : failed(r, chance);
    case RETRY_FAILED: break;
    }
    return failed(r, chance);
}

void retry_succeeded(struct retry *r) {
    r->pause_ms = r->min_ms;
    r->has_succeeded = true;
}
