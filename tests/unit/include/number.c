/* Text to number and back. */
#include "fieldline/number.h"

#include <criterion/criterion.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(number, whole_numbers_are_read) {
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {{"0", 0},
                {"-0", 0},
                {"007", 7},
                {"-42", -42},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = 99;
        cr_expect(number_i64(rows[i].text, strlen(rows[i].text), INT64_MIN, INT64_MAX, &value), "%s", rows[i].text);
        cr_expect_eq(value, rows[i].value, "%s", rows[i].text);
    }
}

Test(number, other_whole_numbers_are_refused) {
    static const char *const rows[] = {"",
                                       "-",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1x",
                                       "0x10",
                                       "1.0",
                                       "1e3",
                                       "9223372036854775808",
                                       "-9223372036854775809",
                                       "99999999999999999999",
                                       "--1",
                                       "101",
                                       "-1"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = 99;
        int64_t max = strcmp(rows[i], "101") == 0 ? 100 : INT64_MAX, min = strcmp(rows[i], "-1") == 0 ? 0 : INT64_MIN;
        cr_expect_not(number_i64(rows[i], strlen(rows[i]), min, max, &value), "%s", rows[i]);
        cr_expect_eq(value, 99);
    }
}

Test(number, decimals_are_rounded_correctly) {
    static const char *const rows[] = {"0",
                                       "-0",
                                       "0.1",
                                       "-273.15",
                                       "23.456",
                                       "1e3",
                                       "1E+3",
                                       "12e-1",
                                       "1e22",
                                       "1e23",
                                       "9007199254740993",
                                       "9007199254740992",
                                       "123456789012345678",
                                       "18446744073709551615",
                                       "184467440737095516150",
                                       "0.000001",
                                       "1e-7",
                                       "4.9e-324",
                                       "2.2250738585072011e-308",
                                       "1.7976931348623157e308",
                                       "0.30000000000000004",
                                       "1e-400",
                                       "8.5e-23",
                                       "3.1415926535897932384626433832795",
                                       "100000000000000000000000",
                                       "0e999999999999",
                                       "0.0000000000000000000000000000000000001234",
                                       "72057594037927945",
                                       "1e00000000000000000000001"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value = 99, expected = strtod(rows[i], NULL);
        cr_expect(number_double(rows[i], strlen(rows[i]), &value), "%s", rows[i]);
        cr_expect_eq(memcmp(&value, &expected, sizeof value), 0, "%s: %.17g, expected %.17g", rows[i], value, expected);
    }
}

Test(number, other_decimals_are_refused) {
    static const char *const rows[] = {"",      "-",   ".",   ".5",  "5.",       "+1",    "1e",    "1e+",    "1e-",
                                       "e5",    "nan", "NaN", "inf", "Infinity", "-inf",  "1e999", "-1e999", "1.8e308",
                                       "0x1p3", "1,5", "1 ",  " 1",  "1.2.3",    "1e5.0", "1_000", "--1"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value = 99;
        cr_expect_not(number_double(rows[i], strlen(rows[i]), &value), "%s", rows[i]);
        cr_expect_eq(value, 99);
    }
    char longest[401], longer[402];
    memset(longest, '1', sizeof longest);
    memset(longer, '0', sizeof longer);
    longest[1] = longer[1] = '.';
    double value;
    cr_expect(number_double(longest, 400, &value));
    longer[401] = '1';
    longer[0] = '1';
    memset(longer + 2, '1', 399);
    cr_expect_not(number_double(longer, 402, &value), "longer than any double needs");
}

Test(number, a_slice_is_read_not_what_follows_it) {
    double value;
    int64_t whole;
    cr_expect(number_double("1.59", 3, &value) && value == 1.5);
    cr_expect(number_i64("1234", 2, 0, 100, &whole) && whole == 12);
}

Test(number, durations_are_read) {
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"250ms", 250},    {"10s", 10000},      {"5m", 300000},     {"2h", 7200000},    {"3d", 259200000},
                {"1w", 604800000}, {"1y", 31536000000}, {"1h30m", 5400000}, {"1m0s1ms", 60001}, {"1d12h", 129600000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = 0;
        cr_expect(number_duration_ms(rows[i].text, strlen(rows[i].text), &ms), "%s", rows[i].text);
        cr_expect_eq(ms, rows[i].ms, "%s", rows[i].text);
    }
}

Test(number, other_durations_are_refused) {
    static const char *const rows[] = {"",
                                       "0",
                                       "0s",
                                       "5",
                                       "s",
                                       "-5s",
                                       "+5s",
                                       "1.5h",
                                       "5 s",
                                       "5S",
                                       "5min",
                                       "30m1h",
                                       "1h1h",
                                       "1h30",
                                       "ms",
                                       "9223372036854775807s",
                                       "300000000000y",
                                       "9223372036854775807ms1ms"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = 99;
        cr_expect_not(number_duration_ms(rows[i], strlen(rows[i]), &ms), "%s", rows[i]);
        cr_expect_eq(ms, 99);
    }
}

Test(number, sizes_are_read) {
    static const struct {
        const char *text;
        int64_t bytes;
    } rows[] = {{"0", 0}, {"512", 512}, {"64KiB", 65536}, {"10MiB", 10485760}, {"1GiB", 1073741824}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t bytes = -1;
        cr_expect(number_size_bytes(rows[i].text, strlen(rows[i].text), &bytes) && bytes == rows[i].bytes, "%s",
                  rows[i].text);
    }
}

Test(number, other_sizes_are_refused) {
    static const char *const rows[] = {
        "", "KiB", "-1", "1KB", "1k", "1 KiB", "1.5MiB", "1KiB1", "9223372036854775807GiB", "1TiB"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t bytes;
        cr_expect_not(number_size_bytes(rows[i], strlen(rows[i]), &bytes), "%s", rows[i]);
    }
}

Test(number, the_shortest_text_is_printed) {
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0, "0"},
                {-0.0, "-0"},
                {1, "1"},
                {-7, "-7"},
                {0.1, "0.1"},
                {-273.15, "-273.15"},
                {1.5, "1.5"},
                {0.001, "0.001"},
                {1700000000.123, "1700000000.123"},
                {0.30000000000000004, "0.30000000000000004"},
                {1e300, "1e+300"},
                {1e15, "1e+15"},
                {999999999999999, "999999999999999"},
                {1e-7, "1e-07"},
                {123456.789012, "123456.789012"},
                {DBL_MAX, "1.7976931348623157e+308"},
                {5e-324, "4.94065645841247e-324"},
                {1.0 / 3, "0.3333333333333333"},
                {100.05, "100.05"},
                {-0.05, "-0.05"},
                {0.0625, "0.0625"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        size_t count = number_print(rows[i].value, text);
        cr_expect_str_eq(text, rows[i].text);
        cr_expect_eq(count, strlen(text));
    }
}

Test(number, what_is_printed_reads_back_the_same) {
    uint64_t bits = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < 200000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        double value, back;
        if (i % 2 == 0)
            memcpy(&value, &bits, sizeof value); /* any double */
        else
            value = (double)(int64_t)(bits >> 34) / (i % 3 == 0 ? 100 : 1000); /* as a product measures */
        if (!isfinite(value))
            continue;
        char text[32];
        size_t count = number_print(value, text);
        cr_assert(count < sizeof text && number_double(text, count, &back), "%s", text);
        cr_assert_eq(memcmp(&value, &back, sizeof value), 0, "%s", text);
    }
}

Test(number, a_locale_with_commas_changes_nothing) {
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        cr_skip_test("no locale with a decimal comma is installed here");
    char text[32];
    double value;
    number_print(1.0 / 3, text);
    cr_expect_str_eq(text, "0.3333333333333333");
    cr_expect(number_double("0.33333333333333331483", 22, &value) && value == 1.0 / 3);
}

Test(number, short_ones_are_read_where_they_stand) {
    static const struct {
        const char *text; /* what follows the number stands behind it, as in a payload */
        ptrdiff_t chars;  /* of the number; 0: not such a number */
        double value;
    } rows[] = {
        {"0}", 1, 0},
        {"-0}", 2, -0.0},
        {"7", 1, 7},
        {"67.57},{", 5, 67.57},
        {"-12.125,\"n\"", 7, -12.125},
        {"0.001}]", 5, 0.001},
        {"1234567}", 7, 1234567},
        {"12345678}", 8, 12345678},
        {"12345.67}", 8, 12345.67},
        {"1790000000.25,", 13, 1790000000.25},
        {"123456789012345}", 15, 123456789012345},
        {"1.2.3", 3, 1.2},
        {"12:", 2, 12},
        {"", 0, 0},
        {"-", 0, 0},
        {".5}", 0, 0},
        {"1.}", 0, 0},
        {"1.,\"v\":1}", 0, 0},
        {"01}", 0, 0},
        {"-00.5}aaaaaaaa", 0, 0},
        {"1e3}", 0, 0},
        {"1.5E3}aaaaaaa", 0, 0},
        {"1234567890123456}", 0, 0},
        {"0.1234567890123456}", 0, 0},
        {"true", 0, 0},
        {"+1}", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = 99;
        size_t bytes = strlen(rows[i].text);
        char *text = malloc(bytes + (bytes == 0)); /* nothing may be read behind it */
        memcpy(text, rows[i].text, bytes);
        const char *behind = number_short(text, text + bytes, &value);
        cr_expect_eq(behind ? behind - text : 0, rows[i].chars, "'%s'", rows[i].text);
        if (behind)
            cr_expect(memcmp(&value, &rows[i].value, sizeof value) == 0, "'%s' is %.17g", rows[i].text, value);
        free(text);
    }
}

Test(number, short_ones_are_what_number_double_reads) {
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        char text[48];
        double is, should_be;
        state = state * 6364136223846793005u + 1442695040888963407u;
        int chars = snprintf(text, sizeof text, "%s%.*f", state >> 63 ? "-" : "", (int)(state >> 40) % 7,
                             (double)(state >> 33 & 0xffffff) / (1 + (double)(state >> 20 & 0xfff)));
        memcpy(text + chars, "}]        ", 11);
        const char *behind = number_short(text, text + chars + 10, &is);
        if (!behind && chars > 15)
            continue;
        cr_assert_eq(behind, text + chars, "%s", text);
        cr_assert(number_double(text, (size_t)chars, &should_be));
        cr_assert(memcmp(&is, &should_be, sizeof is) == 0, "%s", text);
    }
}
