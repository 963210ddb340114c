/* What people say. One leg types: the engineer whom the grant names. Everybody else watches, and may send credit alone.
 * A refusal is a message to whoever asked (recorded, as all is), not the end of the session; twenty of them close the
 * leg.
 *
 * A request is checked against a row, written anew with an id of ours and the name of who asks, recorded and passed on.
 * Written anew, not patched: what the product gets and countersigns is one spelling that this file made. */
#include <stdio.h>
#include <string.h>

#include "sessions/relay_inside.h"

enum { SIZE_MAX_CELLS = 1000, TERM_BYTES = 32 };

static enum result check_size(const struct json *params, struct fault *fault) {
    int64_t cells;
    enum result result = json_integer(params, "cols", 1, SIZE_MAX_CELLS, &cells, fault);
    return result == RESULT_OK ? json_integer(params, "rows", 1, SIZE_MAX_CELLS, &cells, fault) : result;
}

static enum result check_open(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *term;
    if (r->is_terminal_open) {
        return fault_set(fault, RESULT_CONFLICT, "a terminal is open already");
    }
    enum result result = check_size(params, fault);
    if (result == RESULT_OK) {
        result = json_optional_string(params, "term", TERM_BYTES, &term, fault);
    }
    if (result == RESULT_OK && term != NULL && term[strspn(term, "abcdefghijklmnopqrstuvwxyz0123456789+-.")] != '\0') {
        return fault_set(fault, RESULT_BAD_INPUT, "'term' is no terminal's name");
    }
    return result;
}

static enum result check_resize(const struct relay *r, const struct json *params, struct fault *fault) {
    return r->is_terminal_open ? check_size(params, fault) : fault_set(fault, RESULT_CONFLICT, "no terminal is open");
}

static enum result check_close(const struct relay *r, const struct json *params, struct fault *fault) {
    (void)params;
    return r->is_terminal_open ? RESULT_OK : fault_set(fault, RESULT_CONFLICT, "no terminal is open");
}

static enum result check_run(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *name;
    (void)r;
    enum result result = json_string(params, "name", CAP_CODE_BYTES, &name, fault);
    const struct json *args = json_get(params, "args");
    if (result == RESULT_OK && args != NULL && !json_is_object(args)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'args' must be an object");
    }
    return result;
}

static enum result check_nothing(const struct relay *r, const struct json *params, struct fault *fault) {
    (void)r, (void)params, (void)fault;
    return RESULT_OK;
}

/* What an engineer may ask for. session.end is the relay's own (on_end). */
static const struct method_row {
    const char *method;
    enum capability capability;
    bool needs_params, has_size, is_open, is_observe;
    enum result (*check)(const struct relay *r, const struct json *params, struct fault *fault);
} rows[] = {
    {"terminal.open", CAPABILITY_SHELL, true, true, true, false, check_open},
    {"terminal.resize", CAPABILITY_SHELL, true, true, false, false, check_resize},
    {"terminal.close", CAPABILITY_SHELL, false, false, false, false, check_close},
    {"diagnose.run", CAPABILITY_DIAGNOSE, true, false, false, false, check_run},
    {"observe.start", CAPABILITY_OBSERVE, false, false, false, true, check_nothing},
    {"observe.stop", CAPABILITY_OBSERVE, false, false, false, false, check_nothing},
};

static const struct method_row *find_row(const char *method) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(method, rows[i].method) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

struct relay_call *relay_call_find(struct relay *r, int64_t id) {
    for (size_t i = 0; i < RELAY_CALLS; i++) {
        if (r->calls[i].is_used && r->calls[i].id == id) {
            return &r->calls[i];
        }
    }
    return NULL;
}

static struct relay_call *call_free_slot(struct relay *r) {
    for (size_t i = 0; i < RELAY_CALLS; i++) {
        if (!r->calls[i].is_used) {
            return &r->calls[i];
        }
    }
    return NULL;
}

/* {"jsonrpc":"2.0","id":7,"method":..,"params":{...,"by":"ann"}}. Whatever "by" the engineer sent is left out. */
static void print_request(const char *method, const struct json *params, const char *by, int64_t id, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    if (id > 0) {
        jo_int(&j, "id", id);
    }
    jo_str(&j, "method", method);
    jo_object(&j, "params");
    for (const struct json *m = params != NULL ? json_first(params) : NULL; m != NULL; m = json_next(m)) {
        struct buf value;
        if (strcmp(json_key(m), "by") == 0) {
            continue;
        }
        buf_init(&value, MESSAGE_BYTES);
        json_print(m, &value);
        out->overflow = out->overflow || value.overflow;
        jo_raw(&j, json_key(m), buf_text(&value), value.count);
        buf_fini(&value);
    }
    jo_str(&j, "by", by);
    jo_end(&j);
    jo_end(&j);
}

static void forward(struct relay_leg *leg, const struct method_row *row, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct relay_call *call = id != NULL ? call_free_slot(r) : NULL;
    int64_t columns = 0, lines = 0;
    struct buf message;
    if (id != NULL && call == NULL) {
        relay_refuse(leg, id, "busy", "too many requests are waiting for an answer");
        return;
    }
    if (row->has_size && (json_integer(params, "cols", 1, SIZE_MAX_CELLS, &columns, NULL) != RESULT_OK ||
                          json_integer(params, "rows", 1, SIZE_MAX_CELLS, &lines, NULL) != RESULT_OK)) {
        return; /* checked a moment ago */
    }
    buf_init(&message, MESSAGE_BYTES);
    print_request(row->method, params, leg->name, call != NULL ? r->next_id : 0, &message);
    if (message.overflow) {
        relay_refuse(leg, id, "too_big", "the request is too long");
        goto out;
    }
    if (call != NULL) {
        *call = (struct relay_call){
            .is_used = true, .is_terminal_open = row->is_open, .id = r->next_id++, .since_mono_ms = r->now_mono_ms};
        snprintf(call->person_id, sizeof call->person_id, "%s", id);
    }
    if (!relay_send_control(r, &message, leg->name, (int)columns, (int)lines)) {
        goto out;
    }
    r->has_observed = r->has_observed || row->is_observe;
    if (row->is_open) {
        r->is_terminal_open = true;
        r->is_echo_off = false;
        r->output_credit_bytes = r->input_credit_bytes = 0;
        relay_give_credit(r);
    }
out:
    buf_fini(&message);
}

static void answer_end(struct relay_leg *leg, const char *id) {
    char text[CALL_ID_BYTES + 64];
    struct relay *r = leg->relay;
    int chars = snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{}}", id);
    if (relay_note(r, text, (size_t)chars)) {
        leg->ops->send(leg->self, true, text, (size_t)chars);
    }
}

static void on_request(struct relay_leg *leg, const char *method, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct fault fault;
    const struct method_row *row = find_row(method);
    if (strcmp(method, "session.end") == 0) {
        if (id != NULL) {
            answer_end(leg, id);
        }
        relay_begin_end(r, "ended_by_engineer", leg->name);
    } else if (row == NULL) {
        relay_refuse(leg, id, "unknown_method", "there is no such method");
    } else if (row->needs_params && params == NULL) {
        relay_refuse(leg, id, "bad_input", "'params' is missing");
    } else if (r->phase != RELAY_LIVE) {
        relay_refuse(leg, id, "not_live", "the session is not live");
    } else if ((r->capabilities & CAPABILITY_BIT(row->capability)) == 0) {
        (void)fault_set(&fault, RESULT_DENIED, "'%s' was not granted or not consented to",
                        capability_name(row->capability));
        relay_refuse(leg, id, "denied", fault.text);
    } else {
        enum result result = row->check(r, params, &fault);
        if (result != RESULT_OK) {
            relay_refuse(leg, id, result_name(result), fault.text);
        } else {
            forward(leg, row, params, id);
        }
    }
}

/* The id as JSON, for the answer: an integer or a short string. *out: NULL when there is none (a notification). */
static bool read_id(const struct json *message, char room[CALL_ID_BYTES], const char **out) {
    const struct json *id = json_get(message, "id");
    const char *text;
    struct buf printed;
    int64_t number;
    *out = NULL;
    if (id == NULL) {
        return true;
    }
    if (!json_as_string(id, &text) && json_integer(message, "id", -INT32_MAX, INT32_MAX, &number, NULL) != RESULT_OK) {
        return false;
    }
    buf_init(&printed, CALL_ID_BYTES - 1);
    json_print(id, &printed);
    bool fits = !printed.overflow;
    if (fits) {
        snprintf(room, CALL_ID_BYTES, "%s", buf_text(&printed));
        *out = room;
    }
    buf_fini(&printed);
    return fits;
}

static void on_control(struct relay_leg *leg, const struct frame *frame) {
    struct json *message = NULL;
    char room[CALL_ID_BYTES];
    const char *id = NULL, *version, *method;
    struct fault fault;
    if (json_parse((const char *)frame->bytes, frame->count, &message, &fault) != RESULT_OK) {
        relay_refuse(leg, NULL, "bad_json", fault.text);
        return;
    }
    if (!json_is_object(message) || !read_id(message, room, &id)) {
        relay_refuse(leg, NULL, "bad_input", "a request must be an object; its id a number or a short string");
    } else if (json_string(message, "jsonrpc", 3, &version, &fault) != RESULT_OK || strcmp(version, "2.0") != 0 ||
               json_string(message, "method", 63, &method, &fault) != RESULT_OK) {
        relay_refuse(leg, id, "bad_input", "a request must be JSON-RPC 2.0 and name its method");
    } else {
        const struct json *params = json_get(message, "params");
        if (params != NULL && !json_is_object(params)) {
            relay_refuse(leg, id, "bad_input", "'params' must be an object");
        } else {
            on_request(leg, method, params, id);
        }
    }
    json_free(message);
}

static void on_terminal(struct relay_leg *leg, const struct frame *frame) {
    struct relay *r = leg->relay;
    if (r->phase != RELAY_LIVE) {
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
    if (credit_decode(frame, &credit) != RESULT_OK || credit.channel != CHANNEL_TERMINAL) {
        relay_refuse(leg, NULL, "bad_input", "a credit must be for the terminal");
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
    } else if (leg != r->typist) {
        relay_refuse(leg, NULL, "denied", "only the engineer whom the grant names may do anything here");
    } else {
        r->active_mono_ms = r->now_mono_ms;
        if (frame.channel == CHANNEL_CONTROL) {
            on_control(leg, &frame);
        } else if (frame.channel == CHANNEL_TERMINAL) {
            on_terminal(leg, &frame);
        } else {
            relay_refuse(leg, NULL, "denied", "the gateway decides what is a secret");
        }
    }
}
