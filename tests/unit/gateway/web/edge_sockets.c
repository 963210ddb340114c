/* The edge's WebSockets for people: who gets in, what /live tells, and when they are closed. */
#include "edge.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"

#define LIVE   "fieldline.live.1"
#define ORIGIN "Origin: https://localhost\r\n"

static struct edge *e;
static char ann[AUTH_TOKEN_CHARS + 1];
static void setup(void) {
    e = edge_new();
    edge_start(e);
    edge_login(e, "ann", 0, 3600000, ann);
}
static void teardown(void) {
    edge_free(e);
}
TestSuite(edge_sockets, .init = setup, .fini = teardown);

static void get_path(const char *token, const char *base, char out[256]) {
    struct reply reply = edge_ask(e, token, "POST", "/api/v1/ws-tickets", "{}");
    cr_assert_eq(reply.status, 200, "%d %s", reply.status, reply.body);
    char ticket[64] = "";
    cr_assert_eq(sscanf(reply.body, "{\"ticket\":\"%43[A-Za-z0-9_-]\"}", ticket), 1, "%s", reply.body);
    snprintf(out, 256, "%s?ticket=%s", base, ticket);
    reply_free(&reply);
}

static struct client *subscribe(const char *token) {
    char path[256];
    get_path(token, "/api/v1/live", path);
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    struct reply reply = socket_open(c, path, LIVE, ORIGIN);
    cr_assert_eq(reply.status, 101, "%d %s", reply.status, reply.body);
    cr_expect_str_eq(reply_header(&reply, "Sec-WebSocket-Protocol"), LIVE);
    reply_free(&reply);
    return c;
}

static void expect_message(struct client *c, const char *text) {
    char message[4096];
    int opcode = socket_receive(c, message, sizeof message);
    cr_expect_eq(opcode, 1, "opcode %d", opcode);
    cr_expect_str_eq(message, text);
}

static void expect_close(struct client *c, int code, const char *reason) {
    char message[4096] = "";
    int opcode = 0;
    while (opcode >= 0 && opcode != 8) {
        opcode = socket_receive(c, message, sizeof message);
    }
    cr_assert_eq(opcode, 8, "closed without a close frame");
    cr_expect_eq((uint8_t)message[0] << 8 | (uint8_t)message[1], code);
    cr_expect_str_eq(message + 2, reason);
}

Test(edge_sockets, live_tells_what_changed) {
    struct client *c = subscribe(ann), *other = subscribe(ann);
    web_notify(e->web, "ticket", "17", "freezer-7");
    web_notify(e->web, "session", "0b5c1f3e-9d77-4a3b-8f00-0123456789ab", NULL);
    expect_message(c, "{\"kind\":\"ticket\",\"id\":\"17\",\"device\":\"freezer-7\"}");
    expect_message(c, "{\"kind\":\"session\",\"id\":\"0b5c1f3e-9d77-4a3b-8f00-0123456789ab\",\"device\":\"\"}");
    expect_message(other, "{\"kind\":\"ticket\",\"id\":\"17\",\"device\":\"freezer-7\"}");
    client_close(c);
    client_close(other);
}

Test(edge_sockets, a_slow_subscriber_is_told_to_ask_anew) {
    struct client *c = subscribe(ann);
    char id[16], message[4096] = "";
    for (int i = 0; i < 400000; i++) { /* more than socket buffers and queues hold; nobody reads */
        snprintf(id, sizeof id, "%d", i);
        web_notify(e->web, "device", id, "freezer-7");
    }
    int told = 0;
    while (strcmp(message, "{\"kind\":\"resync\"}") != 0) {
        cr_assert_eq(socket_receive(c, message, sizeof message), 1, "after %d messages", told);
        told++;
    }
    cr_expect_lt(told, 400000);
    for (int i = 0; strncmp(message, "{\"kind\":\"ticket\"", 16) != 0; i++) { /* another resync may come before it */
        cr_assert_lt(i, 400000, "it goes on afterwards");
        snprintf(id, sizeof id, "%d", i);
        web_notify(e->web, "ticket", id, "");
        cr_assert_eq(socket_receive(c, message, sizeof message), 1);
    }
    client_close(c);
}

Test(edge_sockets, who_is_refused) {
    static const struct {
        const char *what, *protocol, *headers;
        int status;
        const char *code;
    } rows[] = {
        {"no origin", LIVE, "", 403, "foreign_origin"},
        {"a foreign origin", LIVE, "Origin: https://evil.example\r\n", 403, "foreign_origin"},
        {"a sandboxed page", LIVE, "Origin: null\r\n", 403, "foreign_origin"},
        {"no protocol", "", ORIGIN, 400, "bad_input"},
        {"another protocol", "fieldline.session.1", ORIGIN, 400, "bad_input"},
        {"two protocols", LIVE ", chat", ORIGIN, 400, "bad_input"},
        {"another version", LIVE, ORIGIN "Sec-WebSocket-Version: 12\r\n", 400, "bad_input"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[256];
        get_path(ann, "/api/v1/live", path);
        struct client *c = client_open(web_port(e->web), NULL, NULL);
        struct reply reply = socket_open(c, path, rows[i].protocol, rows[i].headers);
        cr_expect_eq(reply.status, rows[i].status, "%s: %d", rows[i].what, reply.status);
        cr_expect_not_null(strstr(reply.body, rows[i].code), "%s: %s", rows[i].what, reply.body);
        cr_expect_str_eq(reply_header(&reply, "Content-Type"), "application/problem+json");
        reply_free(&reply);
        client_close(c);
    }
}

Test(edge_sockets, tickets_open_one_socket) {
    char path[256];
    get_path(ann, "/api/v1/live", path);
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    struct reply reply = socket_open(c, path, LIVE, ORIGIN);
    cr_expect_eq(reply.status, 101);
    reply_free(&reply);
    client_close(c);
    static const char *const bad[] = {NULL, "/api/v1/live", "/api/v1/live?ticket=", "/api/v1/live?ticket=short",
                                      "/api/v1/live?ticket=0123456789012345678901234567890123456789012"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        c = client_open(web_port(e->web), NULL, NULL);
        reply = socket_open(c, bad[i] == NULL ? path : bad[i], LIVE, ORIGIN);
        cr_expect_eq(reply.status, 401, "%s: %d", bad[i] == NULL ? "used" : bad[i], reply.status);
        reply_free(&reply);
        client_close(c);
    }
    c = client_open(web_port(e->web), NULL, NULL);
    reply = socket_open(c, "/api/v1/devices", LIVE, ORIGIN);
    cr_expect_eq(reply.status, 404, "no socket there: %d", reply.status);
    reply_free(&reply);
    client_close(c);
    reply = edge_ask(e, NULL, "POST", "/api/v1/ws-tickets", "{}");
    cr_expect_eq(reply.status, 401);
    reply_free(&reply);
}

Test(edge_sockets, an_owner_may_not_watch_a_session) {
    char otto[AUTH_TOKEN_CHARS + 1], path[256];
    edge_login(e, "otto", 0, 3600000, otto);
    get_path(otto, "/api/v1/sessions/0b5c1f3e-9d77-4a3b-8f00-0123456789ab/ws", path);
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    struct reply reply = socket_open(c, path, "fieldline.session.1", ORIGIN);
    cr_expect_eq(reply.status, 403, "%d", reply.status);
    reply_free(&reply);
    client_close(c);
    get_path(ann, "/api/v1/sessions/0b5c1f3e-9d77-4a3b-8f00-0123456789ab/ws", path);
    c = client_open(web_port(e->web), NULL, NULL);
    reply = socket_open(c, path, "fieldline.session.1", ORIGIN);
    cr_expect_eq(reply.status, 404, "not live: %d", reply.status);
    reply_free(&reply);
    client_close(c);
}

Test(edge_sockets, the_product_port_knows_no_people) {
    char path[256];
    get_path(ann, "/api/v1/live", path);
    struct client *c = client_open(web_session_port(e->web), e->product_cert, e->product_key);
    cr_assert_not_null(c->ssl);
    struct reply reply = client_ask(c, "GET", "/", "", NULL);
    cr_expect_eq(reply.status, 404);
    reply_free(&reply);
    reply = client_ask(c, "GET", "/metrics", "", NULL);
    cr_expect_eq(reply.status, 404);
    reply_free(&reply);
    client_close(c);
    c = client_open(web_session_port(e->web), e->product_cert, e->product_key);
    reply = socket_open(c, path, "fieldline.session.1", ORIGIN);
    cr_expect_eq(reply.status, 404);
    reply_free(&reply);
    client_close(c);
}

Test(edge_sockets, speaking_to_live_closes_it) {
    struct client *c = subscribe(ann);
    socket_send_text(c, "hello");
    expect_close(c, 1003, "nothing is expected from a subscriber");
    client_close(c);
    static char large[20000];
    memset(large, 'x', sizeof large - 1);
    c = subscribe(ann);
    socket_send_text(c, large);
    expect_close(c, 1009, "message_too_large");
    client_close(c);
}

Test(edge_sockets, logging_out_closes_what_hangs_on_it) {
    char other[AUTH_TOKEN_CHARS + 1];
    edge_login(e, "ann", 0, 3600000, other);
    struct client *mine = subscribe(ann), *others = subscribe(other);
    struct reply reply = edge_ask(e, ann, "POST", "/api/v1/logout", NULL);
    cr_expect_eq(reply.status, 204);
    reply_free(&reply);
    expect_close(mine, 1008, "login_ended");
    web_notify(e->web, "ticket", "1", "");
    expect_message(others, "{\"kind\":\"ticket\",\"id\":\"1\",\"device\":\"\"}");
    client_close(mine);
    client_close(others);
}

Test(edge_sockets, disabling_a_user_closes_it_soon) {
    struct client *c = subscribe(ann);
    int64_t since = clock_mono_ms();
    edge_user(e, "ann", ROLE_ENGINEER, true);
    expect_close(c, 1008, "login_ended");
    cr_expect_lt(clock_mono_ms() - since, 5000);
    client_close(c);
}

Test(edge_sockets, another_role_closes_it_soon) {
    struct client *c = subscribe(ann);
    edge_user(e, "ann", ROLE_OWNER, false);
    expect_close(c, 1008, "login_ended");
    client_close(c);
}

Test(edge_sockets, noise_on_a_socket_disturbs_nobody) {
    static const struct {
        const char *what;
        const char *bytes;
        size_t count;
    } rows[] = {
        {"an unmasked frame", "\x81\x02hi", 4},
        {"an unknown opcode", "\x83\x80\0\0\0\0", 6},
        {"reserved bits", "\xf1\x80\0\0\0\0", 6},
        {"a fragmented ping", "\x09\x80\0\0\0\0", 6},
        {"a ping of 126 bytes", "\x89\xfe\0\x7e\0\0\0\0", 8},
        {"a length of 2^63", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14},
        {"a continuation of nothing", "\x80\x80\0\0\0\0", 6},
        {"a close of one byte", "\x88\x81\0\0\0\0x", 7},
        {"HTTP", "GET / HTTP/1.1\r\n\r\n", 18},
    };
    struct client *witness = subscribe(ann);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = subscribe(ann);
        client_send(c, rows[i].bytes, rows[i].count);
        client_close(c);
    }
    web_notify(e->web, "ticket", "1", "");
    expect_message(witness, "{\"kind\":\"ticket\",\"id\":\"1\",\"device\":\"\"}");
    client_close(witness);
}
