/* When the product's link breaks: the session waits for it, and goes on without a lost byte. The other half, and the
 * reasons, are the product's (agent/session/visit_resume.c).
 *
 * What goes down is kept until the product acknowledges it; what came up was recorded before it was acknowledged, so a
 * resume never has to trust anybody's memory: both counts are those of the hash chains. People may go on typing into
 * the gap as far as their credit goes; it is recorded, kept and repeated. A ticket is good for the same certificate
 * within the grace time, and until the one that follows it is used: an answer that brings the next may be lost. A
 * second connection takes over from one that the gateway still believes in, because the product notices a dead link
 * first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "sessions/relay_inside.h"
#include "sessions/token.h"

enum {
    /* All credit, and what needs none; beyond: the product does not acknowledge. */
    BACKLOG_BYTES = CAP_SESSION_STREAMS * CAP_CREDIT_BYTES + 1024 * 1024,
    ACK_FRAMES = 32,
    ACK_BYTES = 64 * 1024
};

static bool is_linked(const struct relay *r) {
    return r->product != NULL && !r->product->is_dead && !r->is_resuming;
}

static void say(struct relay *r, bool is_text, const struct buf *message) {
    r->product->ops->send(r->product->self, is_text, message->data, message->count);
}

void relay_to_product(struct relay *r, bool is_text, const void *message, size_t bytes) {
    if (r->resumes) {
        backlog_add(&r->backlog, is_text, message, bytes);
    }
    if (is_linked(r)) {
        r->product->ops->send(r->product->self, is_text, message, bytes);
    }
    if (r->backlog.bytes > BACKLOG_BYTES && r->phase != RELAY_OVER) {
        log_warn("gateway.sessions", "nothing_acknowledged", "session=%s device=%s", r->options.session,
                 r->options.device);
        relay_finish(r, r->is_away ? "agent_gone" : "product_protocol", "");
    }
}

bool relay_may_give(const struct relay *r) {
    return is_linked(r) && !r->is_muted;
}

void relay_credit_product(struct relay *r, const struct credit *credit) {
    struct buf message;
    buf_init(&message, 16);
    credit_encode(credit, &message);
    say(r, false, &message);
    buf_fini(&message);
}

/* ---- acknowledgements -------------------------------------------------------------------------------------------- */

void relay_acknowledge(struct relay *r) {
    struct buf message;
    if (!r->resumes || r->unacked_frames == 0 || r->record == NULL || !is_linked(r)) {
        return;
    }
    buf_init(&message, 16);
    frame_ack_encode(record_sums(r->record)->up.count, &message);
    say(r, false, &message);
    buf_fini(&message);
    r->unacked_frames = r->unacked_bytes = 0;
}

void relay_received(struct relay *r, size_t bytes) {
    r->unacked_frames++;
    r->unacked_bytes += bytes;
    if (r->unacked_frames >= ACK_FRAMES || r->unacked_bytes >= ACK_BYTES) {
        relay_acknowledge(r);
    }
}

void relay_acknowledged(struct relay *r, const struct frame *frame) {
    uint64_t frames;
    if (frame_ack_decode(frame, &frames) == RESULT_OK) {
        backlog_drop(&r->backlog, frames);
    }
}

/* ---- away -------------------------------------------------------------------------------------------------------- */

static void note(struct relay *r, const char *method, int64_t away_ms) {
    char text[160];
    int chars = snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":{\"ms\":%lld}}", method,
                         (long long)away_ms);
    if (relay_note(r, text, (size_t)chars)) {
        relay_send_states(r);
    }
}

bool relay_goes_away(struct relay *r) {
    if (!r->resumes || (r->phase != RELAY_LIVE && r->phase != RELAY_ENDING)) {
        return false;
    }
    r->is_resuming = false;
    if (!r->is_away) {
        r->is_away = true;
        r->away_since_mono_ms = r->now_mono_ms;
        r->away_down = record_sums(r->record)->down.count;
        log_warn("gateway.sessions", "product_away", "session=%s device=%s", r->options.session, r->options.device);
        note(r, "session.away", r->options.grace_ms);
    }
    return true;
}

void relay_note_hole(struct relay *r) {
    const bool lacks = r->record != NULL && r->is_muted && record_sums(r->record)->up.count < r->sync_up;
    if (r->record == NULL || r->has_product_ended || !(r->is_away || lacks)) {
        return;
    }
    struct buf text;
    struct json_out j = relay_say(&text, "transcript.hole");
    jo_int(&j, "from_ms", r->away_since_mono_ms - r->begun_mono_ms);
    jo_int(&j, "to_ms", relay_t_ms(r));
    jo_str(&j, "text",
           lacks ? "The product came back, and the session ended before it had sent what it kept meanwhile."
                 : "The link to the product was lost and did not come back before the session ended.");
    (void)!relay_record_said(r, &j, &text); /* a failure has ended the session */
}

bool relay_is_away_too_long(const struct relay *r) {
    return r->is_away && r->now_mono_ms - r->away_since_mono_ms >= r->options.grace_ms;
}

void relay_give_ticket(struct relay *r) {
    char token[SESSION_TOKEN_CHARS + 1];
    struct buf message;
    if (!r->resumes) {
        return;
    }
    session_token_make(token, r->ticket_sha256);
    r->has_ticket = true;
    buf_init(&message, 512);
    buf_printf(&message,
               "{\"jsonrpc\":\"2.0\",\"method\":\"session.ticket\",\"params\":{\"token\":\"%s\",\"grace_s\":%lld}}",
               token, (long long)(r->options.grace_ms / 1000));
    say(r, true, &message);
    wipe(token, sizeof token);
    buf_wipe(&message);
}

bool relay_ticket_matches(const struct relay *r, const char *token) {
    bool is_newest = r->has_ticket && session_token_matches(token, r->ticket_sha256);
    bool is_used = r->has_used_ticket && session_token_matches(token, r->used_ticket_sha256);
    return (is_newest || is_used) && (r->phase == RELAY_LIVE || r->phase == RELAY_ENDING);
}

void relay_attach_again(struct relay *r, const char *token, struct relay_leg *leg) {
    if (session_token_matches(token, r->ticket_sha256)) {
        memcpy(r->used_ticket_sha256, r->ticket_sha256, SHA256_BYTES);
        r->has_used_ticket = true;
        r->has_ticket = false;
    }
    r->product = leg;
    r->is_resuming = true;
    r->resume_due_mono_ms = r->now_mono_ms + HELLO_MS;
}

/* ---- back -------------------------------------------------------------------------------------------------------- */

static void send_again(void *self, bool is_text, const void *message, size_t bytes) {
    struct relay *r = self;
    r->product->ops->send(r->product->self, is_text, message, bytes);
}

static void answer(struct relay *r) {
    const struct transcript_sums *sums = record_sums(r->record);
    struct buf message;
    buf_init(&message, 256);
    buf_printf(&message, "{\"jsonrpc\":\"2.0\",\"method\":\"session.resumed\",\"params\":{\"up\":%llu,\"down\":%llu}}",
               (unsigned long long)sums->up.count, (unsigned long long)sums->down.count);
    say(r, true, &message);
    buf_fini(&message);
}

static const char *resume(struct relay *r, const struct json *params) {
    const struct transcript_sums *sums = record_sums(r->record);
    const char *session;
    int64_t up, down, away_ms = r->now_mono_ms - r->away_since_mono_ms;
    if (json_string(params, "session", CAP_UUID_BYTES, &session, NULL) != RESULT_OK ||
        strcmp(session, r->options.session) != 0 ||
        json_integer(params, "up", 0, INT64_MAX / 2, &up, NULL) != RESULT_OK ||
        json_integer(params, "down", 0, INT64_MAX / 2, &down, NULL) != RESULT_OK) {
        return "a resume that cannot be read";
    }
    if ((uint64_t)up < sums->up.count) {
        return "a resume that takes back what was said";
    }
    backlog_drop(&r->backlog, (uint64_t)down);
    answer(r);
    if (backlog_again(&r->backlog, (uint64_t)down, send_again, r) != RESULT_OK) {
        return "a resume that has frames which were never sent, or lacks what it had acknowledged";
    }
    r->is_resuming = false;
    r->is_muted = r->is_absolute = true;
    r->sync_up = (uint64_t)up;
    r->input_credit_then = r->input_credit_bytes;
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        r->streams[i].down_credit_then = r->streams[i].down_credit_bytes;
    }
    relay_give_ticket(r);
    log_info("gateway.sessions", "product_back", "session=%s device=%s away_ms=%lld", r->options.session,
             r->options.device, r->is_away ? (long long)away_ms : 0LL);
    r->is_away = false;
    note(r, "session.back", away_ms);
    relay_sync(r);
    return NULL;
}

const char *relay_resume(struct relay *r, bool is_text, const void *message, size_t bytes) {
    static const char other[] = "another message than session.resume";
    struct json *object = NULL;
    const char *method, *wrong = other;
    if (is_text && json_parse(message, bytes, &object, NULL) == RESULT_OK && json_is_object(object) &&
        json_string(object, "method", 63, &method, NULL) == RESULT_OK && strcmp(method, "session.resume") == 0) {
        const struct json *params = json_get(object, "params");
        wrong = params != NULL && json_is_object(params) ? resume(r, params) : other;
    }
    json_free(object);
    return wrong;
}

void relay_sync(struct relay *r) {
    struct buf message;
    if (!r->is_muted || r->record == NULL || record_sums(r->record)->up.count < r->sync_up || !is_linked(r)) {
        return;
    }
    r->is_muted = false;
    if (r->is_terminal_open && r->output_credit_bytes > 0) {
        relay_credit_product(r,
                             &(struct credit){.channel = CHANNEL_TERMINAL, .bytes = (uint32_t)r->output_credit_bytes});
    }
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        const struct relay_stream *stream = &r->streams[i];
        if (stream->number != 0 && stream->up_credit_bytes > 0) {
            relay_credit_product(r, &(struct credit){.channel = CHANNEL_STREAM,
                                                     .stream = stream->number,
                                                     .bytes = (uint32_t)stream->up_credit_bytes});
        }
    }
    buf_init(&message, 128);
    buf_str(&message, "{\"jsonrpc\":\"2.0\",\"method\":\"session.synced\",\"params\":{}}");
    say(r, true, &message);
    buf_fini(&message);
    relay_give_credit(r);
    relay_streams_give(r);
    relay_flush_input(r);
}
