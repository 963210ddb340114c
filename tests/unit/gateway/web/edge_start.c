/* What web_start refuses, with a fault that names it. */
#include "edge.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct edge *e;
static void setup(void) {
    e = edge_new();
}
static void teardown(void) {
    edge_free(e);
}
TestSuite(edge_start, .init = setup, .fini = teardown);

static void expect_refusal(const struct web_options *options, const char *names) {
    struct fault fault = {""};
    struct web *web = NULL;
    cr_expect_neq(web_start(options, &web, &fault), RESULT_OK, "%s", names);
    cr_expect_null(web);
    cr_expect_not_null(strstr(fault.text, names), "'%s' does not name %s", fault.text, names);
}

Test(edge_start, wrong_options) {
    struct web_options good = e->options, o;
#define ROW(field, value, names)                                                                                       \
    o = good;                                                                                                          \
    o.field = value;                                                                                                   \
    expect_refusal(&o, names)
    ROW(server_cert, "/nonexistent.crt", "/nonexistent.crt");
    ROW(server_key, "/nonexistent.key", "/nonexistent.key");
    ROW(server_key, e->product_key, e->product_key); /* of another certificate */
    ROW(device_ca, "/nonexistent.ca", "/nonexistent.ca");
    ROW(device_ca, e->server_key, e->server_key); /* no certificate in it */
    ROW(seal_key, "/nonexistent.seal", "/nonexistent.seal");
    ROW(console_dir, "/nonexistent/console", "/nonexistent/console");
    ROW(store_path, "/nonexistent/gateway.db", "");
    ROW(reader_threads, 0, "reader_threads");
    ROW(listen, "203.0.113.7", "203.0.113.7");
    ROW(session_listen, "localhost", "localhost");
#undef ROW
}

static bool can_connect(const char *address, int port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    cr_assert(is_v4 || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
    bool can = connect(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, is_v4 ? sizeof v4 : sizeof v6) == 0;
    close(fd);
    return can;
}

Test(edge_start, listens_where_it_was_told_and_nowhere_else) {
    e->options.session_listen = "127.0.0.2";
    edge_start(e);
    cr_expect(can_connect("127.0.0.1", web_port(e->web)));
    cr_expect_not(can_connect("127.0.0.2", web_port(e->web)));
    cr_expect_not(can_connect("::1", web_port(e->web)));
    cr_expect(can_connect("127.0.0.2", web_session_port(e->web)));
    cr_expect_not(can_connect("127.0.0.1", web_session_port(e->web)));
}

Test(edge_start, one_port_for_both) {
    struct web_options o = e->options;
    o.port = o.session_port = 18443;
    expect_refusal(&o, "18443");
}

Test(edge_start, a_port_that_is_taken) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof place;
    char port[16];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&place, sizeof place), 0);
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&place, &bytes), 0);
    struct web_options o = e->options;
    o.port = ntohs(place.sin_port);
    snprintf(port, sizeof port, "%d", o.port);
    expect_refusal(&o, port);
    o.port = 0;
    o.session_port = ntohs(place.sin_port);
    expect_refusal(&o, port);
    close(fd);
}

Test(edge_start, again_after_a_stop) {
    for (int i = 0; i < 3; i++) {
        edge_start(e);
        struct reply reply = edge_ask(e, NULL, "GET", "/healthz", NULL);
        cr_expect_eq(reply.status, 200);
        reply_free(&reply);
        web_stop(e->web);
        web_stop(e->web); /* once more is nothing */
        web_free(e->web);
        e->web = NULL;
    }
    web_free(NULL);
}
