/* A histogram with fixed, log-spaced buckets. Any thread may observe and any thread may print, without locks and
 * without allocation: an observation is a walk over at most HISTOGRAM_BOUNDS bounds and two relaxed additions (10 to 20
 * ns, see tests/unit/include/histogram.c). A zeroed struct is an empty histogram of time. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 19 };
enum histogram_scale {
    HISTOGRAM_TIME, /* observed in us, printed in seconds: 100 us, 250 us, 500 us, 1 ms ... 100 s */
    HISTOGRAM_COUNT /* 1, 2, 5, 10 ... 1,000,000 */
};
struct histogram {
    enum histogram_scale scale;
    _Atomic uint64_t buckets[HISTOGRAM_BOUNDS + 1]; /* each alone, not cumulative; the last is beyond every bound */
    _Atomic uint64_t sum;
};
/* A value below 0 counts as 0. */
void histogram_observe(struct histogram *histogram, int64_t value);

/* What is there, as Prometheus counts: counts[i] observations were at most bounds[i]; counts[HISTOGRAM_BOUNDS] is all.
 */
struct histogram_view {
    double bounds[HISTOGRAM_BOUNDS];
    uint64_t counts[HISTOGRAM_BOUNDS + 1];
    double sum;
};
void histogram_read(const struct histogram *histogram, struct histogram_view *out);
