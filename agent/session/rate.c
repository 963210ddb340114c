/* Tokens are bytes. What a short pause leaves over is kept to a quarter of a second, so that a transfer that waited for
 * its peer does not rush afterwards; and a bucket hands out at least RATE_LEAST at a time or nothing, so that a slow
 * rate makes few frames rather than many small ones. Pure. */
#include "session/rate.h"

enum { RATE_LEAST = 1024, SECOND_MS = 1000 };

static int64_t room(const struct rate *r) {
    return r->per_s / 4 > RATE_LEAST ? r->per_s / 4 : RATE_LEAST;
}

void rate_init(struct rate *r, int64_t bytes_per_s, int64_t mono_ms) {
    *r = (struct rate){.per_s = bytes_per_s, .at_mono_ms = mono_ms};
    r->tokens = bytes_per_s > 0 ? room(r) : 0;
}

static void refill(struct rate *r, int64_t mono_ms) {
    int64_t passed_ms = mono_ms - r->at_mono_ms, most = room(r);
    if (passed_ms <= 0) {
        return;
    }
    /* A long pause fills it, whatever the product would be. */
    int64_t more = passed_ms >= SECOND_MS ? most : r->per_s * passed_ms / SECOND_MS;
    if (more > 0) { /* else the time that passed is kept for the next look */
        r->tokens = r->tokens + more < most ? r->tokens + more : most;
        r->at_mono_ms = mono_ms;
    }
}

int64_t rate_take(struct rate *r, int64_t want, int64_t mono_ms) {
    if (r->per_s == 0) {
        return want;
    }
    refill(r, mono_ms);
    int64_t least = want < RATE_LEAST ? want : RATE_LEAST;
    if (r->tokens < least) {
        return 0;
    }
    int64_t given = want < r->tokens ? want : r->tokens;
    r->tokens -= given;
    return given;
}

int64_t rate_wait_ms(const struct rate *r) {
    int64_t lack = RATE_LEAST - r->tokens;
    return r->per_s == 0 || lack <= 0 ? 1 : lack * SECOND_MS / r->per_s + 1;
}
