/* A day's buckets come back: counts and extremes bit for bit, sums as exactly as a mean needs; and damage is found. */
#include "store/tier.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t key_of(enum tier_level level) {
    int64_t key = 0;
    cr_assert(tier_key(7, level, 20000, &key));
    return key;
}

static size_t round_trip(const char *what, const struct tier_day *day, enum tier_level level, bool *is_dense) {
    static struct tier_day back;
    struct buf bytes;
    buf_init(&bytes, TIER_BYTES_MAX);
    tier_encode(day, level, key_of(level), &bytes, is_dense);
    double largest = 0;
    for (int i = 0; i < TIER_BUCKETS_MAX; i++)
        largest =
            fmax(largest, fmax(fabs(day->buckets[i].min), fabs(day->buckets[i].max)) * (double)day->buckets[i].count);
    cr_assert_not(bytes.overflow, "%s", what);
    cr_assert_eq(tier_decode(bytes.data, bytes.count, level, key_of(level), &back), RESULT_OK, "%s", what);
    for (int i = 0; i < TIER_DAY_MS / tier_unit_ms(level); i++) {
        const struct bucket *a = &day->buckets[i], *b = &back.buckets[i];
        cr_assert_eq(a->count, b->count, "%s: count %d", what, i);
        if (a->count == 0)
            continue;
        cr_assert_eq(memcmp(&a->min, &b->min, sizeof a->min), 0, "%s: min %d", what, i);
        cr_assert_eq(memcmp(&a->max, &b->max, sizeof a->max), 0, "%s: max %d", what, i);
        cr_assert(fabs(a->sum - b->sum) <= 1e-12 * largest || largest > 1e300, "%s: sum %d is %.17g, was %.17g", what,
                  i, b->sum, a->sum);
    }
    const size_t used = bytes.count;
    buf_fini(&bytes);
    return used;
}

enum shape { DECIMALS, COUNTER, NOISE, HUGE_AND_TINY, SHAPES };

static double value_of(enum shape shape, int i) {
    switch (shape) {
    case DECIMALS: return round((20 + sin(i / 3000.0) + (double)(random() % 100) / 1000) * 10) / 10;
    case COUNTER: return 1e6 + i;
    case NOISE: return (double)random() / 3;
    default: return ldexp((double)random() - 1e9, (int)(random() % 600) - 300);
    }
}

Test(tier, every_level_of_many_days_comes_back) {
    static struct tier_day minutes, day;
    bool is_dense = false;
    srandom(4);
    for (int round = 0; round < 40; round++) {
        const int every = 1 + (int)(random() % 400);
        memset(&minutes, 0, sizeof minutes);
        for (int s = 0; s < 86400; s += every)
            if (s < 30000 || s > 50000)
                bucket_add(&minutes.buckets[s / 60], value_of((enum shape)(round % SHAPES), s));
        round_trip("minutes", &minutes, TIER_MINUTE, &is_dense);
        cr_expect_eq(is_dense, every <= 5, "a sample each %d s", every);
        for (int level = TIER_TEN_MINUTES; level <= TIER_HOUR; level++) {
            tier_coarsen(&minutes, TIER_MINUTE, (enum tier_level)level, &day);
            round_trip("coarser", &day, (enum tier_level)level, &is_dense);
        }
    }
}

Test(tier, days_without_much) {
    static const struct {
        const char *what;
        int bucket;
        struct bucket is;
    } rows[] = {
        {"nothing", 0, {0, 0, 0, 0}},
        {"one sample at midnight", 0, {1, 4.5, 4.5, 4.5}},
        {"one in the last minute", 1439, {1, -0.0, -0.0, -0.0}},
        {"the largest there is", 5, {2, -DBL_MAX, DBL_MAX, 0}},
        {"a sum beyond doubles", 5, {3, DBL_MAX, DBL_MAX, INFINITY}},
        {"as many as there may be", 700, {INT64_C(1) << 40, 0, 1, 1e12}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct tier_day day;
        bool is_dense = false;
        memset(&day, 0, sizeof day);
        day.buckets[rows[i].bucket] = rows[i].is;
        const size_t bytes = round_trip(rows[i].what, &day, TIER_MINUTE, &is_dense);
        cr_expect_leq(bytes, 80, "%s: %zu bytes", rows[i].what, bytes);
    }
}

Test(tier, a_second_a_sample_costs_little) {
    static struct tier_day day;
    bool is_dense = false;
    srandom(5);
    memset(&day, 0, sizeof day);
    for (int s = 0; s < 86400; s++)
        bucket_add(&day.buckets[s / 60], value_of(DECIMALS, s));
    const size_t bytes = round_trip("a thermometer at 1 Hz", &day, TIER_MINUTE, &is_dense);
    cr_expect_leq(bytes, 86400 / 20, "%zu bytes: less than a twentieth of a byte a sample", bytes);
}

Test(tier, damage_is_found) {
    static struct tier_day day, back;
    struct buf bytes;
    bool is_dense = false;
    memset(&day, 0, sizeof day);
    for (int i = 0; i < 24; i++)
        for (int n = 0; n < 60; n++)
            bucket_add(&day.buckets[i], n * 0.1 + i);
    buf_init(&bytes, TIER_BYTES_MAX);
    tier_encode(&day, TIER_HOUR, key_of(TIER_HOUR), &bytes, &is_dense);
    for (size_t i = 0; i < bytes.count * 8; i++) {
        bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
        cr_assert_neq(tier_decode(bytes.data, bytes.count, TIER_HOUR, key_of(TIER_HOUR), &back), RESULT_OK, "bit %zu",
                      i);
        bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t cut = 0; cut < bytes.count; cut++)
        cr_assert_neq(tier_decode(bytes.data, cut, TIER_HOUR, key_of(TIER_HOUR), &back), RESULT_OK, "cut at %zu", cut);
    cr_expect_eq(tier_decode(bytes.data, bytes.count, TIER_HOUR, key_of(TIER_HOUR) + 1, &back), RESULT_CORRUPT,
                 "another day's");
    cr_expect_eq(tier_decode(bytes.data, bytes.count, TIER_HOUR, key_of(TIER_HOUR), &back), RESULT_OK);
    buf_fini(&bytes);
}

Test(tier, keys_sort_by_series_level_day) {
    static const struct {
        const char *what;
        int64_t series, day;
        bool is_fine;
    } rows[] = {
        {"the first day", 1, 0, true}, {"the last", 1, TIER_DAYS_MAX - 1, true},
        {"before 1970", 1, -1, false}, {"too late", 1, TIER_DAYS_MAX, false},
        {"no series", 0, 1, false},    {"too many", INT64_C(1) << 40, 1, false},
    };
    int64_t key = 0, a = 0, b = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(tier_key(rows[i].series, TIER_MINUTE, rows[i].day, &key), rows[i].is_fine, "%s", rows[i].what);
    cr_assert(tier_key(3, TIER_MINUTE, 5, &a) && tier_key(3, TIER_TEN_MINUTES, 0, &b));
    cr_expect_lt(a, b);
    cr_assert(tier_key(3, TIER_HOUR, TIER_DAYS_MAX - 1, &a) && tier_key(4, TIER_MINUTE, 0, &b));
    cr_expect_lt(a, b);
    cr_expect_eq(tier_day_of(-1), -1);
    cr_expect_eq(tier_day_of(TIER_DAY_MS - 1), 0);
    cr_expect_eq(tier_day_of(-TIER_DAY_MS), -1);
}
