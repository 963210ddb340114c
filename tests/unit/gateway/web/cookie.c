/* The login cookie: found, refused, printed. */
#include "web/cookie.h"

#include <criterion/criterion.h>
#include <string.h>

#include "web/request.h"

#define TOKEN "abcdefghijABCDEFGHIJ0123456789-_abcdefghijA"
#define OURS  COOKIE_NAME "=" TOKEN

static const struct {
    const char *what, *header;
    enum result result;
    const char *value;
} rows[] = {
    {"alone", OURS, RESULT_OK, TOKEN},
    {"between others", "a=1; " OURS "; b=2", RESULT_OK, TOKEN},
    {"others may be odd", "a=\"x\"; =; ;;" OURS, RESULT_OK, TOKEN},
    {"without blanks", "a=1;" OURS ";b=2", RESULT_OK, TOKEN},
    {"blank at the end", OURS " ", RESULT_OK, TOKEN},
    {"none at all", "", RESULT_NOT_FOUND, NULL},
    {"only others", "session=1; b=2", RESULT_NOT_FOUND, NULL},
    {"a longer name", "x" OURS, RESULT_NOT_FOUND, NULL},
    {"another case", "__host-fieldline=" TOKEN, RESULT_NOT_FOUND, NULL},
    {"name without value", COOKIE_NAME, RESULT_NOT_FOUND, NULL},
    {"empty value", COOKIE_NAME "=", RESULT_BAD_INPUT, NULL},
    {"twice", OURS "; " OURS, RESULT_BAD_INPUT, NULL},
    {"twice, one empty", OURS "; " COOKIE_NAME "=", RESULT_BAD_INPUT, NULL},
    {"quoted", COOKIE_NAME "=\"" TOKEN "\"", RESULT_BAD_INPUT, NULL},
    {"control character", COOKIE_NAME "=ab\x01", RESULT_BAD_INPUT, NULL},
    {"not ASCII", COOKIE_NAME "=\xc3\xa9", RESULT_BAD_INPUT, NULL},
    {"too long", COOKIE_NAME "=" TOKEN TOKEN, RESULT_BAD_INPUT, NULL},
};

Test(cookie, is_found_or_refused) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64] = "untouched";
        enum result result = cookie_find(rows[i].header, strlen(rows[i].header), COOKIE_NAME, out, sizeof out);
        cr_expect_eq(result, rows[i].result, "%s: %s", rows[i].what, result_name(result));
        cr_expect_str_eq(out, rows[i].value == NULL ? "untouched" : rows[i].value, "%s", rows[i].what);
    }
}

Test(cookie, a_header_is_not_read_beyond_its_end) {
    char out[64];
    cr_expect_eq(cookie_find(OURS, sizeof COOKIE_NAME - 1, COOKIE_NAME, out, sizeof out), RESULT_NOT_FOUND);
    cr_expect_eq(cookie_find(OURS, sizeof COOKIE_NAME + 4, COOKIE_NAME, out, sizeof out), RESULT_OK);
    cr_expect_str_eq(out, "abcd");
}

Test(cookie, only_a_token_counts_as_a_login) {
    static const struct {
        const char *header;
        bool has_login;
    } cases[] = {
        {OURS, true}, {COOKIE_NAME "=short", false}, {OURS "; " OURS, false}, {COOKIE_NAME "=" TOKEN "!", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request *request = request_new();
        request_set_cookies(request, cases[i].header, strlen(cases[i].header));
        cr_expect_eq(request->has_login, cases[i].has_login, "%s", cases[i].header);
        request_free(request);
    }
}

Test(cookie, has_every_flag) {
    char out[COOKIE_SET_BYTES];
    cookie_print(TOKEN, 43200, out);
    cr_expect_str_eq(out, OURS "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200");
    cookie_print("", 43200, out);
    cr_expect_str_eq(out, COOKIE_NAME "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
}
