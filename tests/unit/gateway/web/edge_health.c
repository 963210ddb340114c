/* /healthz: what it says is the gateway's, that it answers is the edge's own doing. */
#include "edge.h"

#include <criterion/criterion.h>
#include <string.h>

#include "fieldline/clock.h"

static struct edge *e;
static bool is_bad;

static int say(void *self, bool only_live, bool is_detailed, struct buf *out) {
    (void)self;
    buf_printf(out, "{\"live\":%d,\"detailed\":%d}", only_live, is_detailed);
    return is_bad && !only_live ? 503 : 200;
}

static void setup(void) {
    e = edge_new();
    e->options.health = say;
    edge_start(e);
}
static void teardown(void) {
    edge_free(e);
}
TestSuite(edge_health, .init = setup, .fini = teardown);

Test(edge_health, rows) {
    static const struct {
        const char *what, *path, *headers;
        bool is_bad;
        int status;
        const char *body;
    } rows[] = {
        {"as it is", "/healthz", "", false, 200, "{\"live\":0,\"detailed\":1}"},
        {"ready", "/healthz?probe=ready", "", false, 200, "{\"live\":0,\"detailed\":1}"},
        {"live", "/healthz?probe=live", "", true, 200, "{\"live\":1,\"detailed\":1}"},
        {"not ready", "/healthz", "", true, 503, "{\"live\":0,\"detailed\":1}"},
        {"through a proxy", "/healthz", "X-Forwarded-For: 192.0.2.1\r\n", false, 200, "{\"live\":0,\"detailed\":0}"},
        {"another probe", "/healthz?probe=startup", "", false, 400, "probe is live or ready"},
        {"no probe", "/healthz?probe=", "", false, 400, "probe is live or ready"},
        {"another argument", "/healthz?verbose=1", "", false, 400, "verbose"},
        {"another address", "/healthz/live", "", false, 404, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *c = client_open(web_port(e->web), NULL, NULL);
        is_bad = rows[i].is_bad;
        struct reply reply = client_ask(c, "GET", rows[i].path, rows[i].headers, NULL);
        cr_expect_eq(reply.status, rows[i].status, "%s: %d %s", rows[i].what, reply.status, reply.body);
        cr_expect(rows[i].body == NULL || (reply.body != NULL && strstr(reply.body, rows[i].body) != NULL), "%s: %s",
                  rows[i].what, reply.body);
        reply_free(&reply);
        client_close(c);
    }
}

/* Both readers wait for a lock that the test holds, and so does the queue behind them. */
Test(edge_health, it_answers_while_every_reader_is_busy) {
    enum { BUSY = 6 };
    static const char get[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct client *clients[BUSY];
    pthread_mutex_lock(&e->gate);
    for (int i = 0; i < BUSY; i++) {
        clients[i] = client_open(web_port(e->web), NULL, NULL);
        client_send(clients[i], get, sizeof get - 1);
    }
    const int64_t since = clock_mono_ms();
    struct reply reply = edge_ask(e, NULL, "GET", "/healthz", NULL);
    cr_expect_eq(reply.status, 200, "%d", reply.status);
    cr_expect_lt(clock_mono_ms() - since, 3000, "after %lld ms", (long long)(clock_mono_ms() - since));
    reply_free(&reply);
    pthread_mutex_unlock(&e->gate);
    for (int i = 0; i < BUSY; i++) {
        reply = client_reply(clients[i], false);
        cr_expect_eq(reply.status, 200);
        cr_expect_not_null(strstr(reply.body, "fieldline_web_queue_depth{pool=\"readers\"}"));
        reply_free(&reply);
        client_close(clients[i]);
    }
}

Test(edge_health, the_edge_shows_that_it_lives) {
    const int64_t first = web_alive_mono_ms(e->web), until = clock_mono_ms() + 5000;
    while (web_alive_mono_ms(e->web) == first && clock_mono_ms() < until) {
        struct reply reply = edge_ask(e, NULL, "GET", "/healthz", NULL);
        reply_free(&reply);
    }
    cr_expect_gt(web_alive_mono_ms(e->web), first);
    cr_expect_leq(web_alive_mono_ms(e->web), clock_mono_ms());
}
