/* Which bytes are text, and where a text may be cut. */
#include "fieldline/bytes.h"
#include "src/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

struct row {
    const char *why;
    const char *text;
    size_t count;
};
#define ROW(why, text)                                                                                                 \
    { why, text, sizeof text - 1 }

Test(utf8, text_is_accepted) {
    static const struct row rows[] = {
        ROW("nothing", ""),
        ROW("ASCII of one word and more", "compressor_temperature 1"),
        ROW("two bytes, lowest and highest", "\xc2\x80\xdf\xbf"),
        ROW("three bytes, lowest", "\xe0\xa0\x80"),
        ROW("the last before the surrogates", "\xed\x9f\xbf"),
        ROW("the first after the surrogates", "\xee\x80\x80"),
        ROW("four bytes, lowest and highest", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
        ROW("Chinese after ASCII", "abcdefgh\xe5\x86\xb0\xe7\xae\xb1 abcdefgh"),
        ROW("DEL", "\x7f"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect(utf8_valid(rows[i].text, rows[i].count), "%s", rows[i].why);
}

Test(utf8, other_bytes_are_refused) {
    static const struct row rows[] = {
        ROW("NUL alone", "\0"),
        ROW("NUL inside a run of eight", "abc\0efgh"),
        ROW("NUL after a run of eight", "abcdefgh\0"),
        ROW("a continuation alone", "\x80"),
        ROW("a lead alone", "abc\xc3"),
        ROW("a lead before ASCII", "\xc3(abcdefgh"),
        ROW("over-long slash in two bytes", "\xc0\xaf"),
        ROW("over-long in three bytes", "\xe0\x9f\xbf"),
        ROW("over-long in four bytes", "\xf0\x8f\xbf\xbf"),
        ROW("a surrogate", "\xed\xa0\x80"),
        ROW("beyond U+10FFFF", "\xf4\x90\x80\x80"),
        ROW("a lead that never was", "\xf5\x80\x80\x80"),
        ROW("0xff", "\xff"),
        ROW("three of four bytes", "\xf0\x9f\x98"),
        ROW("the third byte is no continuation", "\xe2\x82x"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_not(utf8_valid(rows[i].text, rows[i].count), "%s", rows[i].why);
}

Test(utf8, one_character_has_its_length) {
    cr_expect_eq(utf8_char((const uint8_t *)"", 0), 0u);
    cr_expect_eq(utf8_char((const uint8_t *)"\0", 1), 1u);
    cr_expect_eq(utf8_char((const uint8_t *)"\xe5\x86\xb0", 3), 3u);
    cr_expect_eq(utf8_char((const uint8_t *)"\xe5\x86\xb0", 2), 0u);
}

Test(utf8, a_text_is_cut_between_characters) {
    const char *text = "a\xc3\xa4\xe5\x86\xb0\xf0\x9f\x98\x80z"; /* 1 + 2 + 3 + 4 + 1 bytes */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t count = 0; count < sizeof expected / sizeof expected[0]; count++)
        cr_expect_eq(utf8_cut(text, count), expected[count], "at %zu", count);
}

Test(utf8, bytes_that_are_no_text_are_cut_anywhere) {
    cr_expect_eq(utf8_cut("\x80\x80\x80\x80\x80", 5), 5u);
}
