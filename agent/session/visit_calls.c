/* What the gateway asks of a visit: the rows of each capability (visit_NAME.c), found by method. Every call is held
 * against the capabilities that the owner has allowed, here, on the product; the gateway has checked them too, and that
 * is its business. */
#include <stdio.h>
#include <string.h>

#include "fieldline/log.h"
#include "session/visit_inside.h"

enum { NOTICE_BYTES = 500 };

static const struct visit_verbs *const tables[] = {&visit_terminal, &visit_diagnose, &visit_observe,  &visit_files,
                                                   &visit_forward,  &visit_screen,   &visit_configure};

void visit_answer_nothing(struct visit *v, int64_t id) {
    if (id > 0) {
        visit_answer(v, id, "{}", 2);
    }
}

static const struct visit_verb *find(const char *method) {
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            if (strcmp(method, tables[t]->rows[i].method) == 0) {
                return &tables[t]->rows[i];
            }
        }
    }
    return NULL;
}

static enum result end_stream(struct visit *v, const char *method, const struct json *params, int64_t id,
                              struct fault *fault) {
    int64_t number;
    enum result result = json_integer(params, "stream", 1, UINT16_MAX, &number, fault);
    if (result == RESULT_OK) {
        result = strcmp(method, "stream.finish") == 0 ? streams_finish(v->streams, number, fault)
                                                      : streams_shut(v->streams, number, fault);
    }
    if (result == RESULT_OK) {
        visit_answer_nothing(v, id);
    }
    return result;
}

/* For whoever stands before the product: today a line of its log, where the maker's own display can follow it. Bytes
 * that would move a terminal's cursor are no part of a notice. */
static enum result show_notice(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    char plain[NOTICE_BYTES + 1];
    const char *text;
    enum result result = json_string(params, "text", NOTICE_BYTES, &text, fault);
    if (result != RESULT_OK) {
        return result;
    }
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text >= ' ' && *text != 0x7f) {
            plain[count++] = *text;
        }
    }
    plain[count] = '\0';
    log_info("session.visit", "notice", "session=%s text=%s", v->options.grant->session, log_text(plain));
    visit_answer_nothing(v, id);
    return RESULT_OK;
}

static enum result call(struct visit *v, const char *method, const struct json *params, int64_t id,
                        struct fault *fault) {
    if (strcmp(method, "stream.finish") == 0 || strcmp(method, "stream.close") == 0) {
        return end_stream(v, method, params, id, fault); /* whoever has none open ends none */
    }
    if (strcmp(method, "notice.show") == 0) {
        return show_notice(v, params, id, fault); /* needs no right: it says who is there */
    }
    const struct visit_verb *verb = find(method);
    if (verb == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "there is no method '%s'", method);
    }
    if ((v->options.grant->capabilities & CAPABILITY_BIT(verb->capability)) == 0) {
        return fault_set(fault, RESULT_DENIED, "the owner has not allowed '%s'", capability_name(verb->capability));
    }
    if (verb->has_answer && id == 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' needs an id", method);
    }
    return verb->act(v, params, id, fault);
}

static void last_down(struct visit *v, const struct json *params) {
    const char *reason;
    v->has_last_down = true;
    visit_end(v, json_string(params, "reason", sizeof v->reason - 1, &reason, NULL) == RESULT_OK ? reason : "failed");
}

void visit_control(struct visit *v, const struct frame *frame) {
    struct json *message = NULL;
    const char *method;
    int64_t id = 0;
    struct fault fault;
    enum result result = json_parse((const char *)frame->bytes, frame->count, &message, &fault);
    if (result == RESULT_OK && !json_is_object(message)) {
        result = fault_set(&fault, RESULT_BAD_INPUT, "it is no object");
    }
    if (result == RESULT_OK) {
        result = json_string(message, "method", 63, &method, &fault);
    }
    const struct json *params = result == RESULT_OK ? json_get(message, "params") : NULL;
    if (result == RESULT_OK && json_get(message, "id") != NULL) {
        result = json_integer(message, "id", 1, INT64_MAX / 2, &id, &fault);
    }
    if (result != RESULT_OK || params == NULL || !json_is_object(params)) {
        log_warn("session.visit", "gateway_protocol", "bytes=%zu", frame->count);
        visit_end(v, "gateway_protocol");
    } else if (strcmp(method, "session.end") == 0) {
        last_down(v, params);
    } else if (v->phase == VISIT_LIVE) {
        result = call(v, method, params, id, &fault);
        if (result != RESULT_OK && id > 0) {
            visit_answer_error(v, id, result, fault.text);
        }
    }
    json_free(message);
}
