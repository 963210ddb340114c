/* What the product says, checked against what was granted and consented to. A product is not trusted: the first message
 * that breaks the protocol, claims more than the grant, or uses a channel that nobody opened ends the session with
 * "product_protocol". A product that is ours never does; one that is not ours has nothing to say here. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "sessions/relay_inside.h"

static void violation(struct relay *r, const char *text) {
    log_warn("gateway.sessions", "product_protocol", "session=%s device=%s text=%s", r->options.session,
             r->options.device, log_text(text));
    relay_finish(r, "product_protocol", text);
}

/* ---- dispatch ---------------------------------------------------------------------------------------------------- */

static void on_method(struct relay *r, const struct frame *frame, const char *method, const struct json *params) {
    const struct relay_notice *notice = relay_notice_find(method);
    struct fault fault;
    if (notice == NULL) {
        violation(r, "an unknown method");
    } else if ((notice->phases & RELAY_PHASE_BIT(r->phase)) == 0) {
        violation(r, "a message that does not belong to this part of a session");
    } else if (notice->capability >= 0 && (r->capabilities & CAPABILITY_BIT(notice->capability)) == 0) {
        violation(r, "a message of a capability that was not granted");
    } else if (notice->check(r, params, &fault) != RESULT_OK) {
        fault_prefix(&fault, "%s", method);
        violation(r, fault.text);
    } else if (relay_keep_up(r, frame)) {
        if (notice->act != NULL) {
            notice->act(r, params);
        }
        if (notice->is_forwarded) {
            relay_send_people(r, true, frame->bytes, frame->count);
        }
    }
}

/* The product's answer with the engineer's own id, to who asked; when he has gone, to whoever types now. */
static void forward_answer(struct relay *r, const struct relay_call *call, const struct json *answer) {
    struct relay_leg *leg = relay_call_leg(r, call);
    const struct json *part = json_get(answer, "error");
    const char *key = part != NULL ? "error" : "result";
    struct buf value, message;
    if (part == NULL) {
        part = json_get(answer, "result");
    }
    buf_init(&value, 2 * (size_t)MESSAGE_BYTES);
    buf_init(&message, 3 * (size_t)MESSAGE_BYTES);
    json_print(part, &value);
    struct json_out j = json_out(&message);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_raw(&j, "id", call->person_id, strlen(call->person_id));
    jo_raw(&j, key, buf_text(&value), value.count);
    jo_end(&j);
    if (leg != NULL && !value.overflow && !message.overflow) {
        relay_send_leg(leg, true, message.data, message.count);
    }
    buf_fini(&value);
    buf_fini(&message);
}

static void on_answer(struct relay *r, const struct frame *frame, const struct json *answer) {
    int64_t id;
    bool has_error = json_get(answer, "error") != NULL;
    struct fault fault;
    if (json_integer(answer, "id", 1, INT64_MAX / 2, &id, &fault) != RESULT_OK ||
        has_error == (json_get(answer, "result") != NULL)) {
        violation(r, "neither a request nor an answer");
        return;
    }
    if (!relay_keep_up(r, frame)) {
        return;
    }
    struct relay_call *call = relay_call_find(r, id);
    if (call == NULL) {
        return; /* given up meanwhile; it stays in the record */
    }
    if (call->is_terminal_open && has_error) {
        r->is_terminal_open = false;
    }
    if (call->stream != 0 && has_error) {
        relay_stream_forget(r, call->stream);
    }
    call->is_used = false;
    forward_answer(r, call, answer);
}

static void on_countersign(struct relay *r, const struct json *params) {
    const char *text, *signature;
    struct fault fault;
    if (!r->has_product_ended || json_string(params, "text", 400, &text, &fault) != RESULT_OK ||
        json_string(params, "signature", 2048, &signature, &fault) != RESULT_OK) {
        violation(r, "a countersignature that cannot be read, or too early");
        return;
    }
    r->countersign_text = mem_strdup(text);
    r->countersign_signature = mem_strdup(signature);
    relay_finish(r, r->end_why, "");
}

static bool is_one_line(const struct frame *frame) {
    for (size_t i = 0; i < frame->count; i++) {
        if (frame->bytes[i] < 0x20) {
            return false;
        }
    }
    return true;
}

static void on_control(struct relay *r, const struct frame *frame) {
    struct json *message = NULL;
    const char *version, *method = NULL;
    struct fault fault;
    if (!is_one_line(frame) || json_parse((const char *)frame->bytes, frame->count, &message, &fault) != RESULT_OK ||
        !json_is_object(message) || json_string(message, "jsonrpc", 3, &version, &fault) != RESULT_OK ||
        strcmp(version, "2.0") != 0 || json_optional_string(message, "method", 63, &method, &fault) != RESULT_OK) {
        violation(r, "a control message that is not one line of JSON-RPC 2.0");
    } else if (method != NULL) {
        const struct json *params = json_get(message, "params");
        if (params == NULL || !json_is_object(params) || json_get(message, "id") != NULL) {
            violation(r, "a message without params, or with an id");
        } else if (strcmp(method, "session.countersign") == 0) {
            on_countersign(r, params);
        } else if (strcmp(method, "session.synced") == 0) {
            r->is_absolute = false;
        } else if (r->has_product_ended) {
            violation(r, "a message after session.ended");
        } else {
            on_method(r, frame, method, params);
        }
    } else if (r->has_product_ended || !r->was_live) {
        violation(r, "an answer before session.hello or after session.ended");
    } else {
        on_answer(r, frame, message);
    }
    json_free(message);
}

static void on_terminal(struct relay *r, const struct frame *frame, const void *message, size_t bytes) {
    if (!r->was_live || r->has_product_ended || !r->is_terminal_open) {
        violation(r, "terminal bytes, but no terminal is open");
        return;
    }
    if ((int64_t)frame->count > r->output_credit_bytes) {
        violation(r, "more terminal bytes than it had credit for");
        return;
    }
    if (!relay_keep_up(r, frame)) {
        return;
    }
    r->output_credit_bytes -= (int64_t)frame->count;
    relay_send_people(r, false, message, bytes);
    relay_give_credit(r);
}

static void on_stream(struct relay *r, const struct frame *frame, const void *message, size_t bytes) {
    const char *wrong = !r->was_live || r->has_product_ended ? "bytes of a stream outside of the session"
                                                             : relay_stream_up(r, frame, message, bytes);
    if (wrong != NULL) {
        violation(r, wrong);
    } else if (r->phase != RELAY_OVER) {
        relay_streams_give(r);
    }
}

static void on_credit(struct relay *r, const struct frame *frame) {
    struct credit credit;
    if (credit_decode(frame, &credit) == RESULT_OK && credit.channel == CHANNEL_STREAM) {
        if (!relay_stream_credit_down(r, &credit)) {
            violation(r, "a credit for a stream that nobody opened, or beyond the cap");
        }
        return;
    }
    int64_t more = credit_decode(frame, &credit) != RESULT_OK
                       ? CAP_CREDIT_BYTES + 1
                       : credit.bytes - (r->is_absolute ? r->input_credit_then : 0);
    if (r->input_credit_bytes + more > CAP_CREDIT_BYTES) {
        violation(r, "a credit beyond the cap");
    } else if (r->is_terminal_open && more > 0) {
        r->input_credit_bytes += more;
        relay_flush_input(r);
    }
}

void relay_from_product(struct relay *r, bool is_text, const void *message, size_t bytes) {
    struct frame frame;
    struct fault fault;
    if (frame_decode(is_text, DIRECTION_UP, message, bytes, &frame, &fault) != RESULT_OK) {
        violation(r, fault.text);
        return;
    }
    if (r->is_resuming) {
        const char *wrong = relay_resume(r, is_text, message, bytes);
        if (wrong != NULL) {
            violation(r, wrong);
        }
        return;
    }
    switch (frame.channel) {
    case CHANNEL_CONTROL: on_control(r, &frame); break;
    case CHANNEL_TERMINAL: on_terminal(r, &frame, message, bytes); break;
    case CHANNEL_STREAM: on_stream(r, &frame, message, bytes); break;
    case CHANNEL_CREDIT: on_credit(r, &frame); break;
    case CHANNEL_ACK: relay_acknowledged(r, &frame); break;
    default: violation(r, "a channel that a product does not have"); break;
    }
    relay_sync(r); /* after what the frame has used up was counted */
}
