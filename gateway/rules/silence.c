/* How one knows that a backlog has drained: the agent sends its lanes in order, oldest first, and the gateway corrects
 * times by the device's clock before anything else looks at them. So data whose time is near now stands behind
 * everything older of its lane. Fault codes travel in a lane of their own before the bulk, and a device may have no
 * telemetry at all: for them it is enough that none came for a minute. Both end by themselves after an hour, because a
 * fault that nobody is told of is worse than one that is told late. */
#include "rules/silence.h"

static const struct {
    const char *name;
    int64_t settle_ms;
} rows[SILENCE_COUNT] = {
    [SILENCE_NONE] = {"", 0},
    [SILENCE_SHELVED] = {"shelved", 0},
    [SILENCE_MAINTENANCE] = {"maintenance", 0},
    [SILENCE_PARENT] = {"parent", 2 * 60 * 1000},
    [SILENCE_ALARM] = {"alarm", 60 * 1000},
    [SILENCE_PAST] = {"past", 0},
    [SILENCE_GATHERING] = {"gathering", 0},
    [SILENCE_FLEET] = {"fleet", 0},
};

const char *silence_name(enum silence silence) {
    return rows[silence].name;
}

int64_t silence_settle_ms(enum silence silence) {
    return rows[silence].settle_ms;
}

enum silence silence_of(const struct silence_facts *facts) {
    if (facts->is_shelved)
        return SILENCE_SHELVED;
    if (facts->is_in_maintenance)
        return SILENCE_MAINTENANCE;
    if (facts->is_contact && facts->is_parent_down)
        return SILENCE_PARENT;
    if (facts->is_explained)
        return SILENCE_ALARM;
    return facts->is_past ? SILENCE_PAST : SILENCE_NONE;
}

bool silence_has_drained(const struct silence_backlog *backlog, int64_t now_ms) {
    const int64_t waited_ms = now_ms - backlog->taken_ms;
    if (backlog->front_ms >= now_ms - SILENCE_NEAR_MS || waited_ms >= SILENCE_WAIT_MS)
        return true;
    return backlog->is_fault_code && waited_ms >= SILENCE_CODES_MS;
}
