/* The fixture of edge.h: certificates by OpenSSL's API (no program needed), a fake desk under one mutex. */
#include "edge.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/keys.h"
#include "fieldline/log.h"

/* ---- certificates ---- */

struct identity {
    EVP_PKEY *key;
    X509 *cert;
};

static struct identity make_identity(const char *cn, const struct identity *issuer) {
    struct identity me = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
    X509_set_version(me.cert, 2);
    uint64_t serial;
    random_bytes(&serial, sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(me.cert), serial >> 1);
    X509_gmtime_adj(X509_getm_notBefore(me.cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(me.cert), 3600);
    X509_set_pubkey(me.cert, me.key);
    X509_NAME *name = X509_get_subject_name(me.cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(me.cert, issuer == NULL ? name : X509_get_subject_name(issuer->cert));
    X509_EXTENSION *basic =
        X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
    X509_add_ext(me.cert, basic, -1);
    X509_EXTENSION_free(basic);
    X509_sign(me.cert, issuer == NULL ? me.key : issuer->key, EVP_sha256());
    return me;
}

static void write_identity(const struct identity *me, char *cert_path, char *key_path) {
    FILE *file = fopen(cert_path, "w");
    PEM_write_X509(file, me->cert);
    fclose(file);
    file = fopen(key_path, "w");
    PEM_write_PrivateKey(file, me->key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

static void free_identity(struct identity *me) {
    X509_free(me->cert);
    EVP_PKEY_free(me->key);
}

static void make_pki(struct edge *e) {
    char unused[96], seal_pub[96];
    struct identity ca = make_identity("test CA", NULL), foreign_ca = make_identity("test CA", NULL);
    struct identity server = make_identity("localhost", &ca), product = make_identity(DEVICE, &ca);
    struct identity other = make_identity("freezer-8", &ca), foreign = make_identity(DEVICE, &foreign_ca);
    snprintf(unused, sizeof unused, "%s/ca.key", e->dir);
    write_identity(&ca, e->ca, unused);
    write_identity(&server, e->server_cert, e->server_key);
    write_identity(&product, e->product_cert, e->product_key);
    write_identity(&other, e->other_cert, e->other_key);
    write_identity(&foreign, e->foreign_cert, e->foreign_key);
    struct identity *all[] = {&ca, &foreign_ca, &server, &product, &other, &foreign};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free_identity(all[i]);
    }
    snprintf(seal_pub, sizeof seal_pub, "%s/seal.pub", e->transcripts);
    cr_assert_eq(key_make_ed25519(e->seal_key, seal_pub, NULL), RESULT_OK);
}

/* ---- the store and the desk ---- */

/* The desk runs on the edge's threads, where Criterion's assertions leak. */
static void must(struct edge *e, bool holds) {
    if (!holds) {
        fprintf(stderr, "the test's desk failed: %s\n", store_error(e->store));
        abort();
    }
}

static void commit(struct edge *e) {
    must(e, store_commit(e->store) == RESULT_OK);
}

void edge_user(struct edge *e, const char *name, enum role role, bool is_disabled) {
    static char hash[AUTH_HASH_BYTES]; /* one password for all: hashed once */
    struct user_row user = {.role = role, .is_disabled = is_disabled, .created_ms = 1};
    int64_t id;
    pthread_mutex_lock(&e->mutex);
    if (hash[0] == '\0') {
        must(e, auth_hash_password(PASSWORD, hash, NULL) == RESULT_OK);
    }
    snprintf(user.name, sizeof user.name, "%s", name);
    snprintf(user.title, sizeof user.title, "%s's title", name);
    snprintf(user.password, sizeof user.password, "%s", hash);
    must(e, store_begin(e->store) == RESULT_OK);
    must(e, store_user_put(e->store, &user, &id) == RESULT_OK);
    commit(e);
    pthread_mutex_unlock(&e->mutex);
}

static void add_login(struct edge *e, int64_t user_id, int64_t seen_ago_ms, int64_t expires_in_ms,
                      char token[AUTH_TOKEN_CHARS + 1]) {
    int64_t now = clock_wall_ms();
    struct login_row login = {.user_id = user_id,
                              .created_ms = now - seen_ago_ms,
                              .seen_ms = now - seen_ago_ms,
                              .expires_ms = now + expires_in_ms,
                              .address = "127.0.0.1"};
    auth_make_token(token, login.token_sha256);
    must(e, store_begin(e->store) == RESULT_OK);
    must(e, store_login_add(e->store, &login) == RESULT_OK);
    commit(e);
}

void edge_login(struct edge *e, const char *name, int64_t seen_ago_ms, int64_t expires_in_ms,
                char token[AUTH_TOKEN_CHARS + 1]) {
    struct user_row user;
    pthread_mutex_lock(&e->mutex);
    must(e, store_user_find(e->store, name, &user) == RESULT_OK);
    add_login(e, user.id, seen_ago_ms, expires_in_ms, token);
    pthread_mutex_unlock(&e->mutex);
}

static void with_login(struct edge *e, const struct change *change,
                       enum result (*fn)(struct store *store, const uint8_t *digest)) {
    const char *hex = NULL;
    uint8_t digest[SHA256_BYTES];
    must(e, json_string(change->body, "login", SHA256_HEX_BYTES, &hex, NULL) == RESULT_OK);
    must(e, hex_decode(hex, strlen(hex), digest, sizeof digest));
    must(e, store_begin(e->store) == RESULT_OK);
    must(e, fn(e->store, digest) == RESULT_OK);
    commit(e);
}

static enum result seen_now(struct store *store, const uint8_t *digest) {
    return store_login_seen(store, digest, clock_wall_ms());
}

static void copy_body(const struct change *change, char *out, size_t room) {
    struct buf text;
    buf_init(&text, 8192);
    json_print(change->body, &text);
    snprintf(out, room, "%s", buf_text(&text));
    buf_fini(&text);
}

static void submit(void *self, struct change *change) {
    struct edge *e = self;
    pthread_mutex_lock(&e->mutex);
    change->status = 200;
    switch (change->verb) {
    case CHANGE_LOGIN:
        add_login(e, change->by.user_id, 0, 3600000, change->cookie);
        json_print(change->body, &change->reply);
        break;
    case CHANGE_LOGIN_FAILED: e->failed++; break;
    case CHANGE_LOGIN_SEEN:
        e->seen++;
        with_login(e, change, seen_now);
        break;
    case CHANGE_LOGOUT:
        change->status = 204;
        with_login(e, change, store_login_delete);
        break;
    case CHANGE_SESSION_LIVE:
        copy_body(change, e->live_body, sizeof e->live_body);
        e->live++;
        break;
    case CHANGE_SESSION_ENDED:
        copy_body(change, e->ended_body, sizeof e->ended_body);
        e->ended++;
        break;
    case CHANGE_TICKET_OPEN:
        change->status = 201;
        change->etag = 1;
        json_print(change->body, &change->reply);
        break;
    default:
        e->if_match = change->if_match;
        change_problem(change, 409, "stale", "%s by %s", change->id, change->by.name);
        break;
    }
    pthread_mutex_unlock(&e->mutex);
    web_change_done(e->web, change);
}

static void metrics(void *self, struct buf *out) {
    struct edge *e = self;
    pthread_mutex_lock(&e->gate);
    pthread_mutex_unlock(&e->gate);
    buf_str(out, "fieldline_test 1\n");
}

bool edge_wait(struct edge *e, const int *counter, int least) {
    int64_t until = clock_mono_ms() + 10000;
    for (;;) {
        pthread_mutex_lock(&e->mutex);
        bool is_there = *counter >= least;
        pthread_mutex_unlock(&e->mutex);
        if (is_there || clock_mono_ms() > until) {
            return is_there;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

/* ---- life ---- */

void edge_file(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

static const char pack[] =
    "model: vaccine-freezer\ntitle: Vaccine freezer\ntitle_zh: \xe7\x96\xab\xe8\x8b\x97\xe5\x86\xb0\xe7\xae\xb1\n"
    "maker: test\nkind: appliance\ncapabilities: [observe, diagnose]\n"
    "metrics:\n  - name: cabinet_temperature\n    title: Cabinet\n    unit: Cel\n    interval: 10s\n"
    "    chart: yes\ndiagnostics:\n  - name: disk\n    title: Disk\n";

static void load_packs(struct edge *e) {
    char path[128];
    struct buf problems;
    snprintf(path, sizeof path, "%s/rules", e->dir);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/rules/vaccine-freezer", e->dir);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/rules/vaccine-freezer/pack.yaml", e->dir);
    edge_file(path, pack, sizeof pack - 1);
    snprintf(path, sizeof path, "%s/rules", e->dir);
    buf_init(&problems, 4096);
    cr_assert_eq(packs_load(path, &e->packs, &problems), RESULT_OK, "%s", buf_text(&problems));
    buf_fini(&problems);
}

#define PATH(field, name) snprintf(e->field, sizeof e->field, "%s/%s", e->dir, name)

struct edge *edge_new(void) {
    struct edge *e = mem_alloc(sizeof *e);
    char path[128];
    log_set_level(LOG_LEVEL_ERROR);
    strcpy(e->dir, "/tmp/fieldline-edge-XXXXXX");
    cr_assert_not_null(mkdtemp(e->dir));
    PATH(ca, "ca.crt"), PATH(server_cert, "server.crt"), PATH(server_key, "server.key"), PATH(seal_key, "seal.key");
    PATH(store_path, "gateway.db"), PATH(console, "console"), PATH(transcripts, "transcripts");
    PATH(product_cert, "product.crt"), PATH(product_key, "product.key"), PATH(other_cert, "other.crt");
    PATH(other_key, "other.key"), PATH(foreign_cert, "foreign.crt"), PATH(foreign_key, "foreign.key");
    cr_assert_eq(mkdir(e->console, 0700), 0);
    cr_assert_eq(mkdir(e->transcripts, 0700), 0);
    snprintf(path, sizeof path, "%s/index.html", e->console);
    edge_file(path, "<html>", 6);
    make_pki(e);
    pthread_mutex_init(&e->mutex, NULL);
    pthread_mutex_init(&e->gate, NULL);
    load_packs(e);
    struct fault fault;
    cr_assert_eq(store_open(e->store_path, &e->store, &fault), RESULT_OK, "%s", fault.text);
    edge_user(e, "ann", ROLE_ENGINEER, false);
    edge_user(e, "otto", ROLE_OWNER, false);
    edge_user(e, "ada", ROLE_ADMINISTRATOR, false);
    e->options = (struct web_options){.listen = "127.0.0.1",
                                      .session_listen = "127.0.0.1",
                                      .server_cert = e->server_cert,
                                      .server_key = e->server_key,
                                      .device_ca = e->ca,
                                      .console_dir = e->console,
                                      .store_path = e->store_path,
                                      .transcript_dir = e->transcripts,
                                      .seal_key = e->seal_key,
                                      .packs = e->packs,
                                      .reader_threads = 2,
                                      .login_idle_ms = 600000,
                                      .login_max_ms = 3600000,
                                      .submit = submit,
                                      .metrics = metrics,
                                      .self = e};
    return e;
}

void edge_start(struct edge *e) {
    struct fault fault = {""};
    cr_assert_eq(web_start(&e->options, &e->web, &fault), RESULT_OK, "%s", fault.text);
}

void edge_free(struct edge *e) {
    char command[96];
    web_stop(e->web);
    web_free(e->web);
    packs_free(e->packs);
    store_close(e->store);
    snprintf(command, sizeof command, "rm -rf %s", e->dir);
    cr_assert_eq(system(command), 0);
    free(e);
}
