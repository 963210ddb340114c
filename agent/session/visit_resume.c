/* When the link breaks: the session goes on without it for a while, and comes back without a lost byte.
 *
 * Every frame of the up chain is kept (fieldline/backlog.h) until the gateway says that it has it; programs run on as
 * far as their credit goes and then wait in their pty or socket. The visit dials again with the ticket that the gateway
 * gave it (one use each), both sides say how many frames of each chain they have, and each sends again what the other
 * lacks. Grace over, or the gateway does not know the ticket any more: everything is killed, as ever when nobody
 * records.
 *
 * Credit is in no chain and may have been lost. So after a resume each side first waits for the other's repeated frames
 * and then says what it has given and not yet received, channel by channel; what the other counts less than that is
 * what was lost. Until then neither gives any. session.synced ends it. */
#include <stdio.h>
#include <string.h>

#include "fieldline/log.h"
#include "session/visit_inside.h"

enum {
    /* All credit, and what needs none; beyond: the gateway does not acknowledge. */
    BACKLOG_BYTES = CAP_SESSION_STREAMS * CAP_CREDIT_BYTES + 1024 * 1024,
    ACK_FRAMES = 32,
    ACK_BYTES = 64 * 1024,
    STOPPING_MS = 3 * 1000 /* the product ends a session that is away: so long for a last word */
};

static const char ticket_head[] = "{\"jsonrpc\":\"2.0\",\"method\":\"session.ticket\",";
static const char resumed_head[] = "{\"jsonrpc\":\"2.0\",\"method\":\"session.resumed\",";
static const char synced_head[] = "{\"jsonrpc\":\"2.0\",\"method\":\"session.synced\",";

/* ---- the way out ------------------------------------------------------------------------------------------------- */

void visit_leave(struct visit *v, const struct frame *frame, bool is_text, const void *message, size_t bytes) {
    chain_add(&v->up, frame);
    backlog_add(&v->backlog, is_text, message, bytes);
    if (v->is_linked) {
        v->options.link->send(v->options.link_self, is_text, message, bytes);
    }
    if (v->backlog.bytes > BACKLOG_BYTES) {
        log_warn("session.visit", "gateway_protocol", "reason=\"nothing is acknowledged\"");
        visit_end(v, "gateway_protocol");
    }
}

size_t visit_pending(const struct visit *v) {
    return v->is_linked ? v->options.link->pending(v->options.link_self) : v->backlog.bytes;
}

/* Below the chains: acknowledgements, credit, the handshake of a resume. */
static void say(struct visit *v, bool is_text, const struct buf *message) {
    v->options.link->send(v->options.link_self, is_text, message->data, message->count);
}

void visit_received(struct visit *v, size_t bytes) {
    v->unacked_bytes += bytes;
    v->unacked_frames++;
    if (v->unacked_frames >= ACK_FRAMES || v->unacked_bytes >= ACK_BYTES) {
        struct buf message;
        buf_init(&message, 16);
        frame_ack_encode(v->down.count, &message);
        say(v, false, &message);
        buf_fini(&message);
        v->unacked_bytes = v->unacked_frames = 0;
    }
}

/* ---- away -------------------------------------------------------------------------------------------------------- */

bool visit_goes_away(struct visit *v, bool is_refused, const char *why) {
    if (!v->has_ticket || is_refused) {
        return false;
    }
    if (!v->is_away) {
        log_warn("session.visit", "link_lost", "session=%s reason=%s grace_ms=%lld", v->options.grant->session,
                 log_text(why), (long long)v->grace_ms);
        v->is_away = true;
        loop_arm(v->loop, &v->grace, v->is_stopping ? STOPPING_MS : v->grace_ms, visit_on_grace, v);
        if (v->phase == VISIT_ENDED) {
            loop_disarm(v->loop, &v->step); /* nobody can answer */
        }
    } else {
        log_info("session.visit", "still_away", "session=%s reason=%s", v->options.grant->session, log_text(why));
    }
    v->is_linked = false;
    v->is_muted = v->is_absolute = false;
    v->options.redial(v->options.self, v->ticket);
    return true;
}

void visit_stopping(struct visit *v) {
    v->is_stopping = true;
    if (v->is_away) {
        loop_arm(v->loop, &v->grace, STOPPING_MS, visit_on_grace, v);
    }
}

void visit_resume(struct visit *v) {
    struct buf message;
    buf_init(&message, 512);
    buf_printf(&message,
               "{\"jsonrpc\":\"2.0\",\"method\":\"session.resume\",\"params\":{\"session\":\"%s\",\"up\":%llu,"
               "\"down\":%llu}}",
               v->options.grant->session, (unsigned long long)v->up.count, (unsigned long long)v->down.count);
    v->is_muted = v->is_absolute = true;
    v->terminal_room_then = v->pty != NULL ? pty_room(v->pty) : 0;
    v->sync_down = UINT64_MAX;
    v->unacked_bytes = v->unacked_frames = 0;
    streams_mute(v->streams);
    say(v, true, &message);
    buf_fini(&message);
}

/* ---- back -------------------------------------------------------------------------------------------------------- */

static void send_again(void *self, bool is_text, const void *message, size_t bytes) {
    struct visit *v = self;
    v->options.link->send(v->options.link_self, is_text, message, bytes);
}

/* All that the gateway repeats has come: now it learns what it may send. */
void visit_sync(struct visit *v) {
    struct buf message;
    if (!v->is_muted || v->down.count < v->sync_down) {
        return;
    }
    v->is_muted = false;
    if (v->pty != NULL && v->input_given_bytes > 0) {
        struct credit credit = {.channel = CHANNEL_TERMINAL, .bytes = (uint32_t)v->input_given_bytes};
        buf_init(&message, 16);
        credit_encode(&credit, &message);
        say(v, false, &message);
        buf_fini(&message);
    }
    streams_sync(v->streams);
    buf_init(&message, 128);
    buf_printf(&message, "%s\"params\":{}}", synced_head);
    say(v, true, &message);
    buf_fini(&message);
}

static void on_resumed(struct visit *v, const struct json *params) {
    int64_t up = 0, down = 0;
    struct fault fault;
    if (!v->is_away || json_integer(params, "up", 0, INT64_MAX / 2, &up, &fault) != RESULT_OK ||
        json_integer(params, "down", 0, INT64_MAX / 2, &down, &fault) != RESULT_OK) {
        visit_end(v, "gateway_protocol");
        return;
    }
    backlog_drop(&v->backlog, (uint64_t)up);
    if (backlog_again(&v->backlog, (uint64_t)up, send_again, v) != RESULT_OK) {
        visit_end(v, "gateway_protocol"); /* it has more than was said, or forgot what it had acknowledged */
        return;
    }
    log_info("session.visit", "resumed", "session=%s again=%llu", v->options.grant->session,
             (unsigned long long)(v->up.count - (uint64_t)up));
    v->is_away = false;
    v->is_linked = true;
    v->sync_down = (uint64_t)down;
    loop_disarm(v->loop, &v->grace);
    visit_sync(v);
    visit_came_back(v);
}

static void on_ticket(struct visit *v, const struct json *params) {
    const char *token;
    int64_t grace_s;
    if (json_string(params, "token", sizeof v->ticket - 1, &token, NULL) == RESULT_OK &&
        json_integer(params, "grace_s", 1, CAP_SESSION_SECONDS, &grace_s, NULL) == RESULT_OK) {
        snprintf(v->ticket, sizeof v->ticket, "%s", token);
        v->grace_ms = grace_s * 1000;
        v->has_ticket = true;
    }
}

static bool begins(const struct frame *frame, const char *head, size_t chars) {
    return frame->channel == CHANNEL_CONTROL && frame->count >= chars && memcmp(frame->bytes, head, chars) == 0;
}

/* The gateway writes these three itself and in this spelling; whatever a person asks for begins otherwise. */
bool visit_below_chain(struct visit *v, const struct frame *frame) {
    bool is_ticket = begins(frame, ticket_head, sizeof ticket_head - 1);
    bool is_resumed = begins(frame, resumed_head, sizeof resumed_head - 1);
    struct json *message = NULL;
    if (begins(frame, synced_head, sizeof synced_head - 1)) {
        v->is_absolute = false;
        return true;
    }
    if (!is_ticket && !is_resumed) {
        return false;
    }
    if (json_parse((const char *)frame->bytes, frame->count, &message, NULL) == RESULT_OK && json_is_object(message) &&
        json_get(message, "params") != NULL) {
        (is_ticket ? on_ticket : on_resumed)(v, json_get(message, "params"));
    }
    json_free(message);
    return true;
}

void visit_credited(struct visit *v, const struct credit *credit) {
    if (credit->channel == CHANNEL_STREAM) {
        if (v->is_absolute) {
            streams_credit_absolute(v->streams, credit->stream, credit->bytes);
        } else {
            streams_credit(v->streams, credit->stream, credit->bytes);
        }
        return;
    }
    int64_t more = credit->bytes - (v->is_absolute ? v->terminal_room_then : 0);
    if (v->pty != NULL && more > 0) {
        pty_credit(v->pty, (uint32_t)more);
    }
}
