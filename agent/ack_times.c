/* A histogram of waiting times. Bounds are fixed, and even on a logarithmic scale: from a local network to a modem that
 * has just woken up. Owned by whoever embeds it. */
#include "ack_times.h"

static const int64_t bounds_ms[ACK_TIMES_BUCKETS] = {10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000};

void ack_times_add(struct ack_times *h, int64_t took_ms) {
    size_t i = 0;
    while (i < ACK_TIMES_BUCKETS && took_ms > bounds_ms[i]) {
        i++;
    }
    h->buckets[i]++;
    h->count++;
    h->sum_ms += took_ms;
}

int64_t ack_times_bound_ms(size_t bucket) {
    return bounds_ms[bucket];
}
