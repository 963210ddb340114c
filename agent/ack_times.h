/* How long acknowledgements took, counted in buckets: what Prometheus calls a histogram. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { ACK_TIMES_BUCKETS = 11 };
struct ack_times {
    uint64_t buckets[ACK_TIMES_BUCKETS + 1]; /* each its own, not cumulative; the last: longer than every bound */
    uint64_t count;
    int64_t sum_ms;
};
void ack_times_add(struct ack_times *times, int64_t took_ms);
/* The upper bound of a bucket, which belongs to it; of the first ACK_TIMES_BUCKETS. */
int64_t ack_times_bound_ms(size_t bucket);
