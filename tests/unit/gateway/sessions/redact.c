/* Lines that belong together are masked together, also when they come one by one. */
#include "sessions/redact.h"

#include <criterion/criterion.h>
#include <string.h>

static void check(const struct mask *mask, const char *const *lines, const char *wanted) {
    struct redact_lines state = {0};
    struct buf out;
    buf_init(&out, 64 * 1024);
    for (size_t i = 0; lines[i] != NULL; i++) {
        redact_line(mask, &state, lines[i], &out);
        buf_str(&out, "|");
    }
    cr_expect_str_eq(buf_text(&out), wanted, "%s", lines[0]);
    buf_fini(&out);
}

Test(redact, lines) {
    static const struct {
        const char *lines[6], *wanted;
    } rows[] = {
        {{"plain", "text"}, "plain|text|"},
        {{"x password=abc y", "abc"}, "x password=*** y|abc|"},
        {{"-----BEGIN PRIVATE KEY-----", "AbCd", "e f", "-----END PRIVATE KEY-----", "after"},
         "-----BEGIN PRIVATE KEY-----|****|* *|-----END PRIVATE KEY-----|after|"},
        {{"-----BEGIN RSA PRIVATE KEY-----", "last-----END RSA PRIVATE KEY----- token=abc", "after"},
         "-----BEGIN RSA PRIVATE KEY-----|****-----END RSA PRIVATE KEY----- token=***|after|"},
        {{"-----BEGIN PRIVATE KEY-----abc-----END PRIVATE KEY-----", "after"},
         "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----|after|"},
        {{"-----BEGIN CERTIFICATE-----", "AbCd"}, "-----BEGIN CERTIFICATE-----|AbCd|"},
    };
    struct mask *mask = NULL;
    struct fault fault = {""};
    cr_assert_eq(mask_new(NULL, &mask, &fault), RESULT_OK, "%s", fault.text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(mask, rows[i].lines, rows[i].wanted);
    }
    mask_free(mask);
}

Test(redact, a_key_without_an_end_does_not_hide_the_rest_of_the_session) {
    struct redact_lines state = {0};
    struct mask *mask = NULL;
    struct fault fault = {""};
    struct buf out;
    char line[1001];
    memset(line, 'k', 1000);
    line[1000] = '\0';
    buf_init(&out, 1024 * 1024);
    cr_assert_eq(mask_new(NULL, &mask, &fault), RESULT_OK, "%s", fault.text);
    redact_line(mask, &state, "-----BEGIN PRIVATE KEY-----", &out);
    for (int i = 0; i < 16; i++) {
        redact_line(mask, &state, line, &out);
    }
    cr_expect_null(strchr(buf_text(&out), 'k'));
    redact_line(mask, &state, line, &out);
    cr_expect_not_null(strchr(buf_text(&out), 'k'));
    mask_free(mask);
    buf_fini(&out);
}

Test(redact, json_is_looked_at_by_member_and_other_text_as_text) {
    static const struct {
        const char *text, *wanted;
    } rows[] = {{"{\"password\":\"a\\\"b\",\"x\":\"y\"}", "{\"password\":\"***\",\"x\":\"y\"}"},
                {"{not json password=abc", "{not json password=***"},
                {"", ""},
                {"7", "7"}};
    struct mask *mask = NULL;
    struct fault fault = {""};
    cr_assert_eq(mask_new(NULL, &mask, &fault), RESULT_OK, "%s", fault.text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 4096);
        redact_json(mask, rows[i].text, &out);
        cr_expect_str_eq(buf_text(&out), rows[i].wanted, "%s", rows[i].text);
        buf_reset(&out);
        redact_json(NULL, rows[i].text, &out);
        cr_expect_str_eq(buf_text(&out), rows[i].text, "without a mask: %s", rows[i].text);
        buf_fini(&out);
    }
    mask_free(mask);
}
