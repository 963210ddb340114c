/* Columns of numbers and doubles: everything comes back, whatever shape it has; what is regular costs little; rubbish
 * decodes to something or nothing, and ends. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/numbers.h"
#include "store/values.h"

enum { COUNT = 500 };

static size_t numbers_trip(const char *what, const int64_t *numbers, size_t count) {
    static int64_t back[VALUES_MAX];
    struct buf bytes;
    buf_init(&bytes, 64 * 1024);
    struct range_encoder e = range_encoder_of(&bytes);
    numbers_encode(numbers, count, &e);
    range_encoder_end(&e);
    cr_assert_not(bytes.overflow);
    struct range_decoder d = range_decoder_of(bytes.data, bytes.count);
    cr_assert(numbers_decode(&d, back, count), "%s", what);
    cr_assert(range_decoder_end(&d), "%s: bytes are left", what);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(back[i], numbers[i], "%s: number %zu of %zu", what, i, count);
    const size_t used = bytes.count;
    buf_fini(&bytes);
    return used;
}

static size_t values_trip(const char *what, const double *values, size_t count) {
    static double back[VALUES_MAX];
    struct buf bytes;
    buf_init(&bytes, 64 * 1024);
    struct range_encoder e = range_encoder_of(&bytes);
    values_encode(values, count, &e);
    range_encoder_end(&e);
    struct range_decoder d = range_decoder_of(bytes.data, bytes.count);
    cr_assert(values_decode(&d, back, count), "%s", what);
    cr_assert(range_decoder_end(&d), "%s: bytes are left", what);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(memcmp(&back[i], &values[i], sizeof *back), 0, "%s: value %zu is %a, was %a", what, i, back[i],
                     values[i]);
    const size_t used = bytes.count;
    buf_fini(&bytes);
    return used;
}

Test(columns, few_numbers_of_any_size_come_back) {
    static const int64_t rows[][6] = {
        {0, 0, 0, 0, 0, 0},
        {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX, 0, -1},
        {INT64_MAX, INT64_MAX - 3, INT64_MAX - 6, INT64_MIN, INT64_MIN + 3, 0}, /* a factor that wrapping breaks */
        {INT64_MIN, 0, INT64_MIN, 0, INT64_MIN, 0},
        {7, 7, 7, 7, 7, 8},
        {-5, 1000, -5, 1000, -5, 1000},
        {1, 1000001, 2000001, 3000001, 3500001, 1},
    };
    char what[32];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t count = 0; count <= 6; count++) {
            snprintf(what, sizeof what, "row %zu, %zu numbers", i, count);
            numbers_trip(what, rows[i], count);
        }
}

Test(columns, numbers_of_every_shape_come_back) {
    static int64_t numbers[VALUES_MAX];
    char what[32];
    srandom(21);
    for (int round = 0; round < 1500; round++) {
        const size_t count = (size_t)random() % (round % 20 == 0 ? VALUES_MAX : 60);
        const int kind = round % 7, bits = 1 + (int)(random() % 62);
        int64_t n = random();
        for (size_t i = 0; i < count; i++) {
            const int64_t any = (int64_t)((uint64_t)random() << 40 ^ (uint64_t)random() << 20 ^ (uint64_t)random());
            const int64_t noise = any >> (63 - bits);
            n = kind == 0   ? noise
                : kind == 1 ? n + (noise & 3)
                : kind == 2 ? (random() % 10 == 0 ? noise : n) /* rests, then jumps */
                : kind == 3 ? (int64_t)i * 1000 + (noise & 15)
                : kind == 4 ? (int64_t)((uint64_t)n * 3 + 1)
                : kind == 5 ? (int64_t)((uint64_t)noise * 625)
                            : (random() % 50 == 0 ? any : 5);
            numbers[i] = n;
        }
        snprintf(what, sizeof what, "kind %d, round %d", kind, round);
        numbers_trip(what, numbers, count);
    }
}

Test(columns, the_arithmetic_of_products_is_recognised) {
    static const struct {
        const char *what;
        int kind;
        double most; /* bytes a value; a value takes seven readings, so 0.35 cannot be beaten */
    } rows[] = {
        {"decimal text", 0, 0.5},
        {"a float's decimals", 1, 0.5},
        {"percent", 2, 0.5},
        {"kelvin to Celsius", 3, 0.5},
        {"Fahrenheit to Celsius", 4, 0.5},
        {"km/h to m/s", 5, 0.5},
        {"one in thirty is something else", 6, 1},
        {"decimals that were added up, wrong in the last digits", 7, 1.2},
        {"thirds", 8, 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double values[COUNT], sum = 0.1;
        srandom(22);
        for (int n = 0; n < COUNT; n++) {
            const double text = (double)(700 + random() % 7) / 10;
            const int kind = rows[i].kind;
            sum = n % 7 == 0 ? 0.1 : sum + 0.1;
            values[n] = kind == 1   ? (double)(float)text
                        : kind == 2 ? text * 0.01
                        : kind == 3 ? text - 273.15
                        : kind == 4 ? (text - 32) * 5 / 9
                        : kind == 5 ? text / 3.6
                        : kind == 6 ? (n % 30 == 29 ? sqrt(text) : text)
                        : kind == 7 ? sum + 20
                        : kind == 8 ? text / 3
                                    : text;
        }
        const size_t bytes = values_trip(rows[i].what, values, COUNT);
        cr_expect_leq((double)bytes / COUNT, rows[i].most, "%s: %zu bytes for %d", rows[i].what, bytes, COUNT);
    }
}

Test(columns, rubbish_ends) {
    static int64_t numbers[VALUES_MAX];
    static double values[VALUES_MAX];
    uint8_t bytes[200];
    int refused = 0;
    srandom(23);
    for (int round = 0; round < 3000; round++) {
        const size_t count = (size_t)random() % sizeof bytes;
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)random();
        struct range_decoder d = range_decoder_of(bytes, count);
        refused += !numbers_decode(&d, numbers, VALUES_MAX);
        d = range_decoder_of(bytes, count);
        refused += !values_decode(&d, values, VALUES_MAX);
    }
    cr_expect_gt(refused, 100, "some cannot have been written");
    struct range_decoder d = range_decoder_of(bytes, sizeof bytes);
    cr_expect_not(values_decode(&d, values, VALUES_MAX + 1), "more than a column holds");
}
