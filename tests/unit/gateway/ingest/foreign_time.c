/* Times of foreign devices; JSON paths. */
#include "ingest/adapters/foreign_time.h"

#include <criterion/criterion.h>
#include <string.h>

#include "ingest/adapters/json_path.h"

Test(foreign_time, iso_8601) {
    static const struct {
        const char *text;
        int offset_min;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", TIME_OFFSET_NONE, 0},
        {"2026-11-22T04:20:01Z", TIME_OFFSET_NONE, 1795321201000},
        {"2026-11-22t04:20:01.5z", TIME_OFFSET_NONE, 1795321201500},
        {"2026-11-22 05:20:01+01:00", TIME_OFFSET_NONE, 1795321201000},
        {"2026-11-22T00:50:01-0330", TIME_OFFSET_NONE, 1795321201000},
        {"2026-11-22T05:20:01.123456789", 60, 1795321201123},
        {"2024-02-29T12:00:00Z", TIME_OFFSET_NONE, 1709208000000},
        {"2026-11-22T04:20:01Z", 60, 1795321201000}, /* its own zone wins */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -1;
        struct fault fault = {""};
        cr_expect_eq(foreign_time_iso(rows[i].text, strlen(rows[i].text), rows[i].offset_min, &ms, &fault), RESULT_OK,
                     "%s: %s", rows[i].text, fault.text);
        cr_expect_eq(ms, rows[i].ms, "%s: %lld", rows[i].text, (long long)ms);
    }
}

Test(foreign_time, what_is_no_time) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "no time"},
        {"yesterday", "no time"},
        {"2026-11-22", "no time"},
        {"2026-11-22T04:20", "no time"},
        {"2026-13-01T00:00:00Z", "no time"},
        {"2026-02-29T00:00:00Z", "no time"},
        {"2026-11-22T24:00:00Z", "no time"},
        {"2026-11-22T04:20:01", "no zone"},
        {"2026-11-22T04:20:01.", "no zone"},
        {"2026-11-22T04:20:01+1", "zone"},
        {"2026-11-22T04:20:01+15:00", "zone"},
        {"2026-11-22T04:20:01Zx", "zone"},
        {"+026-11-22T04:20:01Z", "no time"},
        {"2026-+1-22T04:20:01Z", "no time"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -1;
        struct fault fault = {""};
        cr_expect_neq(foreign_time_iso(rows[i].text, strlen(rows[i].text), TIME_OFFSET_NONE, &ms, &fault), RESULT_OK,
                      "%s", rows[i].text);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].text, fault.text);
    }
}

Test(foreign_time, seconds_and_milliseconds) {
    int64_t ms = 0;
    cr_expect_eq(foreign_time_number(1795321201.25, &ms, NULL), RESULT_OK);
    cr_expect_eq(ms, 1795321201250);
    cr_expect_eq(foreign_time_number(1795321201250, &ms, NULL), RESULT_OK);
    cr_expect_eq(ms, 1795321201250);
    cr_expect_neq(foreign_time_number(-1, &ms, NULL), RESULT_OK);
    cr_expect_neq(foreign_time_number(1e300, &ms, NULL), RESULT_OK);
    cr_expect_neq(foreign_time_number(__builtin_nan(""), &ms, NULL), RESULT_OK);
}

Test(json_path, finds_values) {
    static const char text[] = "{\"a\":{\"b.c\":[1,{\"d\":2}]},\"x:0\":3,\"n\":null,\"[\":4}";
    static const struct {
        const char *path;
        double value; /* -1: nothing there */
    } rows[] = {{"a.b\\.c[0]", 1},  {"a.b\\.c[1].d", 2}, {"x:0", 3}, {"$.x:0", 3}, {"\\[", 4},   {"a.b", -1},
                {"a.b\\.c[2]", -1}, {"x:0.y", -1},       {"n", -1},  {"y", -1},    {"a[0]", -1}, {"$", -1}};
    struct json *root = NULL;
    cr_assert_eq(json_parse(text, sizeof text - 1, &root, NULL), RESULT_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_path path;
        struct fault fault = {""};
        double value = -1;
        cr_assert_eq(json_path_parse(rows[i].path, &path, &fault), RESULT_OK, "%s: %s", rows[i].path, fault.text);
        const struct json *node = json_path_find(&path, root);
        if (node && !json_as_number(node, &value))
            value = -1;
        cr_expect_eq(value, rows[i].value, "%s", rows[i].path);
    }
    json_free(root);
}

Test(json_path, what_is_no_path) {
    static const char *const rows[] = {"",     ".",     "a.",          ".a", "a..b", "a[",
                                       "a[x]", "a[-1]", "a[99999999]", "$x", "a\\",  "a.b.c.d.e.f.g.h.i"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_path path;
        struct fault fault = {""};
        cr_expect_neq(json_path_parse(rows[i], &path, &fault), RESULT_OK, "%s", rows[i]);
        cr_expect(fault.text[0], "%s", rows[i]);
    }
}
