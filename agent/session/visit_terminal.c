/* The shell on the product: terminal.open, resize, close, and who types in it. */
#include <stdio.h>
#include <string.h>

#include "session/banner.h"
#include "session/visit_inside.h"

enum { CELLS_MAX = 1000, TERM_BYTES = 32, INPUT_CREDIT_BYTES = 16 * 1024, BANNER_BYTES = 1024 };

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
        v->input_given_bytes += v->input_owed_bytes;
        visit_send_credit(v, &(struct credit){.channel = CHANNEL_TERMINAL, .bytes = (uint32_t)v->input_owed_bytes});
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

static const struct pty_events events = {.output = on_output, .echo = on_echo, .taken = on_taken, .closed = on_closed};

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
    struct buf banner;
    buf_init(&banner, BANNER_BYTES);
    banner_print(g, &banner);
    options.banner = buf_text(&banner);
    result = pty_open(v->loop, &options, &events, v, &v->pty, fault);
    buf_fini(&banner);
    if (result == RESULT_OK) {
        v->input_owed_bytes = 0;
        v->input_given_bytes = INPUT_CREDIT_BYTES;
        visit_answer_nothing(v, id);
        visit_send_credit(v, &(struct credit){.channel = CHANNEL_TERMINAL, .bytes = INPUT_CREDIT_BYTES});
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
        visit_answer_nothing(v, id);
    }
    return result;
}

static enum result close_terminal(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    (void)params, (void)fault;
    if (v->pty != NULL) {
        pty_hang_up(v->pty);
    }
    visit_answer_nothing(v, id);
    return RESULT_OK;
}

/* Said for the chain: the product countersigns whose keys they were. */
static enum result take_typist(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    (void)params, (void)fault;
    visit_answer_nothing(v, id);
    return RESULT_OK;
}

static const struct visit_verb rows[] = {
    {"terminal.open", CAPABILITY_SHELL, false, open_terminal},
    {"terminal.resize", CAPABILITY_SHELL, false, resize_terminal},
    {"terminal.close", CAPABILITY_SHELL, false, close_terminal},
    {"terminal.typist", CAPABILITY_SHELL, false, take_typist},
};
const struct visit_verbs visit_terminal = {rows, sizeof rows / sizeof *rows};
