/* OpenSSL, blocking for the few requests that open a session, not blocking for what follows.
 *
 * The gateway's certificate is checked against the CA and its name or address against the URL, always: what goes
 * through here is the way to a customer's product. */
#include "tool_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "fieldline/number.h"

struct tool_tls {
    struct tool_address address;
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    bool wants_write;
};

/* ---- address ----------------------------------------------------------------------------------------------------- */

enum result tool_address_parse(const char *url, struct tool_address *out, struct fault *fault) {
    static const char scheme[] = "https://";
    const char *host = url + sizeof scheme - 1;
    int64_t port = 443;
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s': expected https://HOST[:PORT]", url);
    }
    size_t chars = strcspn(host, host[0] == '[' ? "]" : ":/");
    const char *rest = host + chars;
    if (host[0] == '[') {
        host++;
        chars--;
        rest += rest[0] == ']';
    }
    if (rest[0] == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (!number_i64(rest + 1, digits, 1, 65535, &port)) {
            return fault_set(fault, RESULT_BAD_INPUT, "'%s': expected a port from 1 to 65535", url);
        }
        rest += 1 + digits;
    }
    if (chars == 0 || chars >= sizeof out->host || (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0) ||
        strcspn(host, " @?#\\\"<>%") < chars) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s': expected https://HOST[:PORT]", url);
    }
    memcpy(out->host, host, chars);
    out->host[chars] = '\0';
    snprintf(out->port, sizeof out->port, "%d", (int)port);
    return RESULT_OK;
}

/* ---- connections
 * --------------------------------------------------------------------------------------------------------- */

static enum result tls_fault(struct fault *fault, const char *what) {
    unsigned long error = ERR_get_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
    ERR_clear_error();
    return fault_set(fault, RESULT_IO, "%s: %s", what, reason != NULL ? reason : "the connection broke");
}

static int dial(const struct tool_address *address, struct fault *fault) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    const struct timeval wait = {.tv_sec = TOOL_WAIT_S};
    int one = 1, fd = -1, problem = getaddrinfo(address->host, address->port, &hints, &list);
    if (problem != 0) {
        fault_set(fault, RESULT_IO, "%s: %s", address->host, gai_strerror(problem));
        return -1;
    }
    for (const struct addrinfo *at = list; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
                        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
                        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
                        connect(fd, at->ai_addr, at->ai_addrlen) != 0)) {
            fault_set(fault, RESULT_IO, "%s port %s: %s", address->host, address->port, strerror(errno));
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

static bool expect_name(SSL *ssl, const char *host) {
    uint8_t address[sizeof(struct in6_addr)];
    bool is_address = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    return is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
                      : SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

void tool_tls_hang_up(struct tool_tls *t) {
    SSL_free(t->ssl);
    t->ssl = NULL;
    if (t->fd >= 0) {
        close(t->fd);
    }
    t->fd = -1;
}

enum result tool_tls_dial(struct tool_tls *t, struct fault *fault) {
    tool_tls_hang_up(t);
    t->fd = dial(&t->address, fault);
    if (t->fd < 0) {
        return RESULT_IO;
    }
    t->ssl = SSL_new(t->context);
    if (t->ssl == NULL || !expect_name(t->ssl, t->address.host) || SSL_set_fd(t->ssl, t->fd) != 1) {
        return tls_fault(fault, "TLS");
    }
    if (SSL_connect(t->ssl) != 1) {
        long verdict = SSL_get_verify_result(t->ssl);
        return verdict != X509_V_OK ? fault_set(fault, RESULT_DENIED, "the gateway's certificate: %s",
                                                X509_verify_cert_error_string(verdict))
                                    : tls_fault(fault, "TLS");
    }
    return RESULT_OK;
}

static enum result make_context(struct tool_tls *t, const char *ca, struct fault *fault) {
    t->context = SSL_CTX_new(TLS_client_method());
    if (t->context == NULL || SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) != 1) {
        return tls_fault(fault, "TLS");
    }
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(t->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if ((ca != NULL ? SSL_CTX_load_verify_locations(t->context, ca, NULL)
                    : SSL_CTX_set_default_verify_paths(t->context)) != 1) {
        return tls_fault(fault, ca != NULL ? ca : "the system's CA certificates");
    }
    return RESULT_OK;
}

enum result tool_tls_new(const struct tool_address *address, const char *ca, struct tool_tls **out,
                         struct fault *fault) {
    struct tool_tls *t = mem_alloc(sizeof *t);
    *t = (struct tool_tls){.address = *address, .fd = -1};
    enum result result = make_context(t, ca, fault);
    if (result != RESULT_OK) {
        tool_tls_free(t);
        return result;
    }
    *out = t;
    return RESULT_OK;
}

void tool_tls_free(struct tool_tls *t) {
    if (t != NULL) {
        tool_tls_hang_up(t);
        SSL_CTX_free(t->context);
        free(t);
    }
}

bool tool_tls_unblock(struct tool_tls *t) {
    return fcntl(t->fd, F_SETFL, O_NONBLOCK) == 0;
}

int tool_tls_fd(const struct tool_tls *t) {
    return t->fd;
}

bool tool_tls_wants_write(const struct tool_tls *t) {
    return t->wants_write;
}

/* What an unsuccessful call means. */
static int judge(struct tool_tls *t, int n) {
    int error = SSL_get_error(t->ssl, n);
    t->wants_write = error == SSL_ERROR_WANT_WRITE;
    return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? 0 : -1;
}

int tool_tls_read(struct tool_tls *t, uint8_t out[TOOL_READ_BYTES]) {
    ERR_clear_error();
    int n = SSL_read(t->ssl, out, TOOL_READ_BYTES);
    return n > 0 ? n : judge(t, n);
}

int tool_tls_write(struct tool_tls *t, const void *bytes, size_t count) {
    ERR_clear_error();
    int n = SSL_write(t->ssl, bytes, count < TOOL_READ_BYTES ? (int)count : TOOL_READ_BYTES);
    t->wants_write = false;
    return n > 0 ? n : judge(t, n);
}
