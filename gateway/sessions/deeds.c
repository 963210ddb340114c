/* A row for each method, and three short memories: requests that wait for their answer, streams that are open, people
 * who are there. Each is bounded; what does not fit any more ends unfinished, which the recording does not.
 * deeds_calls.c, deeds_streams.c and deeds_people.c keep one each. */
#include "sessions/deeds_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *deeds_text(const struct json *object, const char *key) {
    const char *text = NULL;
    return object != NULL && json_optional_string(object, key, CAP_FRAME_BYTES, &text, NULL) == RESULT_OK &&
                   text != NULL
               ? text
               : "";
}

int64_t deeds_number(const struct json *object, const char *key, int64_t otherwise) {
    int64_t number;
    return object != NULL && json_integer(object, key, INT64_MIN / 2, INT64_MAX / 2, &number, NULL) == RESULT_OK
               ? number
               : otherwise;
}

bool deeds_true(const struct json *object, const char *key) {
    bool value;
    return object != NULL && json_bool(object, key, &value, NULL) == RESULT_OK && value;
}

char *deeds_member(const struct json *object, const char *key) {
    const struct json *member = object == NULL ? NULL : json_get(object, key);
    struct buf text;
    buf_init(&text, 2 * (size_t)CAP_FRAME_BYTES);
    if (member != NULL) {
        json_print(member, &text);
    }
    char *out =
        mem_strndup(buf_text(&text), text.count > DETAIL_BYTES ? utf8_cut(text.data, DETAIL_BYTES) : text.count);
    buf_fini(&text);
    return out;
}

struct deed deeds_begin(enum deed_kind kind, const struct message *m) {
    return (struct deed){.kind = kind,
                         .n = m->entry->line.n,
                         .t_ms = m->entry->line.t_ms,
                         .end_ms = m->entry->line.t_ms,
                         .has_ended = true,
                         .size = -1,
                         .by = m->by,
                         .name = "",
                         .text = "",
                         .before = "",
                         .after = "",
                         .outcome = "",
                         .sha256 = ""};
}

void deeds_tell(const struct message *m, const struct deed *deed) {
    m->deeds->fn(m->deeds->self, deed);
}

/* ---- terminal ---------------------------------------------------------------------------------------------------- */

static void end_terminal(const struct message *m, const char *outcome) {
    struct deeds *d = m->deeds;
    if (d->has_terminal) {
        d->terminal.by = d->terminal_by;
        d->terminal.end_ms = m->entry->line.t_ms;
        d->terminal.outcome = outcome;
        deeds_tell(m, &d->terminal);
    }
    d->has_terminal = false;
}

static void on_terminal(const struct message *m) {
    end_terminal(m, "");
    text_copy(m->deeds->terminal_by, sizeof m->deeds->terminal_by, m->by);
    m->deeds->terminal = deeds_begin(DEED_TERMINAL, m);
    m->deeds->has_terminal = true;
}

static void on_terminal_closed(const struct message *m) {
    char outcome[64];
    int64_t number = deeds_number(m->params, "signal", 0);
    snprintf(outcome, sizeof outcome, number != 0 ? "signal %lld" : "exit %lld",
             (long long)(number != 0 ? number : deeds_number(m->params, "exit", 0)));
    end_terminal(m, outcome);
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

static void say(const struct message *m, enum deed_kind kind, const char *name, const char *text) {
    struct deed deed = deeds_begin(kind, m);
    deed.name = name;
    deed.text = text;
    deeds_tell(m, &deed);
}

static void on_chat(const struct message *m) {
    say(m, DEED_CHAT, "", deeds_text(m->params, "text"));
}

static void on_frozen(const struct message *m) {
    bool is_lack = strcmp(deeds_text(m->params, "why"), "no_moderator") == 0;
    say(m, DEED_CONTROL, "frozen", is_lack ? "froze the session: no moderator is there" : "froze the session");
}

static void on_thawed(const struct message *m) {
    bool is_back = strcmp(deeds_text(m->params, "why"), "moderator_came") == 0;
    say(m, DEED_CONTROL, "thawed", is_back ? "let the session go on: a moderator came" : "let the session go on");
}

static void on_offered(const struct message *m) {
    char text[TRANSCRIPT_NAME_BYTES + 32];
    const char *to = deeds_text(m->params, "to");
    snprintf(text, sizeof text, "offered the keyboard to %.63s", to);
    say(m, DEED_CONTROL, "offered", to[0] != '\0' ? text : "took back the offer of the keyboard");
}

static void on_taken(const struct message *m) {
    char text[TRANSCRIPT_NAME_BYTES + 32];
    snprintf(text, sizeof text, "took the keyboard from %.63s", deeds_text(m->params, "from"));
    say(m, DEED_CONTROL, "taken", text);
}

static void on_away(const struct message *m) {
    char text[96];
    snprintf(text, sizeof text, "the product's link broke; it had %lld s to come back",
             (long long)(deeds_number(m->params, "ms", 0) / 1000));
    say(m, DEED_CONTROL, "away", text);
}

static void on_back(const struct message *m) {
    char text[64];
    snprintf(text, sizeof text, "the product was back after %lld s",
             (long long)(deeds_number(m->params, "ms", 0) / 1000));
    say(m, DEED_CONTROL, "back", text);
}

static void on_end(const struct message *m) {
    char text[128];
    snprintf(text, sizeof text, "the session was ended: %.90s", deeds_text(m->params, "reason"));
    say(m, DEED_CONTROL, "end", text);
}

static void on_log(const struct message *m) {
    struct deed deed = deeds_begin(DEED_LOG, m);
    deed.by = m->entry->line.by;
    deed.name = deeds_text(m->params, "app");
    deed.text = deeds_text(m->params, "msg");
    deeds_tell(m, &deed);
}

static void on_sample(const struct message *m) {
    say(m, DEED_SAMPLE, "", "");
}

static void on_hole(const struct message *m) {
    struct deed deed = deeds_begin(DEED_HOLE, m);
    deed.by = "";
    deed.t_ms = deeds_number(m->params, "from_ms", deed.t_ms);
    deed.end_ms = deeds_number(m->params, "to_ms", deed.end_ms);
    deed.text = deeds_text(m->params, "text");
    deeds_tell(m, &deed);
}

static void on_error(const struct message *m) {
    struct deed deed = deeds_begin(DEED_REFUSED, m);
    deed.by = deeds_text(m->params, "to");
    deed.name = deeds_text(m->params, "code");
    deed.text = deeds_text(m->params, "text");
    deeds_tell(m, &deed);
}

/* The gateway's refusal of a request that had an id: the id is the person's own, so no request under way has it. */
static void on_refusal(const struct message *m) {
    const struct json *error = json_get(m->whole, "error");
    const struct json *data = error != NULL && json_is_object(error) ? json_get(error, "data") : NULL;
    struct deed deed = deeds_begin(DEED_REFUSED, m);
    if (data == NULL || !json_is_object(data)) {
        return;
    }
    deed.by = deeds_text(data, "to");
    deed.name = deeds_text(data, "code");
    deed.text = deeds_text(error, "message");
    deeds_tell(m, &deed);
}

static const struct {
    const char *method;
    enum transcript_dir dir;
    void (*on)(const struct message *m);
} rows[] = {
    {"terminal.open", TRANSCRIPT_DOWN, on_terminal},
    {"terminal.closed", TRANSCRIPT_UP, on_terminal_closed},
    {"diagnose.run", TRANSCRIPT_DOWN, deeds_on_run},
    {"diagnose.output", TRANSCRIPT_UP, deeds_on_output},
    {"configure.set", TRANSCRIPT_DOWN, deeds_on_set},
    {"configure.confirm", TRANSCRIPT_DOWN, deeds_on_confirm},
    {"configure.revert", TRANSCRIPT_DOWN, deeds_on_revert},
    {"configure.reverted", TRANSCRIPT_UP, deeds_on_reverted},
    {"file.get", TRANSCRIPT_DOWN, deeds_on_get},
    {"file.put", TRANSCRIPT_DOWN, deeds_on_put},
    {"forward.open", TRANSCRIPT_DOWN, deeds_on_forward},
    {"screen.open", TRANSCRIPT_DOWN, deeds_on_screen},
    {"stream.closed", TRANSCRIPT_UP, deeds_on_stream_closed},
    {"observe.log", TRANSCRIPT_UP, on_log},
    {"observe.sample", TRANSCRIPT_UP, on_sample},
    {"session.end", TRANSCRIPT_DOWN, on_end},
    {"session.frozen", TRANSCRIPT_GATE, on_frozen},
    {"session.thawed", TRANSCRIPT_GATE, on_thawed},
    {"session.offered", TRANSCRIPT_GATE, on_offered},
    {"session.taken", TRANSCRIPT_GATE, on_taken},
    {"session.away", TRANSCRIPT_GATE, on_away},
    {"session.back", TRANSCRIPT_GATE, on_back},
    {"session.people", TRANSCRIPT_GATE, deeds_on_people},
    {"session.state", TRANSCRIPT_GATE, deeds_on_state},
    {"session.joined", TRANSCRIPT_GATE, deeds_on_joined},
    {"session.left", TRANSCRIPT_GATE, deeds_on_left},
    {"session.error", TRANSCRIPT_GATE, on_error},
    {"transcript.hole", TRANSCRIPT_GATE, on_hole},
    {"chat.said", TRANSCRIPT_GATE, on_chat},
    {"call.started", TRANSCRIPT_GATE, deeds_on_call_started},
    {"call.left", TRANSCRIPT_GATE, deeds_on_call_left},
};

/* ---- life -------------------------------------------------------------------------------------------------------- */

struct deeds *deeds_new(deed_fn *fn, void *self) {
    struct deeds *d = mem_alloc(sizeof *d);
    d->fn = fn;
    d->self = self;
    return d;
}

void deeds_free(struct deeds *deeds) {
    for (size_t i = 0; deeds != NULL && i < CALLS; i++) {
        free(deeds->calls[i].detail);
    }
    free(deeds);
}

void deeds_frame(struct deeds *deeds, const struct transcript_entry *entry) {
    struct json *whole = NULL;
    if (entry->line.channel != CHANNEL_CONTROL ||
        json_parse((const char *)entry->bytes, entry->count, &whole, NULL) != RESULT_OK) {
        return;
    }
    const char *method = json_is_object(whole) ? deeds_text(whole, "method") : "";
    const struct json *params = json_is_object(whole) ? json_get(whole, "params") : NULL;
    struct message m = {.deeds = deeds,
                        .entry = entry,
                        .whole = whole,
                        .params = params != NULL && json_is_object(params) ? params : NULL,
                        .by = entry->line.by};
    if (entry->line.dir == TRANSCRIPT_GATE && deeds_text(m.params, "by")[0] != '\0') {
        m.by = deeds_text(m.params, "by");
    }
    if (json_is_object(whole) && method[0] == '\0' && entry->line.dir == TRANSCRIPT_UP) {
        deeds_on_answer(&m);
    } else if (json_is_object(whole) && method[0] == '\0' && entry->line.dir == TRANSCRIPT_GATE) {
        on_refusal(&m);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].dir == entry->line.dir && strcmp(rows[i].method, method) == 0) {
            rows[i].on(&m);
        }
    }
    json_free(whole);
}

void deeds_finish(struct deeds *deeds, int64_t t_ms) {
    const struct transcript_entry last = {.line = {.t_ms = t_ms, .dir = TRANSCRIPT_GATE}};
    struct message m = {.deeds = deeds, .entry = &last, .by = ""};
    for (size_t i = 0; i < STREAMS; i++) {
        if (deeds->streams[i].is_used) {
            deeds_stream_end(&m, &deeds->streams[i], "the session ended", false);
        }
    }
    for (size_t i = 0; i < CALLS; i++) {
        struct call *call = &deeds->calls[i];
        if (call->is_used && call->stream == 0) {
            struct deed deed = deeds_of_call(&m, call);
            deed.has_ended = false;
            deed.outcome = "there was no answer";
            deed.text = call->kind == DEED_DIAGNOSTIC ? call->detail : "";
            deed.after = call->kind == DEED_CHANGE ? call->detail : "";
            deeds_tell(&m, &deed);
        }
        deeds_call_drop(call);
    }
    end_terminal(&m, "");
    for (size_t i = 0; i < PEOPLE; i++) {
        if (deeds->people[i].name[0] != '\0') {
            deeds_person_leave(&m, &deeds->people[i]);
        }
    }
}
