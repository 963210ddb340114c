/* A whole edge for tests: certificates, a store, a desk that answers at once, and a small TLS client that can
 * misbehave. */
#pragma once
#include <openssl/ssl.h>
#include <pthread.h>

#include "rules/pack.h"
#include "store/store.h"
#include "store/users.h"
#include "web/auth.h"
#include "web/web.h"

#define PASSWORD "correct horse"
#define DEVICE   "freezer-7"

struct edge {
    char dir[48];
    char ca[80], server_cert[80], server_key[80], seal_key[80], store_path[80], console[80], transcripts[80];
    char product_cert[80], product_key[80], other_cert[80], other_key[80], foreign_cert[80], foreign_key[80];
    struct web_options options;
    struct packs *packs;
    struct web *web;
    pthread_mutex_t mutex; /* around the rest */
    struct store *store;
    int failed, seen, live, ended;
    int64_t if_match;
    char ended_body[4096], live_body[1024];
    pthread_mutex_t gate; /* held: /metrics waits */
};
/* Users ann (engineer), otto (owner), ada (administrator), all with PASSWORD; nobody else. */
struct edge *edge_new(void);
void edge_start(struct edge *edge);
void edge_free(struct edge *edge);
void edge_user(struct edge *edge, const char *name, enum role role, bool is_disabled);
/* A login session as the desk would have made it; the token goes to `token`. */
void edge_login(struct edge *edge, const char *name, int64_t seen_ago_ms, int64_t expires_in_ms,
                char token[AUTH_TOKEN_CHARS + 1]);
void edge_file(const char *path, const void *bytes, size_t count);
/* Waits until *counter >= least (under the mutex), at most 10 s. */
bool edge_wait(struct edge *edge, const int *counter, int least);

/* ---- a client ---- */
struct client {
    int fd;
    SSL *ssl;       /* NULL: TLS was refused */
    char in[65536]; /* received and not used yet */
    size_t in_count;
};
struct reply {
    int status; /* 0: closed without an answer */
    char head[8192];
    char *body;
    size_t body_count;
};
struct client *client_open(int port, const char *cert, const char *key); /* blocking, 15 s at most */
struct client *client_open_at(const char *address, int port, const char *cert, const char *key);
void client_close(struct client *client);
void client_send(struct client *client, const void *bytes, size_t count);
/* Reads one answer; `is_head`: there is no body whatever its length. */
struct reply client_reply(struct client *client, bool is_head);
bool client_is_closed(struct client *client, int within_ms); /* reads on until the end */
void reply_free(struct reply *reply);
/* The value of a header, or NULL; valid until the next call. */
const char *reply_header(const struct reply *reply, const char *name);

/* One request on its connection. `headers` are whole lines, each with its \r\n; body may be NULL. */
struct reply client_ask(struct client *client, const char *method, const char *path, const char *headers,
                        const char *body);
/* The same on a connection of its own, with a login cookie when token is given. */
struct reply edge_ask(struct edge *edge, const char *token, const char *method, const char *path, const char *body);

/* ---- WebSockets ---- */
/* `headers`: what is added to a right handshake. The reply's status is 101 when it is open. */
struct reply socket_open(struct client *client, const char *path, const char *protocol, const char *headers);
void socket_send_text(struct client *client, const char *text);
/* One message or control frame; opcode, or -1 when the connection ended. The payload is NUL-terminated. */
int socket_receive(struct client *client, char *out, size_t room);
