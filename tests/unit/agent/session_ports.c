/* [forward NAME] of the configuration, and the ports in a grant. */
#include "session_ports.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent_config.h"

#define BASE                                                                                                           \
    "[agent]\nmodel = freezer\n[broker]\nhost = gw\nca = /ca\ncert = /cert\nkey = /key\n[session]\nenabled = yes\n"

static enum result read_config(const char *text, struct agent_config *config, struct buf *problems) {
    struct buf whole;
    buf_init(&whole, 16 * 1024);
    buf_printf(&whole, "%s%s", BASE, text);
    enum result result = agent_config_read_text("test", buf_text(&whole), config, problems);
    buf_fini(&whole);
    return result;
}

Test(agent_config_forward, a_port_and_its_defaults) {
    struct agent_config config;
    struct buf problems;
    buf_init(&problems, 4096);
    cr_assert_eq(read_config("forward_hosts = 192.168.3.9 fe80::1\n[forward hmi]\nport = 80\nkind = http\n"
                             "[forward plc]\nhost = 192.168.3.9\nport = 502\nconnections = 1\nbytes = 1MiB\n"
                             "[forward screen]\nhost = ::1\nport = 5900\nkind = rfb\nview_only = no\n",
                             &config, &problems),
                 RESULT_OK, "%s", buf_text(&problems));
    const struct agent_forward *f = config.forwards;
    cr_expect_str_eq(f->host, "127.0.0.1");
    cr_expect_eq(f->kind, PORT_HTTP);
    cr_expect(f->is_view_only && f->connections_max == 8 && f->bytes_max == INT64_C(1) << 30);
    f = f->next;
    cr_expect(f->kind == PORT_TCP && f->port == 502 && f->connections_max == 1 && f->bytes_max == 1 << 20);
    cr_expect_not(f->next->is_view_only);
    agent_config_fini(&config);
    buf_fini(&problems);
}

Test(agent_config_forward, promise_44_what_is_refused) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[forward a]\nkind = tcp\n", "port: missing"},
        {"[forward a]\nport = 0\n", "no port"},
        {"[forward a]\nport = 65536\n", "no port"},
        {"[forward a]\nport = 80\nhost = localhost\n", "no address"},
        {"[forward a]\nport = 80\nhost = 10.0.0.1\n", "not this product's own"},
        {"[forward a]\nport = 80\nhost = 0.0.0.0\n", "not this product's own"},
        {"forward_hosts = 10.0.0.2\n[forward a]\nport = 80\nhost = 10.0.0.1\n", "not this product's own"},
        {"forward_hosts = printer\n", "no numeric address"},
        {"[forward a]\nport = 80\nkind = udp\n", "no kind"},
        {"[forward a]\nport = 80\nconnections = 33\n", "1 to 32"},
        {"[forward a]\nport = 80\nbytes = much\n", "not a size"},
        {"[forward a]\nport = 80\nview_only = no\n", "only a port of kind rfb"},
        {"[forward a]\nport = 80\nview_only = perhaps\n", "neither yes nor no"},
        {"[forward a]\nports = 80\n", "unknown key 'ports'"},
        {"[forward a b]\nport = 80\n", "is not a name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct agent_config config;
        struct buf problems;
        buf_init(&problems, 4096);
        cr_expect_neq(read_config(rows[i].text, &config, &problems), RESULT_OK, "%s", rows[i].text);
        cr_expect_not_null(strstr(buf_text(&problems), rows[i].says), "%s: %s", rows[i].text, buf_text(&problems));
        agent_config_fini(&config);
        buf_fini(&problems);
    }
}

static enum result take(const char *text, struct session_port **ports, size_t *count, struct fault *fault) {
    struct json *grant;
    cr_assert_eq(json_parse(text, strlen(text), &grant, fault), RESULT_OK);
    enum result result = session_ports_take(grant, ports, count, fault);
    json_free(grant);
    return result;
}

#define ROW                                                                                                            \
    "\"name\":\"a\",\"host\":\"::1\",\"port\":80,\"kind\":\"tcp\",\"bytes_max\":1,\"connections_max\":1,\"view_"       \
    "only\":true"

Test(session_ports, rows_of_a_grant) {
    static const struct {
        const char *text;
        bool is_good;
    } rows[] = {
        {"{\"ports\":[]}", true},
        {"{}", true},
        {"{\"ports\":[{" ROW "}]}", true},
        {"{\"ports\":{}}", false},
        {"{\"ports\":[7]}", false},
        {"{\"ports\":[{\"name\":\"a\"}]}", false},
        {"{\"ports\":[{\"name\":\"a\",\"host\":\"gw\",\"port\":80,\"kind\":\"tcp\",\"bytes_max\":1,"
         "\"connections_max\":1,\"view_only\":true}]}",
         false},
        {"{\"ports\":[{\"name\":\"a\",\"host\":\"::1\",\"port\":0,\"kind\":\"tcp\",\"bytes_max\":1,"
         "\"connections_max\":1,\"view_only\":true}]}",
         false},
        {"{\"ports\":[{\"name\":\"a\",\"host\":\"::1\",\"port\":1,\"kind\":\"x\",\"bytes_max\":1,"
         "\"connections_max\":1,\"view_only\":true}]}",
         false},
        {"{\"ports\":[{\"name\":\"a\",\"host\":\"::1\",\"port\":1,\"kind\":\"rfb\",\"bytes_max\":1,"
         "\"connections_max\":1}]}",
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session_port *ports = NULL;
        size_t count = 0;
        struct fault fault = {""};
        enum result result = take(rows[i].text, &ports, &count, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].is_good, "%s: %s", rows[i].text, fault.text);
        free(ports);
    }
}

Test(session_ports, loopback_is_this_machine) {
    static const struct {
        const char *host;
        bool is_address, is_loopback;
    } rows[] = {{"127.0.0.1", true, true}, {"127.9.9.9", true, true},  {"::1", true, true},
                {"10.0.0.1", true, false}, {"::", true, false},        {"0.0.0.0", true, false},
                {"::2", true, false},      {"127.1", false, false},    {"localhost", false, false},
                {"", false, false},        {"1.2.3.4.5", false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sockaddr_storage address;
        cr_expect_eq(port_address(rows[i].host, 80, &address), rows[i].is_address, "%s", rows[i].host);
        cr_expect(!rows[i].is_address || port_is_loopback(&address) == rows[i].is_loopback, "%s", rows[i].host);
    }
}
