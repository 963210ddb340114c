/* Many connections at once, and WebSocket frames that no honest client sends: memory stays bounded, nobody takes
 * everything, and whoever is honest is served. */
#include "edge.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fieldline/clock.h"

enum { CROWD = 500, PSS_PER_CONNECTION_MAX = 96 * 1024 };

#define HOST   "Host: localhost\r\n"
#define LIVE   "fieldline.live.1"
#define ORIGIN "Origin: https://localhost\r\n"

static long pss_bytes(void) {
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL && sscanf(line, "Pss: %ld", &kib) != 1) {
    }
    fclose(file);
    return kib * 1024;
}

static void serves_soon(struct edge *e, const char *when) {
    int64_t since = clock_mono_ms();
    struct reply reply = edge_ask(e, NULL, "GET", "/healthz", NULL);
    cr_expect_eq(reply.status, 200, "%s: %d", when, reply.status);
    cr_expect_lt(clock_mono_ms() - since, 3000, "%s: after %lld ms", when, (long long)(clock_mono_ms() - since));
    reply_free(&reply);
}

static int64_t figure(struct edge *e, const char *name) {
    struct reply reply = edge_ask(e, NULL, "GET", "/metrics", NULL);
    const char *at = reply.body == NULL ? NULL : strstr(reply.body, name);
    long long value = -1;
    cr_assert_not_null(at, "no %s", name);
    cr_assert_eq(sscanf(at + strlen(name), " %lld", &value), 1);
    reply_free(&reply);
    return value;
}

/* ---- half-open connections ---- */

/* In a process of its own, so that its memory is not counted: opens them, says so, and waits for its end. */
static void crowd_main(int port, int ready, const char *begin) {
    static struct client *clients[CROWD];
    for (int i = 0; i < CROWD; i++) {
        clients[i] = client_open(port, NULL, NULL);
        client_send(clients[i], begin, strlen(begin));
    }
    (void)!write(ready, "x", 1);
    pause();
    _exit(0);
}

/* How much the gateway has grown, in bytes for each connection. */
static long crowd_cost(struct edge *e, const char *begin) {
    int ready[2];
    char byte;
    cr_assert_eq(pipe(ready), 0);
    serves_soon(e, "before");
    long before = pss_bytes();
    int64_t connections = figure(e, "\nfieldline_web_connections");
    pid_t crowd = fork();
    cr_assert_geq(crowd, 0);
    if (crowd == 0) {
        close(ready[0]);
        crowd_main(web_port(e->web), ready[1], begin);
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1, "the crowd did not come");
    connections = figure(e, "\nfieldline_web_connections") - connections;
    serves_soon(e, "with a crowd");
    long grown = pss_bytes() - before;
    cr_expect_gt(connections, CROWD / 2, "%lld are there", (long long)connections);
    kill(crowd, SIGKILL);
    waitpid(crowd, NULL, 0);
    close(ready[0]);
    return connections > 0 ? grown / (long)connections : 0;
}

/* A process for each, because what one has allocated serves the next. */
static void expect_cost(const char *what, const char *begin) {
    struct edge *e = edge_new();
    edge_start(e);
    long each = crowd_cost(e, begin);
    printf("# %s: %ld bytes of PSS for each of %d connections\n", what, each, CROWD);
#if !defined(__SANITIZE_ADDRESS__)
    cr_expect_lt(each, PSS_PER_CONNECTION_MAX, "%s: %ld bytes for each connection", what, each);
#endif
    edge_free(e);
}

Test(edge_crowd, promise_13_handshakes_alone_cost_little) {
    expect_cost("handshakes alone", "");
}

Test(edge_crowd, promise_13_half_heads_cost_little) {
    expect_cost("half a head", "GET /healthz HTTP/1.1\r\n" HOST "X-Slow: 0123456789");
}

Test(edge_crowd, promise_13_half_bodies_cost_little) {
    expect_cost("half a body", "POST /api/v1/login HTTP/1.1\r\n" HOST
                               "Content-Type: application/json\r\nContent-Length: 262144\r\n\r\n{");
}

/* ---- one address ---- */

/* An IPv4 address of this machine that is not loopback; "": there is none. */
static void own_address(char out[INET_ADDRSTRLEN]) {
    struct ifaddrs *all = NULL;
    out[0] = '\0';
    cr_assert_eq(getifaddrs(&all), 0);
    for (const struct ifaddrs *at = all; at != NULL && out[0] == '\0'; at = at->ifa_next) {
        if (at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET && (at->ifa_flags & IFF_LOOPBACK) == 0) {
            inet_ntop(AF_INET, &((const struct sockaddr_in *)at->ifa_addr)->sin_addr, out, INET_ADDRSTRLEN);
        }
    }
    freeifaddrs(all);
}

enum { MOST = 8 };
static bool is_let_in(struct edge *e, const char *address) {
    struct client *c = client_open_at(address, web_port(e->web), NULL, NULL);
    bool is_in = c->ssl != NULL;
    client_close(c);
    return is_in;
}

Test(edge_crowd, promise_13_one_address_cannot_take_every_connection) {
    char address[INET_ADDRSTRLEN];
    struct client *clients[MOST];
    own_address(address);
    if (address[0] == '\0') {
        cr_skip_test("this machine has no address but loopback");
    }
    struct edge *e = edge_new();
    e->options.connections_per_address = MOST;
    e->options.listen = e->options.session_listen = "0.0.0.0";
    edge_start(e);
    for (int i = 0; i < MOST; i++) {
        clients[i] = client_open_at(address, web_port(e->web), NULL, NULL);
        cr_assert_not_null(clients[i]->ssl, "%d of %d are allowed", i + 1, MOST);
    }
    cr_expect_not(is_let_in(e, address), "one more is not");
    struct client *product = client_open_at(address, web_session_port(e->web), e->product_cert, e->product_key);
    cr_expect_null(product->ssl, "nor at the other port");
    client_close(product);
    serves_soon(e, "others are served");
    cr_expect_eq(figure(e, "\nfieldline_web_connections_refused_total"), 2);
    client_close(clients[0]);
    bool is_in = false;
    for (int64_t until = clock_mono_ms() + 5000; !is_in && clock_mono_ms() < until;) {
        is_in = is_let_in(e, address); /* as soon as the edge has noticed that one has gone */
    }
    cr_expect(is_in, "when one goes, another may come");
    for (int i = 1; i < MOST; i++) {
        client_close(clients[i]);
    }
    edge_free(e);
}

Test(edge_crowd, loopback_is_not_limited_by_address) {
    struct client *clients[MOST + 2];
    struct edge *e = edge_new();
    e->options.connections_per_address = MOST;
    edge_start(e);
    for (int i = 0; i < MOST + 2; i++) {
        clients[i] = client_open(web_port(e->web), NULL, NULL);
        cr_expect_not_null(clients[i]->ssl, "connection %d", i + 1);
    }
    for (int i = 0; i < MOST + 2; i++) {
        client_close(clients[i]);
    }
    edge_free(e);
}

/* ---- frames ---- */

static struct client *subscribe(struct edge *e, const char *token) {
    struct reply reply = edge_ask(e, token, "POST", "/api/v1/ws-tickets", "{}");
    char ticket[64] = "", path[256];
    cr_assert_eq(sscanf(reply.body, "{\"ticket\":\"%43[A-Za-z0-9_-]\"}", ticket), 1, "%s", reply.body);
    reply_free(&reply);
    snprintf(path, sizeof path, "/api/v1/live?ticket=%s", ticket);
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    reply = socket_open(c, path, LIVE, ORIGIN);
    cr_assert_eq(reply.status, 101, "%d %s", reply.status, reply.body);
    reply_free(&reply);
    return c;
}

#define MASK "\0\0\0\0"
static const struct {
    const char *what, *bytes;
    size_t count;
} frames[] = {
    {"an unmasked text", "\x81\x02hi", 4},
    {"an unknown opcode", "\x83\x80" MASK, 6},
    {"an unknown control opcode", "\x8b\x80" MASK, 6},
    {"reserved bits", "\xf1\x80" MASK, 6},
    {"a fragmented ping", "\x09\x80" MASK, 6},
    {"a fragmented close", "\x08\x80" MASK, 6},
    {"a ping of 126 bytes", "\x89\xfe\0\x7e" MASK, 8},
    {"a length of 2^63", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" MASK, 14},
    {"a continuation of nothing", "\x80\x80" MASK, 6},
    {"a close of one byte", "\x88\x81" MASK "x", 7},
    {"text in pieces of one byte", "\x01\x81" MASK "a\x00\x81" MASK "b\x00\x81" MASK "c\x80\x81" MASK "d", 28},
    {"text within text", "\x01\x81" MASK "a\x01\x81" MASK "b", 14},
    {"HTTP", "GET / HTTP/1.1\r\n\r\n", 18},
};

enum { FRAMES = sizeof frames / sizeof frames[0] };

static void send_frame(struct client *c, size_t i, bool at_once) {
    size_t step = at_once ? frames[i].count : 1;
    for (size_t at = 0; at < frames[i].count; at += step) {
        client_send(c, frames[i].bytes + at, step);
    }
}

/* All at the same time, as the library waits some seconds for its close frame to be answered. */
Test(edge_crowd, promise_17_bad_frames_end_their_socket_and_disturb_nobody) {
    char token[AUTH_TOKEN_CHARS + 1], message[256] = "";
    struct client *clients[2 * FRAMES];
    struct edge *e = edge_new();
    edge_start(e);
    edge_login(e, "ann", 0, 3600000, token);
    struct client *witness = subscribe(e, token);
    for (size_t i = 0; i < 2 * FRAMES; i++) {
        clients[i] = subscribe(e, token);
        send_frame(clients[i], i / 2, i % 2 == 0);
    }
    int64_t until = clock_mono_ms() + 10000;
    for (size_t i = 0; i < 2 * FRAMES; i++) {
        int64_t left = until - clock_mono_ms();
        cr_expect(client_is_closed(clients[i], left > 1 ? (int)left : 1), "%s%s: still open", frames[i / 2].what,
                  i % 2 == 0 ? "" : ", byte by byte");
        client_close(clients[i]);
    }
    serves_soon(e, "all frames");
    web_notify(e->web, "ticket", "1", "");
    cr_expect_eq(socket_receive(witness, message, sizeof message), 1);
    cr_expect_str_eq(message, "{\"kind\":\"ticket\",\"id\":\"1\",\"device\":\"\"}");
    client_close(witness);
    edge_free(e);
}

/* The library takes an unmasked ping for a ping (RFC 6455 5.1 wants the connection closed), and does not let us see
 * that it was not masked. It is answered, and that is all it does. */
Test(edge_crowd, promise_17_an_unmasked_ping_is_answered) {
    char token[AUTH_TOKEN_CHARS + 1], message[256] = "";
    struct edge *e = edge_new();
    edge_start(e);
    edge_login(e, "ann", 0, 3600000, token);
    struct client *c = subscribe(e, token);
    client_send(c, "\x89\x02hi", 4);
    cr_expect_eq(socket_receive(c, message, sizeof message), 10, "a pong");
    client_close(c);
    edge_free(e);
}
