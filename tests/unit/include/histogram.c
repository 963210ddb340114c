/* Buckets: what lies where, and what an observation costs. */
#include "fieldline/histogram.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

#include "fieldline/clock.h"

Test(histogram, a_value_lies_at_or_below_its_bound) {
    static const struct {
        int64_t us;
        double least_bound; /* the first that counts it; 0: none does */
    } rows[] = {
        {-5, 0.0001}, {0, 0.0001},    {100, 0.0001},   {101, 0.00025},   {1000, 0.001},    {50000, 0.05},
        {50001, 0.1}, {2500000, 2.5}, {99999999, 100}, {100000000, 100}, {100000001, 0.0}, {INT64_MAX, 0.0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct histogram h = {0};
        struct histogram_view view;
        histogram_observe(&h, rows[i].us);
        histogram_read(&h, &view);
        double found = 0;
        for (int b = HISTOGRAM_BOUNDS - 1; b >= 0 && view.counts[b] == 1; b--)
            found = view.bounds[b];
        cr_expect_float_eq(found, rows[i].least_bound, 1e-12, "%lld us: %g", (long long)rows[i].us, found);
        cr_expect_eq(view.counts[HISTOGRAM_BOUNDS], 1u, "%lld us is among all", (long long)rows[i].us);
    }
}

Test(histogram, bounds_rise_and_counts_never_fall) {
    for (int scale = HISTOGRAM_TIME; scale <= HISTOGRAM_COUNT; scale++) {
        struct histogram h = {.scale = (enum histogram_scale)scale};
        struct histogram_view view;
        for (int64_t v = 1; v < INT64_C(1) << 32; v *= 3)
            histogram_observe(&h, v);
        histogram_read(&h, &view);
        for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
            cr_expect_lt(view.bounds[i - 1], view.bounds[i], "scale %d bound %d", scale, i);
        for (int i = 1; i <= HISTOGRAM_BOUNDS; i++)
            cr_expect_leq(view.counts[i - 1], view.counts[i], "scale %d bound %d", scale, i);
    }
}

Test(histogram, counts_are_counts_and_times_are_seconds) {
    struct histogram batch = {.scale = HISTOGRAM_COUNT}, time = {0};
    struct histogram_view view;
    histogram_observe(&batch, 1000);
    histogram_observe(&batch, 1);
    histogram_read(&batch, &view);
    cr_expect_float_eq(view.sum, 1001, 1e-9);
    cr_expect_float_eq(view.bounds[0], 1, 1e-9);
    histogram_observe(&time, 1500000);
    histogram_read(&time, &view);
    cr_expect_float_eq(view.sum, 1.5, 1e-9);
}

enum { TURNS = 200000, THREADS = 4 };
static void *observe_many(void *self) {
    for (int i = 0; i < TURNS; i++)
        histogram_observe(self, i);
    return NULL;
}

Test(histogram, nothing_is_lost_between_threads) {
    static struct histogram h;
    pthread_t threads[THREADS];
    struct histogram_view view;
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, observe_many, &h), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    histogram_read(&h, &view);
    cr_expect_eq(view.counts[HISTOGRAM_BOUNDS], (uint64_t)THREADS * TURNS);
    cr_expect_float_eq(view.sum, 1e-6 * THREADS * (double)TURNS * (TURNS - 1) / 2, 1e-3);
}

/* The bound is 50 ns in a release build; here there is room for a machine that does other things too. */
Test(histogram, an_observation_is_cheap) {
    static struct histogram h;
    enum { MANY = 2000000 };
    int64_t best_ns = INT64_MAX;
    for (int round = 0; round < 5; round++) {
        const int64_t since = clock_mono_us();
        for (int i = 0; i < MANY; i++)
            histogram_observe(&h, i % 30000);
        const int64_t ns = (clock_mono_us() - since) * 1000 / MANY;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    printf("# an observation takes %lld ns\n", (long long)best_ns);
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
    cr_expect_lt(best_ns, 100);
#endif
}
