/* libwebsockets, fenced. Debian's build can neither be driven from somebody else's poll loop nor take a loop of ours,
 * so it gets a thread, and two bounded queues stand between: `out` is filled by the loop and emptied by the thread,
 * `in` the other way round. The thread calls nothing of the session; the loop calls nothing of libwebsockets but
 * lws_cancel_service, the one call that is allowed.
 *
 * Full queues: the thread stops reading from the socket (TCP then slows the gateway); the loop only adds what credit
 * and the visit's own limits allow, and LINK_OUT_BYTES is the backstop: beyond it the connection is given up. */
#include "session/link.h"

#include <errno.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "session/queue.h"
#include "session/url.h"

_Static_assert(QUEUE_ROOM_BEFORE >= LWS_PRE, "libwebsockets writes its header before the message");
enum {
    LINK_OUT_BYTES = CAP_SESSION_STREAMS * CAP_CREDIT_BYTES + 1024 * 1024, /* all credit, and what needs none */
    LINK_IN_BYTES = 512 * 1024,
    MESSAGE_BYTES = CAP_FRAME_BYTES + 1,
    READ_BYTES = 16 * 1024,
    PING_S = 20, /* below the time-outs of mobile networks' address translation (30 s and more) */
    SILENT_S = 45,
    MESSAGES_A_TURN = 64, /* then the timers have theirs, however much a gateway sends */
    WHY_BYTES = 160
};

struct link {
    struct loop *loop;
    const struct link_events *events;
    void *self;
    struct url url;
    char *authorization;
    struct lws_context *context;
    pthread_t thread;
    int wake_fd; /* the thread has news for the loop */
    bool has_thread, has_said_connected, has_said_gone;

    pthread_mutex_t mutex; /* what follows, but the last block */
    struct queue out, in;
    bool is_connected, is_gone, is_refused, is_stopping, is_closing, is_stuffed;
    char why[WHY_BYTES];

    struct lws *wsi; /* the thread's own */
    struct buf message;
    bool is_message_text;
};

/* ---- the network's thread ---------------------------------------------------------------------------------------- */

static void wake_loop(struct link *l) {
    uint64_t one = 1;
    ssize_t ignored = write(l->wake_fd, &one, sizeof one);
    (void)ignored; /* full: it is awake already */
}

static void gone(struct link *l, const char *why, size_t chars) {
    pthread_mutex_lock(&l->mutex);
    if (!l->is_gone) {
        l->is_gone = true;
        size_t cut = chars < sizeof l->why ? chars : sizeof l->why - 1;
        memcpy(l->why, why, cut);
        l->why[cut] = '\0';
    }
    pthread_mutex_unlock(&l->mutex);
    wake_loop(l);
}

/* What the thread itself has seen: libwebsockets frees its end of it. */
static void closed(struct link *l, const char *why, size_t chars) {
    l->wsi = NULL;
    gone(l, why, chars);
}

/* True: go on. */
static bool receive(struct link *l, struct lws *wsi, const void *bytes, size_t count) {
    if (lws_is_first_fragment(wsi)) {
        buf_reset(&l->message);
        l->is_message_text = !lws_frame_is_binary(wsi);
    }
    buf_add(&l->message, bytes, count);
    if (l->message.overflow) {
        return false;
    }
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0) {
        return true;
    }
    struct queue_item *item = queue_item_new(l->is_message_text, buf_text(&l->message), l->message.count);
    pthread_mutex_lock(&l->mutex);
    queue_add(&l->in, item);
    bool is_full = l->in.bytes > LINK_IN_BYTES;
    l->is_stuffed = l->is_stuffed || is_full;
    pthread_mutex_unlock(&l->mutex);
    if (is_full) {
        lws_rx_flow_control(wsi, 0);
    }
    wake_loop(l);
    return true;
}

/* One message a call, as libwebsockets wants it. True: go on. */
static bool send_next(struct link *l, struct lws *wsi) {
    pthread_mutex_lock(&l->mutex);
    struct queue_item *item = queue_take(&l->out);
    bool is_last = l->out.first == NULL, is_closing = l->is_closing;
    pthread_mutex_unlock(&l->mutex);
    bool is_fine = true;
    if (item != NULL) {
        int n = lws_write(wsi, item->bytes, item->count, item->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
        is_fine = n >= 0 && (size_t)n >= item->count;
        queue_item_free(item);
    }
    if (is_fine && is_last && is_closing) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return false;
    }
    if (is_fine && !is_last) {
        lws_callback_on_writable(wsi);
    }
    return is_fine;
}

/* The loop has called lws_cancel_service. */
static void on_cancelled(struct link *l) {
    pthread_mutex_lock(&l->mutex);
    bool has_work = l->out.first != NULL || l->is_closing;
    bool may_read = l->is_stuffed && l->in.bytes <= LINK_IN_BYTES / 2;
    if (may_read) {
        l->is_stuffed = false;
    }
    bool is_connected = l->is_connected;
    pthread_mutex_unlock(&l->mutex);
    if (l->wsi == NULL || !is_connected) {
        return;
    }
    if (may_read) {
        lws_rx_flow_control(l->wsi, 1);
    }
    if (has_work) {
        lws_callback_on_writable(l->wsi);
    }
}

static int add_authorization(struct link *l, struct lws *wsi, void *in, size_t room) {
    unsigned char **at = in, *end = *at + room;
    return lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, (const unsigned char *)l->authorization,
                                        (int)strlen(l->authorization), at, end);
}

/* libwebsockets checks names, but an address in the URL must match an address in the certificate. */
static void tighten(struct link *l, SSL_CTX *tls) {
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    if (l->url.is_address && X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(tls), l->url.host) != 1) {
        die("session.link", "the address %s cannot be checked", l->url.host);
    }
}

/* The gateway's own "no" (4xx), as opposed to one that is busy, starting, or not there. */
static void note_refusal(struct link *l, struct lws *wsi) {
    unsigned status = lws_http_client_http_response(wsi);
    pthread_mutex_lock(&l->mutex);
    l->is_refused = status >= 400 && status < 500;
    pthread_mutex_unlock(&l->mutex);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t count) {
    static const char by_gateway[] = "the gateway closed the connection";
    struct lws_context *context = lws_get_context(wsi);
    struct link *l = context != NULL ? lws_context_user(context) : NULL;
    (void)user;
    if (l == NULL) {
        return 0;
    }
    switch ((int)reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS: tighten(l, user); return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: return add_authorization(l, wsi, in, count);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        note_refusal(l, wsi);
        closed(l, in != NULL ? in : "no connection", in != NULL ? count : sizeof "no connection" - 1);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        l->wsi = wsi;
        pthread_mutex_lock(&l->mutex);
        l->is_connected = true;
        pthread_mutex_unlock(&l->mutex);
        wake_loop(l);
        lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE: return receive(l, wsi, in, count) ? 0 : -1;
    case LWS_CALLBACK_CLIENT_WRITEABLE: return send_next(l, wsi) ? 0 : -1;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED: on_cancelled(l); return 0;
    case LWS_CALLBACK_CLIENT_CLOSED: closed(l, by_gateway, sizeof by_gateway - 1); return 0;
    default: /* dozens of others, all fine as they are */ return 0;
    }
}

/* Here and not on the loop: it looks the name up, and a dead resolver takes its time, which the session's clocks have
 * not. link_free waits for that. */
static void dial(struct link *l) {
    static const char why[] = "the connection cannot be begun";
    struct lws_client_connect_info connect = {
        .context = l->context,
        .address = l->url.host,
        .port = l->url.port,
        .path = l->url.path,
        .host = l->url.host,
        .protocol = SESSION_PROTOCOL,
        .ssl_connection = LCCSCF_USE_SSL | (l->url.is_address ? LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK : 0),
        .pwsi = &l->wsi};
    if (lws_client_connect_via_info(&connect) == NULL) {
        closed(l, why, sizeof why - 1);
    }
}

static void *run_network(void *self) {
    struct link *l = self;
    dial(l);
    for (bool is_stopping = false; !is_stopping;) {
        if (lws_service(l->context, 0) < 0) {
            closed(l, "libwebsockets failed", sizeof "libwebsockets failed" - 1);
            break;
        }
        pthread_mutex_lock(&l->mutex);
        is_stopping = l->is_stopping;
        pthread_mutex_unlock(&l->mutex);
    }
    return NULL;
}

/* ---- the loop's side --------------------------------------------------------------------------------------------- */

static void on_wake(void *self, uint32_t events) {
    struct link *l = self;
    uint64_t ignored_count;
    struct queue_item *item;
    (void)events;
    ssize_t ignored = read(l->wake_fd, &ignored_count, sizeof ignored_count);
    (void)ignored;
    pthread_mutex_lock(&l->mutex);
    bool is_connected = l->is_connected;
    pthread_mutex_unlock(&l->mutex);
    if (is_connected && !l->has_said_connected) {
        l->has_said_connected = true;
        l->events->connected(l->self);
    }
    for (int left = MESSAGES_A_TURN;; left--) {
        if (left == 0) {
            wake_loop(l);
            return;
        }
        pthread_mutex_lock(&l->mutex);
        item = queue_take(&l->in);
        bool is_stuffed = l->is_stuffed;
        pthread_mutex_unlock(&l->mutex);
        if (item == NULL) {
            break;
        }
        l->events->message(l->self, item->is_text, item->bytes, item->count);
        queue_item_free(item);
        if (is_stuffed) {
            lws_cancel_service(l->context);
        }
    }
    pthread_mutex_lock(&l->mutex);
    bool is_gone = l->is_gone;
    pthread_mutex_unlock(&l->mutex);
    if (is_gone && !l->has_said_gone) {
        l->has_said_gone = true;
        l->events->disconnected(l->self, l->is_refused, l->why);
    }
}

void link_send(void *link_self, bool is_text, const void *bytes, size_t count) {
    struct link *l = link_self;
    struct queue_item *item = queue_item_new(is_text, bytes, count);
    pthread_mutex_lock(&l->mutex);
    bool is_too_much = l->out.bytes + count > LINK_OUT_BYTES;
    if (l->is_gone || is_too_much) {
        queue_item_free(item);
    } else {
        queue_add(&l->out, item);
    }
    pthread_mutex_unlock(&l->mutex);
    if (is_too_much) {
        static const char why[] = "the gateway does not read";
        gone(l, why, sizeof why - 1);
        return;
    }
    lws_cancel_service(l->context);
}

size_t link_pending(const void *link_self) {
    struct link *l = (struct link *)link_self;
    pthread_mutex_lock(&l->mutex);
    size_t bytes = l->out.bytes;
    pthread_mutex_unlock(&l->mutex);
    return bytes;
}

void link_close(void *link_self) {
    struct link *l = link_self;
    pthread_mutex_lock(&l->mutex);
    l->is_closing = true;
    pthread_mutex_unlock(&l->mutex);
    lws_cancel_service(l->context);
}

/* ---- open, free -------------------------------------------------------------------------------------------------- */

static const struct lws_protocols protocols[] = {
    {.name = SESSION_PROTOCOL, .callback = callback, .rx_buffer_size = READ_BYTES}, {.name = NULL}};
static const lws_retry_bo_t keep_alive = {.secs_since_valid_ping = PING_S, .secs_since_valid_hangup = SILENT_S};

static void on_log(int level, const char *line) {
    size_t chars = strcspn(line, "\n");
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)(chars < sizeof text ? chars : sizeof text - 1), line);
    if ((level & LLL_ERR) != 0) {
        log_warn("session.link", "lws", "text=%s", log_text(text));
    } else {
        log_debug("session.link", "lws", "text=%s", log_text(text));
    }
}

/* libwebsockets says only that it failed, and leaks. */
static enum result check_files(const struct session_grant *grant, struct fault *fault) {
    const char *const paths[] = {grant->ca, grant->cert, grant->key};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (access(paths[i], R_OK) != 0) {
            return fault_set(fault, RESULT_IO, "%s: %s", paths[i], strerror(errno));
        }
    }
    return RESULT_OK;
}

static enum result set_up(struct link *l, const struct session_grant *grant, struct fault *fault) {
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
                                             .protocols = protocols,
                                             .user = l,
                                             .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                                                        LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
                                             .client_ssl_ca_filepath = grant->ca,
                                             .client_ssl_cert_filepath = grant->cert,
                                             .client_ssl_private_key_filepath = grant->key,
                                             .retry_and_idle_policy = &keep_alive,
                                             .pt_serv_buf_size = READ_BYTES};
    lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
    l->context = lws_create_context(&info);
    if (l->context == NULL) {
        return fault_set(fault, RESULT_IO, "cannot set up TLS: look at ca %s, cert %s, key %s", grant->ca, grant->cert,
                         grant->key);
    }
    return RESULT_OK;
}

enum result link_open(struct loop *loop, const struct session_grant *grant, const char *token,
                      const struct link_events *events, void *self, struct link **out, struct fault *fault) {
    struct link *l = mem_alloc(sizeof *l);
    struct buf authorization;
    *l = (struct link){.loop = loop, .events = events, .self = self, .wake_fd = -1};
    pthread_mutex_init(&l->mutex, NULL);
    queue_init(&l->out);
    queue_init(&l->in);
    buf_init(&l->message, MESSAGE_BYTES);
    buf_init(&authorization, 256);
    buf_printf(&authorization, "Bearer %s", token);
    l->authorization = mem_strdup(buf_text(&authorization));
    buf_wipe(&authorization);
    enum result result = url_parse(grant->url, &l->url, fault);
    if (result == RESULT_OK) {
        result = check_files(grant, fault);
    }
    if (result == RESULT_OK && ((l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0 ||
                                loop_watch(loop, l->wake_fd, EPOLLIN, on_wake, l) != RESULT_OK)) {
        result = fault_set(fault, RESULT_IO, "no eventfd");
    }
    if (result == RESULT_OK) {
        result = set_up(l, grant, fault);
    }
    if (result == RESULT_OK && pthread_create(&l->thread, NULL, run_network, l) != 0) {
        result = fault_set(fault, RESULT_IO, "no thread");
    }
    if (result != RESULT_OK) {
        link_free(l);
        return result;
    }
    l->has_thread = true;
    *out = l;
    return RESULT_OK;
}

void link_free(struct link *l) {
    if (l == NULL) {
        return;
    }
    if (l->has_thread) {
        pthread_mutex_lock(&l->mutex);
        l->is_stopping = true;
        pthread_mutex_unlock(&l->mutex);
        lws_cancel_service(l->context);
        pthread_join(l->thread, NULL);
    }
    if (l->context != NULL) {
        lws_context_destroy(l->context);
    }
    if (l->wake_fd >= 0) {
        loop_unwatch(l->loop, l->wake_fd);
        close(l->wake_fd);
    }
    queue_fini(&l->out);
    queue_fini(&l->in);
    buf_wipe(&l->message);
    wipe(l->authorization, strlen(l->authorization));
    free(l->authorization);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}
