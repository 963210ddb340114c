/* The life of one live session at the gateway: who is attached, which clocks run, and how it ends.
 *
 * Owned by the edge thread, which calls in for every message, every drained queue and every tick; nothing here blocks
 * but the transcript's write(2); its fdatasync(2), every two seconds, is a flusher's (flush.h) where there is one. Legs
 * are only marked dead while a call is under way and freed at its end (settle), so that no function has to ask whether
 * the leg it holds still exists.
 *
 * An engineer's lost connection is not the end: the session waits for rejoin_ms, and the product, which gets no credit
 * meanwhile, waits with it. How it ends: relay_end.c. */
#include "sessions/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "sessions/relay_inside.h"
#include "sessions/token.h"

enum {
    IDLE_MS = 15 * 60 * 1000,
    REJOIN_MS = 30 * 1000,
    JOIN_MS = 2 * 60 * 1000,
    GRACE_MS = 30 * 1000,
    MODERATOR_MS = 60 * 1000
};
#define RECORD_BYTES (INT64_C(1) << 30)

int64_t relay_wall_ms(const struct relay *r) {
    return r->born_wall_ms + (r->now_mono_ms - r->born_mono_ms);
}

int64_t relay_t_ms(const struct relay *r) {
    return r->now_mono_ms - r->begun_mono_ms;
}

const char *relay_session(const struct relay *relay) {
    return relay->options.session;
}

const char *relay_device(const struct relay *relay) {
    return relay->options.device;
}

bool relay_is_live(const struct relay *relay) {
    return relay->phase == RELAY_LIVE || relay->phase == RELAY_ENDING;
}

bool relay_is_over(const struct relay *relay) {
    return relay->phase == RELAY_OVER;
}

const char *relay_engineer(const struct relay *r) {
    return r->options.engineer;
}

static int64_t or_default(int64_t value, int64_t initial) {
    return value > 0 ? value : initial;
}

struct relay *relay_new(const struct relay_options *options, int64_t mono_ms, int64_t wall_ms) {
    struct relay *r = mem_alloc(sizeof *r);
    r->options = *options;
    r->options.idle_ms = or_default(options->idle_ms, IDLE_MS);
    r->options.rejoin_ms = or_default(options->rejoin_ms, REJOIN_MS);
    r->options.join_ms = or_default(options->join_ms, JOIN_MS);
    r->options.grace_ms = or_default(options->grace_ms, GRACE_MS);
    r->options.moderator_ms = or_default(options->moderator_ms, MODERATOR_MS);
    r->options.record_bytes = or_default(options->record_bytes, RECORD_BYTES);
    r->options.transcript_dir = mem_strdup(options->transcript_dir);
    r->born_mono_ms = r->now_mono_ms = mono_ms;
    r->born_wall_ms = wall_ms;
    r->phase_due_mono_ms = mono_ms + options->expect_ms;
    r->next_id = 1;
    buf_init(&r->input, RELAY_INPUT_BYTES);
    relay_floor_init(r);
    backlog_init(&r->backlog);
    return r;
}

/* Frees the legs that died during this call. */
static void forget_leg(struct relay *r, const struct relay_leg *leg) {
    for (size_t i = 0; i < RELAY_CALLS; i++) {
        if (r->calls[i].leg == leg) {
            r->calls[i].leg = NULL;
        }
    }
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        if (r->streams[i].owner == leg) {
            r->streams[i].owner = NULL;
        }
    }
}

static void bury(struct relay *r) {
    if (r->product != NULL && r->product->is_dead) {
        free(r->product);
        r->product = NULL;
    }
    for (struct relay_leg **at = &r->people; *at != NULL;) {
        struct relay_leg *leg = *at;
        if (leg->is_dead) {
            *at = leg->next;
            forget_leg(r, leg);
            free(leg);
        } else {
            at = &leg->next;
        }
    }
}

static void settle(struct relay *r) {
    do {
        bury(r);
    } while (relay_people_settle(r));
}

static void enter(struct relay *r, int64_t mono_ms) {
    if (mono_ms > r->now_mono_ms) {
        r->now_mono_ms = mono_ms;
    }
}

void relay_revoke(struct relay *relay, int64_t mono_ms) {
    enter(relay, mono_ms);
    relay_begin_revoked(relay);
    settle(relay);
}

const char *relay_certificate(const struct relay *relay) {
    return relay->certificate;
}

bool relay_expects(const struct relay *relay, const char *token, const char *device) {
    return relay->phase == RELAY_WAITING && strcmp(device, relay->options.device) == 0 &&
           session_token_matches(token, relay->options.token_sha256);
}

void relay_end(struct relay *relay, const char *why, const char *by, int64_t mono_ms) {
    enter(relay, mono_ms);
    relay_begin_end(relay, why, by);
    settle(relay);
}

void relay_free(struct relay *relay) {
    if (relay == NULL) {
        return;
    }
    relay->is_silent = true;
    relay_finish(relay, "gateway_stopping", "");
    settle(relay);
    free((char *)relay->options.transcript_dir);
    free(relay->certificate);
    free(relay->countersign_text);
    free(relay->countersign_signature);
    buf_wipe(&relay->input);
    backlog_fini(&relay->backlog);
    relay_chat_free(relay);
    free(relay);
}

/* ---- legs -------------------------------------------------------------------------------------------------------- */

static struct relay_leg *leg_new(struct relay *r, const char *name, const struct relay_leg_ops *ops, void *leg_self) {
    struct relay_leg *leg = mem_alloc(sizeof *leg);
    leg->relay = r;
    leg->ops = ops;
    leg->self = leg_self;
    snprintf(leg->name, sizeof leg->name, "%s", name);
    return leg;
}

static enum result open_record(struct relay *r, struct fault *fault) {
    struct record_options options = {.vault = r->options.vault,
                                     .seal_key = r->options.seal_key,
                                     .escrow = r->options.escrow,
                                     .dir = r->options.transcript_dir,
                                     .session = r->options.session,
                                     .device = r->options.device,
                                     .engineer = r->options.engineer,
                                     .subject = r->options.subject,
                                     .ticket = r->options.ticket,
                                     .capabilities = r->options.capabilities,
                                     .wall_ms = relay_wall_ms(r),
                                     .cap_bytes = r->options.record_bytes};
    return record_open(&options, &r->record, fault);
}

/* A ticket: the session goes on. What the gateway may still believe to be the product's leg is dead. */
static enum result attach_again(struct relay *r, const char *token, const char *device, const char *certificate_pem,
                                const struct relay_leg_ops *ops, void *leg_self, struct relay_leg **out,
                                struct fault *fault) {
    if (strcmp(device, r->options.device) != 0) {
        return fault_set(fault, RESULT_DENIED, "the ticket is not for this product");
    }
    if (strcmp(certificate_pem == NULL ? "" : certificate_pem, r->certificate == NULL ? "" : r->certificate) != 0) {
        return fault_set(fault, RESULT_DENIED, "the ticket is for the certificate with which the session began");
    }
    if (r->product != NULL) {
        relay_drop_leg(r->product, "replaced");
        settle(r);
    }
    struct relay_leg *leg = leg_new(r, device, ops, leg_self);
    leg->is_product = true;
    relay_attach_again(r, token, leg);
    *out = leg;
    return RESULT_OK;
}

enum result relay_attach_product(struct relay *r, const char *token, const char *device, const char *certificate_pem,
                                 const struct relay_leg_ops *ops, void *leg_self, int64_t mono_ms,
                                 struct relay_leg **out, struct fault *fault) {
    enter(r, mono_ms);
    if (relay_ticket_matches(r, token)) {
        return attach_again(r, token, device, certificate_pem, ops, leg_self, out, fault);
    }
    if (!session_token_matches(token, r->options.token_sha256)) {
        return fault_set(fault, RESULT_NOT_FOUND, "the token belongs to no session");
    }
    if (strcmp(device, r->options.device) != 0) {
        return fault_set(fault, RESULT_DENIED, "the token is not for this product");
    }
    if (r->phase != RELAY_WAITING) {
        return fault_set(fault, RESULT_CONFLICT, "the token was used before");
    }
    if (r->now_mono_ms > r->phase_due_mono_ms) {
        return fault_set(fault, RESULT_EXPIRED, "the token has expired");
    }
    if (open_record(r, fault) != RESULT_OK) {
        log_error("gateway.sessions", "recording_failed", "session=%s device=%s reason=%s", r->options.session,
                  r->options.device, log_text(fault->text));
        relay_finish(r, "recording_failed", fault->text);
        settle(r);
        return RESULT_IO;
    }
    r->product = leg_new(r, device, ops, leg_self);
    r->product->is_product = true;
    r->certificate = certificate_pem != NULL ? mem_strdup(certificate_pem) : NULL;
    r->begun_mono_ms = r->synced_mono_ms = r->now_mono_ms;
    r->phase = RELAY_CONNECTED;
    r->phase_due_mono_ms = r->now_mono_ms + HELLO_MS;
    *out = r->product;
    return RESULT_OK;
}

static size_t count_people(const struct relay *r) {
    size_t count = 0;
    for (const struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        count++;
    }
    return count;
}

enum result relay_attach_person(struct relay *r, const struct relay_person *person, const struct relay_leg_ops *ops,
                                void *leg_self, int64_t mono_ms, struct relay_leg **out, struct fault *fault) {
    enter(r, mono_ms);
    if (r->phase == RELAY_OVER) {
        return fault_set(fault, RESULT_CLOSED, "the session is over: %s", session_why_text(r->end_why));
    }
    bool is_typist = strcmp(person->name, r->floor.keyboard) == 0 && !person->is_tool && !person->is_guest;
    if (person->is_tool && strcmp(person->name, r->floor.keyboard) != 0) {
        return fault_set(fault, RESULT_DENIED, "only who holds the keyboard may use tools here");
    }
    struct relay_leg *before = person->is_tool ? NULL : relay_find_person(r, person->name);
    if (before != NULL && before->is_driver) {
        return fault_set(fault, RESULT_CONFLICT, "a job is at work in this session in your name; it ends by itself");
    }
    if (before != NULL) {
        relay_drop_leg(before, "replaced");
        settle(r);
    }
    if (count_people(r) >= RELAY_LEGS) {
        return fault_set(fault, RESULT_FULL, "%d people are in this session already", RELAY_LEGS);
    }
    struct relay_leg *leg = leg_new(r, person->name, ops, leg_self);
    relay_person_init(leg, person);
    leg->is_driver = person->is_driver;
    leg->next = r->people;
    r->people = leg;
    if (is_typist) {
        r->typist = leg;
        r->had_typist = true;
        r->active_mono_ms = r->now_mono_ms;
    }
    leg->is_joining = true;
    relay_person_joined(leg);
    relay_send_state(r, leg);
    relay_chat_catch_up(leg);
    relay_give_credit(r);
    while (relay_people_settle(r)) {
    }
    leg->is_joining = false;
    bool is_here = !leg->is_dead;
    settle(r);
    if (!is_here) {
        return fault_set(fault, RESULT_CLOSED, "the session is over: %s", session_why_text(r->end_why));
    }
    *out = leg;
    return RESULT_OK;
}

static void product_lost(struct relay *r) {
    if (relay_goes_away(r)) {
        return;
    }
    switch (r->phase) {
    case RELAY_CONNECTED:
    case RELAY_LIVE: relay_finish(r, "agent_gone", ""); break;
    case RELAY_ENDING: relay_finish(r, r->end_why, ""); break;
    case RELAY_WAITING:
    case RELAY_OVER: break;
    }
}

void relay_detach(struct relay_leg *leg, int64_t mono_ms) {
    struct relay *r = leg->relay;
    enter(r, mono_ms);
    enum relay_part part = relay_part(leg);
    leg->is_dead = true;
    if (leg->is_product) {
        product_lost(r);
    } else {
        if (leg == r->typist) {
            r->typist = NULL;
            r->typist_gone_mono_ms = r->now_mono_ms;
            relay_forget_input(r);
        }
        relay_streams_leave(leg);
        relay_person_left(leg, part);
    }
    settle(r);
}

void relay_receive(struct relay_leg *leg, bool is_text, const void *message, size_t bytes, int64_t mono_ms) {
    struct relay *r = leg->relay;
    enter(r, mono_ms);
    if (leg->is_product) {
        relay_from_product(r, is_text, message, bytes);
    } else {
        relay_from_person(leg, is_text, message, bytes);
    }
    settle(r);
}

void relay_drained(struct relay_leg *leg, int64_t mono_ms) {
    struct relay *r = leg->relay;
    enter(r, mono_ms);
    if (leg == r->typist) {
        relay_give_credit(r);
    }
    relay_streams_give(r);
    settle(r);
}

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

static void tick_calls(struct relay *r) {
    for (size_t i = 0; i < RELAY_CALLS && r->phase == RELAY_LIVE; i++) {
        struct relay_call *call = &r->calls[i];
        if (call->is_used && r->now_mono_ms - call->since_mono_ms > CALL_MS) {
            call->is_used = false;
            struct relay_leg *leg = relay_call_leg(r, call);
            if (leg != NULL) {
                relay_refuse(leg, call->person_id, "timed_out", "the product did not answer");
            }
        }
    }
}

static bool has_tool(const struct relay *r) {
    const struct relay_leg *leg = r->people;
    while (leg != NULL && !leg->is_tool) {
        leg = leg->next;
    }
    return leg != NULL;
}

static void tick_live(struct relay *r) {
    int64_t away_ms = has_tool(r) ? 0 : r->now_mono_ms - r->typist_gone_mono_ms;
    if (relay_is_away_too_long(r)) {
        relay_finish(r, "agent_gone", "");
    } else if (r->is_resuming && r->now_mono_ms >= r->resume_due_mono_ms) {
        relay_finish(r, "product_protocol", "the product came back and said nothing");
    } else if (r->now_mono_ms >= r->deadline_mono_ms + DEADLINE_GRACE_MS) {
        relay_begin_end(r, "deadline", "");
    } else if (r->now_mono_ms - r->active_mono_ms >= r->options.idle_ms) {
        relay_begin_end(r, "idle", "");
    } else if (r->typist == NULL && away_ms >= (r->had_typist ? r->options.rejoin_ms : r->options.join_ms)) {
        relay_begin_end(r, "engineer_gone", "");
    } else if (!relay_floor_tick(r)) {
        tick_calls(r);
        relay_give_credit(r);
        relay_acknowledge(r);
    }
}

static void tick_sync(struct relay *r) {
    struct fault fault;
    if (r->record == NULL || r->now_mono_ms - r->synced_mono_ms < SYNC_MS) {
        return;
    }
    r->synced_mono_ms = r->now_mono_ms;
    if (record_flush(r->record, &r->options.flusher, relay_t_ms(r), &fault) != RESULT_OK) {
        log_error("gateway.sessions", "recording_failed", "session=%s device=%s reason=%s", r->options.session,
                  r->options.device, log_text(fault.text));
        relay_finish(r, "recording_failed", fault.text);
    }
}

void relay_tick(struct relay *r, int64_t mono_ms) {
    enter(r, mono_ms);
    bool is_due = r->now_mono_ms >= r->phase_due_mono_ms;
    switch (r->phase) {
    case RELAY_WAITING:
    case RELAY_CONNECTED:
        if (is_due) {
            relay_finish(r, "no_product", "");
        }
        break;
    case RELAY_LIVE: tick_live(r); break;
    case RELAY_ENDING:
        if (is_due) {
            relay_finish(r, r->end_why, "");
        }
        break;
    case RELAY_OVER: break;
    }
    relay_people_tick(r);
    tick_sync(r);
    settle(r);
}
