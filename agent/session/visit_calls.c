/* What the gateway asks of a visit: one row a method. Every call is held against the capabilities that the owner has
 * allowed, here, on the product; the gateway has checked them too, and that is its business. */
#include <stdio.h>
#include <string.h>

#include "fieldline/log.h"
#include "session/visit_inside.h"

enum { CELLS_MAX = 1000, TERM_BYTES = 32, INPUT_CREDIT_BYTES = 16 * 1024 };
static const char nothing[] = "{}";

static void answer_nothing(struct visit *v, int64_t id) {
    if (id > 0) {
        visit_answer(v, id, nothing, sizeof nothing - 1);
    }
}

/* ---- terminal ---------------------------------------------------------------------------------------------------- */

static void on_output(void *self, const void *bytes, size_t count) {
    visit_send_terminal(self, bytes, count);
}

static void on_echo(void *self, bool is_on) {
    const char *params = is_on ? "{\"on\":true}" : "{\"on\":false}";
    visit_notify(self, "terminal.echo", params, strlen(params));
}

/* New credit in pieces worth a message. */
static void on_taken(void *self, size_t count) {
    struct visit *v = self;
    v->input_owed_bytes += (int64_t)count;
    if (v->input_owed_bytes >= INPUT_CREDIT_BYTES / 4) {
        visit_send_credit(v, (uint32_t)v->input_owed_bytes);
        v->input_owed_bytes = 0;
    }
}

static void on_closed(void *self, int status, int signal_number) {
    struct visit *v = self;
    char params[64];
    int chars = snprintf(params, sizeof params, "{\"exit\":%d,\"signal\":%d}", status, signal_number);
    v->pty = NULL;
    visit_notify(v, "terminal.closed", params, (size_t)chars);
    visit_pty_closed(v);
}

const struct pty_events visit_pty_events = {
    .output = on_output, .echo = on_echo, .taken = on_taken, .closed = on_closed};

static enum result read_size(const struct json *params, int *columns, int *rows, struct fault *fault) {
    int64_t c, r;
    enum result result = json_integer(params, "cols", 1, CELLS_MAX, &c, fault);
    if (result == RESULT_OK && (result = json_integer(params, "rows", 1, CELLS_MAX, &r, fault)) == RESULT_OK) {
        *columns = (int)c;
        *rows = (int)r;
    }
    return result;
}

static enum result open_terminal(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    const struct session_grant *g = v->options.grant;
    struct pty_options options = {
        .argv = g->shell, .user = g->shell_user, .term = "xterm-256color", .session = g->session};
    const char *term;
    enum result result;
    if (v->pty != NULL) {
        return fault_set(fault, RESULT_CONFLICT, "a terminal is open already");
    }
    if ((result = read_size(params, &options.columns, &options.rows, fault)) != RESULT_OK ||
        (result = json_optional_string(params, "term", TERM_BYTES, &term, fault)) != RESULT_OK) {
        return result;
    }
    if (term != NULL && term[strspn(term, "abcdefghijklmnopqrstuvwxyz0123456789+-.")] != '\0') {
        return fault_set(fault, RESULT_BAD_INPUT, "'term' is no terminal's name");
    }
    if (term != NULL && term[0] != '\0') {
        options.term = term;
    }
    result = pty_open(v->loop, &options, &visit_pty_events, v, &v->pty, fault);
    if (result == RESULT_OK) {
        v->input_owed_bytes = 0;
        answer_nothing(v, id);
        visit_send_credit(v, INPUT_CREDIT_BYTES);
    }
    return result;
}

static enum result resize_terminal(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    int columns, rows;
    enum result result = read_size(params, &columns, &rows, fault);
    if (result == RESULT_OK) {
        if (v->pty != NULL) { /* it may just have closed */
            pty_resize(v->pty, columns, rows);
        }
        answer_nothing(v, id);
    }
    return result;
}

static enum result close_terminal(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    (void)params, (void)fault;
    if (v->pty != NULL) {
        pty_hang_up(v->pty);
    }
    answer_nothing(v, id);
    return RESULT_OK;
}

/* ---- the others -------------------------------------------------------------------------------------------------- */

static enum result run_diagnostic(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    const char *name;
    const struct json *args = json_get(params, "args");
    enum result result = json_string(params, "name", CAP_CODE_BYTES, &name, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (args != NULL && json_first(args) != NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "the diagnostic '%s' takes no arguments", name);
    }
    return diagnose_run(v->diagnose, id, name, fault);
}

static enum result start_observing(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    (void)params;
    enum result result = observe_start(v->observe, fault);
    if (result == RESULT_OK) {
        answer_nothing(v, id);
    }
    return result;
}

static enum result stop_observing(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    (void)params, (void)fault;
    observe_stop(v->observe);
    answer_nothing(v, id);
    return RESULT_OK;
}

static const struct {
    const char *method;
    enum capability capability;
    bool has_answer; /* it is pointless without an id */
    enum result (*act)(struct visit *v, const struct json *params, int64_t id, struct fault *fault);
} rows[] = {
    {"terminal.open", CAPABILITY_SHELL, false, open_terminal},
    {"terminal.resize", CAPABILITY_SHELL, false, resize_terminal},
    {"terminal.close", CAPABILITY_SHELL, false, close_terminal},
    {"diagnose.run", CAPABILITY_DIAGNOSE, true, run_diagnostic},
    {"observe.start", CAPABILITY_OBSERVE, false, start_observing},
    {"observe.stop", CAPABILITY_OBSERVE, false, stop_observing},
};

static enum result call(struct visit *v, const char *method, const struct json *params, int64_t id,
                        struct fault *fault) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(method, rows[i].method) != 0) {
            continue;
        }
        if ((v->options.grant->capabilities & CAPABILITY_BIT(rows[i].capability)) == 0) {
            return fault_set(fault, RESULT_DENIED, "the owner has not allowed '%s'",
                             capability_name(rows[i].capability));
        }
        if (rows[i].has_answer && id == 0) {
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' needs an id", method);
        }
        return rows[i].act(v, params, id, fault);
    }
    return fault_set(fault, RESULT_NOT_FOUND, "there is no method '%s'", method);
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
