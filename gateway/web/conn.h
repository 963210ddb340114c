/* One TCP connection, from accept to close: what server.c hangs on libwebsockets' wsi. Edge thread only. */
#pragma once
#include "web/edge.h"
#include "web/request.h"

struct lws;
struct conn {
    struct web *web;
    struct lws *wsi;
    bool is_products; /* came in at the products' port */
    char address[46];
    struct exchange *exchange; /* an HTTP request under way */
    struct socket *socket;     /* a WebSocket, from its accepted handshake on */
};

/* intake.c: what a request's head says. Adds the query, cookies, If-Match, address. */
FL_CHECK enum result intake_head(const struct conn *conn, struct request *request, struct fault *fault);
/* Copies a header; false: absent (or empty). RESULT_TOO_BIG is as if it were cut: callers give room for all they
 * accept. */
FL_CHECK bool intake_header(const struct conn *conn, int token, char *out, size_t room);
FL_CHECK enum result intake_origin(const struct conn *conn, bool is_socket, struct fault *fault);

/* judge.c: NULL: go on, a body of *length bytes comes first. Otherwise the refusal; when it `closes`, without reading
 * on. */
struct response *judge_request(const struct conn *conn, struct request *request, int64_t *length);

/* http.c: a nonzero answer closes the connection. */
int http_begin(struct conn *conn);
int http_body(struct conn *conn, const void *bytes, size_t count);
int http_body_end(struct conn *conn);
int http_writeable(struct conn *conn);
int http_timer(struct conn *conn);
void http_gone(struct conn *conn);
int http_close(struct lws *wsi); /* how every callback of ours closes an HTTP connection: `return http_close(wsi)` */
/* Takes the response; a request that is gone lets it go. */
void http_answer(struct web *web, uint64_t exchange, struct response *response);

/* upgrade.c: 0: let the handshake go on; nonzero: refused (mostly with an answer), close. */
int upgrade_decide(struct conn *conn);
