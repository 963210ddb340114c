/* The codec gives back every bit, finds every accident, and needs few bytes for what sensors report. */
#include "store/chunk.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t round_trip(const char *what, const struct point *points, size_t count) {
    struct buf bytes;
    struct point back[CHUNK_SAMPLES_MAX];
    size_t got = 0;
    buf_init(&bytes, 64 * 1024);
    const struct chunk_summary summary = chunk_summarize(7, points, count);
    chunk_encode(&summary, points, &bytes);
    cr_assert_not(bytes.overflow, "%s", what);
    cr_assert(chunk_is_sound(&summary, bytes.data, bytes.count), "%s", what);
    cr_assert_eq(chunk_decode(&summary, bytes.data, bytes.count, back, CHUNK_SAMPLES_MAX, &got), RESULT_OK, "%s", what);
    cr_assert_eq(got, count, "%s", what);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(back[i].event_ms, points[i].event_ms, "%s: time %zu", what, i);
        cr_assert_eq(memcmp(&back[i].value, &points[i].value, sizeof(double)), 0, "%s: value %zu is %a, was %a", what,
                     i, back[i].value, points[i].value);
    }
    const size_t used = bytes.count;
    buf_fini(&bytes);
    return used;
}

Test(chunk, every_bit_comes_back) {
    static const struct {
        const char *what;
        size_t count;
        struct point points[6];
    } rows[] = {
        {"one sample", 1, {{1700000000000, 4.2}}},
        {"a steady clock and a resting sensor", 4, {{1000, -18.5}, {2000, -18.5}, {3000, -18.5}, {4000, -18.5}}},
        {"one decimal place joins two", 3, {{1, 0.1}, {2, 0.25}, {3, 7}}},
        {"nine places, and none at ten", 2, {{1, 0.000000001}, {2, 0.0000000001}}},
        {"minus zero is not zero", 2, {{1, -0.0}, {2, 0.0}}},
        {"not a number, infinities", 4, {{1, NAN}, {2, INFINITY}, {3, -INFINITY}, {4, 1}}},
        {"the largest and the smallest double", 4, {{1, DBL_MAX}, {2, -DBL_MAX}, {3, DBL_TRUE_MIN}, {4, DBL_MIN}}},
        {"whole numbers around two to the 53rd",
         4,
         {{1, 9007199254740991.0}, {2, 9007199254740992.0}, {3, -9007199254740991.0}, {4, 9007199254740994.0}}},
        {"a large whole number beside many places", 2, {{1, 9007199254740991.0}, {2, 0.5}}},
        {"thirds", 3, {{1, 1.0 / 3}, {2, 2.0 / 3}, {3, 1.0 / 3}}},
        {"time goes back", 4, {{5000, 1}, {1000, 2}, {9000, 3}, {0, 4}}},
        {"time at its limits", 4, {{INT64_MIN, 1}, {INT64_MAX, 2}, {0, 3}, {INT64_MIN, 4}}},
        {"the same moment twice", 2, {{1000, 1}, {1000, 1}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        round_trip(rows[i].what, rows[i].points, rows[i].count);
}

static double any_double(void) {
    uint64_t bits = 0;
    double value;
    for (int i = 0; i < 5; i++)
        bits = bits << 15 ^ (uint64_t)random();
    memcpy(&value, &bits, sizeof value);
    return value;
}

Test(chunk, random_series_of_every_kind_come_back) {
    struct point points[CHUNK_SAMPLES_MAX];
    srandom(20261122);
    for (int round = 0; round < 2000; round++) {
        const size_t count = 1 + (size_t)random() % (round % 10 == 0 ? CHUNK_SAMPLES_MAX : 40);
        const int kind = round % 5;
        int64_t t = 1700000000000 + random();
        double v = (double)(random() % 1000);
        for (size_t i = 0; i < count; i++) {
            t += kind == 0 ? 1000 : kind == 1 ? 900 + random() % 200 : random() % 100000 - 20000;
            v = kind == 4   ? any_double()
                : kind == 3 ? v * 1.0001
                            : v + (double)(random() % 5 - 2) / (kind == 2 ? 100 : 1);
            points[i] = (struct point){t, v};
        }
        round_trip("random", points, count);
    }
}

Test(chunk, what_sensors_report_takes_little) {
    struct point points[256];
    srandom(7);
    for (int i = 0; i < 256; i++)
        points[i] = (struct point){1700000000000 + 10000 * i, (double)(420 + random() % 5) / 100};
    size_t bytes = round_trip("a freezer's temperature every ten seconds", points, 256);
    cr_expect_leq(bytes, 256 + 32, "%zu bytes", bytes); /* a byte a sample, nothing for the clock */
    for (int i = 0; i < 256; i++)
        points[i].value = 1;
    bytes = round_trip("a resting switch", points, 256);
    cr_expect_leq(bytes, 32, "%zu bytes", bytes);
}

Test(chunk, damage_is_found) {
    struct point points[64], back[CHUNK_SAMPLES_MAX];
    struct buf bytes;
    size_t got = 0;
    for (int i = 0; i < 64; i++)
        points[i] = (struct point){1000 * i + i % 3, (i + 1) * 0.37};
    buf_init(&bytes, 4096);
    struct chunk_summary summary = chunk_summarize(7, points, 64);
    chunk_encode(&summary, points, &bytes);
    for (size_t i = 0; i < bytes.count; i++) { /* every single bit */
        for (int bit = 0; bit < 8; bit++) {
            bytes.data[i] ^= (uint8_t)(1 << bit);
            cr_assert_not(chunk_is_sound(&summary, bytes.data, bytes.count) && bytes.data[0] == CHUNK_VERSION);
            cr_assert_neq(chunk_decode(&summary, bytes.data, bytes.count, back, CHUNK_SAMPLES_MAX, &got), RESULT_OK,
                          "bit %d of byte %zu", bit, i);
            bytes.data[i] ^= (uint8_t)(1 << bit);
        }
    }
    for (size_t i = 0; i < sizeof summary * 8; i++) { /* and of the columns beside it */
        ((uint8_t *)&summary)[i / 8] ^= (uint8_t)(1 << i % 8);
        cr_assert_neq(chunk_decode(&summary, bytes.data, bytes.count, back, CHUNK_SAMPLES_MAX, &got), RESULT_OK,
                      "bit %zu of the summary", i);
        ((uint8_t *)&summary)[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t cut = 0; cut < bytes.count; cut++)
        cr_assert_neq(chunk_decode(&summary, bytes.data, cut, back, CHUNK_SAMPLES_MAX, &got), RESULT_OK, "cut at %zu",
                      cut);
    cr_expect_eq(chunk_decode(&summary, bytes.data, bytes.count, back, 63, &got), RESULT_TOO_BIG, "no room");
    buf_fini(&bytes);
}

Test(chunk, what_the_first_release_wrote_is_read) {
    static const struct {
        const char *what, *hex;
        size_t count;
        struct point last;
    } rows[] = {
        {"one sample", "010180c0d6fcf3c501029c0db61e7603", 1, {1700000000000, 4.23}},
        {"a resting switch", "01c80180c0d6fcf3c501a01f8d0300048f0386b6546d", 200, {1700000199000, 1}},
        {"times and values at their limits",
         "010300800000000000000002008000000000000002ff027ff802fff802fff0c14b4dea",
         3,
         {0, INFINITY}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct point points[CHUNK_SAMPLES_MAX];
        uint8_t bytes[64];
        size_t got = 0;
        const size_t count = strlen(rows[i].hex) / 2;
        cr_assert(hex_decode(rows[i].hex, count * 2, bytes, count), "%s", rows[i].what);
        struct chunk_summary summary = {.count = (int64_t)rows[i].count};
        cr_assert_eq(chunk_decode(&summary, bytes, count, points, CHUNK_SAMPLES_MAX, &got), RESULT_OK, "%s",
                     rows[i].what);
        cr_expect_eq(got, rows[i].count, "%s", rows[i].what);
        cr_expect_eq(points[got - 1].event_ms, rows[i].last.event_ms, "%s: %lld", rows[i].what,
                     (long long)points[got - 1].event_ms);
        cr_expect(points[got - 1].value == rows[i].last.value, "%s: %.17g", rows[i].what, points[got - 1].value);
        summary.count++;
        cr_expect_eq(chunk_decode(&summary, bytes, count, points, CHUNK_SAMPLES_MAX, &got), RESULT_CORRUPT,
                     "%s: the row says another count", rows[i].what);
        bytes[count / 2] ^= 4;
        cr_expect_eq(chunk_decode(&summary, bytes, count, points, CHUNK_SAMPLES_MAX, &got), RESULT_CORRUPT, "%s",
                     rows[i].what);
    }
}
