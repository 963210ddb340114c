/* The product's notices: what each must look like, and what follows from it once it is recorded. */
#include <stdlib.h>
#include <string.h>

#include "sessions/relay_inside.h"

struct hello {
    uint32_t capabilities;
    struct session_consent consent;
    int64_t deadline_s;
    bool resumes;
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
    out->resumes = json_get(params, "resume") != NULL &&
                   json_bool(params, "resume", &out->resumes, NULL) == RESULT_OK && out->resumes;
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
    r->resumes = hello.resumes;
    relay_give_ticket(r);
    r->deadline_mono_ms = r->now_mono_ms + hello.deadline_s * 1000;
    r->active_mono_ms = r->typist_gone_mono_ms = r->now_mono_ms;
    relay_floor_live(r);
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
    struct relay_leg *leg = call != NULL ? relay_call_leg(r, call) : NULL;
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
    const char *change;
    (void)r;
    return json_string(params, "change", CAP_UUID_BYTES, &change, fault);
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

static const struct relay_notice rows[] = {
    {"session.hello", RELAY_PHASE_BIT(RELAY_CONNECTED), -1, false, check_hello, on_hello},
    {"terminal.echo", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), CAPABILITY_SHELL, true, check_echo,
     on_echo},
    {"terminal.closed", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), CAPABILITY_SHELL, true,
     check_terminal_open, on_terminal_closed},
    {"observe.sample", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), CAPABILITY_OBSERVE, true,
     check_observing, NULL},
    {"observe.log", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), CAPABILITY_OBSERVE, true,
     check_observing, NULL},
    {"diagnose.output", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), CAPABILITY_DIAGNOSE, false,
     check_output, on_output},
    {"configure.reverted", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), CAPABILITY_CONFIGURE, true,
     check_change, NULL},
    {"configure.health", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), CAPABILITY_CONFIGURE, true,
     check_change, NULL},
    {"stream.closed", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), -1, true, check_stream_closed,
     on_stream_closed},
    {"session.ended", RELAY_PHASE_BIT(RELAY_LIVE) | RELAY_PHASE_BIT(RELAY_ENDING), -1, false, check_ended, on_ended},
};

const struct relay_notice *relay_notice_find(const char *method) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(method, rows[i].method) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}
