/* Thousands of devices that come back at the same moment. Each has its certificate (made here, from the authority's
 * key), connection, streams and window; none waits a random while before it connects again, which real agents do: this
 * is the worst case. What was not acknowledged is sent again.
 *
 *   bench-storm --port P --pki DIR --devices N --messages M --samples S
 *
 * Prints a line when something is reached, seconds since the start or since the connections were lost:
 *   connected S   all are subscribed; each has sent at most half    ready S   the rest is under way: kill the broker
 * now lost          they noticed            back S   all are subscribed again            done S   all is acknowledged
 * too Sample k of a device has the value k, so that the store can be counted. Runs in one thread, with epoll;
 * bench-load, which measures rates, blocks while it connects and would bring its devices back one by one. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/message.h"
#include "fieldline/number.h"
#include "fieldline/topic.h"

enum {
    DEVICES_MAX = 20000,
    IN_BYTES = 4096,
    EVENTS = 512,
    SAMPLE_EVERY_MS = 100,
    STALL_MS = 3000, /* without an acknowledgement for so long: send again */
    RETRY_MS = 50,   /* the broker refused the connection */
    GIVE_UP_MS = 400000
};

struct lane {
    char stream[CAP_UUID_BYTES + 1];
    uint64_t goal, sent, acked;
    int64_t moved_ms;
};
enum state { STATE_DOWN, STATE_TCP, STATE_TLS, STATE_CONNACK, STATE_SUBACK, STATE_UP };
struct client {
    char id[CAP_DEVICE_ID_BYTES + 1], topic[TOPIC_KIND_COUNT][CAP_TOPIC_BYTES + 1];
    X509 *certificate;
    enum state state;
    SSL *tls;
    int fd;
    struct lane bulk, urgent;
    struct buf out;
    size_t out_at, in_count;
    uint8_t in[IN_BYTES];
    int64_t retry_ms;
};
struct storm {
    const char *pki;
    int64_t port, devices, messages, samples;
    struct client *clients;
    SSL_CTX *context;
    EVP_PKEY *key; /* of all devices: what is tested is not their secrecy */
    int epoll_fd;
    char boot[CAP_UUID_BYTES + 1];
    int64_t base_ms, begun_ms, lost_ms;
    int64_t up;
    uint64_t acked, goal;
    bool was_connected, was_ready, was_lost, is_back, is_done;
};

/* ---- certificates --------------------------------------------------------------------------------------------------
 */

static FILE *open_pki(const struct storm *s, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", s->pki, name);
    FILE *file = fopen(path, "re");
    if (!file)
        die("bench.storm", "%s: %s", path, strerror(errno));
    return file;
}

static X509 *certify(const struct storm *s, const char *id, int64_t serial, X509 *ca, EVP_PKEY *ca_key) {
    X509 *x = X509_new();
    X509_NAME *name = X509_NAME_new();
    X509_EXTENSION *use = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "clientAuth");
    if (!x || !name || !use || !X509_set_version(x, 2) || !ASN1_INTEGER_set_int64(X509_get_serialNumber(x), serial) ||
        !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)id, -1, -1, 0) ||
        !X509_set_subject_name(x, name) || !X509_set_issuer_name(x, X509_get_subject_name(ca)) ||
        !X509_gmtime_adj(X509_getm_notBefore(x), -3600) || !X509_gmtime_adj(X509_getm_notAfter(x), 86400) ||
        !X509_set_pubkey(x, s->key) || !X509_add_ext(x, use, -1) || !X509_sign(x, ca_key, EVP_sha256()))
        die("bench.storm", "%s: no certificate", id);
    X509_EXTENSION_free(use);
    X509_NAME_free(name);
    return x;
}

static void make_clients(struct storm *s) {
    FILE *file = open_pki(s, "ca.crt"), *key_file = open_pki(s, "ca.key");
    X509 *ca = PEM_read_X509(file, NULL, NULL, NULL);
    EVP_PKEY *ca_key = PEM_read_PrivateKey(key_file, NULL, NULL, NULL);
    s->context = SSL_CTX_new(TLS_client_method());
    s->key = EVP_EC_gen("P-256");
    if (!ca || !ca_key || !s->context || !s->key || !X509_STORE_add_cert(SSL_CTX_get_cert_store(s->context), ca))
        die("bench.storm", "%s: no certificate authority", s->pki);
    fclose(file);
    fclose(key_file);
    SSL_CTX_set_verify(s->context, SSL_VERIFY_NONE,
                       NULL); /* half of the cost, and the broker's name is not tested here */
    SSL_CTX_set_mode(s->context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (int64_t i = 0; i < s->devices; i++) {
        struct client *c = &s->clients[i];
        snprintf(c->id, sizeof c->id, "storm-%05lld", (long long)i);
        for (int kind = 0; kind < TOPIC_KIND_COUNT; kind++)
            topic_format(c->id, (enum topic_kind)kind, c->topic[kind]);
        uuid_make(c->bulk.stream);
        uuid_make(c->urgent.stream);
        c->bulk.goal = (uint64_t)s->messages;
        c->urgent.goal = 1; /* its introduction */
        c->certificate = certify(s, c->id, (1LL << 40) + i, ca, ca_key);
        c->fd = -1;
        buf_init(&c->out, 1 << 20);
    }
    X509_free(ca);
    EVP_PKEY_free(ca_key);
}

/* ---- MQTT 5, the little that is needed -----------------------------------------------------------------------------
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
static void add_user_number(struct buf *b, const char *key, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add_user(b, key, text);
}
static void packet(struct client *c, uint8_t type, const struct buf *body) {
    buf_add_u8(&c->out, type);
    buf_add_varint(&c->out, body->count);
    buf_add(&c->out, body->data, body->count);
}

static void say_connect(struct client *c) {
    struct buf body;
    buf_init(&body, 1024);
    add_text(&body, "MQTT");
    buf_add_u8(&body, 5);
    buf_add_u8(&body, 2); /* clean start */
    add_u16(&body, 600);
    buf_add_u8(&body, 0);
    add_text(&body, c->id);
    packet(c, 0x10, &body);
    buf_fini(&body);
}

static void say_subscribe(struct client *c) {
    struct buf body;
    buf_init(&body, 1024);
    add_u16(&body, 1);
    buf_add_u8(&body, 0);
    add_text(&body, c->topic[TOPIC_DOWN_ACK]);
    buf_add_u8(&body, 0);
    packet(c, 0x82, &body);
    buf_fini(&body);
}

static void publish(struct storm *s, struct client *c, enum topic_kind kind, struct lane *lane,
                    const struct buf *payload) {
    struct buf properties, body;
    buf_init(&properties, 1024);
    buf_init(&body, CAP_PAYLOAD_BYTES);
    if (lane->sent == lane->acked)
        lane->moved_ms = clock_mono_ms();
    add_user(&properties, WIRE_STREAM, lane->stream);
    add_user_number(&properties, WIRE_SEQ, (int64_t)++lane->sent);
    struct wire_stamp now = {.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
    char clock[WIRE_CLOCK_CHARS + 1];
    memcpy(now.boot, s->boot, sizeof now.boot);
    wire_clock_print(&now, clock);
    add_user(&properties, WIRE_CLOCK, clock);
    add_text(&body, c->topic[kind]);
    buf_add_varint(&body, properties.count);
    buf_add(&body, properties.data, properties.count);
    buf_add(&body, payload->data, payload->count);
    packet(c, 0x30, &body);
    buf_fini(&properties);
    buf_fini(&body);
}

static void say_birth(struct storm *s, struct client *c) {
    struct birth_message birth = {.event_ms = clock_wall_ms()};
    struct buf payload;
    buf_init(&payload, 4096);
    snprintf(birth.model, sizeof birth.model, "test-product");
    snprintf(birth.serial, sizeof birth.serial, "%s", c->id);
    snprintf(birth.firmware, sizeof birth.firmware, "storm");
    snprintf(birth.agent, sizeof birth.agent, "storm");
    memcpy(birth.boot, s->boot, sizeof birth.boot);
    birth_encode(&birth, &payload);
    publish(s, c, TOPIC_UP_BIRTH, &c->urgent, &payload);
    buf_fini(&payload);
}

static void say_tele(struct storm *s, struct client *c) {
    struct buf payload;
    const int64_t first = (int64_t)c->bulk.sent * s->samples;
    buf_init(&payload, CAP_PAYLOAD_BYTES);
    for (int64_t k = first; k < first + s->samples; k++) {
        const int64_t at_ms = s->base_ms + k * SAMPLE_EVERY_MS;
        buf_printf(&payload, "%s{\"n\":\"level\",\"t\":%lld.%03lld,\"v\":%lld}", k == first ? "[" : ",",
                   (long long)(at_ms / 1000), (long long)(at_ms % 1000), (long long)k);
    }
    buf_str(&payload, "]");
    publish(s, c, TOPIC_UP_TELE, &c->bulk, &payload);
    buf_fini(&payload);
}

/* ---- a connection's life -------------------------------------------------------------------------------------------
 */

static void watch(struct storm *s, struct client *c, bool is_new) {
    const bool wants_out = c->state == STATE_TCP || c->out_at < c->out.count;
    struct epoll_event e = {.events = EPOLLIN | (wants_out ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(s->epoll_fd, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &e) != 0)
        die("bench.storm", "epoll: %s", strerror(errno));
}

static void lose(struct storm *s, struct client *c) {
    if (c->state == STATE_UP) {
        s->up--;
        if (s->was_ready && !s->was_lost) {
            s->was_lost = true;
            s->lost_ms = clock_mono_ms();
            printf("lost\n");
        }
    }
    SSL_free(c->tls);
    close(c->fd);
    c->tls = NULL;
    c->fd = -1;
    c->state = STATE_DOWN;
    c->retry_ms = clock_mono_ms() + RETRY_MS;
    c->out_at = c->in_count = 0;
    buf_reset(&c->out);
    ERR_clear_error();
}

static void dial(struct storm *s, struct client *c) {
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    c->tls = SSL_new(s->context);
    if (c->fd < 0 || !c->tls || SSL_use_certificate(c->tls, c->certificate) != 1 ||
        SSL_use_PrivateKey(c->tls, s->key) != 1 || SSL_set_fd(c->tls, c->fd) != 1)
        die("bench.storm", "%s: no socket: %s", c->id, strerror(errno));
    SSL_set_connect_state(c->tls);
    c->state = STATE_TCP;
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        lose(s, c);
    else
        watch(s, c, true);
}

/* As much as the window allows; the second half when everybody is there. */
static void send_more(struct storm *s, struct client *c) {
    const uint64_t most = s->was_connected ? c->bulk.goal : c->bulk.goal / 2;
    if (c->state != STATE_UP)
        return;
    if (c->urgent.sent < c->urgent.goal)
        say_birth(s, c);
    while (c->urgent.acked == c->urgent.goal && c->bulk.sent < most && c->bulk.sent < c->bulk.acked + CAP_WINDOW_BULK)
        say_tele(s, c);
}

static void reach(struct storm *s) {
    const int64_t now = clock_mono_ms();
    const double since = (double)(now - (s->was_lost ? s->lost_ms : s->begun_ms)) / 1000;
    if (!s->was_connected && s->up == s->devices) {
        s->was_connected = true;
        printf("connected %.2f\n", since);
    }
    if (!s->was_ready && s->was_connected && s->acked >= s->goal * 6 / 10) {
        s->was_ready = true;
        printf("ready %.2f\n", since);
    }
    if (s->was_lost && !s->is_back && s->up == s->devices) {
        s->is_back = true;
        printf("back %.2f\n", since);
    }
    if (s->is_back && s->acked == s->goal) {
        s->is_done = true;
        printf("done %.2f\n", since);
    }
    fflush(stdout);
}

static void take_ack(struct storm *s, struct client *c, const struct cursor *payload) {
    struct ack_message ack;
    if (ack_decode(payload->at, payload->left, &ack, NULL) != RESULT_OK)
        die("bench.storm", "%s: an acknowledgement that does not decode", c->id);
    struct lane *lane = strcmp(ack.stream, c->bulk.stream) == 0 ? &c->bulk : &c->urgent;
    if (ack.seq <= lane->acked || strcmp(ack.stream, lane->stream) != 0)
        return;
    if (ack.seq > lane->goal)
        die("bench.storm", "%s: acknowledged %llu, which was never sent", c->id, (unsigned long long)ack.seq);
    s->acked += ack.seq - lane->acked;
    lane->acked = ack.seq;
    lane->sent = lane->sent < lane->acked ? lane->acked : lane->sent;
    lane->moved_ms = clock_mono_ms();
}

/* One whole packet; false: the connection is of no use. */
static bool take_packet(struct storm *s, struct client *c, uint8_t type, struct cursor in) {
    uint8_t high, low;
    uint64_t properties;
    const uint8_t *skipped;
    switch (type >> 4) {
    case 2: /* CONNACK */
        if (in.left < 2 || in.at[1] != 0)
            return false;
        c->state = STATE_SUBACK;
        say_subscribe(c);
        return true;
    case 9: /* SUBACK */
        c->state = STATE_UP;
        s->up++;
        c->bulk.sent = c->bulk.acked;
        c->urgent.sent = c->urgent.acked;
        return true;
    case 3:
        if (!cursor_u8(&in, &high) || !cursor_u8(&in, &low) || !cursor_take(&in, (size_t)(high << 8 | low), &skipped) ||
            !cursor_varint(&in, &properties) || !cursor_take(&in, properties, &skipped))
            return false;
        take_ack(s, c, &in);
        return true;
    default: return false;
    }
}

static bool take_packets(struct storm *s, struct client *c) {
    struct cursor all = cursor_of(c->in, c->in_count);
    for (;;) {
        struct cursor at = all;
        uint8_t type = 0;
        uint64_t length = 0;
        const uint8_t *body = NULL;
        if (!cursor_u8(&at, &type) || !cursor_varint(&at, &length) || !cursor_take(&at, length, &body))
            break;
        all = at;
        if (!take_packet(s, c, type, cursor_of(body, length)))
            return false;
    }
    memmove(c->in, all.at, all.left);
    c->in_count = all.left;
    return c->in_count < IN_BYTES;
}

/* What OpenSSL says of a call that did not do what was asked: true, wait; false, the connection is gone. */
static bool must_wait(const struct client *c, int returned) {
    const int why = SSL_get_error(c->tls, returned);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static bool flush_out(struct client *c) {
    while (c->out_at < c->out.count) {
        const int n = SSL_write(c->tls, c->out.data + c->out_at, (int)(c->out.count - c->out_at));
        if (n <= 0)
            return must_wait(c, n);
        c->out_at += (size_t)n;
    }
    c->out_at = 0;
    buf_reset(&c->out);
    return true;
}

static bool go_on(struct storm *s, struct client *c) {
    if (c->state == STATE_TCP || c->state == STATE_TLS) {
        c->state = STATE_TLS;
        const int done = SSL_connect(c->tls);
        if (done != 1)
            return must_wait(c, done);
        c->state = STATE_CONNACK;
        say_connect(c);
    }
    for (;;) {
        const int n = SSL_read(c->tls, c->in + c->in_count, (int)(IN_BYTES - c->in_count));
        if (n <= 0 && !must_wait(c, n))
            return false;
        if (n <= 0)
            break;
        c->in_count += (size_t)n;
        if (!take_packets(s, c))
            return false;
    }
    send_more(s, c);
    return flush_out(c);
}

static void service(struct storm *s, struct client *c) {
    const uint64_t acked = s->acked;
    const int64_t up = s->up;
    if (!go_on(s, c))
        lose(s, c);
    else
        watch(s, c, false);
    if (s->acked != acked || s->up != up)
        reach(s);
}

/* Who is down dials; who was not answered sends again. */
static void look_round(struct storm *s) {
    const int64_t now = clock_mono_ms();
    for (int64_t i = 0; i < s->devices; i++) {
        struct client *c = &s->clients[i];
        struct lane *late = c->urgent.sent > c->urgent.acked ? &c->urgent : &c->bulk;
        if (c->state == STATE_DOWN && now >= c->retry_ms) {
            dial(s, c);
        } else if (c->state == STATE_UP && s->was_connected && c->bulk.sent < c->bulk.goal) {
            service(s, c);
        } else if (c->state == STATE_UP && late->sent > late->acked && now - late->moved_ms > STALL_MS) {
            late->sent = late->acked;
            service(s, c);
        }
    }
}

static void run(struct storm *s) {
    struct epoll_event events[EVENTS];
    int64_t looked_ms = 0;
    s->begun_ms = clock_mono_ms();
    while (!s->is_done) {
        if (clock_mono_ms() - looked_ms >= RETRY_MS) {
            looked_ms = clock_mono_ms();
            look_round(s);
        }
        const int count = epoll_wait(s->epoll_fd, events, EVENTS, RETRY_MS);
        for (int i = 0; i < count; i++) {
            struct client *c = events[i].data.ptr;
            if (c->state != STATE_DOWN)
                service(s, c);
        }
        if (clock_mono_ms() - s->begun_ms > GIVE_UP_MS)
            die("bench.storm", "%lld of %lld connected, %llu of %llu acknowledged", (long long)s->up,
                (long long)s->devices, (unsigned long long)s->acked, (unsigned long long)s->goal);
    }
}

static void read_options(int argc, char **argv, struct storm *s) {
    const struct {
        const char *name;
        int64_t *number;
    } rows[] = {
        {"--port", &s->port}, {"--devices", &s->devices}, {"--messages", &s->messages}, {"--samples", &s->samples}};
    for (int i = 1; i + 1 < argc; i += 2) {
        bool is_known = strcmp(argv[i], "--pki") == 0;
        if (is_known)
            s->pki = argv[i + 1];
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            if (strcmp(argv[i], rows[r].name) != 0)
                continue;
            is_known = true;
            if (!number_i64(argv[i + 1], strlen(argv[i + 1]), 1, 65535, rows[r].number))
                die("bench.storm", "%s is not a number from 1 to 65535", argv[i]);
        }
        if (!is_known)
            die("bench.storm", "unknown option %s", argv[i]);
    }
    if (!s->pki || s->port == 0 || s->devices > DEVICES_MAX)
        die("bench.storm", "--pki, --port and --devices (1 to %d) are needed", DEVICES_MAX);
}

int main(int argc, char **argv) {
    struct storm s = {.devices = 100, .messages = 6, .samples = 5};
    read_options(argc, argv, &s);
    s.clients = mem_alloc((size_t)s.devices * sizeof *s.clients);
    s.goal = (uint64_t)(s.devices * (s.messages + 1));
    s.base_ms = clock_wall_ms() / 1000 * 1000 - 3600 * 1000;
    s.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    clock_boot_id(s.boot);
    make_clients(&s);
    run(&s);
    for (int64_t i = 0; i < s.devices; i++) {
        lose(&s, &s.clients[i]);
        X509_free(s.clients[i].certificate);
        buf_fini(&s.clients[i].out);
    }
    EVP_PKEY_free(s.key);
    SSL_CTX_free(s.context);
    close(s.epoll_fd);
    free(s.clients);
    return 0;
}
