/* What the product says, checked against what was granted and consented to. A product is not trusted: the first message
 * that breaks the protocol, claims more than the grant, or uses a channel that nobody opened ends the session with
 * "product_protocol". A product that is ours never does; one that is not ours has nothing to say here. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "sessions/relay_inside.h"

#define PHASE(p) (1u << (p))

static void violation(struct relay *r, const char *text) {
    log_warn("gateway.sessions", "product_protocol", "session=%s device=%s text=%s", r->options.session,
             r->options.device, log_text(text));
    relay_finish(r, "product_protocol", text);
}

/* ---- each method: check, then act (after it was recorded) ----------------------------------------------------------
 */

struct hello {
    uint32_t capabilities;
    struct session_consent consent;
    int64_t deadline_s;
};

static enum result hello_read(const struct relay *r, const struct json *params, struct hello *out,
                              struct fault *fault) {
    const char *session, *agent;
    enum result result;
    if ((result = json_string(params, "session", CAP_UUID_BYTES, &session, fault)) != RESULT_OK ||
        (result = json_string(params, "agent", CAP_VERSION_BYTES, &agent, fault)) != RESULT_OK ||
        (result = capabilities_read(params, "capabilities", &out->capabilities, fault)) != RESULT_OK ||
        (result = session_consent_read(params, &out->consent, fault)) != RESULT_OK ||
        (result = json_integer(params, "deadline_s", 1, r->options.duration_ms / 1000, &out->deadline_s, fault)) !=
            RESULT_OK) {
        return result;
    }
    if (strcmp(session, r->options.session) != 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "it is about another session");
    }
    if (out->capabilities == 0 || (out->capabilities & ~r->options.capabilities) != 0) {
        return fault_set(fault, RESULT_DENIED, "'capabilities' is empty or more than was granted");
    }
    return RESULT_OK;
}

static enum result check_hello(const struct relay *r, const struct json *params, struct fault *fault) {
    struct hello hello;
    return hello_read(r, params, &hello, fault);
}

static void on_hello(struct relay *r, const struct json *params) {
    struct hello hello;
    if (hello_read(r, params, &hello, NULL) != RESULT_OK) {
        return; /* checked a moment ago */
    }
    r->capabilities = hello.capabilities;
    r->phase = RELAY_LIVE;
    r->was_live = true;
    r->deadline_mono_ms = r->now_mono_ms + hello.deadline_s * 1000;
    r->active_mono_ms = r->typist_gone_mono_ms = r->now_mono_ms;
    struct session_event event = {.kind = SESSION_EVENT_LIVE,
                                  .at_ms = relay_wall_ms(r),
                                  .capabilities = hello.capabilities,
                                  .has_consent = true,
                                  .consent = hello.consent,
                                  .deadline_ms = relay_wall_ms(r) + hello.deadline_s * 1000};
    r->options.event(r->options.self, r->options.session, &event);
    relay_send_states(r);
}

static enum result check_echo(const struct relay *r, const struct json *params, struct fault *fault) {
    bool on;
    if (!r->is_terminal_open) {
        return fault_set(fault, RESULT_CONFLICT, "no terminal is open");
    }
    return json_bool(params, "on", &on, fault);
}

static void on_echo(struct relay *r, const struct json *params) {
    bool on = true;
    r->is_echo_off = json_bool(params, "on", &on, NULL) != RESULT_OK || !on;
}

static enum result check_terminal_open(const struct relay *r, const struct json *params, struct fault *fault) {
    (void)params;
    return r->is_terminal_open ? RESULT_OK : fault_set(fault, RESULT_CONFLICT, "no terminal is open");
}

static void on_terminal_closed(struct relay *r, const struct json *params) {
    (void)params;
    r->is_terminal_open = r->is_echo_off = false;
    r->output_credit_bytes = r->input_credit_bytes = 0;
    relay_forget_input(r);
}

static enum result check_observing(const struct relay *r, const struct json *params, struct fault *fault) {
    (void)params;
    return r->has_observed ? RESULT_OK : fault_set(fault, RESULT_DENIED, "nobody asked to observe");
}

static enum result check_stream_closed(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *reason;
    int64_t up, down;
    enum result result = relay_stream_known(r, params, fault);
    if (result == RESULT_OK &&
        (result = json_string(params, "reason", SESSION_WHY_BYTES, &reason, fault)) == RESULT_OK &&
        (result = json_integer(params, "up_bytes", 0, INT64_MAX / 2, &up, fault)) == RESULT_OK) {
        result = json_integer(params, "down_bytes", 0, INT64_MAX / 2, &down, fault);
    }
    return result;
}

static void on_stream_closed(struct relay *r, const struct json *params) {
    int64_t number = 0;
    if (json_integer(params, "stream", 1, UINT16_MAX, &number, NULL) == RESULT_OK) {
        relay_stream_forget(r, number);
    }
}

/* Of a call under way; passed on with the engineer's own id (on_output). */
static enum result check_output(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *text;
    int64_t id;
    enum result result = json_integer(params, "id", 1, INT64_MAX / 2, &id, fault);
    if (result == RESULT_OK && (result = json_string(params, "text", CAP_FRAME_BYTES, &text, fault)) == RESULT_OK &&
        id >= r->next_id) {
        return fault_set(fault, RESULT_BAD_INPUT, "nothing was asked for with the id %lld", (long long)id);
    }
    return result;
}

static void on_output(struct relay *r, const struct json *params) {
    int64_t id = 0;
    const char *text = "";
    struct buf message;
    if (json_integer(params, "id", 1, INT64_MAX / 2, &id, NULL) != RESULT_OK ||
        json_string(params, "text", CAP_FRAME_BYTES, &text, NULL) != RESULT_OK) {
        return; /* checked a moment ago */
    }
    struct relay_call *call = relay_call_find(r, id);
    struct relay_leg *leg = call != NULL && call->leg != NULL ? call->leg : r->typist;
    if (call == NULL || leg == NULL) {
        return;
    }
    call->since_mono_ms = r->now_mono_ms;
    buf_init(&message, 2 * (size_t)MESSAGE_BYTES);
    struct json_out j = json_out(&message);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_str(&j, "method", "diagnose.output");
    jo_object(&j, "params");
    jo_raw(&j, "id", call->person_id, strlen(call->person_id));
    jo_str(&j, "text", text);
    jo_end(&j);
    jo_end(&j);
    relay_send_leg(leg, true, message.data, message.count);
    buf_fini(&message);
}

static enum result check_change(const struct relay *r, const struct json *params, struct fault *fault) {
    int64_t change;
    (void)r;
    return json_integer(params, "change", 1, INT64_MAX / 2, &change, fault);
}

static enum result check_ended(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *reason;
    int64_t left;
    (void)r;
    enum result result = json_string(params, "reason", SESSION_WHY_BYTES, &reason, fault);
    return result == RESULT_OK ? json_integer(params, "children_left", 0, INT32_MAX, &left, fault) : result;
}

static void on_ended(struct relay *r, const struct json *params) {
    const char *reason = "";
    if (json_string(params, "reason", SESSION_WHY_BYTES, &reason, NULL) != RESULT_OK ||
        json_integer(params, "children_left", 0, INT32_MAX, &r->children_left, NULL) != RESULT_OK) {
        return; /* checked a moment ago */
    }
    r->has_product_ended = true;
    /* The answer makes the end of the down chain known to the product, which then countersigns. */
    if (!r->has_sent_end) {
        relay_begin_end(r, reason, "");
    }
    if (r->phase == RELAY_ENDING) {
        r->phase_due_mono_ms = r->now_mono_ms + COUNTERSIGN_MS;
    }
}

static const struct {
    const char *method;
    unsigned phases;
    int capability; /* -1: none */
    bool is_forwarded;
    enum result (*check)(const struct relay *r, const struct json *params, struct fault *fault);
    void (*act)(struct relay *r, const struct json *params);
} rows[] = {
    {"session.hello", PHASE(RELAY_CONNECTED), -1, false, check_hello, on_hello},
    {"terminal.echo", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), CAPABILITY_SHELL, true, check_echo, on_echo},
    {"terminal.closed", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), CAPABILITY_SHELL, true, check_terminal_open,
     on_terminal_closed},
    {"observe.sample", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), CAPABILITY_OBSERVE, true, check_observing, NULL},
    {"observe.log", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), CAPABILITY_OBSERVE, true, check_observing, NULL},
    {"diagnose.output", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), CAPABILITY_DIAGNOSE, false, check_output, on_output},
    {"configure.reverted", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), CAPABILITY_CONFIGURE, true, check_change, NULL},
    {"configure.health", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), CAPABILITY_CONFIGURE, true, check_change, NULL},
    {"stream.closed", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), -1, true, check_stream_closed, on_stream_closed},
    {"session.ended", PHASE(RELAY_LIVE) | PHASE(RELAY_ENDING), -1, false, check_ended, on_ended},
};

/* ---- dispatch ---------------------------------------------------------------------------------------------------- */

static void on_method(struct relay *r, const struct frame *frame, const char *method, const struct json *params) {
    struct fault fault;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(method, rows[i].method) != 0) {
            continue;
        }
        if ((rows[i].phases & PHASE(r->phase)) == 0) {
            violation(r, "a message that does not belong to this part of a session");
        } else if (rows[i].capability >= 0 && (r->capabilities & CAPABILITY_BIT(rows[i].capability)) == 0) {
            violation(r, "a message of a capability that was not granted");
        } else if (rows[i].check(r, params, &fault) != RESULT_OK) {
            fault_prefix(&fault, "%s", method);
            violation(r, fault.text);
        } else if (relay_keep_up(r, frame)) {
            if (rows[i].act != NULL) {
                rows[i].act(r, params);
            }
            if (rows[i].is_forwarded) {
                relay_send_people(r, true, frame->bytes, frame->count);
            }
        }
        return;
    }
    violation(r, "an unknown method");
}

/* The product's answer with the engineer's own id, to who asked; when he has gone, to whoever types now. */
static void forward_answer(struct relay *r, const struct relay_call *call, const struct json *answer) {
    struct relay_leg *leg = call->leg != NULL ? call->leg : r->typist;
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
    if (credit_decode(frame, &credit) != RESULT_OK || r->input_credit_bytes + credit.bytes > CAP_CREDIT_BYTES) {
        violation(r, "a credit beyond the cap");
        return;
    }
    if (r->is_terminal_open) {
        r->input_credit_bytes += credit.bytes;
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
    switch (frame.channel) {
    case CHANNEL_CONTROL: on_control(r, &frame); break;
    case CHANNEL_TERMINAL: on_terminal(r, &frame, message, bytes); break;
    case CHANNEL_STREAM: on_stream(r, &frame, message, bytes); break;
    case CHANNEL_CREDIT: on_credit(r, &frame); break;
    default: violation(r, "a channel that a product does not have"); break;
    }
}
