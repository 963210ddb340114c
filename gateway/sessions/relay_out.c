/* The only way out of a relay: what leaves has been written to the transcript by the same function, one line earlier.
 *
 * Flow control: the product may send terminal bytes only as far as the typing engineer's leg has room (its socket's
 * queue, and its own credit when it speaks it), so a flood stops in the product's pty and not in our memory. Watchers
 * do not slow anybody down: one that falls behind by RELAY_LEG_BYTES is dropped and may join again. */
#include <stdio.h>
#include <string.h>

#include "fieldline/log.h"
#include "sessions/relay_inside.h"

/* The recording failed: nothing more is relayed, and everybody is told why. */
static bool give_up(struct relay *r, enum result result, const struct fault *fault) {
    if (r->phase != RELAY_OVER) {
        log_error("gateway.sessions", "recording_failed", "session=%s device=%s reason=%s", r->options.session,
                  r->options.device, log_text(fault->text));
        relay_finish(r, result == RESULT_FULL ? "recording_full" : "recording_failed", fault->text);
    }
    return false;
}

static bool keep_down(struct relay *r, const struct frame *frame, const char *by) {
    struct fault fault;
    enum result result = record_frame(r->record, DIRECTION_DOWN, frame, by, relay_t_ms(r), &fault);
    return result == RESULT_OK || give_up(r, result, &fault);
}

bool relay_keep_up(struct relay *r, const struct frame *frame) {
    struct fault fault;
    enum result result = record_frame(r->record, DIRECTION_UP, frame, r->options.device, relay_t_ms(r), &fault);
    if (result != RESULT_OK) {
        return give_up(r, result, &fault);
    }
    relay_received(r, frame->count);
    return true;
}

bool relay_keep_stream(struct relay *r, enum direction dir, const struct frame *frame, const char *by,
                       bool keeps_bytes) {
    struct fault fault;
    enum result result = record_stream(r->record, dir, frame, by, keeps_bytes, relay_t_ms(r), &fault);
    if (result != RESULT_OK) {
        return give_up(r, result, &fault);
    }
    if (dir == DIRECTION_UP) {
        relay_received(r, frame->count);
    }
    return true;
}

bool relay_note(struct relay *r, const char *json, size_t bytes) {
    struct fault fault;
    if (r->record == NULL) {
        return true; /* nobody has dialled in: there is no session to record */
    }
    enum result result = record_note(r->record, json, bytes, relay_t_ms(r), &fault);
    return result == RESULT_OK || give_up(r, result, &fault);
}

bool relay_send_control(struct relay *r, const struct buf *json, const char *by, int columns, int rows) {
    struct frame frame = {.channel = CHANNEL_CONTROL, .bytes = json->data, .count = json->count};
    struct fault fault;
    if (columns > 0) {
        enum result result = record_size(r->record, &frame, by, columns, rows, relay_t_ms(r), &fault);
        if (result != RESULT_OK) {
            return give_up(r, result, &fault);
        }
    } else if (!keep_down(r, &frame, by)) {
        return false;
    }
    relay_to_product(r, true, json->data, json->count);
    return r->phase != RELAY_OVER;
}

void relay_forget_input(struct relay *r) {
    if (r->input.count > 0) {
        wipe(r->input.data, r->input.count);
    }
    buf_reset(&r->input);
}

void relay_drop_leg(struct relay_leg *leg, const char *reason) {
    struct relay *r = leg->relay;
    if (leg->is_dead) {
        return;
    }
    enum relay_part part = relay_part(leg);
    leg->is_dead = true;
    if (!leg->is_joining) {
        leg->ops->close(leg->self, reason);
    }
    if (r->typist == leg) {
        r->typist = NULL;
        r->typist_gone_mono_ms = r->now_mono_ms;
        relay_forget_input(r);
    }
    if (!leg->is_product) {
        relay_streams_leave(leg);
        relay_person_left(leg, part);
    }
}

void relay_send_leg(struct relay_leg *leg, bool is_text, const void *bytes, size_t count) {
    leg->ops->send(leg->self, is_text, bytes, count);
    if (leg->ops->pending(leg->self) > RELAY_LEG_BYTES) {
        log_warn("gateway.sessions", "leg_too_slow", "session=%s name=%s", leg->relay->options.session,
                 log_text(leg->name));
        relay_drop_leg(leg, "too_slow");
    }
}

void relay_send_people(struct relay *r, bool is_text, const void *bytes, size_t count) {
    for (struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        if (leg->is_dead || !relay_sees(leg) || (leg->is_tool && !is_text)) {
            continue; /* a tool shows no terminal */
        }
        if (!is_text) {
            leg->credit_bytes -= (int64_t)count - 1;
        }
        relay_send_leg(leg, is_text, bytes, count);
    }
}

static const char *phase_state(const struct relay *r) {
    switch (r->phase) {
    case RELAY_WAITING:
    case RELAY_CONNECTED: return "waiting";
    case RELAY_LIVE: return "live";
    case RELAY_ENDING: return "ending";
    case RELAY_OVER: return r->was_live ? "ended" : "failed";
    }
    return "unknown";
}

static void print_state(const struct relay *r, const struct relay_leg *leg, struct buf *out) {
    struct json_out j = json_out(out);
    int64_t left_ms = r->phase == RELAY_LIVE ? r->deadline_mono_ms - r->now_mono_ms : 0;
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_str(&j, "method", "session.state");
    jo_object(&j, "params");
    jo_str(&j, "state", phase_state(r));
    jo_str(&j, "reason", r->end_why);
    jo_str(&j, "text", r->end_why[0] != '\0' ? session_why_text(r->end_why) : "");
    capabilities_write(&j, "capabilities", r->capabilities);
    jo_int(&j, "seconds_left", left_ms > 0 ? left_ms / 1000 : 0);
    jo_str(&j, "to", leg->name);
    jo_bool(&j, "may_type", leg == r->typist);
    jo_bool(&j, "terminal_open", r->is_terminal_open);
    relay_people_state(leg, &j);
    jo_bool(&j, "product_away", r->is_away);
    jo_end(&j);
    jo_end(&j);
}

void relay_send_state(struct relay *r, struct relay_leg *leg) {
    struct buf text;
    buf_init(&text, MESSAGE_BYTES);
    print_state(r, leg, &text);
    /* Whoever is told that the recording failed is told although that cannot be recorded. */
    if (relay_note(r, buf_text(&text), text.count) || r->phase == RELAY_OVER) {
        if (!leg->is_dead) {
            relay_send_leg(leg, true, text.data, text.count);
        }
    }
    buf_fini(&text);
}

void relay_send_states(struct relay *r) {
    enum relay_phase phase = r->phase;
    for (struct relay_leg *leg = r->people; leg != NULL && r->phase == phase; leg = leg->next) {
        if (!leg->is_dead) {
            relay_send_state(r, leg);
        }
    }
}

static int rpc_code(const char *code) {
    static const struct {
        const char *code;
        int number;
    } rows[] = {{"bad_json", -32700}, {"unknown_method", -32601}, {"bad_input", -32602}, {"too_big", -32602}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(code, rows[i].code) == 0) {
            return rows[i].number;
        }
    }
    return -32000;
}

void relay_refuse(struct relay_leg *leg, const char *id, const char *code, const char *text) {
    struct buf message;
    buf_init(&message, MESSAGE_BYTES);
    struct json_out j = json_out(&message);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    if (id != NULL) {
        jo_raw(&j, "id", id, strlen(id));
        jo_object(&j, "error");
        jo_int(&j, "code", rpc_code(code));
        jo_str(&j, "message", text);
        jo_object(&j, "data");
        jo_str(&j, "code", code);
        jo_str(&j, "to", leg->name);
        jo_end(&j);
        jo_end(&j);
    } else {
        jo_str(&j, "method", "session.error");
        jo_object(&j, "params");
        jo_str(&j, "code", code);
        jo_str(&j, "text", text);
        jo_str(&j, "to", leg->name);
        jo_end(&j);
    }
    jo_end(&j);
    if (relay_note(leg->relay, buf_text(&message), message.count) && !leg->is_dead) {
        relay_send_leg(leg, true, message.data, message.count);
        bool is_held = strcmp(code, "frozen") == 0; /* keys that were under way are nobody's fault */
        if (!is_held && !relay_pace(&leg->refusals, leg->relay->now_mono_ms, RELAY_STRIKES - 1, STRIKES_WITHIN_MS)) {
            relay_drop_leg(leg, "too_many_errors");
        }
    }
    buf_fini(&message);
}

void relay_give_credit(struct relay *r) {
    if ((r->phase != RELAY_LIVE && r->phase != RELAY_ENDING) || !r->is_terminal_open || r->typist == NULL ||
        !relay_may_give(r)) {
        return;
    }
    int64_t room = RELAY_WINDOW_BYTES - (int64_t)r->typist->ops->pending(r->typist->self);
    if (r->typist->has_credit && r->typist->credit_bytes < room) {
        room = r->typist->credit_bytes;
    }
    int64_t more = room - r->output_credit_bytes;
    if (more < RELAY_WINDOW_BYTES / 4 && !(r->output_credit_bytes <= 0 && more > 0)) {
        return;
    }
    relay_credit_product(r, &(struct credit){.channel = CHANNEL_TERMINAL, .bytes = (uint32_t)more});
    r->output_credit_bytes += more;
}

/* One frame of typed text; as a secret when the product's terminal does not echo. */
static bool send_input(struct relay *r, const uint8_t *text, size_t count) {
    if (!relay_floor_author(r)) {
        return false;
    }
    uint8_t channel = r->is_echo_off ? CHANNEL_TERMINAL_SECRET : CHANNEL_TERMINAL;
    uint8_t salt[SECRET_SALT_BYTES];
    struct buf message;
    buf_init(&message, CAP_FRAME_BYTES + 1);
    buf_add_u8(&message, channel);
    if (r->is_echo_off) {
        random_bytes(salt, sizeof salt);
        buf_add(&message, salt, sizeof salt);
    }
    buf_add(&message, text, count);
    struct frame frame = {.channel = channel, .bytes = message.data + 1, .count = message.count - 1};
    bool is_kept = keep_down(r, &frame, r->typist->name);
    if (is_kept) {
        relay_to_product(r, false, message.data, message.count);
    }
    buf_wipe(&message);
    return is_kept && r->phase != RELAY_OVER;
}

/* While the product is away what is typed waits here, where a freeze or the end forgets it. */
void relay_flush_input(struct relay *r) {
    size_t done = 0;
    if (!relay_may_give(r)) {
        return;
    }
    while (r->phase == RELAY_LIVE && r->typist != NULL && done < r->input.count && r->input_credit_bytes > 0) {
        size_t count = r->input.count - done;
        if (count > (size_t)r->input_credit_bytes) {
            count = (size_t)r->input_credit_bytes;
        }
        if (count > CAP_FRAME_BYTES - SECRET_SALT_BYTES) {
            count = CAP_FRAME_BYTES - SECRET_SALT_BYTES;
        }
        count = utf8_cut(r->input.data + done, count);
        if (count == 0 || !send_input(r, r->input.data + done, count)) {
            break;
        }
        r->input_credit_bytes -= (int64_t)count;
        done += count;
    }
    if (done > 0 && r->phase != RELAY_OVER) {
        size_t left = r->input.count - done;
        memmove(r->input.data, r->input.data + done, left);
        wipe(r->input.data + left, done);
        r->input.count = left;
    }
}
