/* What people ask for. A request is checked against its row (method.h), written anew with an id of ours and the name of
 * who asks, recorded and passed on. Written anew, not patched: what the product gets and countersigns is one spelling
 * that this file made. A refusal is a message to whoever asked, recorded as all is. */
#include <stdio.h>
#include <string.h>

#include "sessions/method.h"
#include "sessions/relay_inside.h"

enum { SIZE_MAX_CELLS = 1000 };

struct relay_call *relay_call_find(struct relay *r, int64_t id) {
    for (size_t i = 0; i < RELAY_CALLS; i++) {
        if (r->calls[i].is_used && r->calls[i].id == id) {
            return &r->calls[i];
        }
    }
    return NULL;
}

struct relay_leg *relay_call_leg(const struct relay *r, const struct relay_call *call) {
    if (call->leg != NULL) {
        return call->leg;
    }
    bool is_again = !call->is_of_tool && r->typist != NULL && strcmp(r->typist->name, call->asker) == 0;
    return is_again ? r->typist : NULL;
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

static bool read_size(const struct json *params, int64_t *columns, int64_t *lines) {
    return json_integer(params, "cols", 1, SIZE_MAX_CELLS, columns, NULL) == RESULT_OK &&
           json_integer(params, "rows", 1, SIZE_MAX_CELLS, lines, NULL) == RESULT_OK;
}

static void keep_call(struct relay_leg *leg, struct relay_call *call, const struct method *method,
                      const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    *call = (struct relay_call){.is_used = true,
                                .is_terminal_open = (method->flags & METHOD_OPENS_TERMINAL) != 0,
                                .leg = leg,
                                .id = r->next_id++,
                                .since_mono_ms = r->now_mono_ms};
    call->is_of_tool = leg->is_tool;
    snprintf(call->asker, sizeof call->asker, "%s", leg->name);
    snprintf(call->person_id, sizeof call->person_id, "%s", id);
    if ((method->flags & METHOD_OPENS_STREAM) != 0 &&
        json_integer(params, "stream", 1, UINT16_MAX, &call->stream, NULL) == RESULT_OK) {
        relay_stream_open(leg, params, (method->flags & METHOD_KEEPS_BYTES) != 0);
    }
}

static void forward(struct relay_leg *leg, const struct method *method, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct relay_call *call = id != NULL ? call_free_slot(r) : NULL;
    int64_t columns = 0, lines = 0;
    struct buf message;
    if (id != NULL && call == NULL) {
        relay_refuse(leg, id, "busy", "too many requests are waiting for an answer");
        return;
    }
    if ((method->flags & METHOD_HAS_SIZE) != 0 && !read_size(params, &columns, &lines)) {
        return; /* checked a moment ago */
    }
    buf_init(&message, MESSAGE_BYTES);
    print_request(method->name, params, leg->name, call != NULL ? r->next_id : 0, &message);
    if (message.overflow) {
        relay_refuse(leg, id, "too_big", "the request is too long");
        goto out;
    }
    if (call != NULL) {
        keep_call(leg, call, method, params, id);
    }
    if (!relay_send_control(r, &message, leg->name, (int)columns, (int)lines)) {
        goto out;
    }
    if (columns > 0) {
        relay_people_size(leg, method->name, (int)columns, (int)lines);
    }
    r->has_observed = r->has_observed || (method->flags & METHOD_OBSERVES) != 0;
    if ((method->flags & METHOD_OPENS_TERMINAL) != 0) {
        r->is_terminal_open = true;
        relay_floor_opened(leg);
        r->is_echo_off = false;
        r->output_credit_bytes = r->input_credit_bytes = 0;
        relay_give_credit(r);
    }
out:
    buf_fini(&message);
}

/* stream.finish and stream.close, by whoever opened it. */
static const struct method stream_rows[] = {
    {"stream.finish", CAPABILITY_COUNT, METHOD_NEEDS_PARAMS | METHOD_FOR_TOOLS, relay_stream_known},
    {"stream.close", CAPABILITY_COUNT, METHOD_NEEDS_PARAMS | METHOD_FOR_TOOLS, relay_stream_known},
};

static const struct method *find_method(const char *name) {
    for (size_t i = 0; i < sizeof stream_rows / sizeof *stream_rows; i++) {
        if (strcmp(name, stream_rows[i].name) == 0) {
            return &stream_rows[i];
        }
    }
    return method_find(name);
}

/* Everything that can be wrong with a request of a live session. */
static enum result check(const struct relay_leg *leg, const struct method *method, const struct json *params,
                         const char *id, struct fault *fault) {
    const struct relay *r = leg->relay;
    bool is_allowed =
        method->capability == CAPABILITY_COUNT || (r->capabilities & CAPABILITY_BIT(method->capability)) != 0;
    if (!is_allowed) {
        return fault_set(fault, RESULT_DENIED, "'%s' was not granted or not consented to",
                         capability_name(method->capability));
    }
    if (r->is_away) {
        return fault_set(fault, RESULT_BUSY, "the product's link is broken; it has a moment to come back");
    }
    if (leg->is_tool && (method->flags & METHOD_FOR_TOOLS) == 0) {
        return fault_set(fault, RESULT_DENIED, "a tool's connection may only move files and ports");
    }
    if ((method->flags & METHOD_OPENS_TERMINAL) != 0 && r->is_terminal_open) {
        return fault_set(fault, RESULT_CONFLICT, "a terminal is open already");
    }
    if ((method->flags & METHOD_ON_TERMINAL) != 0 && !r->is_terminal_open) {
        return fault_set(fault, RESULT_CONFLICT, "no terminal is open");
    }
    if ((method->flags & METHOD_OPENS_STREAM) != 0) {
        enum result result = id != NULL ? relay_stream_check(leg, params, fault)
                                        : fault_set(fault, RESULT_BAD_INPUT, "'%s' needs an id", method->name);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return method->check != NULL ? method->check(r, params, fault) : RESULT_OK;
}

/* All tools of a session number streams in one row; this is where it stands. */
static void answer_next(struct relay_leg *leg, const char *id) {
    char text[CALL_ID_BYTES + 96];
    int64_t last = leg->relay->last_streams[leg->is_tool];
    int64_t next = last > 0 || !leg->is_tool ? last + 1 : STREAM_OF_TOOLS;
    int chars = snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"stream\":%lld}}", id,
                         (long long)next);
    if (relay_note(leg->relay, text, (size_t)chars)) {
        leg->ops->send(leg->self, true, text, (size_t)chars);
    }
}

static void on_request(struct relay_leg *leg, const char *name, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct fault fault;
    const struct method *method = find_method(name);
    enum result result;
    if (relay_people_request(leg, name, params, id) || !relay_may_act(leg, id)) {
        return; /* done, or refused */
    }
    if (strcmp(name, "stream.next") == 0 && id != NULL) {
        answer_next(leg, id);
    } else if (method == NULL) {
        relay_refuse(leg, id, "unknown_method", "there is no such method");
    } else if ((method->flags & METHOD_NEEDS_PARAMS) != 0 && params == NULL) {
        relay_refuse(leg, id, "bad_input", "'params' is missing");
    } else if (r->phase != RELAY_LIVE) {
        relay_refuse(leg, id, "not_live", "the session is not live");
    } else if ((result = check(leg, method, params, id, &fault)) != RESULT_OK) {
        relay_refuse(leg, id, result_name(result), fault.text);
    } else {
        forward(leg, method, params, id);
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

void relay_request(struct relay_leg *leg, const struct frame *frame) {
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
