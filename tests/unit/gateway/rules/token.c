#include "rules/token.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(token, words) {
    static const struct {
        const char *text;
        enum token_kind kind;
        size_t at, count;
        double number;
    } rows[] = {
        {"", TOKEN_END, 0, 0, 0},
        {"  # only a remark", TOKEN_END, 17, 0, 0},
        {"# one\n # two\n x", TOKEN_NAME, 14, 1, 0},
        {" air_temperature>5", TOKEN_NAME, 1, 15, 0},
        {"level:sum", TOKEN_NAME, 0, 9, 0},
        {"12", TOKEN_NUMBER, 0, 2, 12},
        {"1.5e3x", TOKEN_BAD, 0, 6, 0},
        {"1.5e3", TOKEN_NUMBER, 0, 5, 1500},
        {"2e-2)", TOKEN_NUMBER, 0, 4, 0.02},
        {".5", TOKEN_NUMBER, 0, 2, 0.5},
        {"5.", TOKEN_NUMBER, 0, 2, 5},
        {"inf", TOKEN_NUMBER, 0, 3, INFINITY},
        {"Inf", TOKEN_NUMBER, 0, 3, INFINITY},
        {"information", TOKEN_NAME, 0, 11, 0},
        {"5m]", TOKEN_DURATION, 0, 2, 300},
        {"1h30m", TOKEN_DURATION, 0, 5, 5400},
        {"250ms", TOKEN_DURATION, 0, 5, 0.25},
        {"1w", TOKEN_DURATION, 0, 2, 604800},
        {"5 m", TOKEN_NUMBER, 0, 1, 5},
        {"\"disk a\"}", TOKEN_STRING, 0, 8, 0},
        {"'x'", TOKEN_STRING, 0, 3, 0},
        {"``", TOKEN_STRING, 0, 2, 0},
        {">=5", TOKEN_SIGN, 0, 2, 0},
        {"=~", TOKEN_SIGN, 0, 2, 0},
        {"[", TOKEN_SIGN, 0, 1, 0},
        {"5x", TOKEN_BAD, 0, 2, 0},
        {"30q", TOKEN_BAD, 0, 3, 0},
        {"1.2.3", TOKEN_BAD, 0, 5, 0},
        {"1.5h", TOKEN_BAD, 0, 4, 0},
        {"\"open", TOKEN_BAD, 0, 5, 0},
        {"\"a\\n\"", TOKEN_STRING, 0, 5, 0},
        {"\"a\\\"", TOKEN_BAD, 0, 4, 0},
        {"`a\\`", TOKEN_STRING, 0, 4, 0},
        {"$x", TOKEN_BAD, 0, 1, 0},
        {"@", TOKEN_BAD, 0, 1, 0},
        {"!", TOKEN_BAD, 0, 1, 0},
        {"\xe6\xb8\xa9", TOKEN_BAD, 0, 3, 0},
        {"123456789012345678901234567890123456789012345678901234567890123456789", TOKEN_BAD, 0, 69, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct token t = token_next(rows[i].text, 0);
        cr_expect_eq(t.kind, rows[i].kind, "row %zu \"%s\": kind %d", i, rows[i].text, (int)t.kind);
        cr_expect_eq(t.at, rows[i].at, "row %zu \"%s\": at %zu", i, rows[i].text, t.at);
        cr_expect_eq(t.count, rows[i].count, "row %zu \"%s\": count %zu", i, rows[i].text, t.count);
        if (t.kind == TOKEN_NUMBER || t.kind == TOKEN_DURATION)
            cr_expect_eq(t.number, rows[i].number, "row %zu \"%s\": %g", i, rows[i].text, t.number);
        cr_expect_eq(t.kind == TOKEN_BAD, t.problem != NULL, "row %zu: a bad token says why, others do not", i);
    }
}

Test(token, one_after_the_other_until_the_end) {
    const char *text = "rate(c[5m]) >= bool -1";
    static const char *const expected[] = {"rate", "(", "c", "[", "5m", "]", ")", ">=", "bool", "-", "1"};
    size_t at = 0, n = 0;
    for (;; n++) {
        struct token t = token_next(text, at);
        if (t.kind == TOKEN_END)
            break;
        cr_assert_lt(n, sizeof expected / sizeof *expected);
        cr_expect_eq(strlen(expected[n]), t.count);
        cr_expect_eq(strncmp(text + t.at, expected[n], t.count), 0, "%zu", n);
        at = t.at + t.count;
    }
    cr_expect_eq(n, sizeof expected / sizeof *expected);
}
