/* A token bucket: so many bytes a second, a quarter of a second's worth at once. Knows no clock: it is told the time.
 */
#pragma once
#include <stdint.h>

struct rate {
    int64_t per_s; /* 0: not limited */
    int64_t tokens, at_mono_ms;
};
void rate_init(struct rate *rate, int64_t bytes_per_s, int64_t mono_ms);
/* How many of `want` bytes may go now; they count as gone. 0: none, ask again after rate_wait_ms. */
int64_t rate_take(struct rate *rate, int64_t want, int64_t mono_ms);
int64_t rate_wait_ms(const struct rate *rate);
