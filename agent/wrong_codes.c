/* How often a code was wrong lately. The owner of this is the launcher, on the loop thread.
 *
 * A window that slides and not a counter that a timer clears: with a counter the tries of two windows could be made
 * around the moment of clearing. Not kept on disk: a restart of the agent is not in the hands of whoever guesses, and
 * eight digits leave six guesses in ten minutes one chance in some hundred thousand a day. */
#include "wrong_codes.h"

void wrong_codes_add(struct wrong_codes *w, int64_t now_ms) {
    w->at_ms[w->count++ % WRONG_CODES_MAX] = now_ms;
}

int64_t wrong_codes_wait_ms(const struct wrong_codes *w, int64_t now_ms) {
    if (w->count < WRONG_CODES_MAX) {
        return 0;
    }
    int64_t free_at_ms = w->at_ms[w->count % WRONG_CODES_MAX] + WRONG_CODES_MS; /* the oldest that is kept */
    return free_at_ms > now_ms ? free_at_ms - now_ms : 0;
}
