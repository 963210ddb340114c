/* Remote sessions through the edge: the product's certificate and token, the engineer's leg, what the desk hears, and
 * that stopping seals. (The session's own rules: tests of gateway/sessions.) */
#include "edge.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"

#define SESSION "0b5c1f3e-9d77-4a3b-8f00-0123456789ab"
#define HELLO                                                                                                          \
    "{\"jsonrpc\":\"2.0\",\"method\":\"session.hello\",\"params\":{\"session\":\"" SESSION                             \
    "\",\"agent\":\"1.0.0\",\"capabilities\":[\"observe\"],\"consent\":{\"method\":\"code\",\"by\":\"owner\","         \
    "\"at_ms\":1000,\"until_ms\":2000},\"deadline_s\":600}}"

static struct edge *e;
static char token[AUTH_TOKEN_CHARS + 1];

static void expect_session(int64_t expect_s) {
    struct web_session session = {.session = SESSION,
                                  .device = DEVICE,
                                  .capabilities = CAPABILITY_BIT(CAPABILITY_OBSERVE),
                                  .expect_s = expect_s,
                                  .duration_s = 600,
                                  .ticket = 17,
                                  .engineer = "ann",
                                  .subject = "too warm"};
    auth_make_token(token, session.token_sha256);
    web_session_expect(e->web, &session);
    struct reply reply = edge_ask(e, NULL, "GET", "/metrics", NULL);
    cr_expect_not_null(strstr(reply.body, "fieldline_web_sessions 1\n"), "%s", reply.body);
    reply_free(&reply);
}

static void setup(void) {
    e = edge_new();
    edge_start(e);
}
static void teardown(void) {
    edge_free(e);
}
TestSuite(edge_sessions, .init = setup, .fini = teardown);

static struct reply dial(struct client *c, const char *with_token) {
    char headers[256] = "";
    if (with_token != NULL) {
        snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", with_token);
    }
    return socket_open(c, SESSION_PATH, SESSION_PROTOCOL, headers);
}

static struct client *dial_in(void) {
    struct client *c = client_open(web_session_port(e->web), e->product_cert, e->product_key);
    struct reply reply = dial(c, token);
    cr_assert_eq(reply.status, 101, "%d %s", reply.status, reply.body == NULL ? "" : reply.body);
    reply_free(&reply);
    return c;
}

static struct client *join(void) {
    char ann[AUTH_TOKEN_CHARS + 1], ticket[64] = "", path[256];
    edge_login(e, "ann", 0, 3600000, ann);
    struct reply reply = edge_ask(e, ann, "POST", "/api/v1/ws-tickets", "{}");
    cr_assert_eq(sscanf(reply.body, "{\"ticket\":\"%43[A-Za-z0-9_-]\"}", ticket), 1);
    reply_free(&reply);
    snprintf(path, sizeof path, "/api/v1/sessions/" SESSION "/ws?ticket=%s", ticket);
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    reply = socket_open(c, path, SESSION_PROTOCOL, "Origin: https://localhost\r\n");
    cr_assert_eq(reply.status, 101, "%d %s", reply.status, reply.body == NULL ? "" : reply.body);
    reply_free(&reply);
    return c;
}

/* Reads until a text message holds `part`; the close frame's reason counts as "close:reason". */
static void wait_for(struct client *c, const char *part) {
    char message[32768], text[32768 + 8];
    for (;;) {
        int opcode = socket_receive(c, message, sizeof message);
        cr_assert_neq(opcode, -1, "closed while waiting for %s", part);
        snprintf(text, sizeof text, "%s%s", opcode == 8 ? "close:" : "", opcode == 8 ? message + 2 : message);
        if (strstr(text, part) != NULL) {
            return;
        }
        cr_assert_neq(opcode, 8, "%s while waiting for %s", text, part);
    }
}

Test(edge_sessions, certificates_at_the_product_port) {
    const struct {
        const char *what, *cert, *key;
        bool is_let_in;
    } rows[] = {
        {"none", NULL, NULL, false},
        {"another CA's with the same names", e->foreign_cert, e->foreign_key, false},
        {"the server's own", e->server_cert, e->server_key, true},
        {"a device's", e->product_cert, e->product_key, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = client_open(web_session_port(e->web), rows[i].cert, rows[i].key);
        struct reply reply = {0};
        if (c->ssl != NULL) { /* TLS 1.3 tells a refused client only when it reads */
            reply = client_ask(c, "GET", "/", "", NULL);
        }
        cr_expect_eq(reply.status != 0, rows[i].is_let_in, "%s: %d", rows[i].what, reply.status);
        reply_free(&reply);
        client_close(c);
    }
}

Test(edge_sessions, who_may_not_dial_in) {
    expect_session(60);
    const struct {
        const char *what, *cert, *key, *with_token;
        int status;
    } rows[] = {
        {"no token", e->product_cert, e->product_key, NULL, 401},
        {"a wrong token", e->product_cert, e->product_key, "0123456789012345678901234567890123456789012", 401},
        {"half a token", e->product_cert, e->product_key, "0123", 401},
        {"another device with the right token", e->other_cert, e->other_key, token, 403},
        {"the server's certificate with the right token", e->server_cert, e->server_key, token, 403},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = client_open(web_session_port(e->web), rows[i].cert, rows[i].key);
        struct reply reply = dial(c, rows[i].with_token);
        cr_expect_eq(reply.status, rows[i].status, "%s: %d %s", rows[i].what, reply.status, reply.body);
        cr_expect_str_eq(reply_header(&reply, "Content-Type"), "application/problem+json");
        reply_free(&reply);
        client_close(c);
    }
    client_close(dial_in()); /* none of them has used the token up */
    struct client *again = client_open(web_session_port(e->web), e->product_cert, e->product_key);
    struct reply reply = dial(again, token);
    cr_expect(reply.status == 403 || reply.status == 401, "a token opens once: %d", reply.status);
    reply_free(&reply);
    client_close(again);
}

Test(edge_sessions, nobody_dials_in) {
    expect_session(1);
    cr_expect(edge_wait(e, &e->ended, 1));
    cr_expect_not_null(strstr(e->ended_body, "no_product"), "%s", e->ended_body);
}

Test(edge_sessions, from_dial_in_to_seal) {
    expect_session(60);
    struct client *product = dial_in();
    socket_send_text(product, HELLO);
    cr_assert(edge_wait(e, &e->live, 1));
    cr_expect_not_null(strstr(e->live_body, "\"observe\""), "%s", e->live_body);
    struct client *engineer = join();
    wait_for(engineer, "session.state");
    socket_send_text(engineer, "{\"jsonrpc\":\"2.0\",\"method\":\"observe.start\",\"params\":{}}");
    wait_for(product, "observe.start");
    socket_send_text(product, "{\"jsonrpc\":\"2.0\",\"method\":\"observe.sample\",\"params\":{\"t\":1,\"values\":{"
                              "\"cabinet_temperature\":7.5}}}");
    wait_for(engineer, "7.5");
    web_session_kill(e->web, SESSION, "ended_by_engineer");
    wait_for(product, "session.end");
    socket_send_text(product, "{\"jsonrpc\":\"2.0\",\"method\":\"session.ended\",\"params\":{\"reason\":\"ended_by_"
                              "engineer\",\"children_left\":0}}");
    wait_for(engineer, "close:");
    cr_assert(edge_wait(e, &e->ended, 1));
    cr_expect_not_null(strstr(e->ended_body, "ended_by_engineer"), "%s", e->ended_body);
    char path[160];
    snprintf(path, sizeof path, "%s/" SESSION ".seal", e->transcripts);
    cr_expect_eq(access(path, R_OK), 0);
    client_close(product);
    client_close(engineer);
}

Test(edge_sessions, a_product_that_vanishes_ends_it) {
    expect_session(60);
    struct client *product = dial_in();
    socket_send_text(product, HELLO);
    cr_assert(edge_wait(e, &e->live, 1));
    client_close(product);
    cr_expect(edge_wait(e, &e->ended, 1));
    cr_expect_not_null(strstr(e->ended_body, "agent_gone"), "%s", e->ended_body);
}

Test(edge_sessions, stopping_ends_and_seals_what_is_live) {
    expect_session(60);
    struct client *product = dial_in();
    socket_send_text(product, HELLO);
    cr_assert(edge_wait(e, &e->live, 1));
    struct client *engineer = join();
    int64_t since = clock_mono_ms();
    web_stop(e->web);
    cr_expect_lt(clock_mono_ms() - since, 5000);
    cr_expect_eq(e->ended, 1, "the desk heard of it before the stop was over");
    cr_expect_not_null(strstr(e->ended_body, "gateway_stopping"), "%s", e->ended_body);
    char path[160];
    snprintf(path, sizeof path, "%s/" SESSION ".seal", e->transcripts);
    cr_expect_eq(access(path, R_OK), 0);
    client_close(product);
    client_close(engineer);
    web_notify(e->web, "ticket", "1", ""); /* after a stop: nothing, and no harm */
    web_session_kill(e->web, SESSION, "x");
    web_change_done(e->web, change_new(CHANGE_LOGOUT));
}
