/* Buckets for figures of time and of counts.
 *
 * Steps of 1, 2.5, 5 rather than powers of two: a bound that a person sets a target at (10 ms, 50 ms, 1 s) should be a
 * bound here, because only there the share above and below is exact. A linear walk is as fast as anything cleverer at
 * this size, and most observations end early. How many there were is added up from the buckets when it is read, so that
 * it agrees with them although nothing is locked; the sum may be a few observations ahead or behind. */
#include "fieldline/histogram.h"

static const struct {
    double unit; /* of a bound, when printed */
    uint64_t bounds[HISTOGRAM_BOUNDS];
} scales[] = {
    [HISTOGRAM_TIME] = {1e-6,
                        {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,
                         5000000, 10000000, 25000000, 50000000, 100000000}},
    [HISTOGRAM_COUNT] = {1,
                         {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000,
                          500000, 1000000}},
};

void histogram_observe(struct histogram *histogram, int64_t value) {
    const uint64_t *bounds = scales[histogram->scale].bounds;
    const uint64_t v = value < 0 ? 0 : (uint64_t)value;
    int at = 0;
    while (at < HISTOGRAM_BOUNDS && v > bounds[at])
        at++;
    atomic_fetch_add_explicit(&histogram->buckets[at], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, v, memory_order_relaxed);
}

void histogram_read(const struct histogram *histogram, struct histogram_view *out) {
    uint64_t all = 0;
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        if (i < HISTOGRAM_BOUNDS)
            out->bounds[i] = (double)scales[histogram->scale].bounds[i] * scales[histogram->scale].unit;
        all += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        out->counts[i] = all;
    }
    out->sum = (double)atomic_load_explicit(&histogram->sum, memory_order_relaxed) * scales[histogram->scale].unit;
}
