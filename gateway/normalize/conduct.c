/* Counting in whole minutes from the first reconnect on: steady flapping is noticed after two at the latest. A ring of
 * times would notice it in one, for a kilobyte in ten devices that never flap. */
#include "normalize/conduct.h"

enum { MINUTE_MS = 60 * 1000 };

static const struct {
    const char *name;
    int64_t quiet_ms;
} rows[CONDUCT_COUNT] = {
    [CONDUCT_CLOCK] = {"clock_off", 0},
    [CONDUCT_SHARED] = {"identity_shared", 60 * MINUTE_MS},
    [CONDUCT_FLAPPING] = {"flapping", 5 * MINUTE_MS},
    [CONDUCT_FLOODING] = {"flooding", MINUTE_MS},
};

const char *conduct_name(enum conduct_kind kind) {
    return rows[kind].name;
}

int64_t conduct_quiet_ms(enum conduct_kind kind) {
    return rows[kind].quiet_ms;
}

bool conduct_sign(struct conduct *c, enum conduct_kind kind, uint64_t count, int64_t now_ms, int64_t now_mono_ms) {
    struct trouble *t = &c->troubles[kind];
    const bool is_new = t->since_ms == 0;
    if (is_new)
        *t = (struct trouble){.since_ms = now_ms};
    t->count += count;
    t->until_mono_ms = now_mono_ms + rows[kind].quiet_ms;
    return is_new;
}

bool conduct_is_over(const struct conduct *c, enum conduct_kind kind, int64_t now_mono_ms) {
    const struct trouble *t = &c->troubles[kind];
    return t->since_ms != 0 && rows[kind].quiet_ms != 0 && now_mono_ms >= t->until_mono_ms;
}

bool conduct_reconnected(struct conduct *c, int64_t now_mono_ms) {
    if (c->reconnects == 0 || now_mono_ms >= c->window_mono_ms + MINUTE_MS) {
        c->window_mono_ms = now_mono_ms;
        c->reconnects = 0;
    }
    return ++c->reconnects >= CONDUCT_FLAPS_PER_MINUTE;
}

void conduct_resume(struct conduct *c, int64_t now_mono_ms) {
    for (int kind = 0; kind < CONDUCT_COUNT; kind++)
        c->troubles[kind].until_mono_ms = now_mono_ms + rows[kind].quiet_ms;
    c->told_error_ms = c->clock.now.error_ms;
    c->kept_zero_ms = c->clock.now.zero_ms;
}
