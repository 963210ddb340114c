/* Ports of a session over real sockets on loopback, with the engineer's side made of a few counters. */
#include "session/forward.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../turn.h"

enum { WAIT_MS = 5000, PORTS = 5 };

struct desk {
    struct loop *loop;
    struct streams *streams;
    struct forwards *forwards;
    struct session_port ports[PORTS];
    int listener, peer;
    struct buf up, closed; /* what streams sent; the last stream.closed */
    int64_t credit;        /* given to the engineer */
    int connected, failed;
    enum result failure;
    char why[FAULT_TEXT_BYTES];
};

static void on_send(void *self, uint16_t stream, const void *bytes, size_t count) {
    struct desk *d = self;
    (void)stream;
    buf_add(&d->up, bytes, count);
}

static void on_credit(void *self, uint16_t stream, uint32_t bytes) {
    struct desk *d = self;
    (void)stream;
    d->credit += bytes;
}

static void on_closed(void *self, const char *json, size_t bytes) {
    struct desk *d = self;
    buf_reset(&d->closed);
    buf_add(&d->closed, json, bytes);
}

static void on_connected(void *self, int64_t id) {
    struct desk *d = self;
    (void)id;
    d->connected++;
}

static void on_failed(void *self, int64_t id, enum result result, const char *text) {
    struct desk *d = self;
    (void)id;
    d->failed++;
    d->failure = result;
    snprintf(d->why, sizeof d->why, "%s", text);
}

static int listen_somewhere(int64_t *port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 8) == 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &bytes), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void desk_open(struct desk *d) {
    static const struct streams_out out = {.send = on_send, .credit = on_credit, .closed = on_closed};
    static const struct forward_events events = {.connected = on_connected, .failed = on_failed};
    struct session_grant grant = {.ports = d->ports, .port_count = PORTS};
    int64_t port, nobody;
    *d = (struct desk){.loop = loop_new(), .peer = -1};
    d->listener = listen_somewhere(&port);
    close(listen_somewhere(&nobody));
    const struct session_port ports[PORTS] = {{"web", "127.0.0.1", port, PORT_HTTP, 64 << 20, 2, false},
                                              {"dead", "127.0.0.1", nobody, PORT_TCP, 1 << 20, 2, false},
                                              {"tiny", "127.0.0.1", port, PORT_TCP, 10, 2, false},
                                              {"display", "127.0.0.1", port, PORT_RFB, 1 << 20, 2, true},
                                              {"desktop", "127.0.0.1", port, PORT_RFB, 1 << 20, 2, false}};
    memcpy(d->ports, ports, sizeof ports);
    buf_init(&d->up, 1 << 20);
    buf_init(&d->closed, 1024);
    d->streams = streams_new(&out, d);
    d->forwards = forwards_new(d->loop, d->streams, &grant, &events, d);
}

static void desk_close(struct desk *d) {
    streams_free(d->streams);
    forwards_free(d->forwards);
    if (d->peer >= 0) {
        close(d->peer);
    }
    close(d->listener);
    loop_free(d->loop);
    buf_fini(&d->up);
    buf_fini(&d->closed);
}

static bool has_settled(void *self) {
    const struct desk *d = self;
    return d->connected + d->failed > 0;
}

static bool has_closed(void *self) {
    const struct desk *d = self;
    return d->closed.count > 0;
}

static bool has_up(void *self) {
    const struct desk *d = self;
    return d->up.count > 0;
}

/* Opened and connected; the program's end is d->peer. */
static void reach(struct desk *d, const struct forward_order *order) {
    struct fault fault = {""};
    cr_assert_eq(forward_open(d->forwards, order, &fault), RESULT_OK, "%s", fault.text);
    cr_assert(turn_until(d->loop, has_settled, d, WAIT_MS));
    cr_assert_eq(d->connected, 1, "%s", d->why);
    d->peer = accept(d->listener, NULL, NULL);
    cr_assert_geq(d->peer, 0);
}

static void must_close(struct desk *d, const char *reason) {
    cr_assert(turn_until(d->loop, has_closed, d, WAIT_MS), "not closed with %s", reason);
    cr_expect_not_null(strstr(buf_text(&d->closed), reason), "%s", buf_text(&d->closed));
    cr_expect_eq(forwards_count(d->forwards), 0);
}

Test(forward, promise_44_only_what_is_configured) {
    static const struct {
        struct forward_order order;
        enum result result;
        const char *says;
    } rows[] = {
        {{.stream = 1, .id = 1, .name = "ssh"}, RESULT_NOT_FOUND, "no port 'ssh'"},
        {{.stream = 1, .id = 1, .name = ""}, RESULT_NOT_FOUND, "no port"},
        {{.stream = 1, .id = 1, .name = "WEB"}, RESULT_NOT_FOUND, "no port"},
        {{.stream = 1, .id = 1, .name = "display"}, RESULT_NOT_FOUND, "no port 'display'"}, /* around the guard */
        {{.stream = 1, .id = 1, .name = "web", .is_screen = true}, RESULT_NOT_FOUND, "no screen 'web'"},
        {{.stream = 1, .id = 1, .name = "display", .is_screen = true, .wants_hands = true}, RESULT_DENIED, "looked at"},
        {{.stream = 0, .id = 1, .name = "web"}, RESULT_CONFLICT, "'stream'"},
        {{.stream = 70000, .id = 1, .name = "web"}, RESULT_CONFLICT, "'stream'"},
    };
    struct desk d;
    desk_open(&d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {""};
        cr_expect_eq(forward_open(d.forwards, &rows[i].order, &fault), rows[i].result, "%s", rows[i].order.name);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s", fault.text);
    }
    cr_expect_eq(forwards_count(d.forwards), 0);
    cr_expect_eq(d.connected + d.failed, 0);
    desk_close(&d);
}

Test(forward, lists) {
    struct desk d;
    struct buf json;
    desk_open(&d);
    buf_init(&json, 4096);
    forwards_list(d.forwards, &json);
    cr_expect_str_eq(buf_text(&json), "{\"ports\":[{\"name\":\"web\",\"kind\":\"http\"},{\"name\":\"dead\",\"kind\":"
                                      "\"tcp\"},{\"name\":\"tiny\",\"kind\":\"tcp\"}]}");
    buf_reset(&json);
    forwards_list_screens(d.forwards, &json);
    cr_expect_str_eq(buf_text(&json), "{\"screens\":[{\"name\":\"display\",\"view_only\":true},{\"name\":\"desktop\","
                                      "\"view_only\":false}]}");
    buf_fini(&json);
    desk_close(&d);
}

Test(forward, nobody_listens) {
    struct desk d;
    struct fault fault = {""};
    desk_open(&d);
    enum result result =
        forward_open(d.forwards, &(struct forward_order){.stream = 1, .id = 7, .name = "dead"}, &fault);
    if (result == RESULT_OK) {
        must_close(&d, "\"refused\"");
        cr_expect_eq(d.failed, 1);
        cr_expect_eq(d.failure, RESULT_CLOSED);
        cr_expect_str_eq(d.why, "nothing listens on this port");
    } else {
        cr_expect_eq(result, RESULT_CLOSED);
        cr_expect_str_eq(fault.text, "nothing listens on this port");
    }
    desk_close(&d);
}

Test(forward, bytes_half_close_and_end) {
    struct desk d;
    char got[16] = "";
    desk_open(&d);
    reach(&d, &(struct forward_order){.stream = 1, .id = 1, .name = "web"});
    cr_expect_eq(d.credit, CAP_CREDIT_BYTES);
    cr_assert(streams_receive(d.streams, 1, "GET", 3));
    cr_assert_eq(streams_finish(d.streams, 1, NULL), RESULT_OK);
    cr_expect_eq(recv(d.peer, got, sizeof got, MSG_WAITALL), 3, "the words, then the end of file");
    cr_expect_str_eq(got, "GET");
    cr_expect_eq(send(d.peer, "answer", 6, 0), 6);
    streams_credit(d.streams, 1, 4); /* no more than there is credit for */
    cr_assert(turn_until(d.loop, has_up, &d, WAIT_MS));
    cr_expect_eq(d.up.count, 4);
    streams_credit(d.streams, 1, 100);
    close(d.peer);
    d.peer = -1;
    must_close(&d, "\"done\"");
    cr_expect_str_eq(buf_text(&d.up), "answer");
    cr_expect_not_null(strstr(buf_text(&d.closed), "\"up_bytes\":6,\"down_bytes\":3"), "%s", buf_text(&d.closed));
    desk_close(&d);
}

static bool never(void *self) {
    (void)self;
    return false;
}

/* What the engineer's side sends is a row of numbers, so a byte too few, too many or elsewhere shows. */
static uint8_t byte_at(int64_t at) {
    return (uint8_t)((uint64_t)at * 2654435761u >> 13);
}

/* Sends in small frames as long as there is credit; the program reads now and then, and never much. */
/* What is waiting in a bridge is largest when the port has taken almost LOW_BYTES of it and almost as much is left
 * while all credit comes at once: reading in steps of every size finds that moment. */
static void pause_and_read(size_t frame_bytes, size_t step_bytes) {
    enum { TOTAL_BYTES = 9 << 20 };
    static uint8_t frame[CAP_STREAM_BYTES], got[64 * 1024];
    struct desk d;
    int64_t sent = 0, read_bytes = 0, wrong = 0;
    uint32_t dice = 7;
    desk_open(&d);
    reach(&d, &(struct forward_order){.stream = 1, .id = 1, .name = "web"});
    while (read_bytes < TOTAL_BYTES && d.closed.count == 0) {
        while (sent < TOTAL_BYTES && d.credit - sent >= (int64_t)frame_bytes && d.closed.count == 0) {
            for (int64_t i = 0; i < (int64_t)frame_bytes; i++) {
                frame[i] = byte_at(sent + i);
            }
            cr_assert(streams_receive(d.streams, 1, frame, frame_bytes));
            sent += (int64_t)frame_bytes;
        }
        dice = dice * 1103515245u + 12345u;
        ssize_t n = recv(d.peer, got, 1 + (dice >> 8) % step_bytes, MSG_DONTWAIT);
        for (ssize_t i = 0; i < n; i++) {
            wrong += got[i] != byte_at(read_bytes + i);
        }
        read_bytes += n > 0 ? n : 0;
        (void)turn_until(d.loop, never, &d, 0);
    }
    cr_expect_eq(d.closed.count, 0, "%s", buf_text(&d.closed));
    cr_expect_eq(wrong, 0, "%lld of %lld bytes are others", (long long)wrong, (long long)read_bytes);
    cr_expect_geq(read_bytes, TOTAL_BYTES);
    desk_close(&d);
}

Test(forward, a_reader_that_pauses_gets_every_byte) {
    static const size_t frames[] = {1400, 4000, 10000}, steps[] = {3000, 8 * 1024, 20000, 64 * 1024};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            pause_and_read(frames[i], steps[k]);
        }
    }
}

Test(forward, promise_44_no_more_bytes_than_configured) {
    struct desk d;
    struct fault fault;
    desk_open(&d);
    reach(&d, &(struct forward_order){.stream = 1, .id = 1, .name = "tiny"});
    cr_assert(streams_receive(d.streams, 1, "0123456789", 10));
    cr_expect_eq(d.closed.count, 0);
    cr_expect_eq(forward_open(d.forwards, &(struct forward_order){.stream = 2, .id = 2, .name = "tiny"}, &fault),
                 RESULT_DENIED);
    streams_credit(d.streams, 1, 100);
    cr_expect_eq(send(d.peer, "x", 1, 0), 1);
    must_close(&d, "\"limit\"");
    cr_expect_eq(d.up.count, 0);
    desk_close(&d);
}

Test(forward, no_more_connections_than_configured) {
    struct desk d;
    struct fault fault = {""};
    desk_open(&d);
    for (int64_t i = 1; i <= 2; i++) {
        cr_assert_eq(forward_open(d.forwards, &(struct forward_order){.stream = i, .id = i, .name = "web"}, &fault),
                     RESULT_OK);
    }
    cr_expect_eq(forward_open(d.forwards, &(struct forward_order){.stream = 3, .id = 3, .name = "web"}, &fault),
                 RESULT_FULL);
    cr_assert_eq(streams_shut(d.streams, 2, NULL), RESULT_OK);
    cr_expect_eq(forward_open(d.forwards, &(struct forward_order){.stream = 3, .id = 3, .name = "web"}, &fault),
                 RESULT_OK);
    desk_close(&d);
}

Test(forward, promise_44_a_screen_is_guarded_unless_both_say_otherwise) {
    static const struct {
        const char *name;
        bool wants_hands, passes;
    } rows[] = {{"display", false, false}, {"desktop", false, false}, {"desktop", true, true}};
    static const char words[] = "RFB 003.008\n\x01\x01\x04\x01\0\0\0\0\0\x61";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk d;
        char got[64] = "";
        desk_open(&d);
        reach(&d,
              &(struct forward_order){
                  .stream = 1, .id = 1, .name = rows[i].name, .is_screen = true, .wants_hands = rows[i].wants_hands});
        streams_credit(d.streams, 1, 1000);
        cr_expect_eq(send(d.peer, "RFB 003.008\n", 12, 0), 12);
        cr_assert(turn_until(d.loop, has_up, &d, WAIT_MS));
        cr_assert(streams_receive(d.streams, 1, words, 12));
        buf_reset(&d.up);
        cr_expect_eq(send(d.peer, "\x01\x01", 2, 0), 2);
        cr_assert(turn_until(d.loop, has_up, &d, WAIT_MS));
        cr_assert(streams_receive(d.streams, 1, words + 12, sizeof words - 13)); /* type, shared, a key */
        cr_assert_eq(streams_finish(d.streams, 1, NULL), RESULT_OK);
        ssize_t count = recv(d.peer, got, sizeof got, MSG_WAITALL);
        cr_expect_eq(count, rows[i].passes ? 22 : 14, "%s: %zd bytes", rows[i].name, count);
        desk_close(&d);
    }
}

Test(forward, a_refused_viewer_is_closed) {
    struct desk d;
    desk_open(&d);
    reach(&d, &(struct forward_order){.stream = 1, .id = 1, .name = "display", .is_screen = true});
    cr_assert(streams_receive(d.streams, 1, "RFB 003.008\n", 12)); /* before the server spoke */
    must_close(&d, "\"refused\"");
    desk_close(&d);
}

Test(forward, the_end_closes_everything_at_once) {
    struct desk d;
    char byte;
    desk_open(&d);
    reach(&d, &(struct forward_order){.stream = 1, .id = 1, .name = "web"});
    streams_free(d.streams);
    d.streams = NULL;
    cr_expect_eq(forwards_count(d.forwards), 0);
    cr_expect_eq(recv(d.peer, &byte, 1, 0), 0);
    cr_expect_eq(d.closed.count, 0, "nothing is sent");
    desk_close(&d);
}
