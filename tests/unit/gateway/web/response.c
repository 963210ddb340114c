/* Header blocks and problem documents. */
#include "web/response.h"

#include <criterion/criterion.h>
#include <string.h>

#include "fieldline/json.h"
#include "web/api.h"

static struct buf head;
static const struct response_style style = {.wall_ms = 784111777000};

static const char *head_of(const struct response *response, const struct response_style *how) {
    buf_init(&head, 8192);
    response_head(response, how, &head);
    return buf_text(&head);
}

Test(response, head_has_every_line) {
    struct response *response = response_new(200);
    response->type = "application/json";
    buf_str(&response->body, "{}");
    strcpy(response->etag, "\"17\"");
    cr_expect_str_eq(head_of(response, &style),
                     "HTTP/1.1 200 OK\r\n"
                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: 2\r\n"
                     "ETag: \"17\"\r\n"
                     "Cache-Control: no-store\r\n"
                     "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "Referrer-Policy: same-origin\r\n"
                     "Cross-Origin-Opener-Policy: same-origin\r\n"
                     "Cross-Origin-Resource-Policy: same-origin\r\n"
                     "Connection: keep-alive\r\n\r\n");
    buf_fini(&head);
    response_free(response);
}

Test(response, pages_allow_no_inline_script) {
    struct response *response = response_new(200);
    response->is_page = true;
    const char *text = head_of(response, &style);
    const char *script = strstr(text, "script-src ");
    cr_assert_not_null(script);
    cr_expect_eq(strncmp(script, "script-src 'self';", 18), 0);
    cr_expect_not_null(strstr(text, "frame-ancestors 'none'"));
    cr_expect_null(strstr(text, "Strict-Transport-Security"), "not on loopback");
    buf_fini(&head);
    struct response_style strict = {.is_strict = true, .closes = true};
    text = head_of(response, &strict);
    cr_expect_not_null(strstr(text, "Strict-Transport-Security: max-age=31536000\r\n"));
    cr_expect_not_null(strstr(text, "Connection: close\r\n"));
    buf_fini(&head);
    response_free(response);
}

Test(response, bodyless_statuses_have_no_length) {
    static const int statuses[] = {204, 304};
    for (size_t i = 0; i < 2; i++) {
        struct response *response = response_new(statuses[i]);
        response->type = "text/html";
        const char *text = head_of(response, &style);
        cr_expect_null(strstr(text, "Content-Length"));
        cr_expect_null(strstr(text, "Content-Type: "));
        buf_fini(&head);
        response_free(response);
    }
}

Test(response, problems_are_documents) {
    struct response *response = response_new(200);
    buf_str(&response->body, "half an answer");
    response_problem(response, 409, "conflict", "ticket %d is \"closed\"\n", 7);
    cr_expect_eq(response->status, 409);
    cr_expect_str_eq(response->type, "application/problem+json");
    cr_expect_str_eq(buf_text(&response->body), "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
                                                "\"code\":\"conflict\",\"detail\":\"ticket 7 is \\\"closed\\\"\\n\"}");
    response_free(response);
}

Test(response, every_result_has_a_status) {
    for (int result = RESULT_OK; result <= RESULT_CORRUPT; result++) {
        int status = http_status_of((enum result)result);
        cr_expect(result == RESULT_OK ? status == 200 : status >= 400, "%s is %d", result_name((enum result)result),
                  status);
        cr_expect_str_neq(http_status_text(status), "Error");
    }
}

Test(response, changes_come_back_as_answers) {
    struct web_options options = {.login_max_ms = 3600000};
    struct change *change = change_new(CHANGE_LOGIN);
    change->status = 200;
    buf_str(&change->reply, "{\"user\":\"ann\"}");
    strcpy(change->cookie, "token");
    struct response *response = api_response_of(change, &options);
    cr_expect_str_eq(buf_text(&response->body), "{\"user\":\"ann\"}");
    cr_expect_str_eq(response->cookie,
                     "__Host-fieldline=token; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=3600");
    response_free(response);
    change_problem(change, 409, "stale", "version %d is not the newest", 3);
    response = api_response_of(change, &options);
    cr_expect_eq(response->status, 409);
    cr_expect_str_eq(response->cookie, "");
    cr_expect_not_null(
        strstr(buf_text(&response->body), "\"code\":\"stale\",\"detail\":\"version 3 is not the newest\""));
    response_free(response);
    buf_reset(&change->reply);
    change->status = 500;
    response = api_response_of(change, &options);
    cr_expect_not_null(strstr(buf_text(&response->body), "\"code\":\"refused\""), "a desk that says nothing");
    response_free(response);
    change_free(change);
}

Test(response, a_logout_takes_the_cookie_back) {
    struct web_options options = {.login_max_ms = 3600000};
    struct change *change = change_new(CHANGE_LOGOUT);
    change->status = 204;
    struct response *response = api_response_of(change, &options);
    cr_expect_not_null(strstr(response->cookie, "Max-Age=0"));
    response_free(response);
    change_free(change);
}
