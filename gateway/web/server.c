/* The edge's libwebsockets context (see server.h): HTTP/1.1 only by ALPN (receive flow control does nothing on HTTP/2,
 * and every protocol less is surface less), TLS 1.2 with forward-secret AEAD ciphers or 1.3, two listening places:
 * people, and products, which must show a certificate of the device CA. The library's own poll loop; libuv pays from
 * some hundred sessions on, is a package of its own and needs another way to stop.
 *
 * Debian's 4.1.6 has no limits for each peer and lacks later fixes; what stands in front of it: a cap on connections, a
 * time limit on every stage (handshake, head, body, answer), header space that a request cannot outgrow, and no trust
 * in what it passes on (see request.c, upgrade.c). Its notices go to our log. */
#include "web/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "web/callers.h"
#include "web/conn.h"
#include "web/live.h"
#include "web/socket.h"

struct server {
    struct web *web;
    struct lws_context *context;
    struct lws_vhost *people, *products;
    long connections, connections_max;
    struct callers *callers;
    lws_sorted_usec_list_t tick;
};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols people_protocols[] = {
    {.name = "http", .callback = on_event},
    {.name = LIVE_PROTOCOL, .callback = on_event, .rx_buffer_size = SERVER_BUFFER_BYTES},
    {.name = SESSION_PROTOCOL, .callback = on_event, .rx_buffer_size = SERVER_BUFFER_BYTES},
    {0},
};
static const struct lws_protocols products_protocols[] = {
    {.name = "http", .callback = on_event},
    {.name = SESSION_PROTOCOL, .callback = on_event, .rx_buffer_size = SERVER_BUFFER_BYTES},
    {0},
};
static const lws_retry_bo_t keep_alive = {.secs_since_valid_ping = SERVER_PING_S,
                                          .secs_since_valid_hangup = SERVER_SILENT_S};

/* ---- connections ---- */

/* Closed before anything is spent on it: there are too many, or too many of its address. This machine's own is let
 * through: a reverse proxy has everybody behind it, and limits of its own. */
static bool is_one_too_many(struct server *server, lws_sockfd_type fd) {
    const int most = server->web->options.connections_per_address;
    char address[46] = "";
    bool is_refused = server->connections >= server->connections_max;
    if (!is_refused && most > 0) {
        lws_get_peer_simple_fd(fd, address, sizeof address);
        is_refused = callers_count(server->callers, address) >= most && !is_loopback_address(address);
    }
    if (is_refused) {
        atomic_fetch_add(&server->web->figures.connections_refused, 1);
    }
    return is_refused;
}

static struct conn *conn_new(struct server *server, struct lws *wsi) {
    struct conn *conn = mem_alloc(sizeof *conn);
    conn->web = server->web;
    conn->wsi = wsi;
    conn->is_products = lws_get_vhost(wsi) == server->products;
    lws_get_peer_simple(wsi, conn->address, sizeof conn->address);
    lws_set_opaque_user_data(wsi, conn);
    callers_add(server->callers, conn->address);
    server->connections++;
    atomic_fetch_add(&server->web->figures.connections, 1);
    return conn;
}

static void conn_free(struct server *server, struct conn *conn) {
    if (conn == NULL) {
        return;
    }
    http_gone(conn);
    socket_free(conn->socket);
    lws_set_opaque_user_data(conn->wsi, NULL);
    callers_remove(server->callers, conn->address);
    server->connections--;
    atomic_fetch_sub(&server->web->figures.connections, 1);
    free(conn);
}

static int on_connection(struct server *server, struct lws *wsi, enum lws_callback_reasons reason, void *in,
                         size_t len) {
    struct conn *conn = lws_get_opaque_user_data(wsi);
    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED: return conn == NULL && conn_new(server, wsi) == NULL ? -1 : 0;
    case LWS_CALLBACK_WSI_DESTROY: conn_free(server, conn); return 0;
    default: break;
    }
    if (conn == NULL) {
        return 0;
    }
    switch (reason) {
    case LWS_CALLBACK_HTTP: return http_begin(conn);
    case LWS_CALLBACK_HTTP_BODY: return http_body(conn, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return http_body_end(conn);
    case LWS_CALLBACK_HTTP_WRITEABLE: return http_writeable(conn);
    case LWS_CALLBACK_TIMER: return http_timer(conn);
    case LWS_CALLBACK_CLOSED_HTTP: http_gone(conn); return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return upgrade_decide(conn);
    case LWS_CALLBACK_ESTABLISHED: return conn->socket == NULL ? -1 : socket_established(conn->socket);
    case LWS_CALLBACK_RECEIVE: return conn->socket == NULL ? -1 : socket_received(conn->socket, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE: return conn->socket == NULL ? -1 : socket_writeable(conn->socket);
    case LWS_CALLBACK_CLOSED:
        socket_free(conn->socket);
        conn->socket = NULL;
        return 0;
    default: return 0; /* the library has many more that are none of ours */
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len) {
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_CLIENT_CERT_VERIFICATION:
        return len == 1 ? 0 : 1; /* len is OpenSSL's verdict; 0 from here would let any certificate in */
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX: return -1; /* CONNECT */
    case LWS_CALLBACK_PROTOCOL_INIT:
    case LWS_CALLBACK_PROTOCOL_DESTROY:
    case LWS_CALLBACK_GET_THREAD_ID: return 0;
    default: break;
    }
    struct lws_context *context = wsi == NULL ? NULL : lws_get_context(wsi);
    struct server *server = context == NULL ? NULL : lws_context_user(context);
    if (server == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_FILTER_NETWORK_CONNECTION) {
        return is_one_too_many(server, ((struct lws_filter_network_conn_args *)user)->accept_fd) ? 1 : 0;
    }
    if (reason == LWS_CALLBACK_EVENT_WAIT_CANCELLED) {
        web_serve_mail(server->web);
        return 0;
    }
    return on_connection(server, wsi, reason, in, len);
}

static void on_tick(lws_sorted_usec_list_t *sul) {
    struct server *server = lws_container_of(sul, struct server, tick);
    web_tick(server->web);
    lws_sul_schedule(server->context, 0, &server->tick, on_tick, WEB_TICK_MS * LWS_US_PER_MS);
}

/* ---- opening ---- */

/* The library's log has no context argument; errors while opening are also wanted in a fault. */
static _Thread_local struct fault *complaints;

static void on_log(int level, const char *line) {
    char text[FAULT_TEXT_BYTES];
    snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
    if (complaints != NULL && complaints->text[0] == '\0') {
        snprintf(complaints->text, sizeof complaints->text, "%s", text);
    }
    log_debug("web.lws", "library", "level=%d text=%s", level,
              log_text(text)); /* mostly what peers do: theirs to flood */
}

static long connections_allowed(void) {
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    long room = limit.rlim_cur > 1000000 ? SERVER_CONNECTIONS_MAX : (long)limit.rlim_cur * 3 / 4;
    return room < SERVER_CONNECTIONS_MAX ? room : SERVER_CONNECTIONS_MAX;
}

static enum result open_context(struct server *server, struct fault *fault) {
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME,
        .user = server,
        .port = CONTEXT_PORT_NO_LISTEN,
        .gid = (int)-1,
        .uid = (int)-1,
        .max_http_header_data2 = SERVER_HEADER_BYTES,
        .pt_serv_buf_size = SERVER_BUFFER_BYTES,
        .timeout_secs = SERVER_SLOW_S,
    };
    server->context = lws_create_context(&info);
    return server->context != NULL ? RESULT_OK : fault_set(fault, RESULT_IO, "libwebsockets does not start");
}

union place {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Can we? The library's own message names a descriptor, and it leaks its TLS context when it cannot. */
static enum result try_place(const union place *place, int port, struct fault *fault) {
    enum result result = RESULT_OK;
    bool is_v4 = place->any.sa_family == AF_INET;
    int yes = 1, fd = socket(place->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, &place->any, is_v4 ? sizeof place->v4 : sizeof place->v6) != 0 || listen(fd, 1) != 0) {
        result = fault_set(fault, RESULT_IO, "port %d: %s", port, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* Where to listen, for the library. An IPv4 address needs IPv6 switched off: with it on, the library takes the address
 * for an IPv6 one, finds none in it, and listens everywhere. */
static enum result place_of(const char *address, int port, struct lws_context_creation_info *info,
                            struct fault *fault) {
    union place place = {0};
    if (inet_pton(AF_INET, address, &place.v4.sin_addr) == 1) {
        place.v4.sin_family = AF_INET;
        place.v4.sin_port = htons((uint16_t)port);
        info->options |= LWS_SERVER_OPTION_DISABLE_IPV6;
        info->iface = place.v4.sin_addr.s_addr == htonl(INADDR_ANY) ? NULL : address;
    } else if (inet_pton(AF_INET6, address, &place.v6.sin6_addr) == 1) {
        place.v6.sin6_family = AF_INET6;
        place.v6.sin6_port = htons((uint16_t)port);
        info->iface = memcmp(&place.v6.sin6_addr, &in6addr_any, sizeof in6addr_any) == 0 ? NULL : address;
    } else {
        return fault_set(fault, RESULT_BAD_INPUT, "it is not an IP address");
    }
    return try_place(&place, port, fault);
}

static enum result listen_at(struct server *server, bool is_products, struct lws_vhost **out, struct fault *fault) {
    const struct web_options *o = &server->web->options;
    const char *address = is_products ? o->session_listen : o->listen;
    address = address == NULL ? "::" : address;
    int port = is_products ? o->session_port : o->port;
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS |
                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
        .vhost_name = is_products ? "products" : "people",
        .port = port,
        .protocols = is_products ? products_protocols : people_protocols,
        .ssl_cert_filepath = o->server_cert,
        .ssl_private_key_filepath = o->server_key,
        .ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION,
        .ssl_cipher_list = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL",
        .alpn = "http/1.1",
        .keepalive_timeout = SERVER_IDLE_S,
        .timeout_secs_ah_idle = SERVER_SLOW_S,
        .timeout_secs = SERVER_SLOW_S,
        .retry_and_idle_policy = &keep_alive,
        .user = server,
    };
    enum result result = place_of(address, port, &info, fault);
    if (result != RESULT_OK) {
        fault_prefix(fault, "cannot listen at %s", address);
        return result;
    }
    if (is_products) {
        info.options |= LWS_SERVER_OPTION_REQUIRE_VALID_OPENSSL_CLIENT_CERT;
        info.ssl_options_set |= SSL_OP_NO_TICKET; /* the certificate is looked at each time */
        info.ssl_ca_filepath = o->device_ca;
    }
    complaints = fault;
    *out = lws_create_vhost(server->context, &info);
    complaints = NULL;
    if (*out == NULL || lws_get_vhost_listen_port(*out) <= 0) {
        fault_prefix(fault, "cannot listen at %s port %d", address, port);
        return RESULT_IO;
    }
    return RESULT_OK;
}

/* What the library would find out too late or not say. */
static enum result check_files(const struct web_options *o, struct fault *fault) {
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL) {
        return fault_set(fault, RESULT_IO, "no TLS context");
    }
    enum result result = RESULT_OK;
    if (SSL_CTX_use_certificate_chain_file(ctx, o->server_cert) != 1) {
        result = fault_set(fault, RESULT_BAD_INPUT, "%s: cannot be read as a PEM certificate", o->server_cert);
    } else if (SSL_CTX_use_PrivateKey_file(ctx, o->server_key, SSL_FILETYPE_PEM) != 1) {
        result = fault_set(fault, RESULT_BAD_INPUT, "%s: cannot be read as the private key of %s", o->server_key,
                           o->server_cert);
    } else if (SSL_CTX_load_verify_file(ctx, o->device_ca) != 1) {
        result = fault_set(fault, RESULT_BAD_INPUT, "%s: cannot be read as the CA of the devices", o->device_ca);
    }
    SSL_CTX_free(ctx);
    return result;
}

enum result server_open(struct web *web, struct server **out, struct fault *fault) {
    if (web->options.port != 0 && web->options.port == web->options.session_port) {
        return fault_set(fault, RESULT_BAD_INPUT, "people and products cannot share port %d", web->options.port);
    }
    enum result result = check_files(&web->options, fault);
    if (result != RESULT_OK) {
        return result;
    }
    struct server *server = mem_alloc(sizeof *server);
    server->web = web;
    server->callers = callers_new();
    server->connections_max = connections_allowed();
    lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
    fault->text[0] = '\0';
    result = open_context(server, fault);
    if (result == RESULT_OK) {
        result = listen_at(server, false, &server->people, fault);
    }
    if (result == RESULT_OK) {
        result = listen_at(server, true, &server->products, fault);
    }
    if (result != RESULT_OK) {
        server_close(server);
        return result;
    }
    lws_sul_schedule(server->context, 0, &server->tick, on_tick, WEB_TICK_MS * LWS_US_PER_MS);
    *out = server;
    return RESULT_OK;
}

void server_close(struct server *server) {
    if (server == NULL) {
        return;
    }
    if (server->context != NULL) {
        lws_sul_cancel(&server->tick);
        lws_context_destroy(server->context);
    }
    callers_free(server->callers);
    free(server);
}

void server_serve(struct server *server) {
    lws_service(server->context, 0);
}

void server_wake(struct server *server) {
    lws_cancel_service(server->context);
}

int server_people_port(const struct server *server) {
    return lws_get_vhost_listen_port(server->people);
}

int server_products_port(const struct server *server) {
    return lws_get_vhost_listen_port(server->products);
}
