/* The client of edge.h: blocking, on plain OpenSSL, and willing to send anything. */
#include "edge.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/clock.h"

struct client *client_open(int port, const char *cert, const char *key) {
    return client_open_at("127.0.0.1", port, cert, key);
}

struct client *client_open_at(const char *address, int port, const char *cert, const char *key) {
    struct client *c = mem_alloc(sizeof *c);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    cr_assert_eq(inet_pton(AF_INET, address, &to.sin_addr), 1);
    struct timeval limit = {.tv_sec = 15};
    signal(SIGPIPE, SIG_IGN);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    cr_assert_eq(connect(c->fd, (struct sockaddr *)&to, sizeof to), 0, "connect: %s", strerror(errno));
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (cert != NULL) {
        cr_assert_eq(SSL_CTX_use_certificate_chain_file(ctx, cert), 1);
        cr_assert_eq(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM), 1);
    }
    c->ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_connect(c->ssl) != 1) {
        SSL_free(c->ssl);
        c->ssl = NULL;
    }
    return c;
}

void client_close(struct client *c) {
    SSL_free(c->ssl);
    close(c->fd);
    free(c);
}

void client_send(struct client *c, const void *bytes, size_t count) {
    for (size_t done = 0; c->ssl != NULL && done < count;) {
        int n = SSL_write(c->ssl, (const char *)bytes + done, (int)(count - done));
        if (n <= 0) {
            return; /* closed: the reply tells */
        }
        done += (size_t)n;
    }
}

static bool more(struct client *c) {
    if (c->ssl == NULL || c->in_count == sizeof c->in) {
        return false;
    }
    int n = SSL_read(c->ssl, c->in + c->in_count, (int)(sizeof c->in - c->in_count));
    if (n <= 0) {
        return false;
    }
    c->in_count += (size_t)n;
    return true;
}

static void use(struct client *c, size_t count) {
    memmove(c->in, c->in + count, c->in_count - count);
    c->in_count -= count;
}

bool client_is_closed(struct client *c, int within_ms) {
    int64_t until = clock_mono_ms() + within_ms;
    c->in_count = 0;
    while (more(c)) {
        c->in_count = 0;
    }
    return clock_mono_ms() <= until;
}

const char *reply_header(const struct reply *reply, const char *name) {
    static _Thread_local char value[1024];
    size_t chars = strlen(name);
    for (const char *line = strstr(reply->head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, chars) == 0 && line[2 + chars] == ':') {
            const char *at = line + 3 + chars + strspn(line + 3 + chars, " ");
            snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
            return value;
        }
    }
    return NULL;
}

struct reply client_reply(struct client *c, bool is_head) {
    struct reply reply = {.body = NULL};
    char *end;
    while ((end = memmem(c->in, c->in_count, "\r\n\r\n", 4)) == NULL) {
        if (!more(c)) {
            return reply;
        }
    }
    size_t head = (size_t)(end - c->in) + 4;
    cr_assert_lt(head, sizeof reply.head);
    memcpy(reply.head, c->in, head);
    use(c, head);
    cr_assert_eq(sscanf(reply.head, "HTTP/1.%*d %d ", &reply.status), 1, "%s", reply.head);
    const char *length = reply_header(&reply, "Content-Length");
    size_t wanted = length == NULL || is_head ? 0 : (size_t)atoll(length);
    reply.body = mem_alloc(wanted + 1);
    while (reply.body_count < wanted) {
        size_t left = wanted - reply.body_count, part = c->in_count < left ? c->in_count : left;
        memcpy(reply.body + reply.body_count, c->in, part);
        reply.body_count += part;
        use(c, part);
        if (reply.body_count < wanted && !more(c)) {
            reply.status = 0; /* cut short */
            break;
        }
    }
    return reply;
}

void reply_free(struct reply *reply) {
    free(reply->body);
    reply->body = NULL;
}

struct reply client_ask(struct client *c, const char *method, const char *path, const char *headers, const char *body) {
    struct buf text;
    buf_init(&text, 4 * 1024 * 1024);
    buf_printf(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", method, path, headers);
    if (body != NULL) {
        buf_printf(&text, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    }
    buf_str(&text, "\r\n");
    buf_str(&text, body == NULL ? "" : body);
    client_send(c, text.data, text.count);
    buf_fini(&text);
    return client_reply(c, strcmp(method, "HEAD") == 0);
}

struct reply edge_ask(struct edge *e, const char *token, const char *method, const char *path, const char *body) {
    char headers[256] = "";
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    if (token != NULL) {
        snprintf(headers, sizeof headers, "Cookie: __Host-fieldline=%s\r\n", token);
    }
    struct reply reply = client_ask(c, method, path, headers, body == NULL && strcmp(method, "POST") == 0 ? "" : body);
    client_close(c);
    return reply;
}

/* ---- WebSockets ---- */

struct reply socket_open(struct client *c, const char *path, const char *protocol, const char *headers) {
    struct buf text;
    buf_init(&text, 8192);
    buf_printf(&text,
               "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
               "Sec-WebSocket-Protocol: %s\r\n%s\r\n",
               path, protocol, headers);
    client_send(c, text.data, text.count);
    buf_fini(&text);
    return client_reply(c, false);
}

void socket_send_text(struct client *c, const char *text) {
    struct buf frame;
    size_t count = strlen(text);
    buf_init(&frame, 128 * 1024);
    buf_add_u8(&frame, 0x81);
    if (count < 126) {
        buf_add_u8(&frame, (uint8_t)(0x80 | count));
    } else {
        buf_add_u8(&frame, 0x80 | 126);
        buf_add_u8(&frame, (uint8_t)(count >> 8));
        buf_add_u8(&frame, (uint8_t)count);
    }
    buf_add_u32be(&frame, 0); /* a mask of zeros masks nothing */
    buf_add(&frame, text, count);
    client_send(c, frame.data, frame.count);
    buf_fini(&frame);
}

int socket_receive(struct client *c, char *out, size_t room) {
    while (c->in_count < 2 && more(c)) {
    }
    if (c->in_count < 2) {
        return -1;
    }
    size_t head = (c->in[1] & 0x7f) == 126 ? 4 : 2;
    while (c->in_count < head && more(c)) {
    }
    size_t count = (size_t)(c->in[1] & 0x7f);
    cr_assert_neq(count, 127, "larger than any message of ours");
    if (count == 126) {
        count = (size_t)(uint8_t)c->in[2] << 8 | (uint8_t)c->in[3];
    }
    while (c->in_count < head + count && more(c)) {
    }
    if (c->in_count < head + count) {
        return -1;
    }
    int opcode = c->in[0] & 0x0f;
    cr_assert_lt(count, room);
    memcpy(out, c->in + head, count);
    out[count] = '\0';
    use(c, head + count);
    return opcode;
}
