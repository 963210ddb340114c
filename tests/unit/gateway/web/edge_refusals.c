/* What the edge does with requests that no honest client sends: a clear answer or a closed connection, soon, and
 * everybody else is served on. */
#include "edge.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "web/request.h"

static struct edge *e;
static void setup(void) {
    e = edge_new();
    edge_start(e);
}
static void teardown(void) {
    edge_free(e);
}
TestSuite(edge_refusals, .init = setup, .fini = teardown);

static void still_serves(const char *after) {
    struct reply reply = edge_ask(e, NULL, "GET", "/healthz", NULL);
    cr_expect_eq(reply.status, 200, "after %s: %d", after, reply.status);
    reply_free(&reply);
}

enum { CLOSED = 0 };
#define HOST "Host: localhost\r\n"
#define JSON HOST "Content-Type: application/json\r\n"
static const struct {
    const char *what, *request;
    int status; /* CLOSED: or answered with some error */
} rows[] = {
    {"a body without a length", "POST /api/v1/login HTTP/1.1\r\n" JSON "\r\n", 411},
    {"a chunked body", "POST /api/v1/login HTTP/1.1\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
     411},
    {"chunked and a length",
     "POST /api/v1/login HTTP/1.1\r\n" JSON "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 411},
    {"a negative length", "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: -1\r\n\r\n", 400},
    {"a length with a sign", "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: +2\r\n\r\n{}", 400},
    {"a hexadecimal length", "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: 0x2\r\n\r\n{}", 400},
    {"two lengths", "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
    {"two different lengths",
     "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}", 400},
    {"a huge length", "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: 99999999999999999999\r\n\r\n", 413},
    {"one byte too much", "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: 262145\r\n\r\n", 413},
    {"a body with GET", "GET /healthz HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 400},
    {"a body of another type",
     "POST /api/v1/login HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415},
    {"a form",
     "POST /api/v1/login HTTP/1.1\r\n" HOST
     "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
     415},
    {"a body without a type", "POST /api/v1/login HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 415},
    {"PUT", "PUT /api/v1/tickets HTTP/1.1\r\n" JSON "Content-Length: 0\r\n\r\n", 405},
    {"PUT without a length", "PUT /api/v1/tickets HTTP/1.1\r\n" JSON "\r\n", 405},
    {"DELETE without a length", "DELETE /api/v1/tickets/1 HTTP/1.1\r\n" HOST "\r\n", 405},
    {"PUT with a body", "PUT /api/v1/tickets HTTP/1.1\r\n" JSON "Content-Length: 2\r\n\r\n{}", 405},
    {"PUT to a file", "PUT /index.html HTTP/1.1\r\n" JSON "\r\n", 405},
    {"DELETE", "DELETE /api/v1/tickets/1 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405},
    {"OPTIONS", "OPTIONS / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405},
    {"a POST to a file", "POST /index.html HTTP/1.1\r\n" JSON "Content-Length: 2\r\n\r\n{}", 405},
    {"an unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", CLOSED},
    {"CONNECT", "CONNECT localhost:22 HTTP/1.1\r\n" HOST "\r\n", CLOSED},
    {"HTTP/2 at once", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", CLOSED},
    {"noise", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", CLOSED},
    {"a path without a slash", "GET healthz HTTP/1.1\r\n" HOST "\r\n", CLOSED},
    {"a bad escape", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", CLOSED},
    {"a NUL in the path", "GET /%00healthz HTTP/1.1\r\n" HOST "\r\n", CLOSED},
    {"a line break in the path", "GET /%0d%0aSet-Cookie:x HTTP/1.1\r\n" HOST "\r\n", CLOSED},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two hosts", "GET / HTTP/1.1\r\n" HOST "Host: evil.example\r\n\r\n", 400},
    {"no version", "GET /\r\n" HOST "\r\n", 400},
    {"another version", "GET / HTTP/1.7\r\n" HOST "\r\n", 400},
    {"an unknown upgrade", "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: foo\r\n\r\n", CLOSED},
    {"an empty upgrade", "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: \r\n\r\n", 200},
    {"a long upgrade",
     "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocketwebsocketwebsocketwebsocket\r\n\r\n", CLOSED},
    {"h2c",
     "GET / HTTP/1.1\r\n" HOST
     "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
     CLOSED},
    {"an argument of 600 bytes", "GET /api/v1/devices?q=%s HTTP/1.1\r\n" HOST "\r\n", 414},
    {"13 arguments", "GET /api/v1/devices?a&b&c&d&e&f&g&h&i&j&k&l&m HTTP/1.1\r\n" HOST "\r\n", 414},
};

static struct reply send_row(struct client *c, const char *request) {
    char text[4096], filler[601];
    memset(filler, 'x', 600);
    filler[600] = '\0';
    const char *at = strstr(request, "%s");
    if (at == NULL) {
        client_send(c, request, strlen(request));
    } else {
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - request), request, filler, at + 2);
        client_send(c, text, strlen(text));
    }
    return client_reply(c, false);
}

static void check_row(struct client *c, size_t i, const char *how) {
    int64_t since = clock_mono_ms();
    struct reply reply = send_row(c, rows[i].request);
    cr_expect(rows[i].status == CLOSED ? reply.status == 0 || reply.status >= 400 : reply.status == rows[i].status,
              "%s (%s): %d %s", rows[i].what, how, reply.status, reply.body == NULL ? "" : reply.body);
    cr_expect_lt(clock_mono_ms() - since, 10000, "%s", rows[i].what);
    reply_free(&reply);
}

Test(edge_refusals, promise_17_rows_on_a_fresh_connection) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = client_open(web_port(e->web), NULL, NULL);
        check_row(c, i, "fresh");
        client_close(c);
    }
    still_serves("all rows");
}

Test(edge_refusals, promise_17_rows_on_a_connection_that_was_used) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = client_open(web_port(e->web), NULL, NULL);
        struct reply first = client_ask(c, "GET", "/", "", NULL);
        cr_assert_eq(first.status, 200);
        reply_free(&first);
        check_row(c, i, "kept alive");
        client_close(c);
    }
    still_serves("all rows");
}

/* The library's loop may be left with bytes that nobody takes: then it turns without waiting. */
static int64_t cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

Test(edge_refusals, a_refused_connection_that_stays_costs_nothing) {
    static const char junk[] = "\r\njunk of a client that goes on\r\n\r\nGET / HTTP/1.1\r\n";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = client_open(web_port(e->web), NULL, NULL);
        struct buf text;
        buf_init(&text, 8192);
        if (strstr(rows[i].request, "%s") == NULL) {
            buf_str(&text, rows[i].request);
        }
        buf_str(&text, junk);
        client_send(c, text.data, text.count);
        buf_fini(&text);
        struct reply reply = client_reply(c, false);
        reply_free(&reply);
        int64_t cpu = cpu_ms();
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        cr_expect_lt(cpu_ms() - cpu, 100, "%s: %lld ms of CPU in 300 ms", rows[i].what, (long long)(cpu_ms() - cpu));
        client_close(c);
    }
}

Test(edge_refusals, a_405_says_what_is_possible) {
    struct reply reply = edge_ask(e, NULL, "POST", "/api/v1/devices", "{}");
    cr_expect_eq(reply.status, 405);
    cr_expect_str_eq(reply_header(&reply, "Allow"), "GET, HEAD");
    reply_free(&reply);
}

Test(edge_refusals, a_body_of_the_largest_size_is_read) {
    struct buf body;
    buf_init(&body, REQUEST_BODY_BYTES + 1);
    buf_str(&body, "{\"user\":\"ann\",\"password\":\"");
    while (body.count < REQUEST_BODY_BYTES - 2) {
        buf_add_u8(&body, 'x');
    }
    buf_str(&body, "\"}");
    struct reply reply = edge_ask(e, NULL, "POST", "/api/v1/login", buf_text(&body));
    cr_expect_eq(reply.status, 400, "%d", reply.status);
    cr_expect_not_null(strstr(reply.body, "'password'"), "%s", reply.body);
    reply_free(&reply);
    buf_fini(&body);
}

Test(edge_refusals, promise_17_a_head_of_64_kib_is_closed) {
    int64_t since = clock_mono_ms();
    struct buf text;
    buf_init(&text, 1024 * 1024);
    buf_str(&text, "GET /healthz HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 800; i++) {
        buf_printf(&text, "X-Filler-%d: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n", i);
    }
    buf_str(&text, "\r\n");
    cr_assert_gt(text.count, 64 * 1024);
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    client_send(c, text.data, text.count);
    struct reply reply = client_reply(c, false);
    cr_expect(reply.status == 0 || reply.status >= 400, "%d", reply.status);
    cr_expect_lt(clock_mono_ms() - since, 10000);
    reply_free(&reply);
    client_close(c);
    buf_fini(&text);
    still_serves("a huge head");
}

/* ---- slow ones: all at once, as each may take 10 s ---- */

static const struct {
    const char *what, *begin;
    char drip; /* one more of these each half second */
} slow[] = {
    {"nothing at all", "", 0},
    {"half a line", "GET /healthz HT", 0},
    {"a head that never ends", "GET /healthz HTTP/1.1\r\n" HOST "X-Slow: ", 'x'},
    {"a last header that is the beginning of a known one", "GET /healthz HTTP/1.1\r\n" HOST "X-Auth: 1\r\n\r\n", 0},
    {"a body that never begins", "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: 100\r\n\r\n", 0},
    {"a body that drips", "POST /api/v1/login HTTP/1.1\r\n" JSON "Content-Length: 100\r\n\r\n{", ' '},
    {"a body that was refused and drips", "POST /nothing HTTP/1.1\r\n" JSON "Content-Length: 100\r\n\r\n{", ' '},
};
enum { SLOW = sizeof slow / sizeof slow[0] };

static bool is_over(struct client *c) {
    char byte;
    SSL_set_read_ahead(c->ssl, 0);
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    if (poll(&p, 1, 0) == 0) {
        return false;
    }
    int n = SSL_read(c->ssl, &byte, 1);
    return n <= 0 || true; /* an answer is an end too */
}

Test(edge_refusals, promise_17_slow_clients_are_cut_within_ten_seconds_and_delay_nobody) {
    struct client *clients[SLOW];
    bool is_done[SLOW] = {false};
    int raw = socket(AF_INET, SOCK_STREAM, 0); /* not even TLS */
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)web_port(e->web)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(connect(raw, (struct sockaddr *)&to, sizeof to), 0);
    for (size_t i = 0; i < SLOW; i++) {
        clients[i] = client_open(web_port(e->web), NULL, NULL);
        client_send(clients[i], slow[i].begin, strlen(slow[i].begin));
    }
    int64_t since = clock_mono_ms();
    size_t done = 0;
    while (done < SLOW && clock_mono_ms() - since < 12000) {
        nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
        int64_t asked_ms = clock_mono_ms();
        still_serves("a while of slow clients");
        cr_expect_lt(clock_mono_ms() - asked_ms, 2000, "others wait %lld ms", (long long)(clock_mono_ms() - asked_ms));
        for (size_t i = 0; i < SLOW; i++) {
            if (!is_done[i] && is_over(clients[i])) {
                is_done[i] = true;
                done++;
            } else if (!is_done[i] && slow[i].drip != 0) {
                client_send(clients[i], &slow[i].drip, 1);
            }
        }
    }
    for (size_t i = 0; i < SLOW; i++) {
        cr_expect(is_done[i], "still open: %s", slow[i].what);
        client_close(clients[i]);
    }
    struct pollfd p = {.fd = raw, .events = POLLIN};
    cr_expect_eq(poll(&p, 1, 1000), 1, "still open: a connection without TLS");
    close(raw);
    still_serves("slow clients");
}

/* ---- TLS ---- */

static int handshake(int max_version, const char *alpn, char *chosen) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)web_port(e->web)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_max_proto_version(ctx, max_version);
    SSL *ssl = SSL_new(ctx);
    SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    SSL_set_fd(ssl, fd);
    int version = SSL_connect(ssl) == 1 ? SSL_version(ssl) : 0;
    const unsigned char *name = NULL;
    unsigned count = 0;
    SSL_get0_alpn_selected(ssl, &name, &count);
    snprintf(chosen, 16, "%.*s", (int)count, name == NULL ? "" : (const char *)name);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return version;
}

Test(edge_refusals, old_tls_and_http2_are_not_spoken) {
    char chosen[16];
    cr_expect_eq(handshake(TLS1_3_VERSION, "\x08http/1.1", chosen), TLS1_3_VERSION);
    cr_expect_str_eq(chosen, "http/1.1");
    cr_expect_eq(handshake(TLS1_2_VERSION, "\x02h2\x08http/1.1", chosen), TLS1_2_VERSION);
    cr_expect_str_eq(chosen, "http/1.1");
    cr_expect_eq(handshake(TLS1_1_VERSION, "\x08http/1.1", chosen), 0, "TLS 1.1");
    cr_expect_eq(handshake(TLS1_VERSION, "\x08http/1.1", chosen), 0, "TLS 1.0");
}

/* ---- too many at once ---- */

Test(edge_refusals, a_full_queue_is_503_and_empties_again) {
    enum { CLIENTS = 256 + 2 + 8 };
    static struct client *clients[CLIENTS];
    int answered = 0, refused = 0;
    pthread_mutex_lock(&e->gate); /* /metrics waits now, on both readers */
    for (int i = 0; i < CLIENTS; i++) {
        static const char get[] = "GET /metrics HTTP/1.1\r\n" HOST "\r\n";
        clients[i] = client_open(web_port(e->web), NULL, NULL);
        client_send(clients[i], get, sizeof get - 1);
        if (i >= 256 + 2) {
            struct reply reply = client_reply(clients[i], false);
            cr_expect_eq(reply.status, 503, "%d", reply.status);
            const char *wait = reply_header(&reply, "Retry-After");
            cr_expect(wait != NULL && strcmp(wait, "1") == 0);
            refused++;
            reply_free(&reply);
        }
    }
    pthread_mutex_unlock(&e->gate);
    for (int i = 0; i < 256 + 2; i++) {
        struct reply reply = client_reply(clients[i], false);
        answered += reply.status == 200 || reply.status == 504; /* a slow machine under a slow tool */
        reply_free(&reply);
    }
    for (int i = 0; i < CLIENTS; i++) {
        client_close(clients[i]);
    }
    cr_expect_eq(answered, 256 + 2);
    cr_expect_eq(refused, 8);
    still_serves("a full queue");
}
