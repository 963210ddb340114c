/* What people send. One leg types: who holds the keyboard; tool legs of the same person move files and ports. Everybody
 * else may send credit, and the requests that are for people (relay_people.c). A refusal is a message to whoever asked,
 * not the end of the session; twenty of them close the leg. Requests: relay_request.c. */
#include "sessions/relay_inside.h"

static void on_terminal(struct relay_leg *leg, const struct frame *frame) {
    struct relay *r = leg->relay;
    if (leg->is_tool) {
        relay_refuse(leg, NULL, "denied", "a tool's connection does not type");
    } else if (r->phase != RELAY_LIVE) {
        relay_refuse(leg, NULL, "not_live", "the session is not live");
    } else if ((r->capabilities & CAPABILITY_BIT(CAPABILITY_SHELL)) == 0) {
        relay_refuse(leg, NULL, "denied", "'shell' was not granted or not consented to");
    } else if (!r->is_terminal_open) {
        relay_refuse(leg, NULL, "conflict", "no terminal is open");
    } else if (r->input.count + frame->count > RELAY_INPUT_BYTES) {
        relay_refuse(leg, NULL, "full", "the product does not read so fast; this input was dropped");
    } else {
        buf_add(&r->input, frame->bytes, frame->count);
        relay_flush_input(r);
    }
}

/* A leg that speaks credit is held to what it gives from the first time on. */
static void on_credit(struct relay_leg *leg, const struct frame *frame) {
    struct credit credit;
    if (credit_decode(frame, &credit) != RESULT_OK) {
        return; /* frame_decode has checked it */
    }
    if (credit.channel == CHANNEL_STREAM) {
        relay_stream_credit_up(leg, &credit);
        return;
    }
    if (!leg->has_credit) {
        leg->has_credit = true;
        leg->credit_bytes = 0;
    }
    leg->credit_bytes += credit.bytes;
    if (leg->credit_bytes > CAP_CREDIT_BYTES) {
        leg->credit_bytes = CAP_CREDIT_BYTES;
    }
    relay_give_credit(leg->relay);
}

void relay_from_person(struct relay_leg *leg, bool is_text, const void *message, size_t bytes) {
    struct relay *r = leg->relay;
    struct frame frame;
    struct fault fault;
    enum result result = frame_decode(is_text, DIRECTION_DOWN, message, bytes, &frame, &fault);
    if (result != RESULT_OK) {
        relay_refuse(leg, NULL, result_name(result), fault.text);
    } else if (frame.channel == CHANNEL_CREDIT) {
        on_credit(leg, &frame);
    } else if (frame.channel == CHANNEL_CONTROL || relay_may_act(leg, NULL)) {
        if (leg == r->typist || leg->is_tool) {
            r->active_mono_ms = r->now_mono_ms;
        }
        switch (frame.channel) {
        case CHANNEL_CONTROL: relay_request(leg, &frame); break;
        case CHANNEL_TERMINAL: on_terminal(leg, &frame); break;
        case CHANNEL_STREAM: relay_stream_down(leg, &frame, message, bytes); break;
        default: relay_refuse(leg, NULL, "denied", "the gateway decides what is a secret"); break;
        }
    }
}
