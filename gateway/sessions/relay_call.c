/* The help call: audio, video and screens of the people in a session, browser to browser (WebRTC, each with each, at
 * most CALL_PEOPLE). The gateway only carries what the browsers need to find each other (call.signal), between people
 * in the call and nobody else. Sound and pictures never pass here, so they are not in the record, and neither is the
 * signalling itself, which is full of addresses; who was in the call, when, how long and with what is. */
#include <string.h>

#include "sessions/relay_inside.h"

enum { CALL_JOINS = 20, CALL_JOINS_WITHIN_MS = 10 * 1000 /* each is a line of the record */ };
enum {
    CALL_PEOPLE = 4,
    SIGNAL_BYTES = 12 * 1024,
    SIGNALS = 400, /* in SIGNALS_WITHIN_MS, of one person: candidates come in bursts */
    SIGNALS_WITHIN_MS = 10 * 1000
};

static const char *const media_names[] = {"audio", "video", "screen"};
enum { MEDIA_COUNT = sizeof media_names / sizeof *media_names };

static enum result read_media(const struct json *params, unsigned *out, struct fault *fault) {
    const struct json *list;
    *out = 0;
    enum result result = params == NULL ? fault_set(fault, RESULT_BAD_INPUT, "'params' is missing")
                                        : json_array(params, "media", MEDIA_COUNT, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *name = "";
        unsigned bit = 0;
        for (unsigned i = 0; i < MEDIA_COUNT && json_as_string(item, &name); i++) {
            bit |= strcmp(name, media_names[i]) == 0 ? 1u << i : 0;
        }
        if (bit == 0) {
            return fault_set(fault, RESULT_BAD_INPUT, "'media' may hold audio, video and screen");
        }
        *out |= bit;
    }
    return RESULT_OK;
}

static void print_media(unsigned media, struct json_out *j) {
    jo_array(j, "media");
    for (unsigned i = 0; i < MEDIA_COUNT; i++) {
        if ((media & (1u << i)) != 0) {
            jo_str(j, NULL, media_names[i]);
        }
    }
    jo_end(j);
}

static size_t count_in_call(const struct relay *r) {
    size_t count = 0;
    for (const struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        count += !leg->is_dead && leg->call.is_in;
    }
    return count;
}

/* Who joins calls those who are in: the answer names them, and how to find a way through their routers. */
static void answer_join(struct relay_leg *leg, const char *id) {
    const struct relay *r = leg->relay;
    struct buf text, servers;
    buf_init(&text, MESSAGE_BYTES / 2);
    buf_init(&servers, MESSAGE_BYTES / 4);
    if (r->options.ice_servers != NULL) {
        r->options.ice_servers(r->options.self, leg->name, &servers);
    }
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_array(&j, "people");
    for (const struct relay_leg *other = r->people; other != NULL; other = other->next) {
        if (!other->is_dead && other != leg && other->call.is_in) {
            jo_str(&j, NULL, other->name);
        }
    }
    jo_end(&j);
    jo_raw(&j, "ice_servers", servers.count > 0 ? buf_text(&servers) : "[]", servers.count > 0 ? servers.count : 2);
    jo_end(&j);
    relay_answer_person(leg, id, buf_text(&text));
    buf_wipe(&servers);
    buf_wipe(&text);
}

void relay_call_join(struct relay_leg *leg, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct fault fault;
    unsigned media = 0;
    enum result result = read_media(params, &media, &fault);
    if (result == RESULT_OK && !leg->call.is_in && count_in_call(r) >= CALL_PEOPLE) {
        result = fault_set(&fault, RESULT_FULL, "%d people are in the call already", CALL_PEOPLE);
    }
    if (result != RESULT_OK) {
        relay_refuse(leg, id, result_name(result), fault.text);
        return;
    }
    if (!relay_pace(&leg->call_joins, r->now_mono_ms, CALL_JOINS, CALL_JOINS_WITHIN_MS)) {
        relay_refuse(leg, id, "busy", "the call was joined or changed too often; wait a moment");
        return;
    }
    struct buf text;
    struct json_out j = relay_say(&text, leg->call.is_in ? "call.changed" : "call.started");
    jo_str(&j, "by", leg->name);
    print_media(media, &j);
    if (!relay_record_said(r, &j, &text)) {
        return;
    }
    if (!leg->call.is_in) {
        leg->call = (struct relay_in_call){.is_in = true, .since_mono_ms = r->now_mono_ms};
        r->floor.has_changed = true;
    }
    leg->call.media |= media;
    answer_join(leg, id);
}

void relay_call_leave(struct relay_leg *leg) {
    struct relay *r = leg->relay;
    struct buf text;
    if (!leg->call.is_in) {
        return;
    }
    struct json_out j = relay_say(&text, "call.left");
    jo_str(&j, "by", leg->name);
    jo_int(&j, "seconds", (r->now_mono_ms - leg->call.since_mono_ms) / 1000);
    print_media(leg->call.media, &j);
    leg->call = (struct relay_in_call){0};
    r->floor.has_changed = true;
    (void)!relay_record_said(r, &j, &text); /* a failure has ended the session */
}

void relay_call_end(struct relay *r) {
    for (struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        relay_call_leave(leg);
    }
}

void relay_call_ask_leave(struct relay_leg *leg, const struct json *params, const char *id) {
    (void)params;
    relay_call_leave(leg);
    relay_answer_person(leg, id, "{}");
}

void relay_call_signal(struct relay_leg *leg, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct fault fault;
    struct buf data, text;
    const char *to = NULL;
    const struct json *said = params != NULL ? json_get(params, "data") : NULL;
    enum result result = said == NULL || !json_is_object(said)
                             ? fault_set(&fault, RESULT_BAD_INPUT, "'data' must be an object")
                             : json_string(params, "to", SESSION_NAME_BYTES, &to, &fault);
    buf_init(&data, SIGNAL_BYTES);
    if (result == RESULT_OK) {
        json_print(said, &data);
    }
    struct relay_leg *other = to != NULL ? relay_find_person(r, to) : NULL;
    if (result == RESULT_OK && data.overflow) {
        result = fault_set(&fault, RESULT_TOO_BIG, "'data' is longer than %d bytes", SIGNAL_BYTES);
    } else if (result == RESULT_OK && !leg->call.is_in) {
        result = fault_set(&fault, RESULT_CONFLICT, "you are not in the call");
    } else if (result == RESULT_OK && !relay_pace(&leg->signals, r->now_mono_ms, SIGNALS, SIGNALS_WITHIN_MS)) {
        result = fault_set(&fault, RESULT_BUSY, "more than %d signals in %d s", SIGNALS, SIGNALS_WITHIN_MS / 1000);
    }
    if (result != RESULT_OK) {
        relay_refuse(leg, id, result_name(result), fault.text);
    } else {
        bool is_heard = other != NULL && other != leg && other->call.is_in; /* or he has just left */
        if (is_heard) {
            struct json_out j = relay_say(&text, "call.signal");
            jo_str(&j, "from", leg->name);
            jo_raw(&j, "data", buf_text(&data), data.count);
            relay_said(&j);
            relay_send_leg(other, true, text.data, text.count);
            buf_fini(&text);
        }
        relay_answer_person(leg, id, is_heard ? "{\"heard\":true}" : "{\"heard\":false}");
    }
    buf_fini(&data);
}
