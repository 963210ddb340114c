/* The load generator: N devices over TLS, each with its own certificate, connection, stream and window, speaking as
 * much MQTT 5 as a device needs, without a client library (Paho's publishing would be the bottleneck: one lock a
 * process). Payloads are encoded by the product's own wire library. One message is one TLS record, as real devices send
 * it.
 *
 *   bench-load --port P --pki DIR --devices N --samples S --messages M [--rate R] [--events E]
 *   bench-load --counter FILE ...   paced by a counter that bench-count keeps in a mapped file instead of by acks
 *
 * A message counts when the gateway has acknowledged its commit. With --events, E fault events are sent at even
 * intervals on the urgent lane and the time to their acknowledgement (= alarm committed) is measured.
 * Prints `name value` lines: messages, seconds, cpu_ratio (of this process: near 1 means that it was the bottleneck).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/message.h"
#include "fieldline/number.h"
#include "fieldline/senml.h"
#include "fieldline/topic.h"

enum {
    DEVICES_MAX = 1000,
    PACKET_MAX = CAP_PAYLOAD_BYTES + 1024,
    EVENTS_MAX = 100000,
    IDLE_POLL_MS = 1,
    STALL_MS = 30000
};

struct options {
    const char *pki, *counter;
    int64_t port, devices, samples, messages, rate, events, window;
};
struct lane {
    char stream[CAP_UUID_BYTES + 1];
    uint64_t sent, acked;
};
struct client {
    char id[CAP_DEVICE_ID_BYTES + 1], topic[TOPIC_KIND_COUNT][CAP_TOPIC_BYTES + 1];
    SSL *tls;
    int fd;
    struct lane bulk, urgent;
    uint8_t in[64 * 1024];
    size_t in_count;
    int64_t event_sent_us; /* of the urgent message under way; 0: none */
    bool is_active;        /* the fault code's state */
};
struct load {
    struct options o;
    struct client *clients;
    struct buf packet, body;
    char boot[CAP_UUID_BYTES + 1];
    const volatile uint64_t *counter;
    int64_t *latency_us;
    size_t latency_count, events_sent;
    uint64_t acked_total, sent_total;
};

/* ---- MQTT 5, the little that is needed ------------------------------------------------------------------------------
 */

static void add_u16(struct buf *b, size_t value) {
    buf_add_u8(b, (uint8_t)(value >> 8));
    buf_add_u8(b, (uint8_t)value);
}

static void add_text(struct buf *b, const char *text) {
    add_u16(b, strlen(text));
    buf_str(b, text);
}

static void add_user(struct buf *b, const char *key, const char *value) {
    buf_add_u8(b, 0x26);
    add_text(b, key);
    add_text(b, value);
}

static void put(struct client *c, const struct buf *b) {
    size_t at = 0;
    while (at < b->count) {
        const int n = SSL_write(c->tls, b->data + at, (int)(b->count - at));
        if (n > 0) {
            at += (size_t)n;
            continue;
        }
        const int why = SSL_get_error(c->tls, n);
        if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
            die("bench.load", "%s: connection lost while writing", c->id);
        struct pollfd p = {.fd = c->fd, .events = POLLOUT};
        poll(&p, 1, 1000);
    }
}

static void packet(struct load *l, uint8_t type, const struct buf *body) {
    buf_reset(&l->packet);
    buf_add_u8(&l->packet, type);
    buf_add_varint(&l->packet, body->count); /* LEB128 is MQTT's variable length */
    buf_add(&l->packet, body->data, body->count);
}

static void publish(struct load *l, struct client *c, enum topic_kind kind, struct lane *lane,
                    const struct buf *payload) {
    struct buf properties, body;
    char number[24];
    buf_init(&properties, 1024);
    buf_init(&body, PACKET_MAX);
    add_user(&properties, WIRE_STREAM, lane->stream);
    snprintf(number, sizeof number, "%llu", (unsigned long long)++lane->sent);
    add_user(&properties, WIRE_SEQ, number);
    struct wire_stamp now = {.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
    char clock[WIRE_CLOCK_CHARS + 1];
    memcpy(now.boot, l->boot, sizeof now.boot);
    wire_clock_print(&now, clock);
    add_user(&properties, WIRE_CLOCK, clock);
    add_text(&body, c->topic[kind]);
    buf_add_varint(&body, properties.count);
    buf_add(&body, properties.data, properties.count);
    buf_add(&body, payload->data, payload->count);
    packet(l, 0x30, &body);
    put(c, &l->packet);
    buf_fini(&properties);
    buf_fini(&body);
}

/* ---- connecting
 * -------------------------------------------------------------------------------------------------------- */

static SSL *connect_tls(const struct load *l, const char *id, int *fd) {
    char ca[4096], cert[4096], key[4096];
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)l->o.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    snprintf(ca, sizeof ca, "%s/ca.crt", l->o.pki);
    snprintf(cert, sizeof cert, "%s/%s.crt", l->o.pki, id);
    snprintf(key, sizeof key, "%s/%s.key", l->o.pki, id);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_locations(context, ca, NULL) != 1 ||
        SSL_CTX_use_certificate_chain_file(context, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        die("bench.load", "%s: cannot read %s, %s or %s", id, ca, cert, key);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context,
                     SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || connect(*fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("bench.load", "%s: %s", id, strerror(errno));
    setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL *tls = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(tls, *fd);
    if (SSL_connect(tls) != 1)
        die("bench.load", "%s: TLS refused", id);
    return tls;
}

/* Reads until one whole packet of that type is there and drops everything before it. */
static void expect(struct client *c, uint8_t type) {
    for (;;) {
        uint8_t head[2], rest[512];
        if (SSL_read(c->tls, head, 2) != 2 || head[1] > 127)
            die("bench.load", "%s: no answer of the broker", c->id);
        for (int at = 0; at < head[1];) {
            const int n = SSL_read(c->tls, rest, head[1] - at);
            if (n <= 0)
                die("bench.load", "%s: the broker closed", c->id);
            at += n;
        }
        if ((head[0] & 0xf0) == type)
            return;
    }
}

static void introduce(struct load *l, struct client *c) {
    struct birth_message birth = {.event_ms = clock_wall_ms(), .capabilities = 0};
    struct buf body, payload;
    buf_init(&body, 1024);
    buf_init(&payload, 4096);
    add_text(&body, "MQTT");
    buf_add_u8(&body, 5);
    buf_add_u8(&body, 2); /* clean start */
    add_u16(&body, 600);
    buf_add_u8(&body, 0);
    add_text(&body, c->id);
    packet(l, 0x10, &body);
    put(c, &l->packet);
    expect(c, 0x20);
    buf_reset(&body);
    add_u16(&body, 1);
    buf_add_u8(&body, 0);
    add_text(&body, c->topic[TOPIC_DOWN_ACK]);
    buf_add_u8(&body, 0);
    packet(l, 0x82, &body);
    put(c, &l->packet);
    expect(c, 0x90);
    snprintf(birth.model, sizeof birth.model, "linux-gateway");
    snprintf(birth.serial, sizeof birth.serial, "%s", c->id);
    snprintf(birth.firmware, sizeof birth.firmware, "bench");
    snprintf(birth.agent, sizeof birth.agent, "bench");
    memcpy(birth.boot, l->boot, sizeof birth.boot);
    birth_encode(&birth, &payload);
    publish(l, c, TOPIC_UP_BIRTH, &c->urgent, &payload);
    buf_fini(&body);
    buf_fini(&payload);
}

static void connect_all(struct load *l) {
    for (int64_t i = 0; i < l->o.devices; i++) {
        struct client *c = &l->clients[i];
        snprintf(c->id, sizeof c->id, "bench-%04lld", (long long)i + 1);
        for (int kind = 0; kind < TOPIC_KIND_COUNT; kind++)
            topic_format(c->id, (enum topic_kind)kind, c->topic[kind]);
        uuid_make(c->bulk.stream);
        uuid_make(c->urgent.stream);
        c->tls = connect_tls(l, c->id, &c->fd);
        introduce(l, c);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
    }
}

/* ---- receiving acks
 * ---------------------------------------------------------------------------------------------------- */

static void take_ack(struct load *l, struct client *c, const uint8_t *payload, size_t bytes) {
    struct ack_message ack;
    if (ack_decode(payload, bytes, &ack, NULL) != RESULT_OK)
        die("bench.load", "%s: an acknowledgement that does not decode", c->id);
    if (strcmp(ack.stream, c->bulk.stream) == 0 && ack.seq > c->bulk.acked) {
        l->acked_total += ack.seq - c->bulk.acked;
        c->bulk.acked = ack.seq;
    } else if (strcmp(ack.stream, c->urgent.stream) == 0 && ack.seq > c->urgent.acked) {
        c->urgent.acked = ack.seq;
        if (c->event_sent_us && ack.seq == c->urgent.sent) {
            l->latency_us[l->latency_count++] = clock_mono_us() - c->event_sent_us;
            c->event_sent_us = 0;
        }
    }
}

/* Takes whole packets off the front of the input; a PUBLISH of QoS 0 is an ack. */
static void take_packets(struct load *l, struct client *c) {
    struct cursor all = cursor_of(c->in, c->in_count);
    for (;;) {
        struct cursor at = all;
        uint8_t type = 0, high, low;
        uint64_t length = 0, properties = 0;
        const uint8_t *body = NULL, *topic;
        if (!cursor_u8(&at, &type) || !cursor_varint(&at, &length) || !cursor_take(&at, length, &body))
            break;
        all = at;
        struct cursor in = cursor_of(body, length);
        if ((type & 0xf0) == 0x30 && cursor_u8(&in, &high) && cursor_u8(&in, &low) &&
            cursor_take(&in, (size_t)(high << 8 | low), &topic) && cursor_varint(&in, &properties) &&
            cursor_take(&in, properties, &topic))
            take_ack(l, c, in.at, in.left);
    }
    memmove(c->in, all.at, all.left);
    c->in_count = all.left;
}

static bool receive(struct load *l, struct client *c) {
    bool any = false;
    for (;;) {
        const int n = SSL_read(c->tls, c->in + c->in_count, (int)(sizeof c->in - c->in_count));
        if (n <= 0) {
            if (SSL_get_error(c->tls, n) == SSL_ERROR_WANT_READ)
                return any;
            die("bench.load", "%s: the broker closed the connection", c->id);
        }
        any = true;
        c->in_count += (size_t)n;
        take_packets(l, c);
    }
}

/* ---- what is sent
 * ------------------------------------------------------------------------------------------------------- */

static const char *const metrics[] = {
    "cpu_busy_ratio",      "load_1m",         "memory_available_ratio", "disk_used_ratio/root",
    "disk_used_ratio/var", "temperature/cpu", "network_rx_bytes/eth0",  "network_tx_bytes/eth0",
    "temperature/board",   "uptime_seconds"};

static void send_tele(struct load *l, struct client *c, struct senml_pack *pack) {
    const int64_t now_ms = clock_wall_ms();
    for (int64_t i = 0; i < l->o.samples; i++) {
        const size_t m = (size_t)i % (sizeof metrics / sizeof *metrics);
        struct senml_record r = {.event_ms = now_ms + i / 10};
        snprintf(r.metric, sizeof r.metric, "%s", metrics[m]);
        char *slash = strchr(r.metric, '/');
        if (slash) {
            *slash = 0;
            snprintf(r.part, sizeof r.part, "%s", strchr(metrics[m], '/') + 1);
        }
        r.value = (double)((c->bulk.sent * 7 + (uint64_t)i * 13) % 1000) / 1000.0;
        if (senml_pack_add(pack, &r) != RESULT_OK)
            die("bench.load", "%lld samples do not fit in a message", (long long)l->o.samples);
    }
    senml_pack_finish(pack, &l->body);
    publish(l, c, TOPIC_UP_TELE, &c->bulk, &l->body);
    l->sent_total++;
}

static void send_event(struct load *l, struct client *c) {
    struct event_message event = {.event_ms = clock_wall_ms(), .kind = EVENT_FAULT, .severity = SEVERITY_ERROR};
    c->is_active = !c->is_active;
    event.active = c->is_active;
    snprintf(event.code, sizeof event.code, "BENCH");
    snprintf(event.text, sizeof event.text, "made by the bench");
    buf_reset(&l->body);
    event_encode(&event, &l->body);
    c->event_sent_us = clock_mono_us();
    publish(l, c, TOPIC_UP_EVENT, &c->urgent, &l->body);
    l->events_sent++;
}

/* One pass over all devices; true when anything was sent or received. */
static bool step(struct load *l, struct senml_pack *pack, int64_t begun_us) {
    bool any = false;
    const int64_t now_us = clock_mono_us();
    const uint64_t due = l->o.rate ? (uint64_t)((now_us - begun_us) * l->o.rate / 1000000) : UINT64_MAX;
    for (int64_t i = 0; i < l->o.devices; i++) {
        struct client *c = &l->clients[i];
        any |= receive(l, c);
        if (l->o.counter)
            l->acked_total = *l->counter;
        while (c->bulk.sent < (uint64_t)l->o.messages && l->sent_total < due) {
            const uint64_t under_way =
                l->o.counter ? (l->sent_total - l->acked_total) / (uint64_t)l->o.devices : c->bulk.sent - c->bulk.acked;
            if (under_way >= (uint64_t)l->o.window)
                break;
            send_tele(l, c, pack);
            any = true;
        }
        const int64_t total_us = l->o.rate ? l->o.messages * l->o.devices * 1000000 / l->o.rate : 1;
        if (l->o.events && !c->event_sent_us && l->events_sent < (size_t)l->o.events &&
            (int64_t)l->events_sent * total_us / l->o.events <= now_us - begun_us)
            send_event(l, c);
    }
    return any;
}

static void wait_for_input(struct load *l) {
    static struct pollfd p[DEVICES_MAX];
    for (int64_t i = 0; i < l->o.devices; i++)
        p[i] = (struct pollfd){.fd = l->clients[i].fd, .events = POLLIN};
    poll(p, (nfds_t)l->o.devices, IDLE_POLL_MS);
}

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int by_value(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void report(struct load *l, double seconds, double cpu) {
    printf("messages %llu\nseconds %.3f\ncpu_ratio %.2f\n", (unsigned long long)l->acked_total, seconds, cpu / seconds);
    if (l->latency_count == 0)
        return;
    qsort(l->latency_us, l->latency_count, sizeof *l->latency_us, by_value);
    printf("events %zu\nlatency_p50_ms %.2f\nlatency_p99_ms %.2f\n", l->latency_count,
           (double)l->latency_us[l->latency_count / 2] / 1000,
           (double)l->latency_us[l->latency_count * 99 / 100] / 1000);
}

static void run(struct load *l) {
    struct senml_pack pack;
    senml_pack_init(&pack, CAP_PAYLOAD_BYTES);
    const uint64_t goal = (uint64_t)(l->o.devices * l->o.messages);
    const int64_t begun_us = clock_mono_us();
    const double cpu = cpu_seconds();
    int64_t moved_ms = clock_mono_ms();
    while (l->acked_total < goal || l->latency_count < (size_t)l->o.events) {
        if (step(l, &pack, begun_us))
            moved_ms = clock_mono_ms();
        else
            wait_for_input(l);
        if (clock_mono_ms() - moved_ms > STALL_MS)
            die("bench.load", "stalled at %llu of %llu messages (%llu sent)", (unsigned long long)l->acked_total,
                (unsigned long long)goal, (unsigned long long)l->sent_total);
    }
    report(l, (double)(clock_mono_us() - begun_us) / 1e6, cpu_seconds() - cpu);
    senml_pack_fini(&pack);
}

static void map_counter(struct load *l) {
    const int fd = open(l->o.counter, O_RDONLY | O_CLOEXEC);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(uint64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        die("bench.load", "%s: %s", l->o.counter, strerror(errno));
    close(fd);
    l->counter = at;
}

static void read_options(int argc, char **argv, struct options *o) {
    const struct {
        const char *name;
        int64_t *number;
        const char **text;
    } rows[] = {{"--port", &o->port, NULL},         {"--devices", &o->devices, NULL}, {"--samples", &o->samples, NULL},
                {"--messages", &o->messages, NULL}, {"--rate", &o->rate, NULL},       {"--events", &o->events, NULL},
                {"--window", &o->window, NULL},     {"--pki", NULL, &o->pki},         {"--counter", NULL, &o->counter}};
    for (int i = 1; i + 1 < argc; i += 2) {
        bool is_known = false;
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            if (strcmp(argv[i], rows[r].name) != 0)
                continue;
            is_known = true;
            if (rows[r].text)
                *rows[r].text = argv[i + 1];
            else if (!number_i64(argv[i + 1], strlen(argv[i + 1]), 0, 1000000000, rows[r].number))
                die("bench.load", "%s is not a number", argv[i]);
        }
        if (!is_known)
            die("bench.load", "unknown option %s", argv[i]);
    }
    if (!o->pki || o->port == 0 || o->devices < 1 || o->devices > DEVICES_MAX || o->events > EVENTS_MAX)
        die("bench.load", "--pki, --port and --devices (1 to %d) are needed", DEVICES_MAX);
}

int main(int argc, char **argv) {
    struct load l = {.o = {.devices = 1, .samples = 1, .messages = 1000, .window = CAP_WINDOW_BULK}};
    read_options(argc, argv, &l.o);
    l.clients = mem_alloc(sizeof *l.clients * (size_t)l.o.devices);
    l.latency_us = mem_alloc(sizeof *l.latency_us * EVENTS_MAX);
    buf_init(&l.packet, PACKET_MAX);
    buf_init(&l.body, PACKET_MAX);
    clock_boot_id(l.boot);
    if (l.o.counter)
        map_counter(&l);
    connect_all(&l);
    run(&l);
    for (int64_t i = 0; i < l.o.devices; i++) {
        SSL_free(l.clients[i].tls);
        close(l.clients[i].fd);
    }
    buf_fini(&l.packet);
    buf_fini(&l.body);
    free(l.latency_us);
    free(l.clients);
    return 0;
}
