/* The two clocks and how a time is written. */
#include "fieldline/clock.h"

#include <criterion/criterion.h>

#include "fieldline/bytes.h"

Test(clock, times_are_written_in_utc) {
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1795309549123, "2026-11-22T01:05:49.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "253402300800000"}, /* no date of four digits: the number itself */
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        clock_print(rows[i].ms, text);
        cr_expect_str_eq(text, rows[i].text);
    }
}

Test(clock, monotonic_time_does_not_go_back) {
    int64_t us = clock_mono_us(), ms = clock_mono_ms();
    cr_expect_leq(us / 1000, ms);
    cr_expect_leq(us, clock_mono_us());
    cr_expect_gt(clock_wall_ms(), 1600000000000);
}

Test(clock, a_boot_has_one_id) {
    char a[37], b[37];
    clock_boot_id(a);
    clock_boot_id(b);
    cr_expect(uuid_valid(a));
    cr_expect_str_eq(a, b);
}
