/* Query arguments and the other parts of a request's head. */
#include "web/query.h"

#include <criterion/criterion.h>
#include <string.h>

#include "web/request.h"

static enum result add(struct query *query, const char *text) {
    struct fault fault;
    return query_add(query, text, strlen(text), &fault);
}

Test(query, is_read) {
    struct query query = {0};
    struct fault fault;
    int64_t number;
    bool flag;
    cr_assert_eq(add(&query, "q=door open"), RESULT_OK);
    cr_assert_eq(add(&query, "limit=20"), RESULT_OK);
    cr_assert_eq(add(&query, "active=true"), RESULT_OK);
    cr_assert_eq(add(&query, "part="), RESULT_OK);
    cr_assert_eq(add(&query, "after"), RESULT_OK);
    cr_expect_str_eq(query_text(&query, "q"), "door open");
    cr_expect_str_eq(query_text(&query, "part"), "");
    cr_expect_str_eq(query_text(&query, "after"), "");
    cr_expect_null(query_text(&query, "lim"));
    cr_expect_eq(query_integer(&query, "limit", 1, 500, 100, &number, &fault), RESULT_OK);
    cr_expect_eq(number, 20);
    cr_expect_eq(query_integer(&query, "points", 1, 500, 100, &number, &fault), RESULT_OK);
    cr_expect_eq(number, 100);
    cr_expect_eq(query_bool(&query, "active", false, &flag, &fault), RESULT_OK);
    cr_expect(flag);
    cr_expect_eq(query_only(&query, "limit q active part after", &fault), RESULT_OK);
    query_fini(&query);
}

Test(query, what_is_wrong_is_refused_with_its_name) {
    static const char *const rows[] = {
        "", "=1", "Q=1", "a-b=1", "limit=2", "a\x01=1", "a=\x01b", "a=\xff\xfe", "a=\xed\xa0\x80", "a b=1", "9=1"};
    struct query query = {0};
    cr_assert_eq(add(&query, "limit=1"), RESULT_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_neq(add(&query, rows[i]), RESULT_OK, "%s", rows[i]);
        cr_expect_eq(query.count, 1);
    }
    struct fault fault;
    int64_t number = 7;
    bool flag;
    cr_expect_eq(query_only(&query, NULL, &fault), RESULT_BAD_INPUT);
    cr_expect_eq(query_only(&query, "limits lim", &fault), RESULT_BAD_INPUT);
    cr_expect(strstr(fault.text, "'limit'") != NULL, "%s", fault.text);
    cr_expect_eq(query_required_integer(&query, "from_ms", 0, 9, &number, &fault), RESULT_BAD_INPUT);
    cr_expect(strstr(fault.text, "'from_ms' is missing") != NULL, "%s", fault.text);
    cr_expect_eq(query_integer(&query, "limit", 2, 9, 2, &number, &fault), RESULT_BAD_INPUT);
    cr_expect_eq(query_bool(&query, "limit", true, &flag, &fault), RESULT_BAD_INPUT);
    cr_expect_eq(number, 7);
    query_fini(&query);
}

Test(query, has_caps) {
    struct query query = {0};
    char text[QUERY_VALUE_BYTES + 8];
    memset(text, 'x', sizeof text);
    memcpy(text, "q=", 2);
    struct fault fault;
    cr_expect_eq(query_add(&query, text, QUERY_VALUE_BYTES + 2, &fault), RESULT_OK);
    memcpy(text, "p=", 2);
    cr_expect_eq(query_add(&query, text, QUERY_VALUE_BYTES + 3, &fault), RESULT_TOO_BIG);
    for (char name = 'a'; query.count < QUERY_ITEMS; name++) {
        char item[] = {name, '=', '1', '\0'};
        cr_assert_eq(add(&query, item), RESULT_OK);
    }
    cr_expect_eq(add(&query, "z=1"), RESULT_TOO_BIG);
    query_fini(&query);
}

Test(request, path) {
    static const struct {
        const char *path;
        size_t chars;
        enum result result;
    } rows[] = {
        {"/", 1, RESULT_OK},
        {"/api/v1/devices/\xe5\x86\xb0", 19, RESULT_OK},
        {"", 0, RESULT_BAD_INPUT},
        {"api", 3, RESULT_BAD_INPUT},
        {"/a\0b", 4, RESULT_BAD_INPUT},
        {"/a\nb", 4, RESULT_BAD_INPUT},
        {"/\x7f", 2, RESULT_BAD_INPUT},
        {"/\xff", 2, RESULT_BAD_INPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request *request = request_new();
        cr_expect_eq(request_set_path(request, rows[i].path, rows[i].chars, NULL), rows[i].result, "row %zu", i);
        request_free(request);
    }
    char longest[REQUEST_PATH_BYTES + 2];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    struct request *request = request_new();
    cr_expect_eq(request_set_path(request, longest, REQUEST_PATH_BYTES, NULL), RESULT_OK);
    cr_expect_eq(request_set_path(request, longest, REQUEST_PATH_BYTES + 1, NULL), RESULT_TOO_BIG);
    request_free(request);
}

Test(request, content_length) {
    static const struct {
        const char *text;
        enum result result;
        int64_t length;
    } rows[] = {
        {"0", RESULT_OK, 0},
        {"17", RESULT_OK, 17},
        {"262144", RESULT_OK, 262144},
        {"262145", RESULT_TOO_BIG, -1},
        {"99999999999999999999999", RESULT_TOO_BIG, -1},
        {"-1", RESULT_BAD_INPUT, -1},
        {"+1", RESULT_BAD_INPUT, -1},
        {"5 5", RESULT_BAD_INPUT, -1},
        {"5, 5", RESULT_BAD_INPUT, -1},
        {"0x10", RESULT_BAD_INPUT, -1},
        {"", RESULT_BAD_INPUT, -1},
        {" 5", RESULT_BAD_INPUT, -1},
        {"5.0", RESULT_BAD_INPUT, -1},
        {"?", RESULT_BAD_INPUT, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t length = -1;
        cr_expect_eq(request_content_length(rows[i].text, &length, NULL), rows[i].result, "'%s'", rows[i].text);
        cr_expect_eq(length, rows[i].length, "'%s'", rows[i].text);
    }
}

Test(request, if_match) {
    static const struct {
        const char *text;
        enum result result;
        int64_t version;
    } rows[] = {
        {"\"17\"", RESULT_OK, 17},
        {"17", RESULT_OK, 17},
        {"*", RESULT_OK, -1},
        {"\"17", RESULT_BAD_INPUT, -1},
        {"W/\"17\"", RESULT_BAD_INPUT, -1},
        {"\"\"", RESULT_BAD_INPUT, -1},
        {"-1", RESULT_BAD_INPUT, -1},
        {"\"1\", \"2\"", RESULT_BAD_INPUT, -1},
        {"\"", RESULT_BAD_INPUT, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request *request = request_new();
        cr_expect_eq(request_set_if_match(request, rows[i].text, NULL), rows[i].result, "%s", rows[i].text);
        cr_expect_eq(request->if_match, rows[i].version, "%s", rows[i].text);
        request_free(request);
    }
}

Test(request, json_type) {
    static const struct {
        const char *type;
        bool is_json;
    } rows[] = {
        {"application/json", true},
        {"Application/JSON; charset=UTF-8", true},
        {"application/json ; charset=\"utf-8\"", true},
        {"application/jsonp", false},
        {"application/json; charset=gbk", false},
        {"text/plain", false},
        {"text/plain; application/json", false},
        {"", false},
        {NULL, false},
        {"application/x-www-form-urlencoded", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(is_json_type(rows[i].type), rows[i].is_json, "%s", rows[i].type == NULL ? "none" : rows[i].type);
    }
}

Test(request, loopback) {
    static const char *const ours[] = {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"};
    static const char *const others[] = {"", "10.0.0.1", "1127.0.0.1", "::2", "::ffff:10.0.0.1", "localhost"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        cr_expect(is_loopback_address(ours[i]), "%s", ours[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_expect_not(is_loopback_address(others[i]), "%s", others[i]);
    }
}
