/* HTTP/1.1 and WebSocket by hand, over tool_tls.c: three requests to our own gateway, one connection each, and then
 * frames. libwebsockets was left out: the tool's other descriptors (a listener, what it accepts) would have to live in
 * its loop too, and a client that talks to one known server needs none of its breadth.
 *
 * The password is sent once and wiped by whoever read it; the cookie of the login lives here until the end. */
#include "tool_link.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"
#include "fieldline/number.h"
#include "fieldline/session.h"
#include "tool_frame.h"

enum { HEAD_BYTES = 16 * 1024, ANSWER_BYTES = 256 * 1024, COOKIE_BYTES = 256, TICKET_BYTES = 128 };

struct tool_link {
    struct tool_address address;
    struct tool_tls *tls;
    char cookie[COOKIE_BYTES];
    struct buf in, out;
    size_t sent; /* of out */
};

/* ---- three requests ---------------------------------------------------------------------------------------------- */

struct answer {
    int64_t status;
    struct buf text;  /* head and body */
    size_t body;      /* where it begins */
    size_t body_left; /* still to come */
};

/* A header's value, up to its line's end; NULL: not there. Names are ours and in lower case on the other side too. */
static const char *header(struct answer *a, const char *name, size_t *chars) {
    const char *text = buf_text(&a->text), *end = text + a->body;
    size_t name_chars = strlen(name);
    for (const char *line = strstr(text, "\r\n"); line != NULL && line < end; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, name_chars) == 0 && line[2 + name_chars] == ':') {
            const char *value = line + 3 + name_chars;
            value += strspn(value, " ");
            *chars = strcspn(value, "\r\n");
            return value;
        }
    }
    return NULL;
}

static bool read_more(struct tool_tls *tls, struct buf *in) {
    uint8_t bytes[TOOL_READ_BYTES];
    int n = tool_tls_read(tls, bytes);
    if (n > 0) {
        buf_add(in, bytes, (size_t)n);
        wipe(bytes, (size_t)n);
    }
    return n > 0 && !in->overflow;
}

static enum result read_head(struct tool_link *l, struct answer *a, struct fault *fault) {
    const char *end;
    size_t chars = 0;
    int64_t length = 0;
    while ((end = strstr(buf_text(&a->text), "\r\n\r\n")) == NULL) {
        if (a->text.count > HEAD_BYTES || !read_more(l->tls, &a->text)) {
            return fault_set(fault, RESULT_IO, "the gateway did not answer");
        }
    }
    a->body = (size_t)(end - buf_text(&a->text)) + 4;
    if (strncmp(buf_text(&a->text), "HTTP/1.1 ", 9) != 0 ||
        !number_i64(buf_text(&a->text) + 9, 3, 100, 599, &a->status)) {
        return fault_set(fault, RESULT_BAD_INPUT, "what answers there is no gateway");
    }
    const char *value = header(a, "content-length", &chars);
    if (value != NULL && !number_i64(value, chars, 0, ANSWER_BYTES / 2, &length)) {
        return fault_set(fault, RESULT_BAD_INPUT, "the gateway's answer is too long");
    }
    size_t have = a->text.count - a->body;
    a->body_left = (size_t)length > have ? (size_t)length - have : 0;
    return RESULT_OK;
}

/* One request and its answer on a connection of their own, which stays open for an answer of 101. */
static enum result ask(struct tool_link *l, const struct buf *request, struct answer *a, struct fault *fault) {
    enum result result = tool_tls_dial(l->tls, fault);
    buf_init(&a->text, ANSWER_BYTES);
    if (result != RESULT_OK) {
        return result;
    }
    if (tool_tls_write(l->tls, request->data, request->count) != (int)request->count) {
        return fault_set(fault, RESULT_IO, "the request could not be sent");
    }
    result = read_head(l, a, fault);
    while (result == RESULT_OK && a->body_left > 0) {
        size_t before = a->text.count;
        if (!read_more(l->tls, &a->text)) {
            return fault_set(fault, RESULT_IO, "the gateway's answer was cut short");
        }
        a->body_left -= a->text.count - before < a->body_left ? a->text.count - before : a->body_left;
    }
    return result;
}

/* The problem's own words (RFC 9457). */
static enum result refused(struct answer *a, const char *what, struct fault *fault) {
    struct json *problem = NULL;
    const char *detail = "";
    size_t count = a->text.count - a->body;
    if (json_parse(buf_text(&a->text) + a->body, count, &problem, NULL) != RESULT_OK || !json_is_object(problem) ||
        json_string(problem, "detail", 200, &detail, NULL) != RESULT_OK) {
        detail = "no reason given";
    }
    fault_set(fault, RESULT_DENIED, "%s: %s (%lld)", what, detail, (long long)a->status);
    json_free(problem);
    return RESULT_DENIED;
}

static void begin_request(const struct tool_link *l, const char *method, const char *path, struct buf *out) {
    const bool is_v6 = strchr(l->address.host, ':') != NULL;
    char host[sizeof l->address.host + 16];
    snprintf(host, sizeof host, "%s%s%s:%s", is_v6 ? "[" : "", l->address.host, is_v6 ? "]" : "", l->address.port);
    buf_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nOrigin: https://%s\r\n", method, path, host, host);
    if (l->cookie[0] != '\0') {
        buf_printf(out, "Cookie: %s\r\n", l->cookie);
    }
}

static enum result post(struct tool_link *l, const char *path, const char *body, struct answer *a,
                        struct fault *fault) {
    struct buf request;
    buf_init(&request, 8 * 1024);
    begin_request(l, "POST", path, &request);
    buf_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
               strlen(body), body);
    enum result result = ask(l, &request, a, fault);
    buf_wipe(&request);
    return result;
}

static enum result log_in(struct tool_link *l, const struct tool_link_options *options, struct fault *fault) {
    struct answer a = {0};
    struct buf body;
    size_t chars = 0;
    buf_init(&body, 4 * 1024);
    struct json_out j = json_out(&body);
    jo_object(&j, NULL);
    jo_str(&j, "user", options->user);
    jo_str(&j, "password", options->password);
    jo_end(&j);
    enum result result = post(l, "/api/v1/login", buf_text(&body), &a, fault);
    const char *cookie = result == RESULT_OK && a.status == 200 ? header(&a, "set-cookie", &chars) : NULL;
    if (cookie != NULL && strcspn(cookie, ";\r\n") < sizeof l->cookie) {
        snprintf(l->cookie, sizeof l->cookie, "%.*s", (int)strcspn(cookie, ";\r\n"), cookie);
    } else if (result == RESULT_OK) {
        result = refused(&a, "the login was refused", fault);
    }
    buf_wipe(&body);
    buf_wipe(&a.text);
    return result;
}

static enum result get_ticket(struct tool_link *l, char out[TICKET_BYTES + 1], struct fault *fault) {
    struct answer a = {0};
    struct json *body = NULL;
    const char *ticket = NULL;
    enum result result = post(l, "/api/v1/ws-tickets", "{}", &a, fault);
    if (result == RESULT_OK && a.status != 200) {
        result = refused(&a, "no ticket for the session", fault);
    }
    if (result == RESULT_OK) {
        result = json_parse(buf_text(&a.text) + a.body, a.text.count - a.body, &body, fault);
    }
    if (result == RESULT_OK && (result = json_string(body, "ticket", TICKET_BYTES, &ticket, fault)) == RESULT_OK) {
        snprintf(out, TICKET_BYTES + 1, "%s", ticket);
    }
    json_free(body);
    buf_wipe(&a.text);
    return result;
}

static enum result join(struct tool_link *l, const char *session, const char *ticket, struct fault *fault) {
    struct answer a = {0};
    struct buf request;
    char path[512];
    snprintf(path, sizeof path, "/api/v1/sessions/%s/ws?ticket=%s&part=tool", session, ticket);
    buf_init(&request, 8 * 1024);
    begin_request(l, "GET", path, &request);
    buf_printf(&request,
               "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dG9vbCBvZiBmaWVsZGxpbg==\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
               SESSION_PROTOCOL);
    enum result result = ask(l, &request, &a, fault);
    if (result == RESULT_OK && a.status != 101) {
        result = refused(&a, "the session was refused", fault);
    }
    if (result == RESULT_OK) {
        buf_add(&l->in, a.text.data + a.body, a.text.count - a.body);
        if (!tool_tls_unblock(l->tls)) {
            result = fault_set(fault, RESULT_IO, "the connection cannot be used");
        }
    }
    buf_wipe(&request);
    buf_wipe(&a.text);
    return result;
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

enum result tool_link_open(const struct tool_link_options *options, struct tool_link **out, struct fault *fault) {
    char ticket[TICKET_BYTES + 1];
    struct tool_link *l = mem_alloc(sizeof *l);
    l->address = *options->address;
    buf_init(&l->in, 2 * TOOL_FRAME_BYTES);
    buf_init(&l->out, 2 * TOOL_QUEUE_BYTES);
    enum result result = tool_tls_new(options->address, options->ca, &l->tls, fault);
    if (result == RESULT_OK && (result = log_in(l, options, fault)) == RESULT_OK &&
        (result = get_ticket(l, ticket, fault)) == RESULT_OK &&
        (result = join(l, options->session, ticket, fault)) == RESULT_OK) {
        *out = l;
        return RESULT_OK;
    }
    tool_link_close(l);
    return result;
}

void tool_link_close(struct tool_link *l) {
    if (l == NULL) {
        return;
    }
    if (l->cookie[0] != '\0') {
        struct answer a = {0};
        (void)!post(l, "/api/v1/logout", "{}", &a, NULL); /* else the login ends by its own time */
        buf_wipe(&a.text);
    }
    tool_tls_free(l->tls);
    wipe(l->cookie, sizeof l->cookie);
    buf_wipe(&l->in);
    buf_wipe(&l->out);
    free(l);
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

int tool_link_fd(const struct tool_link *l) {
    return tool_tls_fd(l->tls);
}

short tool_link_events(const struct tool_link *l) {
    return (short)(POLLIN | (tool_tls_wants_write(l->tls) || l->sent < l->out.count ? POLLOUT : 0));
}

size_t tool_link_pending(const struct tool_link *l) {
    return l->out.count - l->sent;
}

void tool_link_send(struct tool_link *l, bool is_text, const void *bytes, size_t count) {
    tool_frame_write(is_text ? TOOL_TEXT : TOOL_BINARY, bytes, count, &l->out);
}

void tool_link_call(struct tool_link *l, int64_t id, const char *method, const char *name, int64_t stream) {
    struct buf text;
    buf_init(&text, CAP_FRAME_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    if (id > 0) {
        jo_int(&j, "id", id);
    }
    jo_str(&j, "method", method);
    jo_object(&j, "params");
    if (name != NULL) {
        jo_str(&j, "name", name);
    }
    if (stream > 0) {
        jo_int(&j, "stream", stream);
    }
    jo_end(&j);
    jo_end(&j);
    tool_link_send(l, true, text.data, text.count);
    buf_fini(&text);
}

static enum result push(struct tool_link *l, struct fault *fault) {
    if (l->out.overflow || tool_link_pending(l) > TOOL_QUEUE_BYTES) {
        return fault_set(fault, RESULT_CLOSED, "the gateway does not read");
    }
    while (l->sent < l->out.count) {
        int n = tool_tls_write(l->tls, l->out.data + l->sent, l->out.count - l->sent);
        if (n <= 0) {
            return n == 0 ? RESULT_OK : fault_set(fault, RESULT_CLOSED, "the connection to the gateway broke");
        }
        l->sent += (size_t)n;
    }
    buf_reset(&l->out);
    l->sent = 0;
    return RESULT_OK;
}

static enum result take(struct tool_link *l, const struct tool_frame *frame, tool_message_fn *message, void *self,
                        struct fault *fault) {
    switch (frame->opcode) {
    case TOOL_TEXT:
    case TOOL_BINARY: message(self, frame->opcode == TOOL_TEXT, frame->bytes, frame->count); return RESULT_OK;
    case TOOL_PING: tool_frame_write(TOOL_PONG, frame->bytes, frame->count, &l->out); return RESULT_OK;
    case TOOL_PONG: return RESULT_OK;
    case TOOL_CLOSE: break;
    }
    bool has_reason = frame->count > 2 && utf8_valid(frame->bytes + 2, frame->count - 2);
    return fault_set(fault, RESULT_CLOSED, "the gateway closed the connection: %.*s",
                     has_reason ? (int)frame->count - 2 : 9, has_reason ? (const char *)frame->bytes + 2 : "no reason");
}

static enum result take_all(struct tool_link *l, tool_message_fn *message, void *self, struct fault *fault) {
    enum result result = RESULT_OK;
    size_t done = 0, taken = 0;
    struct tool_frame frame;
    while (result == RESULT_OK && done < l->in.count) {
        result = tool_frame_read(l->in.data + done, l->in.count - done, &frame, &taken, fault);
        if (result == RESULT_OK) {
            result = take(l, &frame, message, self, fault);
            done += taken;
        }
    }
    if (done > 0) {
        memmove(l->in.data, l->in.data + done, l->in.count - done);
        l->in.count -= done;
    }
    return result == RESULT_BUSY ? RESULT_OK : result;
}

enum result tool_link_turn(struct tool_link *l, tool_message_fn *message, void *self, struct fault *fault) {
    enum result result = take_all(l, message, self, fault); /* what came with the handshake's answer */
    bool is_more = true;
    for (int i = 0; i < 16 && result == RESULT_OK && is_more; i++) {
        uint8_t bytes[TOOL_READ_BYTES];
        int n = tool_tls_read(l->tls, bytes);
        if (n > 0) {
            buf_add(&l->in, bytes, (size_t)n);
            result = take_all(l, message, self, fault);
        } else if (n == 0) {
            is_more = false;
        } else {
            result = fault_set(fault, RESULT_CLOSED, "the connection to the gateway broke");
        }
    }
    return result == RESULT_OK ? push(l, fault) : result;
}
