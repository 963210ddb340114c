/* The end of a live session, in order: session.end to the product (the last frame down), its session.ended (the last
 * frame up), its countersignature, seal, word to everybody, all legs closed. relay_begin_end starts it, relay_product.c
 * and the clocks of relay.c carry it on, relay_finish is the one way out.
 *
 * Each step has a time-out that goes on without it, and the seal says what is missing. The product always gets the last
 * word down, also when it ended by itself: only so does it know where the down chain stops, and can countersign it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "sessions/relay_inside.h"
#include "sessions/seal.h"

/* Seals what was recorded; false (and a sentence) when that could not be. */
static bool seal_up(struct relay *r, struct session_event *event, struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES];
    struct seal seal;
    struct countersign countersign = {
        .text = r->countersign_text, .signature = r->countersign_signature, .certificate = r->certificate};
    bool is_complete = record_finish(r->record, relay_t_ms(r), fault) == RESULT_OK && r->has_product_ended;
    const struct transcript_sums *sums = record_sums(r->record);
    snprintf(base, sizeof base, "%s/%s", r->options.transcript_dir, r->options.session);
    struct seal_texts texts;
    bool is_counted = record_texts(r->record, &texts);
    if (seal_make(r->options.vault, base, sums, is_counted ? &texts : NULL, &countersign, r->end_why, is_complete,
                  relay_wall_ms(r), &seal, fault) != RESULT_OK ||
        seal_write(&seal, base, r->options.seal_key, fault) != RESULT_OK) {
        log_error("gateway.sessions", "seal_failed", "session=%s reason=%s", r->options.session, log_text(fault->text));
        return false;
    }
    event->frames = (int64_t)seal.frames;
    event->is_countersigned = seal.is_countersigned;
    event->is_complete = is_complete;
    seal_digest(&seal, event->digest);
    return true;
}

static void say_event(struct relay *r, const struct session_event *event) {
    log_info("gateway.sessions", "session_over", "session=%s device=%s why=%s frames=%lld countersigned=%d complete=%d",
             r->options.session, r->options.device, event->why, (long long)event->frames, event->is_countersigned,
             event->is_complete);
    if (!r->is_silent) {
        r->options.event(r->options.self, r->options.session, event);
    }
}

static void close_all(struct relay *r) {
    if (r->product != NULL) {
        relay_drop_leg(r->product, r->end_why);
    }
    for (struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        relay_drop_leg(leg, r->end_why);
    }
}

void relay_finish(struct relay *r, const char *why, const char *text) {
    struct session_event event = {0};
    struct fault fault;
    if (r->phase == RELAY_OVER) {
        return;
    }
    if (why != r->end_why) {
        snprintf(r->end_why, sizeof r->end_why, "%s", why);
    }
    relay_call_end(r);
    if (r->phase != RELAY_OVER) {
        relay_note_hole(r);
    }
    if (r->phase == RELAY_OVER) {
        return; /* that could not be recorded */
    }
    r->phase = RELAY_OVER;
    r->is_terminal_open = false;
    relay_send_states(r);
    event.kind = r->was_live ? SESSION_EVENT_ENDED : SESSION_EVENT_FAILED;
    event.at_ms = relay_wall_ms(r);
    snprintf(event.why, sizeof event.why, "%s", r->end_why);
    snprintf(event.text, sizeof event.text, "%s", text);
    if (r->children_left > 0) {
        snprintf(event.text, sizeof event.text, "%s %lld processes could not be ended on the product.",
                 session_why_text(r->end_why), (long long)r->children_left);
    }
    if (r->record != NULL && !seal_up(r, &event, &fault)) {
        snprintf(event.text, sizeof event.text, "%s The recording could not be sealed.", session_why_text(r->end_why));
    }
    record_close(r->record);
    r->record = NULL;
    say_event(r, &event);
    close_all(r);
}

void relay_begin_end(struct relay *r, const char *why, const char *by) {
    struct buf message;
    if (r->phase == RELAY_ENDING || r->phase == RELAY_OVER) {
        return;
    }
    /* What was sent into a broken link must not be carried out by a product that comes back after the end. */
    bool has_undelivered = r->is_away && record_sums(r->record)->down.count > r->away_down;
    if (r->phase != RELAY_LIVE || has_undelivered) {
        relay_finish(r, why, "");
        return;
    }
    snprintf(r->end_why, sizeof r->end_why, "%s", why);
    buf_init(&message, MESSAGE_BYTES);
    struct json_out j = json_out(&message);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_str(&j, "method", "session.end");
    jo_object(&j, "params");
    jo_str(&j, "reason", why);
    jo_str(&j, "by", by);
    jo_end(&j);
    jo_end(&j);
    r->phase = RELAY_ENDING;
    r->phase_due_mono_ms = r->now_mono_ms + END_MS;
    relay_forget_input(r);
    if (relay_send_control(r, &message, by, 0, 0)) {
        r->has_sent_end = true;
        relay_send_states(r);
    }
    buf_fini(&message);
}

/* An honest product ends its programs when it is asked to; the other kind is not listened to any longer than that. */
void relay_begin_revoked(struct relay *r) {
    const bool is_away = r->is_away;
    r->resumes = r->has_ticket = r->has_used_ticket = false;
    relay_begin_end(r, "certificate_revoked", "gateway");
    if (r->phase != RELAY_ENDING) {
        return;
    }
    if (is_away) {
        relay_finish(r, r->end_why, "");
    } else if (r->phase_due_mono_ms > r->now_mono_ms + REVOKED_MS) {
        r->phase_due_mono_ms = r->now_mono_ms + REVOKED_MS;
    }
}
