#include "stage.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/json.h"
#include "fieldline/log.h"
#include "sessions/token.h"

/* ---- legs ---- */

static void leg_send(void *self, bool is_text, const void *bytes, size_t count) {
    struct leg *leg = self;
    cr_assert_lt(leg->count, LEG_MESSAGES);
    cr_assert_str_empty(leg->closed, "a message after the close");
    char *copy = malloc(count + 1);
    memcpy(copy, bytes, count);
    copy[count] = '\0';
    leg->sent[leg->count].is_text = is_text;
    leg->sent[leg->count].bytes = copy;
    leg->sent[leg->count++].count = count;
}

static void leg_close(void *self, const char *reason) {
    struct leg *leg = self;
    cr_assert_str_empty(leg->closed, "closed twice");
    snprintf(leg->closed, sizeof leg->closed, "%s", reason);
}

static size_t leg_pending(const void *self) {
    return ((const struct leg *)self)->pending;
}

const struct relay_leg_ops leg_ops = {.send = leg_send, .close = leg_close, .pending = leg_pending};

void leg_init(struct leg *leg) {
    memset(leg, 0, sizeof *leg);
}

void leg_fini(struct leg *leg) {
    for (size_t i = 0; i < leg->count; i++) {
        free(leg->sent[i].bytes);
    }
    leg->count = 0;
}

bool leg_got(const struct leg *leg, size_t from, const char *part) {
    for (size_t i = from; i < leg->count; i++) {
        if (memmem(leg->sent[i].bytes, leg->sent[i].count, part, strlen(part)) != NULL) {
            return true;
        }
    }
    return false;
}

const char *leg_last(const struct leg *leg) {
    return leg->count > 0 ? leg->sent[leg->count - 1].bytes : "";
}

/* ---- keys ---- */

static X509 *certify(EVP_PKEY *subject_key, const char *name, X509 *issuer, EVP_PKEY *issuer_key, bool is_ca) {
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), is_ca ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, subject_key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x));
    if (is_ca) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:TRUE");
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }
    cr_assert_gt(X509_sign(x, issuer_key, EVP_sha256()), 0);
    return x;
}

static void write_pem(const char *dir, const char *name, X509 *x, EVP_PKEY *key) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(x != NULL ? PEM_write_X509(file, x) : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

static void make_keys(struct stage *s) {
    char path[128], pub[128];
    struct fault fault;
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *device_key = EVP_EC_gen("P-256");
    X509 *ca = certify(ca_key, "test CA", NULL, ca_key, true);
    X509 *device = certify(device_key, "freezer-7", ca, ca_key, false);
    write_pem(s->dir, "ca.crt", ca, NULL);
    write_pem(s->dir, "device.crt", device, NULL);
    write_pem(s->dir, "device.key", NULL, device_key);
    snprintf(path, sizeof path, "%s/device.crt", s->dir);
    FILE *file = fopen(path, "r");
    cr_assert_gt(fread(s->certificate, 1, sizeof s->certificate - 1, file), 0);
    fclose(file);
    snprintf(path, sizeof path, "%s/device.key", s->dir);
    cr_assert_eq(key_read_private(path, &s->device, &fault), RESULT_OK, "%s", fault.text);
    snprintf(path, sizeof path, "%s/seal.key", s->dir);
    snprintf(pub, sizeof pub, "%s/seal.pub", s->dir);
    cr_assert_eq(key_make_ed25519(path, pub, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(key_read_private(path, &s->seal, &fault), RESULT_OK, "%s", fault.text);
    X509_free(ca);
    X509_free(device);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(device_key);
}

/* ---- stage ---- */

static void on_event(void *self, const char *session, const struct session_event *event) {
    struct stage *s = self;
    cr_assert_str_eq(session, s->options.session);
    if (event->kind == SESSION_EVENT_LIVE) {
        s->live = *event;
        s->live_count++;
    } else {
        s->over = *event;
        s->over_count++;
    }
}

void stage_open(struct stage *s) {
    memset(s, 0, sizeof *s);
    snprintf(s->dir, sizeof s->dir, "%s", "/tmp/fieldline-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(s->dir));
    make_keys(s);
    s->now = 1000;
    log_set_level(LOG_LEVEL_ERROR);
    struct relay_options *o = &s->options;
    uuid_make(o->session);
    snprintf(o->device, sizeof o->device, "%s", "freezer-7");
    snprintf(o->engineer, sizeof o->engineer, "%s", "ann");
    snprintf(o->subject, sizeof o->subject, "%s", "Freezer is 3 °C too warm");
    o->ticket = 17;
    o->capabilities =
        CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_DIAGNOSE) | CAPABILITY_BIT(CAPABILITY_SHELL);
    o->expect_ms = 60000;
    o->duration_ms = 30 * 60000;
    o->transcript_dir = s->dir;
    o->seal_key = s->seal;
    o->event = on_event;
    o->self = s;
    session_token_make(s->token, o->token_sha256);
    chain_begin(&s->up, DIRECTION_UP, o->session);
    chain_begin(&s->down, DIRECTION_DOWN, o->session);
    s->relay = relay_new(o, s->now, 1700000000000);
}

void stage_close(struct stage *s) {
    char command[128];
    relay_free(s->relay);
    leg_fini(&s->product);
    leg_fini(&s->engineer);
    leg_fini(&s->watcher);
    key_free(s->seal);
    key_free(s->device);
    snprintf(command, sizeof command, "rm -rf %s", s->dir);
    cr_assert_eq(system(command), 0);
}

enum result stage_dial(struct stage *s, struct fault *fault) {
    return relay_attach_product(s->relay, s->token, "freezer-7", s->certificate, &leg_ops, &s->product, s->now,
                                &s->product.leg, fault);
}

void stage_hello(struct stage *s, const char *capabilities) {
    char text[600];
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"method\":\"session.hello\",\"params\":{\"session\":\"%s\",\"agent\":\"1.0.0\","
             "\"capabilities\":[%s],\"consent\":{\"method\":\"code\",\"by\":\"owner\",\"at_ms\":1700000000000,"
             "\"until_ms\":1700001800000},\"deadline_s\":1800}}",
             s->options.session, capabilities);
    product_text(s, text);
}

void stage_join(struct stage *s) {
    struct fault fault;
    cr_assert_eq(relay_attach_person(s->relay, &(struct relay_person){.name = "ann"}, &leg_ops, &s->engineer, s->now,
                                     &s->engineer.leg, &fault),
                 RESULT_OK, "%s", fault.text);
}

void stage_live(struct stage *s) {
    struct fault fault;
    cr_assert_eq(stage_dial(s, &fault), RESULT_OK, "%s", fault.text);
    stage_hello(s, "\"observe\",\"diagnose\",\"shell\"");
    cr_assert_eq(s->live_count, 1);
    stage_join(s);
}

void leg_message(struct stage *s, struct leg *leg, bool is_text, const void *bytes, size_t count) {
    relay_receive(leg->leg, is_text, bytes, count, s->now);
}

void product_text(struct stage *s, const char *json) {
    struct frame frame = {.channel = CHANNEL_CONTROL, .bytes = (const uint8_t *)json, .count = strlen(json)};
    chain_add(&s->up, &frame);
    leg_message(s, &s->product, true, json, strlen(json));
}

void product_terminal(struct stage *s, const char *text) {
    struct buf message;
    struct frame frame = {.channel = CHANNEL_TERMINAL, .bytes = (const uint8_t *)text, .count = strlen(text)};
    chain_add(&s->up, &frame);
    buf_init(&message, CAP_FRAME_BYTES + 100);
    frame_encode(CHANNEL_TERMINAL, text, strlen(text), &message);
    leg_message(s, &s->product, false, message.data, message.count);
    buf_fini(&message);
}

void product_credit(struct stage *s, uint32_t bytes) {
    struct buf message;
    buf_init(&message, 16);
    credit_encode(&(struct credit){.channel = CHANNEL_TERMINAL, .bytes = bytes}, &message);
    leg_message(s, &s->product, false, message.data, message.count);
    buf_fini(&message);
}

void engineer_text(struct stage *s, const char *json) {
    leg_message(s, &s->engineer, true, json, strlen(json));
}

void engineer_types(struct stage *s, const char *text) {
    struct buf message;
    buf_init(&message, RELAY_INPUT_BYTES);
    frame_encode(CHANNEL_TERMINAL, text, strlen(text), &message);
    leg_message(s, &s->engineer, false, message.data, message.count);
    buf_fini(&message);
}

void product_reads(struct stage *s) {
    struct fault fault;
    for (; s->seen < s->product.count; s->seen++) {
        struct frame frame;
        cr_assert_eq(frame_decode(s->product.sent[s->seen].is_text, DIRECTION_DOWN,
                                  (const uint8_t *)s->product.sent[s->seen].bytes, s->product.sent[s->seen].count,
                                  &frame, &fault),
                     RESULT_OK, "%s", fault.text);
        if (frame.channel != CHANNEL_CREDIT) {
            chain_add(&s->down, &frame);
        }
    }
}

void product_countersigns(struct stage *s) {
    struct buf text, signature, coded, message;
    buf_init(&text, 1024);
    buf_init(&signature, 1024);
    buf_init(&coded, 2048);
    buf_init(&message, 4096);
    product_reads(s);
    chain_statement(s->options.session, &s->up, &s->down, &text);
    cr_assert_eq(key_sign(s->device, text.data, text.count, &signature), RESULT_OK);
    base64url_encode(signature.data, signature.count, &coded);
    struct json_out j = json_out(&message);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_str(&j, "method", "session.countersign");
    jo_object(&j, "params");
    jo_str(&j, "text", buf_text(&text));
    jo_str(&j, "signature", buf_text(&coded));
    jo_end(&j);
    jo_end(&j);
    leg_message(s, &s->product, true, message.data, message.count);
    buf_fini(&text);
    buf_fini(&signature);
    buf_fini(&coded);
    buf_fini(&message);
}

void product_ends(struct stage *s, const char *reason) {
    char text[200];
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"method\":\"session.ended\",\"params\":{\"reason\":\"%s\",\"children_left\":0}}",
             reason);
    product_text(s, text);
    if (s->over_count == 0) {
        product_countersigns(s);
    }
}

void stage_tick(struct stage *s, int64_t after_ms) {
    s->now += after_ms;
    relay_tick(s->relay, s->now);
}

void stage_session(struct stage *s) {
    char text[64];
    stage_live(s);
    engineer_text(s,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.open\",\"params\":{\"cols\":80,\"rows\":24}}");
    product_text(s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    product_credit(s, 16384);
    product_terminal(s, "$ ");
    for (int i = 0; i < 40; i++) {
        s->now += 7;
        snprintf(text, sizeof text, "line %d \"°\" \033[1m\t\\ 測\r\n", i);
        product_terminal(s, text);
    }
    engineer_types(s, "ls /var/log\r");
    engineer_text(s, "{\"jsonrpc\":\"2.0\",\"method\":\"terminal.resize\",\"params\":{\"cols\":100,\"rows\":30}}");
    product_text(s, "{\"jsonrpc\":\"2.0\",\"method\":\"terminal.echo\",\"params\":{\"on\":false}}");
    product_terminal(s, "Password: ");
    engineer_types(s, "hunter2");
    engineer_types(s, "\r");
    product_text(s, "{\"jsonrpc\":\"2.0\",\"method\":\"terminal.echo\",\"params\":{\"on\":true}}");
    engineer_text(s, "{\"jsonrpc\":\"2.0\",\"id\":\"d1\",\"method\":\"diagnose.run\",\"params\":{\"name\":\"disk\"}}");
    product_text(s, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"exit\":0,\"output\":\"fine\",\"truncated\":false,"
                    "\"took_ms\":12}}");
    relay_end(s->relay, "ended_by_engineer", "ann", s->now);
    product_ends(s, "ended_by_engineer");
    cr_assert_eq(s->over_count, 1);
}

void stage_path(const struct stage *s, const char *ending, char out[256]) {
    snprintf(out, 256, "%s/%s%s", s->dir, s->options.session, ending);
}

char *stage_read(const struct stage *s, const char *ending, size_t *count) {
    char path[256];
    stage_path(s, ending, path);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*count + 1);
    cr_assert_eq(fread(bytes, 1, *count, file), *count);
    bytes[*count] = '\0';
    fclose(file);
    return bytes;
}

void stage_write(const struct stage *s, const char *ending, const void *bytes, size_t count) {
    char path[256];
    stage_path(s, ending, path);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}
