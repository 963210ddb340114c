/* The pull parser: tokens of good texts, refusal of others. */
#include "fieldline/json_pull.h"

#include <criterion/criterion.h>
#include <string.h>

static const char LETTERS[] = "$!{}[]ksntfN"; /* one for each token, in the order of the enum */

/* The tokens of a text as letters; "!" at its end when it is refused. */
static void tokens_of(const char *text, size_t count, char *out, size_t room) {
    struct json_pull p;
    json_pull_init(&p, text, count);
    enum json_token token;
    size_t at = 0;
    do {
        token = json_pull_next(&p);
        out[at++] = LETTERS[token];
    } while (token != JSON_END && token != JSON_ERROR && at + 1 < room);
    out[at] = 0;
}

Test(json_pull, good_texts_give_their_tokens) {
    static const struct {
        const char *text, *tokens;
    } rows[] = {
        {"null", "N$"},
        {" \t\r\n true ", "t$"},
        {"-0.5e+10", "n$"},
        {"0", "n$"},
        {"\"\"", "s$"},
        {"[]", "[]$"},
        {"{}", "{}$"},
        {"[1,2,[3]]", "[nn[n]]$"},
        {"{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}", "{knk[tfN]k{ks}}$"},
        {"[ { } , { \"a\" : [ ] } ]", "[{}{k[]}]$"},
        {"\"\\u00e4\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s$"},
        {"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]$"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char tokens[64];
        tokens_of(rows[i].text, strlen(rows[i].text), tokens, sizeof tokens);
        cr_expect_str_eq(tokens, rows[i].tokens, "%s: %s", rows[i].text, tokens);
    }
}

Test(json_pull, other_texts_are_refused) {
    static const char *const rows[] = {"",
                                       " ",
                                       "nul",
                                       "True",
                                       "nullx",
                                       "01",
                                       "-",
                                       "-a",
                                       "1.",
                                       ".5",
                                       "1.e5",
                                       "1e",
                                       "1e+",
                                       "+1",
                                       "0x10",
                                       "NaN",
                                       "Infinity",
                                       "1 2",
                                       "\"",
                                       "\"a",
                                       "\"\\",
                                       "\"\\u12\"",
                                       "\"\\u12g4\"",
                                       "\"\\x\"",
                                       "\"\\",
                                       "\"\t\"",
                                       "\"\n\"",
                                       "'a'",
                                       "[",
                                       "[1",
                                       "[1,",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "]",
                                       "[}",
                                       "{",
                                       "{\"a\"",
                                       "{\"a\":",
                                       "{\"a\":1",
                                       "{\"a\":1,",
                                       "{\"a\":1,}",
                                       "{a:1}",
                                       "{1:1}",
                                       "{\"a\" 1}",
                                       "{\"a\":1 \"b\":2}",
                                       "{]",
                                       "{}{}",
                                       "[]]",
                                       "[1]x",
                                       "// c\n1",
                                       "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
                                       "-01",
                                       "--1",
                                       "tru",
                                       "[tru]",
                                       "\xef\xbb\xbf[]"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char tokens[64];
        tokens_of(rows[i], strlen(rows[i]), tokens, sizeof tokens);
        cr_expect_eq(tokens[strlen(tokens) - 1], '!', "'%s' gave %s", rows[i], tokens);
    }
}

Test(json_pull, nothing_behind_the_count_is_read) {
    char tokens[64];
    tokens_of("12345", 3, tokens, sizeof tokens);
    cr_expect_str_eq(tokens, "n$");
    tokens_of("[1]]", 3, tokens, sizeof tokens);
    cr_expect_str_eq(tokens, "[n]$");
    tokens_of("\"ab\"", 3, tokens, sizeof tokens);
    cr_expect_str_eq(tokens, "!");
    tokens_of("a\0b", 3, tokens, sizeof tokens);
    cr_expect_str_eq(tokens, "!");
}

Test(json_pull, an_error_stays) {
    struct json_pull p;
    json_pull_init(&p, "[x]", 3);
    cr_expect_eq(json_pull_next(&p), JSON_ARRAY);
    cr_expect_eq(json_pull_next(&p), JSON_ERROR);
    cr_expect_not_null(p.error);
    cr_expect_eq(json_pull_next(&p), JSON_ERROR);
    cr_expect_not(json_pull_skip(&p));
}

Test(json_pull, texts_are_slices_of_the_input) {
    const char *text = "{\"name\": 12.50 }";
    struct json_pull p;
    json_pull_init(&p, text, strlen(text));
    cr_assert_eq(json_pull_next(&p), JSON_OBJECT);
    cr_assert_eq(json_pull_next(&p), JSON_KEY);
    cr_expect(p.text == text + 2 && p.text_count == 4 && !p.escaped);
    cr_assert_eq(json_pull_next(&p), JSON_NUMBER);
    cr_expect(p.text == text + 9 && p.text_count == 5);
}

Test(json_pull, a_value_is_skipped_whatever_it_is) {
    const char *text = "{\"a\":{\"b\":[1,{\"c\":\"]}\"}]},\"d\":7}";
    struct json_pull p;
    json_pull_init(&p, text, strlen(text));
    cr_assert_eq(json_pull_next(&p), JSON_OBJECT);
    cr_assert_eq(json_pull_next(&p), JSON_KEY);
    cr_assert(json_pull_skip(&p));
    cr_assert_eq(json_pull_next(&p), JSON_KEY);
    cr_assert(json_pull_skip(&p));
    cr_expect_eq(json_pull_next(&p), JSON_OBJECT_END);
    cr_expect_eq(json_pull_next(&p), JSON_END);
}

Test(json_pull, where_no_value_stands_none_is_skipped) {
    static const char *const rows[] = {"[]", "[1", "{\"a\":1}", ""};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_pull p;
        json_pull_init(&p, rows[i], strlen(rows[i]));
        bool was_skipped = true;
        if (json_pull_next(&p) == JSON_ARRAY && rows[i][1] == '1')
            was_skipped = json_pull_skip(&p);
        cr_expect_eq(json_pull_skip(&p), false, "'%s' %d", rows[i], was_skipped);
    }
}

Test(json_pull, strings_are_unescaped) {
    static const struct {
        const char *text, *plain;
        size_t count;
    } rows[] = {
        {"\"abc\"", "abc", 3},
        {"\"\\\\n\"", "\\n", 2}, /* an escaped backslash, then an n */
        {"\"a\\nb\\t\\\"\\/\\\\\\b\\f\\r\"", "a\nb\t\"/\\\b\f\r", 10},
        {"\"\\u0041\\u00e4\\u51b0\"", "A\xc3\xa4\xe5\x86\xb0", 6},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4},
        {"\"\\u0000\"", "\0", 1},
        {"\"\xe5\x86\xb0\\u002F\"", "\xe5\x86\xb0/", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_pull p;
        char plain[32];
        size_t count = 0;
        json_pull_init(&p, rows[i].text, strlen(rows[i].text));
        cr_assert_eq(json_pull_next(&p), JSON_STRING, "%s", rows[i].text);
        cr_expect(json_pull_unescape(&p, plain, sizeof plain, &count), "%s", rows[i].text);
        cr_expect(count == rows[i].count && memcmp(plain, rows[i].plain, count) == 0, "%s", rows[i].text);
        cr_expect_not(json_pull_unescape(&p, plain, rows[i].count - 1, &count), "%s in too little room", rows[i].text);
    }
}

Test(json_pull, half_a_surrogate_pair_is_no_text) {
    static const char *const rows[] = {"\"\\ud83d\"",       "\"\\ude00\"",        "\"\\ud83dx\"",
                                       "\"\\ud83d\\n\"",    "\"\\ud83d\\ud83d\"", "\"\\ude00\\ud83d\"",
                                       "\"\\ud83d\\u0041\""};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_pull p;
        char plain[32];
        size_t count;
        json_pull_init(&p, rows[i], strlen(rows[i]));
        cr_assert_eq(json_pull_next(&p), JSON_STRING, "%s", rows[i]);
        cr_expect_not(json_pull_unescape(&p, plain, sizeof plain, &count), "%s", rows[i]);
    }
}
