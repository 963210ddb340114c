/* To whom a session process tells its token: a real TLS server, once with the right certificate and then with each
 * wrong one. The server says what it was told. */
#include "session/link.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../turn.h"
#include "fieldline/log.h"

enum { TOLD_BYTES = 4096 };

struct pki {
    EVP_PKEY *ca_key, *key;
    X509 *ca;
};

static X509 *certify(EVP_PKEY *key, const char *name, const char *san, X509 *issuer, EVP_PKEY *issuer_key) {
    X509 *x = X509_new();
    X509V3_CTX context;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1 + random());
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), strcmp(name, "expired") == 0 ? -30 : 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x));
    X509V3_set_ctx(&context, issuer != NULL ? issuer : x, x, NULL, NULL, 0);
    X509_EXTENSION *e =
        X509V3_EXT_conf_nid(NULL, &context, issuer == NULL ? NID_basic_constraints : NID_subject_alt_name,
                            issuer == NULL ? "critical,CA:TRUE" : san);
    if (e != NULL) {
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

/* In a child: takes one connection and writes what it was told into the pipe. Exit status 0: a client certificate came.
 */
_Noreturn static void serve(int listener, int out, X509 *x, EVP_PKEY *key, X509 *client_ca, int max_version) {
    char told[TOLD_BYTES];
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, max_version);
    SSL_CTX_use_certificate(context, x);
    SSL_CTX_use_PrivateKey(context, key);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), client_ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    int fd = accept(listener, NULL, NULL);
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    if (SSL_accept(tls) != 1) {
        _exit(2);
    }
    int n = SSL_read(tls, told, sizeof told);
    ssize_t ignored = n > 0 ? write(out, told, (size_t)n) : 0;
    (void)ignored;
    SSL_shutdown(tls);
    _exit(SSL_get0_peer_certificate(tls) != NULL ? 0 : 3);
}

struct caller {
    bool is_connected, is_gone;
    char why[200];
};
static void on_connected(void *self) {
    ((struct caller *)self)->is_connected = true;
}
static void on_message(void *self, bool is_text, const void *bytes, size_t count) {
    (void)self, (void)is_text, (void)bytes, (void)count;
}
static void on_disconnected(void *self, bool is_refused, const char *why) {
    struct caller *caller = self;
    (void)is_refused;
    cr_assert_not(caller->is_gone, "told twice");
    caller->is_gone = true;
    snprintf(caller->why, sizeof caller->why, "%s", why);
}
static const struct link_events events = {
    .connected = on_connected, .message = on_message, .disconnected = on_disconnected};
static bool is_gone(void *self) {
    return ((struct caller *)self)->is_gone;
}

struct row {
    const char *what, *host, *name, *san;
    bool is_other_ca, is_old_tls, is_told;
};

static int listen_on_loopback(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static struct caller dial(const char *dir, const char *host, int port) {
    char ca[128], cert[128], key[128], url[128];
    struct caller caller = {.is_gone = false};
    struct fault fault = {""};
    struct link *link;
    struct loop *loop = loop_new();
    snprintf(ca, sizeof ca, "%s/ca", dir);
    snprintf(cert, sizeof cert, "%s/cert", dir);
    snprintf(key, sizeof key, "%s/key", dir);
    snprintf(url, sizeof url, "wss://%s:%d/session/v1", host, port);
    struct session_grant grant = {.url = url, .token = "the-one-time-token", .ca = ca, .cert = cert, .key = key};
    cr_assert_eq(link_open(loop, &grant, grant.token, &events, &caller, &link, &fault), RESULT_OK, "%s", fault.text);
    cr_assert(turn_until(loop, is_gone, &caller, 20000));
    link_free(link);
    loop_free(loop);
    return caller;
}

static void try_row(const struct row *row) {
    char dir[] = "/tmp/fieldline-unit-XXXXXX", told[TOLD_BYTES + 1] = "", command[128];
    int port, pipe_fds[2], status;
    cr_assert_not_null(mkdtemp(dir));
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256"), *other_key = EVP_EC_gen("P-256");
    X509 *ca = certify(ca_key, "CA", NULL, NULL, ca_key), *other = certify(other_key, "CA", NULL, NULL, other_key);
    X509 *server = row->is_other_ca ? certify(key, row->name, row->san, other, other_key)
                                    : certify(key, row->name, row->san, ca, ca_key);
    X509 *client = certify(key, "freezer-7", "DNS:freezer-7", ca, ca_key);
    write_pem(dir, "ca", ca, NULL);
    write_pem(dir, "cert", client, NULL);
    write_pem(dir, "key", NULL, key);
    int listener = listen_on_loopback(&port);
    cr_assert_eq(pipe(pipe_fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        serve(listener, pipe_fds[1], server, key, ca, row->is_old_tls ? TLS1_1_VERSION : TLS1_3_VERSION);
    }
    close(pipe_fds[1]);
    struct caller caller = dial(dir, row->host, port);
    kill(pid, SIGTERM);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    ssize_t n = read(pipe_fds[0], told, TOLD_BYTES);
    cr_expect_eq(n > 0, row->is_told, "%s: it was told '%s'", row->what, told);
    cr_expect_not(caller.is_connected, "%s: it is no WebSocket server", row->what);
    cr_expect_str_not_empty(caller.why);
    if (row->is_told) {
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a client certificate came");
        cr_expect_not_null(strstr(told, "GET /session/v1 HTTP/1.1\r\n"), "%s", told);
        cr_expect_not_null(strcasestr(told, "authorization: Bearer the-one-time-token\r\n"), "%s", told);
        cr_expect_not_null(strcasestr(told, "sec-websocket-protocol: fieldline.session.1\r\n"), "%s", told);
    }
    close(pipe_fds[0]);
    close(listener);
    X509_free(ca), X509_free(other), X509_free(server), X509_free(client);
    EVP_PKEY_free(ca_key), EVP_PKEY_free(key), EVP_PKEY_free(other_key);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0);
}

Test(link, promise_47_the_token_is_told_to_the_right_gateway_alone) {
    static const struct row rows[] = {
        {"the right address", "127.0.0.1", "gateway", "IP:127.0.0.1", false, false, true},
        {"the right name", "localhost", "gateway", "DNS:localhost", false, false, true},
        {"another CA", "127.0.0.1", "gateway", "IP:127.0.0.1", true, false, false},
        {"another address", "127.0.0.1", "gateway", "IP:10.0.0.1", false, false, false},
        {"an address as a name", "127.0.0.1", "gateway", "DNS:127.0.0.1", false, false, false},
        {"an address as CN", "127.0.0.1", "127.0.0.1", "DNS:gateway", false, false, false},
        {"another name", "localhost", "gateway", "DNS:elsewhere", false, false, false},
        {"a product's certificate", "localhost", "freezer-8", "DNS:freezer-8", false, false, false},
        {"expired", "127.0.0.1", "expired", "IP:127.0.0.1", false, false, false},
        {"TLS 1.1", "127.0.0.1", "gateway", "IP:127.0.0.1", false, true, false},
    };
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        try_row(&rows[i]);
    }
}

Test(link, nobody_listens) {
    char dir[] = "/tmp/fieldline-unit-XXXXXX", command[128];
    int port;
    log_set_level(LOG_LEVEL_ERROR);
    cr_assert_not_null(mkdtemp(dir));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *ca = certify(key, "CA", NULL, NULL, key);
    write_pem(dir, "ca", ca, NULL);
    write_pem(dir, "cert", ca, NULL);
    write_pem(dir, "key", NULL, key);
    close(listen_on_loopback(&port));
    struct caller caller = dial(dir, "127.0.0.1", port);
    cr_expect_not(caller.is_connected);
    cr_expect_str_not_empty(caller.why);
    X509_free(ca);
    EVP_PKEY_free(key);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0);
}

Test(link, what_cannot_be_set_up) {
    struct loop *loop = loop_new();
    struct link *link = NULL;
    struct fault fault = {""};
    struct session_grant grant = {.url = "wss://127.0.0.1:1/s",
                                  .token = "t",
                                  .ca = "/nonexistent/ca",
                                  .cert = "/nonexistent/cert",
                                  .key = "/nonexistent/key"};
    log_set_level(LOG_LEVEL_ERROR);
    cr_expect_eq(link_open(loop, &grant, grant.token, &events, NULL, &link, &fault), RESULT_IO);
    cr_expect_not_null(strstr(fault.text, "/nonexistent/ca"), "%s", fault.text);
    grant.url = "ws://127.0.0.1:1/s";
    cr_expect_eq(link_open(loop, &grant, grant.token, &events, NULL, &link, &fault), RESULT_BAD_INPUT);
    loop_free(loop);
}
