/* The writer: commas, escapes, and that what it writes can be read. */
#include "fieldline/json.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(json_out, commas_stand_between_items) {
    struct buf b;
    buf_init(&b, 1024);
    struct json_out j = json_out(&b);
    jo_object(&j, NULL);
    jo_str(&j, "device", "freezer-7");
    jo_int(&j, "seq", -7);
    jo_array(&j, "list");
    jo_num(&j, NULL, 0.5);
    jo_num(&j, NULL, NAN);
    jo_num(&j, NULL, -INFINITY);
    jo_object(&j, NULL);
    jo_end(&j);
    jo_array(&j, NULL);
    jo_end(&j);
    jo_bool(&j, NULL, true);
    jo_end(&j);
    jo_null(&j, "none");
    jo_str(&j, "no text", NULL);
    jo_raw(&j, "raw", "{\"x\":1}", 7);
    jo_bool(&j, "b", false);
    jo_strn(&j, "cut", "abcdef", 3);
    jo_end(&j);
    cr_expect_str_eq(buf_text(&b),
                     "{\"device\":\"freezer-7\",\"seq\":-7,\"list\":[0.5,null,null,{},[],true],\"none\":null,"
                     "\"no text\":null,\"raw\":{\"x\":1},\"b\":false,\"cut\":\"abc\"}");
    cr_expect_eq(j.depth, 0u);
    buf_fini(&b);
}

Test(json_out, the_ends_of_the_integers) {
    struct buf b;
    buf_init(&b, 1024);
    struct json_out j = json_out(&b);
    jo_array(&j, NULL);
    jo_int(&j, NULL, INT64_MIN);
    jo_int(&j, NULL, INT64_MAX);
    jo_end(&j);
    cr_expect_str_eq(buf_text(&b), "[-9223372036854775808,9223372036854775807]");
    buf_fini(&b);
}

Test(json_out, nothing_dangerous_leaves_unescaped) {
    static const struct {
        const char *why, *text;
        size_t count;
        const char *quoted;
    } rows[] = {
        {"nothing", "", 0, "\"\""},
        {"plain", "abc/def", 7, "\"abc/def\""},
        {"quote and backslash", "\"\\", 2, "\"\\\"\\\\\""},
        {"short escapes", "\n\r\t", 3, "\"\\n\\r\\t\""},
        {"control characters", "\x01\x1f\x7f", 3, "\"\\u0001\\u001f\\u007f\""},
        {"NUL", "a\0b", 3, "\"a\\u0000b\""},
        {"text", "\xc3\xa4\xe5\x86\xb0\xf0\x9f\x98\x80", 9, "\"\xc3\xa4\xe5\x86\xb0\xf0\x9f\x98\x80\""},
        {"line and paragraph separators", "\xe2\x80\xa8\xe2\x80\xa9", 6, "\"\\u2028\\u2029\""},
        {"their neighbours", "\xe2\x80\xa7\xe2\x80\xaa", 6, "\"\xe2\x80\xa7\xe2\x80\xaa\""},
        {"bytes that are no text", "a\xff\xc3z", 4, "\"a\xef\xbf\xbd\xef\xbf\xbdz\""},
        {"half a character at the end", "a\xe5\x86", 3, "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
        {"a surrogate", "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        buf_init(&b, 256);
        json_quote(&b, rows[i].text, rows[i].count);
        cr_expect_str_eq(buf_text(&b), rows[i].quoted, "%s: %s", rows[i].why, buf_text(&b));
        cr_expect(utf8_valid(b.data, b.count), "%s", rows[i].why);
        buf_fini(&b);
    }
}

Test(json_out, every_pair_of_bytes_can_be_read_again) {
    for (int a = 1; a < 256; a++) {
        for (int c = 1; c < 256; c += 3) {
            char text[2] = {(char)a, (char)c};
            struct buf b;
            struct json *root = NULL;
            buf_init(&b, 64);
            json_quote(&b, text, 2);
            cr_assert_eq(json_parse(buf_text(&b), b.count, &root, NULL), RESULT_OK, "%02x %02x", a, c);
            json_free(root);
            buf_fini(&b);
        }
    }
}
