/* The tree: what is parsed, what is refused, and how members are asked for. */
#include "fieldline/json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct json *parse(const char *text) {
    struct json *root = NULL;
    struct fault fault = {""};
    cr_assert_eq(json_parse(text, strlen(text), &root, &fault), RESULT_OK, "%s: %s", text, fault.text);
    return root;
}

Test(json, a_tree_prints_as_it_was) {
    static const char *const rows[] = {"null",
                                       "true",
                                       "-1.5",
                                       "\"a\\n\\u2028\"",
                                       "[]",
                                       "{}",
                                       "[1,[2,{\"a\":null}],\"x\"]",
                                       "{\"b\":1,\"a\":{\"c\":[true,false]}}",
                                       "0.1",
                                       "1e+300"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json *root = parse(rows[i]);
        struct buf out;
        buf_init(&out, 1024);
        json_print(root, &out);
        cr_expect_str_eq(buf_text(&out), rows[i]);
        buf_fini(&out);
        json_free(root);
    }
}

Test(json, other_texts_are_refused) {
    static const struct {
        const char *why, *text, *says;
    } rows[] = {
        {"nothing", "", "ends"},
        {"something after it", "{} {}", "after the end"},
        {"a key stands twice", "{\"a\":1,\"b\":2,\"a\":3}", "'a' stands twice"},
        {"a key stands twice inside", "[{\"x\":{\"a\":1,\"\\u0061\":3}}]", "'a' stands twice"},
        {"not UTF-8", "\"\xff\"", "UTF-8"},
        {"U+0000 would cut the text", "{\"a\":\"x\\u0000y\"}", "U+0000"},
        {"U+0000 in a key", "{\"a\\u0000\":1}", "U+0000"},
        {"half a pair", "\"\\ud800\"", "surrogate"},
        {"beyond a double", "[1e999]", "1e999"},
        {"too deep", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "deep"},
        {"a control character", "\"\x01\"", "control"},
        {"a comment", "/* a */ 1", "expected a value"},
        {"a comma too many", "{\"a\":1,}", "name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json *root = NULL;
        struct fault fault = {""};
        cr_expect_eq(json_parse(rows[i].text, strlen(rows[i].text), &root, &fault), RESULT_BAD_INPUT, "%s",
                     rows[i].why);
        cr_expect(strstr(fault.text, rows[i].says) != NULL, "%s: '%s'", rows[i].why, fault.text);
        cr_expect_null(root);
    }
    json_free(NULL);
}

Test(json, ten_thousand_keys_are_compared_quickly) {
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 10000; i++)
        buf_printf(&text, "%s\"k%d\":%d", i ? "," : "{", i, i);
    buf_str(&text, ",\"k77\":0}");
    struct json *root = NULL;
    struct fault fault = {""};
    cr_expect_eq(json_parse(buf_text(&text), text.count, &root, &fault), RESULT_BAD_INPUT);
    cr_expect(strstr(fault.text, "'k77'") != NULL, "%s", fault.text);
    buf_fini(&text);
}

Test(json, members_are_walked_in_order) {
    struct json *root = parse("{\"a\":1,\"b\":[10,20,30]}");
    const struct json *a = json_first(root), *b = json_next(a);
    cr_expect(json_is_object(root) && json_is_array(b) && !json_is_array(a));
    cr_expect_str_eq(json_key(a), "a");
    cr_expect_str_eq(json_key(b), "b");
    cr_expect_null(json_next(b));
    cr_expect_eq(json_count(b), 3u);
    double number = 0;
    cr_expect(json_as_number(json_at(b, 1), &number) && number == 20);
    cr_expect_null(json_at(b, 3));
    cr_expect_null(json_get(root, "A"));
    cr_expect_null(json_get(b, "a"));
    cr_expect(json_count(NULL) == 0 && !json_first(NULL) && !json_next(NULL) && !json_key(NULL) &&
              !json_is_object(NULL));
    json_free(root);
}

Test(json, typed_members_are_taken) {
    struct json *root = parse("{\"s\":\"text\",\"i\":9007199254740992,\"n\":-0.5,\"b\":true,\"a\":[1]}");
    const char *s = NULL, *none = "x";
    int64_t i = 0;
    double n = 0;
    bool b = false;
    const struct json *a = NULL;
    cr_expect(!json_string(root, "s", 4, &s, NULL) && strcmp(s, "text") == 0);
    cr_expect(!json_optional_string(root, "none", 4, &none, NULL) && !none);
    cr_expect(!json_optional_string(root, "s", 4, &s, NULL) && s);
    cr_expect(!json_integer(root, "i", 0, INT64_MAX, &i, NULL) && i == 9007199254740992);
    cr_expect(!json_number(root, "n", &n, NULL) && n == -0.5);
    cr_expect(!json_bool(root, "b", &b, NULL) && b);
    cr_expect(!json_array(root, "a", 1, &a, NULL) && json_count(a) == 1);
    json_free(root);
}

Test(json, wrong_members_are_refused_by_name) {
    struct json *root =
        parse("{\"s\":\"text\",\"i\":5,\"n\":0.5,\"b\":true,\"a\":[1,2],\"z\":null,\"o\":{},\"big\":9007199254740994}");
    const char *s;
    int64_t i;
    double n;
    bool b;
    const struct json *a;
    struct fault f;
    cr_expect_eq(json_string(root, "seq", 63, &s, &f), RESULT_BAD_INPUT);
    cr_expect_str_eq(f.text, "'seq' is missing");
    cr_expect_eq(json_string(root, "i", 63, &s, &f), RESULT_BAD_INPUT);
    cr_expect_str_eq(f.text, "'i' is a number, expected a string of at most 63 bytes");
    cr_expect_eq(json_string(root, "s", 3, &s, &f), RESULT_TOO_BIG);
    cr_expect_str_eq(f.text, "'s' has 4 bytes, at most 3 are allowed");
    cr_expect_eq(json_optional_string(root, "z", 3, &s, &f), RESULT_BAD_INPUT);
    cr_expect_eq(json_integer(root, "n", 0, 9, &i, &f), RESULT_BAD_INPUT);
    cr_expect_str_eq(f.text, "'n' is not a whole number");
    cr_expect_eq(json_integer(root, "big", 0, INT64_MAX, &i, &f), RESULT_BAD_INPUT);
    cr_expect_eq(json_integer(root, "i", 6, 9, &i, &f), RESULT_BAD_INPUT);
    cr_expect_str_eq(f.text, "'i' is 5, expected 6 to 9");
    cr_expect_eq(json_integer(root, "i", 0, 4, &i, &f), RESULT_BAD_INPUT);
    cr_expect_eq(json_number(root, "s", &n, &f), RESULT_BAD_INPUT);
    cr_expect_eq(json_bool(root, "z", &b, &f), RESULT_BAD_INPUT);
    cr_expect_str_eq(f.text, "'z' is null, expected true or false");
    cr_expect_eq(json_array(root, "o", 9, &a, &f), RESULT_BAD_INPUT);
    cr_expect_eq(json_array(root, "a", 1, &a, &f), RESULT_TOO_BIG);
    cr_expect_eq(json_string(json_get(root, "a"), "s", 9, &s, &f), RESULT_BAD_INPUT);
    cr_expect_not(json_as_string(json_get(root, "i"), &s));
    cr_expect_not(json_as_number(json_get(root, "s"), &n));
    cr_expect_not(json_as_bool(json_get(root, "z"), &b));
    cr_expect_not(json_as_bool(NULL, &b));
    json_free(root);
}
