/* The visible sign. Loop thread.
 *
 * A file and not only a program, because a file says what is so whenever somebody looks, and a program can crash. The
 * program is run once at a time: changes that come while it runs are told together, when it has ended. That it fails is
 * logged and ends no session: the file and the owner's page still tell, and a broken lamp must not keep an engineer
 * from the repair of it. Without the file there is no session: the launcher sees to that. */
#include "sign.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/capability_words.h"
#include "file.h"
#include "run.h"

enum { SHOW_LIMIT_MS = 10 * 1000, SHOW_OUTPUT_BYTES = 1024 };

struct sign {
    struct loop *loop;
    const struct agent_config *config;
    struct run *run;
    struct sign_row rows[SIGN_ROWS_MAX];
    size_t count;
    bool is_told_late; /* it changed while the program ran */
};

struct sign *sign_new(struct loop *loop, const struct agent_config *config) {
    struct sign *s = mem_alloc(sizeof *s);
    s->loop = loop;
    s->config = config;
    return s;
}

void sign_free(struct sign *s) {
    if (s != NULL) {
        run_cancel(s->run);
        free(s);
    }
}

static void print_row(struct json_out *j, const struct sign_row *row) {
    jo_object(j, NULL);
    jo_str(j, "session", row->session);
    jo_str(j, "engineer", row->engineer);
    jo_str(j, "role", row->role);
    jo_str(j, "by", row->by);
    jo_str(j, "method", row->method);
    jo_str(j, "key", row->key);
    jo_str(j, "window", row->window);
    capabilities_write(j, "capabilities", row->capabilities);
    capability_words_print(row->capabilities, j, "words");
    jo_int(j, "since_ms", row->since_ms);
    jo_int(j, "until_ms", row->until_ms);
    jo_int(j, "pid", row->pid);
    jo_int(j, "started", row->started);
    jo_end(j);
}

static void print(const struct sign *s, const char *word, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    if (word != NULL) {
        jo_str(&j, "sign", word);
    }
    jo_array(&j, "sessions");
    for (size_t i = 0; i < s->count; i++) {
        print_row(&j, &s->rows[i]);
    }
    jo_end(&j);
    jo_end(&j);
    buf_add_u8(out, '\n');
}

static void tell(struct sign *s);

static void on_told(void *self, const struct run_outcome *outcome) {
    struct sign *s = self;
    s->run = NULL;
    if (outcome->status != 0) {
        log_warn("agent.sign", "sign_show_failed", "status=%d late=%d", outcome->status, outcome->is_late);
    }
    if (s->is_told_late) {
        tell(s);
    }
}

static void tell(struct sign *s) {
    static char *const env[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                (char *)"LANG=C.UTF-8", NULL};
    char *argv[] = {s->config->sign_show, NULL};
    struct buf text;
    struct fault fault;
    s->is_told_late = s->run != NULL;
    if (s->config->sign_show == NULL || s->run != NULL) {
        return;
    }
    buf_init(&text, SIGN_FILE_BYTES);
    print(s, s->count > 0 ? "on" : "off", &text);
    struct run_options options = {.argv = argv,
                                  .env = env,
                                  .input = buf_text(&text),
                                  .input_count = text.count,
                                  .output_cap_bytes = SHOW_OUTPUT_BYTES,
                                  .limit_ms = SHOW_LIMIT_MS};
    if (run_start(s->loop, &options, on_told, s, &s->run, &fault) != RESULT_OK) {
        log_warn("agent.sign", "sign_show_failed", "reason=%s", log_text(fault.text));
    }
    buf_fini(&text);
}

static enum result write_file(const struct sign *s, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    enum result result = RESULT_OK;
    if (snprintf(path, sizeof path, "%s/session-active", s->config->run_dir) >= (int)sizeof path) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", s->config->run_dir);
    }
    buf_init(&text, SIGN_FILE_BYTES);
    print(s, NULL, &text);
    if (s->count > 0) {
        result = file_replace(path, text.data, text.count, 0644, fault);
    } else if (unlink(path) != 0 && errno != ENOENT) {
        result = fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    }
    buf_fini(&text);
    return result;
}

enum result sign_set(struct sign *s, const struct sign_row *rows, size_t count, struct fault *fault) {
    s->count = count < SIGN_ROWS_MAX ? count : SIGN_ROWS_MAX;
    for (size_t i = 0; i < s->count; i++) {
        s->rows[i] = rows[i];
    }
    enum result result = write_file(s, fault);
    if (result != RESULT_OK) {
        log_error("agent.sign", "sign_not_written", "reason=%s", log_text(fault->text));
    }
    tell(s);
    return result;
}

/* ---- of an earlier run ---- */

static enum result read_text(const struct json *row, const char *key, char *out, size_t room, struct fault *fault) {
    const char *text;
    enum result result = json_string(row, key, room - 1, &text, fault);
    if (result == RESULT_OK) {
        snprintf(out, room, "%s", text);
    }
    return result;
}

static enum result read_row(const struct json *row, struct sign_row *out, struct fault *fault) {
    enum result result;
    if (!json_is_object(row)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'sessions' has a member that is no object");
    }
    if ((result = read_text(row, "session", out->session, sizeof out->session, fault)) != RESULT_OK ||
        (result = read_text(row, "engineer", out->engineer, sizeof out->engineer, fault)) != RESULT_OK ||
        (result = read_text(row, "role", out->role, sizeof out->role, fault)) != RESULT_OK ||
        (result = read_text(row, "by", out->by, sizeof out->by, fault)) != RESULT_OK ||
        (result = read_text(row, "method", out->method, sizeof out->method, fault)) != RESULT_OK ||
        (result = read_text(row, "key", out->key, sizeof out->key, fault)) != RESULT_OK ||
        (result = read_text(row, "window", out->window, sizeof out->window, fault)) != RESULT_OK ||
        (result = capabilities_read(row, "capabilities", &out->capabilities, fault)) != RESULT_OK ||
        (result = json_integer(row, "since_ms", 0, INT64_MAX / 2, &out->since_ms, fault)) != RESULT_OK ||
        (result = json_integer(row, "until_ms", 0, INT64_MAX / 2, &out->until_ms, fault)) != RESULT_OK ||
        (result = json_integer(row, "pid", 2, INT32_MAX, &out->pid, fault)) != RESULT_OK ||
        (result = json_integer(row, "started", 1, INT64_MAX / 2, &out->started, fault)) != RESULT_OK) {
        return result;
    }
    return uuid_valid(out->session) ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "'session' is no UUID");
}

enum result sign_read(const char *run_dir, struct sign_row rows[SIGN_ROWS_MAX], size_t *count, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    struct json *object = NULL;
    const struct json *list;
    *count = 0;
    if (snprintf(path, sizeof path, "%s/session-active", run_dir) >= (int)sizeof path) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", run_dir);
    }
    buf_init(&text, SIGN_FILE_BYTES);
    enum result result = file_read(path, &text, fault);
    if (result == RESULT_OK) {
        result = json_parse(buf_text(&text), text.count, &object, fault);
    }
    if (result == RESULT_OK) {
        result = json_is_object(object) ? json_array(object, "sessions", SIGN_ROWS_MAX, &list, fault)
                                        : fault_set(fault, RESULT_BAD_INPUT, "no object");
    }
    for (size_t i = 0; result == RESULT_OK && i < json_count(list); i++) {
        result = read_row(json_at(list, i), &rows[i], fault);
        *count += result == RESULT_OK;
    }
    json_free(object);
    buf_fini(&text);
    return result;
}
