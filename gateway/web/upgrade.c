/* Decides on a WebSocket handshake while it is still an HTTP request, so that a refusal is an HTTP answer with a
 * problem document. Everything needed is in memory (one-time tickets, expected sessions): nothing waits here. Edge
 * thread.
 *
 * libwebsockets goes on with the handshake after 0; should it then fail (a missing key, say, which is why those are
 * checked here first), the connection closes and the socket's user is told that it has gone. */
#include "web/conn.h"

#include <libwebsockets.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/keys.h"
#include "fieldline/log.h"
#include "web/live.h"
#include "web/relays.h"
#include "web/revocation.h"
#include "web/socket.h"

/* Writes the whole answer at once: it is small, and the connection has nothing else queued. Then closes, by ourselves:
 * left to the library, a connection that was kept alive before would stay. */
static int refuse(struct conn *conn, int status, const char *code, const char *text) {
    struct response *response = response_new(status);
    response_problem(response, status, code, "%s", text);
    response->closes = true;
    struct response_style style = {.wall_ms = clock_wall_ms(), .is_strict = conn->web->is_public};
    struct buf answer;
    buf_init(&answer, 8192);
    static const uint8_t room[LWS_PRE];
    buf_add(&answer, room, LWS_PRE);
    response_head(response, &style, &answer);
    buf_add(&answer, response->body.data, response->body.count);
    int count = (int)(answer.count - LWS_PRE);
    if (!answer.overflow) {
        (void)lws_write(conn->wsi, answer.data + LWS_PRE, (size_t)count, LWS_WRITE_HTTP_FINAL);
    }
    buf_fini(&answer);
    response_free(response);
    figures_count_status(&conn->web->figures, status);
    atomic_fetch_add(&conn->web->figures.upgrades_refused, 1);
    log_debug("web.upgrade", "socket_refused", "address=%s status=%d code=%s text=%s", conn->address, status, code,
              log_text(text));
    return http_close(conn->wsi);
}

static int refuse_result(struct conn *conn, enum result result, const struct fault *fault) {
    return refuse(conn, http_status_of(result), result_name(result), fault->text);
}

/* The parts of the handshake that the library would only answer by closing. */
static const char *handshake_fault(const struct conn *conn, const char *protocol) {
    char text[128];
    if (!intake_header(conn, WSI_TOKEN_VERSION, text, sizeof text) || strcmp(text, "13") != 0) {
        return "Sec-WebSocket-Version must be 13";
    }
    if (!intake_header(conn, WSI_TOKEN_KEY, text, sizeof text) || strlen(text) != 24) {
        return "Sec-WebSocket-Key is missing or not 16 bytes";
    }
    if (!intake_header(conn, WSI_TOKEN_HOST, text, sizeof text)) {
        return "Host is missing";
    }
    if (!intake_header(conn, WSI_TOKEN_PROTOCOL, text, sizeof text) || strcmp(text, protocol) != 0) {
        return "Sec-WebSocket-Protocol must be the one of this address";
    }
    return NULL;
}

/* ---- people ---- */

/* The desk writes it into the audit log; nobody waits for that. */
static void tell_watch(struct web *web, const struct ws_holder *holder, const char *session) {
    struct change *change = change_new(CHANGE_READ);
    change->by = holder->by;
    change->body = api_object(&(struct api_member){"what", "session.watch"}, 1);
    snprintf(change->id, sizeof change->id, "%s", session);
    web->options.submit(web->options.self, change);
}

static int join(struct conn *conn, const struct request *request, const struct ws_holder *holder) {
    struct fault fault = {0};
    struct socket *socket = socket_new(conn->web, conn->wsi);
    enum result result;
    if (request->id[0] == '\0') {
        result = live_join(conn->web->live, socket);
        fault_set(&fault, result, "too many live connections");
    } else {
        const char *part = query_text(&request->query, "part");
        struct relay_person person = {.name = holder->by.name,
                                      .is_tool = part != NULL,
                                      .may_type = holder->may_type,
                                      .may_moderate = holder->may_moderate,
                                      .is_guest = holder->is_guest,
                                      .guest_may = holder->guest_may,
                                      .invite = holder->invite};
        result = part != NULL && (strcmp(part, "tool") != 0 || holder->is_guest)
                     ? fault_set(&fault, RESULT_BAD_INPUT, "'part' may only be tool")
                     : relays_join_person(conn->web->relays, request->id, &person, socket, &fault);
    }
    if (result != RESULT_OK) {
        socket_free(socket);
        return refuse_result(conn, result, &fault);
    }
    if (!holder->is_guest) {
        struct socket_login login = {
            .role = holder->by.role, .may_type = holder->may_type, .may_moderate = holder->may_moderate};
        memcpy(login.login, holder->login, sizeof login.login);
        snprintf(login.session, sizeof login.session, "%.*s", CAP_UUID_BYTES, request->id);
        socket_set_login(socket, &login);
        if (login.session[0] != '\0' && !relays_is_engineer(conn->web->relays, login.session, holder->by.name)) {
            tell_watch(conn->web, holder, login.session);
        }
    }
    conn->socket = socket;
    return 0;
}

static int decide_person(struct conn *conn, struct request *request) {
    struct fault fault;
    struct ws_holder holder;
    const char *allow;
    enum result result = route_find(request->method, request->path, &request->route, request->id, &allow);
    if (result != RESULT_OK || request->route->kind != ROUTE_SOCKET || request->method != METHOD_GET) {
        return refuse(conn, 404, "not_found", "there is no WebSocket at this address");
    }
    bool is_session = request->id[0] != '\0';
    const char *text = handshake_fault(conn, is_session ? SESSION_PROTOCOL : LIVE_PROTOCOL);
    if (text != NULL) {
        return refuse(conn, 400, "bad_input", text);
    }
    if (intake_origin(conn, true, &fault) != RESULT_OK) {
        return refuse(conn, 403, "foreign_origin", fault.text);
    }
    if (query_only(&request->query, request->route->arguments, &fault) != RESULT_OK) {
        return refuse(conn, 400, "bad_input", fault.text);
    }
    const char *ticket = query_text(&request->query, "ticket");
    if (ticket == NULL || ws_ticket_redeem(conn->web->tickets, ticket, clock_mono_ms(), &holder) != RESULT_OK) {
        return refuse(conn, 401, "ticket", "the ticket is missing, used, or older than 30 s; get another one");
    }
    if (!holder.is_guest && !route_allows(request->route, holder.by.role)) {
        return refuse(conn, 403, "denied", "this role may not do this");
    }
    if (holder.session[0] != '\0' && strcmp(holder.session, request->id) != 0) {
        return refuse(conn, 403, "denied", "the ticket is for another session");
    }
    return join(conn, request, &holder);
}

/* ---- products ---- */

/* The peer's certificate as PEM, when TLS has verified it. */
static bool take_certificate(const struct conn *conn, struct buf *pem) {
    SSL *ssl = lws_get_ssl(conn->wsi);
    X509 *certificate = ssl == NULL || SSL_get_verify_result(ssl) != X509_V_OK ? NULL : SSL_get1_peer_certificate(ssl);
    BIO *bio = BIO_new(BIO_s_mem());
    bool is_taken = certificate != NULL && bio != NULL && PEM_write_bio_X509(bio, certificate) == 1;
    if (is_taken) {
        char *text = NULL;
        long count = BIO_get_mem_data(bio, &text);
        buf_add(pem, text, (size_t)count);
        is_taken = !pem->overflow;
    }
    BIO_free(bio);
    X509_free(certificate);
    return is_taken;
}

/* Who the certificate is for; checks the CA's signature once more, so that a library that lets a connection change its
 * listening place (by its Host header) opens nothing. */
static enum result certified_device(const struct conn *conn, struct buf *pem, char device[64], struct fault *fault) {
    struct key *key = NULL;
    if (!take_certificate(conn, pem)) {
        return fault_set(fault, RESULT_DENIED, "a verified client certificate is needed");
    }
    enum result result =
        key_from_certificate(buf_text(pem), pem->count, conn->web->options.device_ca, &key, device, fault);
    key_free(key);
    return result;
}

/* RESULT_DENIED: its certificate is revoked. A session that waited for just this is over then. */
static enum result check_revoked(struct conn *conn, struct buf *pem, const char *device, const char *token,
                                 struct fault *fault) {
    if (conn->web->revocation == NULL) {
        return RESULT_OK;
    }
    web_check_revoked(conn->web);
    enum result result = revocation_check(conn->web->revocation, buf_text(pem), pem->count, fault);
    if (result != RESULT_OK) {
        log_warn("web.upgrade", "product_refused", "device=%s address=%s result=%s reason=%s", device, conn->address,
                 result_name(result), log_text(fault->text));
        relays_turn_away(conn->web->relays, token, device);
    }
    return result;
}

static int dial_in(struct conn *conn, const char *token) {
    struct fault fault = {0};
    char device[64] = "";
    struct buf pem;
    buf_init(&pem, 16 * 1024);
    enum result result = certified_device(conn, &pem, device, &fault);
    if (result == RESULT_OK) {
        result = check_revoked(conn, &pem, device, token, &fault);
    }
    if (result != RESULT_OK) {
        buf_fini(&pem);
        return refuse(conn, 403, "denied", fault.text);
    }
    struct socket *socket = socket_new(conn->web, conn->wsi);
    result = relays_join_product(conn->web->relays, token, device, buf_text(&pem), socket, &fault);
    buf_fini(&pem);
    if (result != RESULT_OK) {
        log_warn("web.upgrade", "product_refused", "device=%s address=%s result=%s", device, conn->address,
                 result_name(result));
        socket_free(socket);
        if (result == RESULT_NOT_FOUND) {
            return refuse(conn, 401, "token", "this token opens no session");
        }
        bool is_ours = result == RESULT_IO || result == RESULT_FULL;
        return refuse(conn, is_ours ? 503 : 403, result_name(result), fault.text);
    }
    conn->socket = socket;
    return 0;
}

static int decide_product(struct conn *conn, const struct request *request) {
    char bearer[128];
    if (strcmp(request->path, SESSION_PATH) != 0) {
        return refuse(conn, 404, "not_found", "there is no WebSocket at this address");
    }
    const char *text = handshake_fault(conn, SESSION_PROTOCOL);
    if (text != NULL) {
        return refuse(conn, 400, "bad_input", text);
    }
    if (!intake_header(conn, WSI_TOKEN_HTTP_AUTHORIZATION, bearer, sizeof bearer) ||
        strncasecmp(bearer, "Bearer ", 7) != 0) {
        return refuse(conn, 401, "token", "Authorization: Bearer with the session's token is needed");
    }
    int decision = dial_in(conn, bearer + 7);
    wipe(bearer, sizeof bearer);
    return decision;
}

int upgrade_decide(struct conn *conn) {
    char upgrade[32];
    /* The library calls here also after it has refused an unknown upgrade by itself; its table is empty then. */
    if (!intake_header(conn, WSI_TOKEN_UPGRADE, upgrade, sizeof upgrade) || strcasecmp(upgrade, "websocket") != 0 ||
        conn->socket != NULL || conn->exchange != NULL || atomic_load(&conn->web->is_stopping)) {
        return http_close(conn->wsi);
    }
    struct fault fault;
    struct request *request = request_new();
    enum result result = intake_head(conn, request, &fault);
    int decision = result != RESULT_OK ? refuse(conn, 400, "bad_input", fault.text)
                   : conn->is_products ? decide_product(conn, request)
                                       : decide_person(conn, request);
    request_free(request);
    return decision;
}
