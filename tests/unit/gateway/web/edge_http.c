/* The edge over HTTPS: logins, roles, changes, files, long answers; what people's programs do when all is well, and the
 * plain refusals. */
#include "edge.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldline/clock.h"

static struct edge *e;
static void setup(void) {
    e = edge_new();
    edge_start(e);
}
static void teardown(void) {
    edge_free(e);
}
TestSuite(edge_http, .init = setup, .fini = teardown);

#define LOGIN(user, password)                                                                                          \
    edge_ask(e, NULL, "POST", "/api/v1/login", "{\"user\":\"" user "\",\"password\":\"" password "\"}")

static void expect(struct reply reply, int status, const char *in_body, const char *what) {
    cr_expect_eq(reply.status, status, "%s: %d %s", what, reply.status, reply.body == NULL ? "" : reply.body);
    if (in_body != NULL && reply.body != NULL) {
        cr_expect_not_null(strstr(reply.body, in_body), "%s: %s", what, reply.body);
    }
    if (status >= 400) {
        const char *type = reply_header(&reply, "Content-Type");
        cr_expect(type != NULL && strcmp(type, "application/problem+json") == 0, "%s: %s", what,
                  type == NULL ? "" : type);
    }
    reply_free(&reply);
}

Test(edge_http, a_login_opens_the_door) {
    struct reply reply = LOGIN("ann", PASSWORD);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect_str_eq(reply.body, "{\"user\":\"ann\",\"name\":\"ann's title\",\"role\":\"engineer\"}");
    char cookie[256], token[AUTH_TOKEN_CHARS + 1] = "";
    snprintf(cookie, sizeof cookie, "%s", reply_header(&reply, "Set-Cookie"));
    cr_expect_eq(strncmp(cookie, "__Host-fieldline=", 17), 0);
    cr_expect_str_eq(strchr(cookie, ';'), "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=3600");
    memcpy(token, cookie + 17, AUTH_TOKEN_CHARS);
    reply_free(&reply);
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 200, "\"user\":\"ann\"", "me");
    expect(edge_ask(e, token, "POST", "/api/v1/logout", NULL), 204, NULL, "logout");
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 401, "login_ended", "me after logout");
}

Test(edge_http, wrong_logins_are_told_apart_by_nobody) {
    struct reply wrong = LOGIN("ann", "wrong"), unknown = LOGIN("bob", "wrong");
    cr_expect_eq(wrong.status, 401);
    cr_expect_str_eq(wrong.body, unknown.body);
    cr_expect_null(reply_header(&wrong, "Set-Cookie"));
    reply_free(&wrong);
    reply_free(&unknown);
    edge_user(e, "gone", ROLE_ENGINEER, true);
    expect(LOGIN("gone", PASSWORD), 401, "wrong_login", "a disabled user");
    cr_expect(edge_wait(e, &e->failed, 3), "the desk heard of %d", e->failed);
}

Test(edge_http, bad_login_requests) {
    static const struct {
        const char *body, *in_answer;
    } rows[] = {
        {"", "'user' is missing"},
        {"{", "not JSON"},
        {"[]", "must be a JSON object"},
        {"{\"user\":\"ann\"}", "'password' is missing"},
        {"{\"user\":7,\"password\":\"x\"}", "'user' is a number"},
        {"{\"user\":\"ann\",\"user\":\"bob\",\"password\":\"x\"}", "user"},
        {"{\"user\":\"ann\xff\",\"password\":\"x\"}", "not JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect(edge_ask(e, NULL, "POST", "/api/v1/login", rows[i].body), 400, rows[i].in_answer, rows[i].body);
    }
    cr_expect_eq(e->failed, 0);
}

Test(edge_http, guessing_is_slowed_down) {
    for (int i = 0; i < 5; i++) {
        expect(LOGIN("ann", "wrong"), 401, NULL, "a free attempt");
    }
    struct reply reply = LOGIN("ann", PASSWORD);
    cr_expect_eq(reply.status, 429, "even the right one has to wait: %d", reply.status);
    const char *wait = reply_header(&reply, "Retry-After");
    cr_expect(wait != NULL && atoi(wait) >= 1, "%s", wait == NULL ? "" : wait);
    reply_free(&reply);
    expect(LOGIN("otto", PASSWORD), 200, "owner", "a colleague at the same address");
}

Test(edge_http, login_sessions_end) {
    char token[AUTH_TOKEN_CHARS + 1];
    edge_login(e, "ann", 0, 3600000, token);
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 200, NULL, "fresh");
    cr_expect_eq(e->seen, 0, "seen a moment ago");
    edge_login(e, "ann", 599000, 3600000, token);
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 200, NULL, "nearly idle");
    cr_expect(edge_wait(e, &e->seen, 1), "the desk was told that it is used");
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 200, NULL, "seen again");
    edge_login(e, "ann", 600001, 3600000, token);
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 401, "not used for too long", "idle");
    edge_login(e, "ann", 0, -1, token);
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 401, "time limit", "over");
    edge_login(e, "ann", 0, 3600000, token);
    edge_user(e, "ann", ROLE_ENGINEER, true);
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 401, "login_ended", "disabled");
    token[0] = token[0] == 'A' ? 'B' : 'A';
    expect(edge_ask(e, token, "GET", "/api/v1/me", NULL), 401, "login_ended", "unknown");
    expect(edge_ask(e, "short", "GET", "/api/v1/me", NULL), 401, "not_logged_in", "no token");
    expect(edge_ask(e, NULL, "GET", "/api/v1/me", NULL), 401, "not_logged_in", "no cookie");
}

Test(edge_http, reads_by_role) {
    static const struct {
        const char *path;
        int engineer, owner, administrator;
        const char *in_body;
    } rows[] = {
        {"/api/v1/overview", 200, 200, 200, "\"tickets_open\":0"},
        {"/api/v1/devices", 200, 200, 200, "\"next\":null"},
        {"/api/v1/devices?limit=5&q=free", 200, 200, 200, "\"items\":[]"},
        {"/api/v1/devices?limit=0", 400, 400, 400, "'limit'"},
        {"/api/v1/devices?limits=5", 400, 400, 400, "unknown argument 'limits'"},
        {"/api/v1/devices?q=a&q=b", 400, 400, 400, "given twice"},
        {"/api/v1/devices/freezer-7", 404, 404, 404, "no such device"},
        {"/api/v1/devices/freezer-7/history?metric=x&from_ms=0&to_ms=1", 404, 404, 404, "no such device"},
        {"/api/v1/devices/freezer-7/history?from_ms=0&to_ms=1", 400, 400, 400, "'metric' is missing"},
        {"/api/v1/devices/freezer-7/history?metric=x&from_ms=2&to_ms=1", 400, 400, 400, "'from_ms' must be before"},
        {"/api/v1/alarms?active=true", 200, 200, 200, "\"items\":[]"},
        {"/api/v1/alarms?active=maybe", 400, 400, 400, "true or false"},
        {"/api/v1/tickets?state=open", 200, 200, 200, "\"items\":[]"},
        {"/api/v1/tickets?state=forgotten", 400, 400, 400, "unknown state 'forgotten'"},
        {"/api/v1/tickets/7", 404, 404, 404, "no such ticket"},
        {"/api/v1/tickets/seven", 404, 404, 404, "not_found"},
        {"/api/v1/sessions", 200, 200, 200, "\"items\":[]"},
        {"/api/v1/sessions/0b5c1f3e-9d77-4a3b-8f00-0123456789ab", 404, 404, 404, "no such session"},
        {"/api/v1/sessions/0b5c1f3e-9d77-4a3b-8f00-0123456789ab/cast", 404, 403, 404, NULL},
        {"/api/v1/models", 200, 200, 200, "\"model\":\"vaccine-freezer\""},
        {"/api/v1/audit", 403, 403, 200, NULL},
        {"/api/v1/quarantine", 200, 403, 200, NULL},
        {"/api/v1/openapi.yaml", 200, 200, 200, "openapi: 3.1.0"},
        {"/api/v1/live", 426, 426, 426, "WebSocket"},
        {"/api/v1/nothing", 404, 404, 404, NULL},
    };
    char ann[AUTH_TOKEN_CHARS + 1], otto[AUTH_TOKEN_CHARS + 1], ada[AUTH_TOKEN_CHARS + 1];
    edge_login(e, "ann", 0, 3600000, ann);
    edge_login(e, "otto", 0, 3600000, otto);
    edge_login(e, "ada", 0, 3600000, ada);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect(edge_ask(e, ann, "GET", rows[i].path, NULL), rows[i].engineer,
               rows[i].engineer == 403 ? "denied" : rows[i].in_body, rows[i].path);
        expect(edge_ask(e, otto, "GET", rows[i].path, NULL), rows[i].owner,
               rows[i].owner == 403 ? "denied" : rows[i].in_body, rows[i].path);
        expect(edge_ask(e, ada, "GET", rows[i].path, NULL), rows[i].administrator, NULL, rows[i].path);
    }
}

Test(edge_http, changes_go_to_the_desk_and_come_back) {
    char ann[AUTH_TOKEN_CHARS + 1], headers[256];
    edge_login(e, "ann", 0, 3600000, ann);
    struct reply reply = edge_ask(e, ann, "POST", "/api/v1/tickets", "{\"device\":\"freezer-7\"}");
    cr_expect_eq(reply.status, 201);
    cr_expect_str_eq(reply.body, "{\"device\":\"freezer-7\"}");
    cr_expect_str_eq(reply_header(&reply, "ETag"), "\"1\"");
    reply_free(&reply);
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    snprintf(headers, sizeof headers, "Cookie: __Host-fieldline=%s\r\nIf-Match: \"3\"\r\n", ann);
    expect(client_ask(c, "POST", "/api/v1/tickets/17/actions", headers, "{}"), 409, "17 by ann", "the desk's problem");
    cr_expect_eq(e->if_match, 3);
    snprintf(headers, sizeof headers, "Cookie: __Host-fieldline=%s\r\nIf-Match: three\r\n", ann);
    expect(client_ask(c, "POST", "/api/v1/tickets/17/actions", headers, "{}"), 400, "If-Match", "a strange version");
    client_close(c);
    expect(edge_ask(e, ann, "POST", "/api/v1/tickets", "[1]"), 400, "JSON object", "a body that is no object");
    expect(edge_ask(e, ann, "POST", "/api/v1/tickets?x=1", "{}"), 400, "unknown argument 'x'", "an argument");
    expect(edge_ask(e, NULL, "POST", "/api/v1/tickets", "{}"), 401, NULL, "without a login");
    char otto[AUTH_TOKEN_CHARS + 1];
    edge_login(e, "otto", 0, 3600000, otto);
    expect(edge_ask(e, otto, "POST", "/api/v1/alarms/1/acknowledge", "{}"), 403, "role owner", "a role that may not");
}

Test(edge_http, foreign_pages_change_nothing) {
    char ann[AUTH_TOKEN_CHARS + 1], headers[300];
    edge_login(e, "ann", 0, 3600000, ann);
    static const struct {
        const char *header;
        int status;
    } rows[] = {
        {"Origin: https://localhost\r\n", 201},
        {"Origin: https://evil.example\r\n", 403},
        {"Origin: null\r\n", 403},
        {"Origin: http://localhost\r\n", 403},
        {"Sec-Fetch-Site: same-origin\r\n", 201},
        {"Sec-Fetch-Site: cross-site\r\n", 403},
        {"Origin: https://localhost\r\nOrigin: https://evil.example\r\n", 403},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = client_open(web_port(e->web), NULL, NULL);
        snprintf(headers, sizeof headers, "Cookie: __Host-fieldline=%s\r\n%s", ann, rows[i].header);
        expect(client_ask(c, "POST", "/api/v1/tickets", headers, "{}"), rows[i].status,
               rows[i].status == 403 ? "foreign_origin" : NULL, rows[i].header);
        client_close(c);
    }
}

Test(edge_http, one_connection_carries_many_requests) {
    char ann[AUTH_TOKEN_CHARS + 1], headers[256];
    edge_login(e, "ann", 0, 3600000, ann);
    snprintf(headers, sizeof headers, "Cookie: __Host-fieldline=%s\r\n", ann);
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    for (int i = 0; i < 50; i++) {
        expect(client_ask(c, "GET", "/api/v1/me", headers, NULL), 200, "ann", "get");
        expect(client_ask(c, "POST", "/api/v1/tickets", headers, "{}"), 201, "{}", "post");
        expect(client_ask(c, "POST", "/api/v1/tickets", headers, "{"), 400, NULL, "bad post");
        expect(client_ask(c, "HEAD", "/", "", NULL), 200, NULL, "head");
        expect(client_ask(c, "GET", "/nothing", "", NULL), 404, NULL, "missing");
        expect(client_ask(c, "POST", "/api/v1/devices", headers, "{}"), 405, NULL, "wrong method");
    }
    client_close(c);
}

Test(edge_http, the_console_and_nothing_else) {
    static const struct {
        const char *path;
        int status;
    } rows[] = {
        {"/", 200},
        {"/index.html", 200},
        {"/index.html?v=1", 200},
        {"/gateway.db", 404},
        {"/../gateway.db", 404},
        {"/%2e%2e/gateway.db", 404},
        {"/..%2fgateway.db", 404},
        {"/%2e%2e%2fgateway.db", 404},
        {"/console/../../gateway.db", 404},
        {"//etc/passwd", 404},
        {"/index.html%00.js", 400},
        {"/%ff", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = client_open(web_port(e->web), NULL, NULL);
        struct reply reply = client_ask(c, "GET", rows[i].path, "", NULL);
        cr_expect(reply.status == rows[i].status || (rows[i].status == 400 && reply.status == 0), "%s: %d",
                  rows[i].path, reply.status);
        if (reply.status == 200) {
            cr_expect_str_eq(reply.body, "<html>");
            cr_expect_not_null(strstr(reply_header(&reply, "Content-Security-Policy"), "script-src 'self'"));
        }
        reply_free(&reply);
        client_close(c);
    }
}

Test(edge_http, machines_that_watch) {
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    expect(client_ask(c, "GET", "/healthz", "", NULL), 200, "\"ok\"", "health");
    expect(client_ask(c, "GET", "/metrics", "", NULL), 200, "fieldline_test 1\n", "from this machine");
    expect(client_ask(c, "GET", "/metrics", "", NULL), 200, "fieldline_web_requests_total{status=\"2xx\"}",
           "the edge's own");
    expect(client_ask(c, "GET", "/metrics", "X-Forwarded-For: 127.0.0.1\r\n", NULL), 401, NULL, "through a proxy");
    client_close(c);
}
