/* Requests that wait for their answer: a ring in which the oldest gives way when it is full, because a request that was
 * not answered in 64 others will not be. A diagnostic's output may come before its answer, in pieces, or in it. */
#include "sessions/deeds_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call *deeds_call_add(const struct message *m, enum deed_kind kind, const char *name, const char *detail_key) {
    int64_t id = deeds_number(m->whole, "id", 0);
    struct deeds *d = m->deeds;
    struct call *free_one = &d->calls[0];
    for (size_t i = 0; i < CALLS; i++) {
        if (!d->calls[i].is_used) {
            free_one = &d->calls[i];
            break;
        }
        free_one = d->calls[i].n < free_one->n ? &d->calls[i] : free_one; /* the oldest was never answered */
    }
    free(free_one->detail);
    *free_one =
        (struct call){.is_used = true, .kind = kind, .id = id, .t_ms = m->entry->line.t_ms, .n = m->entry->line.n};
    text_copy(free_one->by, sizeof free_one->by, m->by);
    text_copy(free_one->name, sizeof free_one->name, name);
    free_one->detail = deeds_member(m->params, detail_key);
    return free_one;
}

static struct call *find_call(struct deeds *d, int64_t id) {
    for (size_t i = 0; i < CALLS; i++) {
        if (d->calls[i].is_used && d->calls[i].id == id) {
            return &d->calls[i];
        }
    }
    return NULL;
}

void deeds_call_drop(struct call *call) {
    free(call->detail);
    *call = (struct call){0};
}

struct deed deeds_of_call(const struct message *m, const struct call *call) {
    struct deed deed = deeds_begin(call->kind, m);
    deed.n = call->n;
    deed.t_ms = call->t_ms;
    deed.by = call->by;
    deed.name = call->name;
    return deed;
}

static void give_output(const struct message *m, const struct call *call, const char *text) {
    struct deed deed = deeds_begin(DEED_OUTPUT, m);
    deed.by = m->entry->line.by;
    deed.name = call->name;
    deed.text = text;
    if (text[0] != '\0') {
        deeds_tell(m, &deed);
    }
}

static void diagnostic_answered(const struct message *m, const struct call *call, const struct json *result) {
    struct deed deed = deeds_of_call(m, call);
    deed.text = call->detail;
    give_output(m, call, deeds_text(result, "output"));
    deed.exit = deeds_number(result, "exit", INT64_MAX);
    deed.has_exit = deed.exit != INT64_MAX;
    deed.took_ms = deeds_number(result, "took_ms", 0);
    deed.is_cut = deeds_true(result, "truncated");
    deeds_tell(m, &deed);
}

static void change_answered(const struct message *m, const struct call *call, const struct json *result) {
    struct deed deed = deeds_of_call(m, call);
    char *change = deeds_member(result, "change"), *before = deeds_member(result, "before"),
         *after = deeds_member(result, "after");
    deed.name = change;
    deed.before = before;
    deed.after = after;
    deeds_tell(m, &deed);
    free(change);
    free(before);
    free(after);
}

static void confirmed(const struct message *m, const struct call *call) {
    struct deed deed = deeds_of_call(m, call);
    deeds_tell(m, &deed);
}

static void reverted(const struct message *m, const struct call *call, const struct json *result) {
    struct deed deed = deeds_of_call(m, call);
    char *values = deeds_member(result, "values");
    deed.after = values;
    deeds_tell(m, &deed);
    free(values);
}

struct open_stream *deeds_stream(struct deeds *d, uint32_t number) {
    for (size_t i = 0; i < STREAMS; i++) {
        if (d->streams[i].is_used && d->streams[i].number == number) {
            return &d->streams[i];
        }
    }
    return NULL;
}

static void refused(const struct message *m, const struct call *call, const char *why) {
    struct deed deed = deeds_of_call(m, call);
    struct open_stream *stream = deeds_stream(m->deeds, call->stream);
    deed.outcome = why[0] == '\0' ? "it could not be done" : why;
    deed.text = call->kind == DEED_DIAGNOSTIC ? call->detail : "";
    deed.after = call->kind == DEED_CHANGE ? call->detail : "";
    if (stream != NULL) {
        deed.is_down = stream->is_down;
        deed.size = stream->size;
        *stream = (struct open_stream){0};
    }
    deeds_tell(m, &deed);
}

void deeds_on_answer(const struct message *m) {
    struct call *call = find_call(m->deeds, deeds_number(m->whole, "id", 0));
    const struct json *result = json_get(m->whole, "result"), *error = json_get(m->whole, "error");
    struct open_stream *stream;
    if (call == NULL) {
        return;
    }
    if (result == NULL) {
        refused(m, call, deeds_text(error, "message"));
        deeds_call_drop(call);
        return;
    }
    switch (call->kind) {
    case DEED_DIAGNOSTIC: diagnostic_answered(m, call, result); break;
    case DEED_CHANGE: change_answered(m, call, result); break;
    case DEED_CONFIRM: confirmed(m, call); break;
    case DEED_REVERT: reverted(m, call, result); break;
    default:
        stream = deeds_stream(m->deeds, call->stream);
        if (stream != NULL && stream->size < 0) {
            stream->size = deeds_number(result, "size", -1);
        }
    }
    deeds_call_drop(call);
}

void deeds_on_run(const struct message *m) {
    (void)deeds_call_add(m, DEED_DIAGNOSTIC, deeds_text(m->params, "name"), "args");
}

void deeds_on_output(const struct message *m) {
    const struct call *call = find_call(m->deeds, deeds_number(m->params, "id", 0));
    if (call != NULL) {
        give_output(m, call, deeds_text(m->params, "text"));
    }
}

void deeds_on_set(const struct message *m) {
    (void)deeds_call_add(m, DEED_CHANGE, "", "values");
}

static void on_settled(const struct message *m, enum deed_kind kind) {
    char *change = deeds_member(m->params, "change");
    (void)deeds_call_add(m, kind, change, "change");
    free(change);
}

void deeds_on_confirm(const struct message *m) {
    on_settled(m, DEED_CONFIRM);
}

void deeds_on_revert(const struct message *m) {
    on_settled(m, DEED_REVERT);
}

void deeds_on_reverted(const struct message *m) {
    struct deed deed = deeds_begin(DEED_REVERT, m);
    char *change = deeds_member(m->params, "change"), *values = deeds_member(m->params, "values");
    deed.by = "";
    deed.name = change;
    deed.after = values;
    deed.text = deeds_text(m->params, "why");
    deeds_tell(m, &deed);
    free(change);
    free(values);
}
