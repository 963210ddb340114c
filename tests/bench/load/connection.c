/* OpenSSL, fenced. TCP_NODELAY is on and each call of connection_send is at least one TLS record, because that is what
 * the agents' library does: batching records here would flatter the broker. */
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/log.h"

enum { OUT_MAX = 8 * 1024 * 1024 };

static SSL_CTX *context_of(const char *pki, const char *name) {
    char ca[4096], cert[4096], key[4096];
    snprintf(ca, sizeof ca, "%s/ca.crt", pki);
    snprintf(cert, sizeof cert, "%s/%s.crt", pki, name);
    snprintf(key, sizeof key, "%s/%s.key", pki, name);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_locations(context, ca, NULL) != 1 ||
        SSL_CTX_use_certificate_chain_file(context, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        die("bench.load", "%s: cannot read %s, %s or %s", name, ca, cert, key);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context,
                     SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

void connection_open(struct connection *c, int port, const char *pki, const char *name) {
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    c->name = name;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("bench.load", "%s: cannot connect to port %d: %s", name, port, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_CTX *context = context_of(pki, name);
    c->tls = SSL_new(context);
    SSL_CTX_free(context);
    if (!c->tls || SSL_set_fd(c->tls, c->fd) != 1 || SSL_connect(c->tls) != 1)
        die("bench.load", "%s: TLS refused", name);
    buf_init(&c->out, OUT_MAX);
}

void connection_close(struct connection *c) {
    SSL_free(c->tls);
    close(c->fd);
    buf_fini(&c->out);
}

void connection_set_nonblocking(struct connection *c) {
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
        die("bench.load", "%s: %s", c->name, strerror(errno));
}

/* How many bytes the socket took. */
static size_t write_some(struct connection *c, const uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (at < count) {
        const int n = SSL_write(c->tls, bytes + at, (int)(count - at));
        if (n > 0) {
            at += (size_t)n;
            continue;
        }
        const int why = SSL_get_error(c->tls, n);
        if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
            die("bench.load", "%s: connection lost while writing", c->name);
        break;
    }
    return at;
}

void connection_flush(struct connection *c) {
    c->out_at += write_some(c, c->out.data + c->out_at, c->out.count - c->out_at);
    if (connection_is_clear(c)) {
        buf_reset(&c->out);
        c->out_at = 0;
    }
}

void connection_send(struct connection *c, const void *bytes, size_t count) {
    const size_t sent = connection_is_clear(c) ? write_some(c, bytes, count) : 0;
    buf_add(&c->out, (const uint8_t *)bytes + sent, count - sent);
    if (c->out.overflow)
        die("bench.load", "%s: the broker does not read", c->name);
}

bool connection_read(struct connection *c) {
    if (c->in_count == sizeof c->in)
        return false;
    const int n = SSL_read(c->tls, c->in + c->in_count, (int)(sizeof c->in - c->in_count));
    if (n > 0) {
        c->in_count += (size_t)n;
        return true;
    }
    if (SSL_get_error(c->tls, n) != SSL_ERROR_WANT_READ)
        die("bench.load", "%s: the broker closed the connection", c->name);
    return false;
}

const char *connection_protocol(const struct connection *c) {
    return SSL_get_version(c->tls);
}
