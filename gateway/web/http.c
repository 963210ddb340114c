/* HTTP exchanges: one request and its answer on a connection (conn.h). Edge thread.
 *
 *   RECEIVING  the head is judged; a body is on its way (in pieces, bounded in size and time)
 *   WORKING    a pool or the desk has it; nothing is read from the connection meanwhile
 *   SENDING    head and body leave in steps of at most STEP_BYTES, one for each WRITEABLE
 *
 * A request that is refused by its head is answered only after its (small) body was read and thrown away, so that the
 * client sees the answer instead of a reset; where the length itself is at fault the connection is closed after the
 * answer. Answers find their exchange by number, as the connection may be gone by then. libwebsockets calls back more
 * often than one thinks (body completion twice, writeable unasked): each callback acts only in the state it belongs to.
 *
 * Left: Range, Transfer-Encoding on requests (411), Expect: 100-continue (no body here is worth asking first).
 * Pipelined requests, which no browser sends: libwebsockets turns its loop without waiting as long as a connection that
 * cannot take them holds bytes that were received. So who sends more than one request at a time is answered once and
 * closed, is cut when he does it while a long answer waits for him to read, and no connection is closed with its
 * receiving side open. */
#include "web/conn.h"

#include <errno.h>
#include <libwebsockets.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uthash.h>

#include "fieldline/clock.h"
#include "web/server.h"

enum {
    STEP_BYTES = 16 * 1024,
    RECEIVE_S = 9, /* for the whole body */
    WORK_S = 30,   /* for a pool or the desk: then 504 */
    SEND_S = 9     /* between two steps */
};
enum state { RECEIVING, WORKING, SENDING };
struct exchange {
    uint64_t id;
    UT_hash_handle hh;
    struct conn *conn;
    enum state state;
    struct request *request;   /* until it is handed over */
    struct response *response; /* a refusal that waits for the body's end, then what is sent */
    struct asset_request asset;
    char if_none_match[256];
    bool is_head, has_body;
    enum request_class class;
    int64_t began_us;
    struct buf head; /* status line and headers */
    size_t head_sent;
    int64_t body_sent;
};

static void set_timer(struct exchange *exchange, int seconds) {
    lws_set_timer_usecs(exchange->conn->wsi, (lws_usec_t)seconds * LWS_USEC_PER_SEC);
}

static void exchange_free(struct exchange *exchange) {
    if (exchange == NULL) {
        return;
    }
    HASH_DEL(exchange->conn->web->exchanges, exchange);
    exchange->conn->exchange = NULL;
    request_free(exchange->request);
    response_free(exchange->response);
    buf_wipe(&exchange->head);
    free(exchange);
}

void http_gone(struct conn *conn) {
    exchange_free(conn->exchange);
}

/* ---- sending ---- */

static void begin_sending(struct exchange *exchange) {
    struct conn *conn = exchange->conn;
    struct response_style style = {.wall_ms = clock_wall_ms(), .is_strict = conn->web->is_public};
    response_head(exchange->response, &style, &exchange->head);
    figures_count_status(&conn->web->figures, exchange->response->status);
    histogram_observe(&conn->web->figures.request_seconds[exchange->class], clock_mono_us() - exchange->began_us);
    exchange->state = SENDING;
    lws_set_timeout(conn->wsi, NO_PENDING_TIMEOUT, 0);
    set_timer(exchange, SEND_S);
    lws_rx_flow_control(conn->wsi, 1); /* the library serves no POLLOUT on a connection that is held back */
    lws_callback_on_writable(conn->wsi);
}

void http_answer(struct web *web, uint64_t id, struct response *response) {
    struct exchange *exchange = NULL;
    HASH_FIND(hh, web->exchanges, &id, sizeof id, exchange);
    if (exchange == NULL || exchange->state != WORKING) {
        response_free(response); /* the client has gone, or was told 504 */
        return;
    }
    exchange->response = response;
    begin_sending(exchange);
}

static bool sends_body(const struct exchange *exchange) {
    return !exchange->is_head && exchange->response->status != 304 && exchange->response->status != 204;
}

/* Copies the next bytes of the body; < 0: the file could not be read as far as promised. */
static ssize_t body_bytes(struct exchange *exchange, uint8_t *out, size_t room) {
    const struct response *response = exchange->response;
    int64_t left = sends_body(exchange) ? response_length(response) - exchange->body_sent : 0;
    size_t count = left < (int64_t)room ? (size_t)left : room;
    if (count == 0) {
        return 0;
    }
    if (response->file >= 0) {
        ssize_t n = pread(response->file, out, count, exchange->body_sent);
        return n <= 0 ? -1 : n;
    }
    const uint8_t *from = response->kept != NULL ? response->kept : response->body.data;
    memcpy(out, from + exchange->body_sent, count);
    return (ssize_t)count;
}

/* The peer sends before it was answered, and does not read: see the essay. */
static bool is_pushing(const struct exchange *exchange) {
    char byte;
    int fd = lws_get_socket_fd(exchange->conn->wsi);
    return lws_send_pipe_choked(exchange->conn->wsi) && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* For a callback's answer: closes, and has the library leave alone what was received and not taken. */
int http_close(struct lws *wsi) {
    lws_rx_flow_control(wsi, 0);
    return -1;
}

/* Did more arrive than this request? The library does not say so of one connection; but it says whether it has anything
 * to do at once, and holding this connection back changes the answer when it is this one. (When others have work too it
 * is not known, and the next request is simply served.) */
static bool has_more(struct lws *wsi) {
    struct lws_context *context = lws_get_context(wsi);
    if (lws_service_adjust_timeout(context, 1000, 0) != 0) {
        return false;
    }
    lws_rx_flow_control(wsi, 0);
    bool is_ours = lws_service_adjust_timeout(context, 1000, 0) != 0;
    lws_rx_flow_control(wsi, 1);
    return is_ours;
}

static int finish(struct exchange *exchange) {
    struct lws *wsi = exchange->conn->wsi;
    bool closes = exchange->response->closes;
    exchange_free(exchange);
    lws_set_timer_usecs(wsi, LWS_SET_TIMER_USEC_CANCEL);
    if (closes || has_more(wsi)) {
        return http_close(wsi);
    }
    return lws_http_transaction_completed(wsi) == 0 ? 0 : http_close(wsi);
}

int http_writeable(struct conn *conn) {
    struct exchange *exchange = conn->exchange;
    if (exchange == NULL || exchange->state != SENDING) {
        return 0;
    }
    uint8_t step[LWS_PRE + STEP_BYTES];
    size_t count = exchange->head.count - exchange->head_sent;
    count = count < STEP_BYTES ? count : STEP_BYTES;
    if (count > 0) {
        memcpy(step + LWS_PRE, exchange->head.data + exchange->head_sent, count);
        exchange->head_sent += count;
    }
    ssize_t body = body_bytes(exchange, step + LWS_PRE + count, STEP_BYTES - count);
    if (body < 0) {
        return http_close(conn->wsi); /* the client sees a short body */
    }
    exchange->body_sent += body;
    count += (size_t)body;
    int64_t length = sends_body(exchange) ? response_length(exchange->response) : 0;
    bool is_last = exchange->head_sent == exchange->head.count && exchange->body_sent == length;
    int written = lws_write(conn->wsi, step + LWS_PRE, count, is_last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
    wipe(step, sizeof step);
    if (written < (int)count) {
        return http_close(conn->wsi);
    }
    if (is_last) {
        return finish(exchange);
    }
    if (is_pushing(exchange)) {
        return http_close(conn->wsi);
    }
    set_timer(exchange, SEND_S);
    lws_callback_on_writable(conn->wsi);
    return 0;
}

/* ---- working ---- */

static void overload(struct exchange *exchange) {
    atomic_fetch_add(&exchange->conn->web->figures.overloaded, 1);
    exchange->response = response_new(503);
    response_problem(exchange->response, 503, "overloaded", "too many requests are waiting; try again");
    exchange->response->retry_after_s = 1;
    begin_sending(exchange);
}

static void dispatch(struct exchange *exchange) {
    struct web *web = exchange->conn->web;
    if (exchange->response == NULL && exchange->request->route == NULL) {
        exchange->asset.path = exchange->request->path;
        exchange->response = asset_response(web->assets, &exchange->asset);
    }
    if (exchange->response == NULL && exchange->request->route->kind == ROUTE_NOW) {
        exchange->response = api_answer_now(&web->api, exchange->request);
    }
    if (exchange->response != NULL) {
        begin_sending(exchange);
        return;
    }
    struct api_job *job = mem_alloc(sizeof *job);
    *job = (struct api_job){.api = &web->api, .request = exchange->request};
    bool is_login = exchange->request->route->kind == ROUTE_LOGIN;
    struct pool *pool = is_login || exchange->request->route->kind == ROUTE_PASSWORD ? web->passwords : web->readers;
    exchange->state = WORKING;
    lws_set_timeout(exchange->conn->wsi, NO_PENDING_TIMEOUT, 0);
    set_timer(exchange, WORK_S);
    if (pool_submit(pool, is_login ? api_login : api_answer, job) != RESULT_OK) {
        free(job);
        overload(exchange);
        return;
    }
    exchange->request = NULL; /* the job's */
    lws_rx_flow_control(exchange->conn->wsi, 0);
}

/* ---- receiving ---- */

static void note_asset(struct exchange *exchange) {
    char text[1024];
    exchange->asset.takes_gzip =
        intake_header(exchange->conn, WSI_TOKEN_HTTP_ACCEPT_ENCODING, text, sizeof text) && accepts_gzip(text);
    exchange->asset.takes_html =
        intake_header(exchange->conn, WSI_TOKEN_HTTP_ACCEPT, text, sizeof text) && strstr(text, "text/html") != NULL;
    if (intake_header(exchange->conn, WSI_TOKEN_HTTP_IF_NONE_MATCH, exchange->if_none_match,
                      sizeof exchange->if_none_match)) {
        exchange->asset.if_none_match = exchange->if_none_match;
    }
}

static enum request_class class_of(const struct exchange *exchange) {
    const struct route *route = exchange->request->route;
    if (exchange->response != NULL) {
        return REQUEST_REFUSED;
    }
    if (route == NULL) {
        return REQUEST_FILE;
    }
    switch (route->kind) {
    case ROUTE_NOW: return REQUEST_WATCH;
    case ROUTE_PASSWORD:
    case ROUTE_LOGIN: return REQUEST_LOGIN;
    case ROUTE_ASK:
    case ROUTE_CHANGE: return REQUEST_CHANGE;
    case ROUTE_READ:
    case ROUTE_SOCKET: break; /* a socket's address over plain HTTP was refused above */
    }
    return (route->roles & ROUTE_LOCAL) != 0 ? REQUEST_WATCH : REQUEST_READ;
}

int http_begin(struct conn *conn) {
    if (conn->exchange != NULL) {
        return -1; /* cannot be: the library has let a second request through */
    }
    struct exchange *exchange = mem_alloc(sizeof *exchange);
    exchange->conn = conn;
    exchange->id = ++conn->web->last_exchange;
    exchange->request = request_new();
    exchange->request->exchange = exchange->id;
    buf_init(&exchange->head, STEP_BYTES);
    HASH_ADD(hh, conn->web->exchanges, id, sizeof exchange->id, exchange);
    conn->exchange = exchange;
    int64_t length = 0;
    exchange->began_us = clock_mono_us();
    exchange->response = judge_request(conn, exchange->request, &length);
    exchange->class = class_of(exchange);
    exchange->is_head = exchange->request->method == METHOD_HEAD;
    if (exchange->response == NULL && exchange->request->route == NULL) {
        note_asset(exchange);
    }
    bool must_close = exchange->response != NULL && exchange->response->closes;
    if (length > 0 && !must_close) {
        exchange->state = RECEIVING;
        set_timer(exchange, RECEIVE_S);
        return 0;
    }
    /* The library reports the end of an explicitly empty POST right after this; by then the state is another. */
    dispatch(exchange);
    return 0;
}

int http_body(struct conn *conn, const void *bytes, size_t count) {
    struct exchange *exchange = conn->exchange;
    if (exchange == NULL || exchange->state != RECEIVING) {
        return 0; /* after a refusal that closes: thrown away */
    }
    if (exchange->response == NULL) {
        buf_add(&exchange->request->body, bytes, count);
    }
    return exchange->request->body.overflow ? http_close(conn->wsi) : 0;
}

int http_body_end(struct conn *conn) {
    struct exchange *exchange = conn->exchange;
    if (exchange != NULL && exchange->state == RECEIVING) {
        dispatch(exchange);
    }
    return 0;
}

int http_timer(struct conn *conn) {
    struct exchange *exchange = conn->exchange;
    if (exchange == NULL) {
        return 0;
    }
    atomic_fetch_add(&conn->web->figures.timeouts, 1);
    if (exchange->state != WORKING) { /* cut; a polite close would wait for the peer some more */
        lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return 0;
    }
    exchange->response = response_new(504);
    response_problem(exchange->response, 504, "no_answer",
                     "the gateway did not answer in time; look whether it was done");
    begin_sending(exchange);
    return 0;
}
