/* The service report of a session, written from what was recorded and not from what anybody remembers. Markdown,
 * because it goes into the ticket, into mail and on paper. Any thread; blocks on the disk.
 *
 * Everything that came from a person or a product is put into indented code or escaped: a report is shown in a browser.
 */
#include "sessions/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "sessions/transcript_reader.h"
#include "sessions/typed.h"

enum { LIST_ROWS = 200, RUNS = 64 };

struct run {
    int64_t id;
    char name[CAP_CODE_BYTES + 1];
    int64_t t_ms;
};

/* What one reading of the transcript collects. */
struct findings {
    struct buf typed_list, run_list;
    size_t typed_count, run_count, run_failures, samples, logs, terminals;
    uint64_t output_bytes;
    struct typed typed;
    char typed_by[TRANSCRIPT_NAME_BYTES + 1];
    bool was_secret;
    struct run runs[RUNS]; /* waiting for their answers */
    size_t waiting;
};

/* Plain text inside Markdown: one line, nothing that Markdown or HTML would read. */
static void plain(struct buf *out, const char *text) {
    for (const char *at = text; *at != '\0'; at++) {
        if ((uint8_t)*at < 0x20 || *at == 0x7f) {
            buf_add_u8(out, ' ');
            continue;
        }
        if (strchr("\\`*_{}[]<>|#", *at) != NULL) {
            buf_add_u8(out, '\\');
        }
        buf_add_u8(out, (uint8_t)*at);
    }
}

static void row_text(struct buf *out, const char *name, const char *text) {
    buf_printf(out, "| %s | ", name);
    plain(out, text);
    buf_str(out, " |\n");
}

static void row_time(struct buf *out, const char *name, int64_t wall_ms) {
    char text[32];
    clock_print(wall_ms, text);
    row_text(out, name, text);
}

static void offset(struct buf *out, int64_t t_ms) {
    buf_printf(out, "%02lld:%02lld", (long long)(t_ms / 60000), (long long)(t_ms / 1000 % 60));
}

static void list_typed(struct findings *f, int64_t t_ms, const char *by, const char *line) {
    if (f->typed_count++ >= LIST_ROWS) {
        return;
    }
    buf_str(&f->typed_list, "    ");
    offset(&f->typed_list, t_ms);
    buf_printf(&f->typed_list, "  %s  %s\n", by, line);
}

static void on_typed(struct findings *f, const struct transcript_entry *e) {
    f->was_secret = false;
    for (size_t i = 0; i < e->count; i++) {
        if (typed_add(&f->typed, e->bytes[i])) {
            list_typed(f, e->line.t_ms, e->line.by, f->typed.line);
        }
    }
}

static void on_secret(struct findings *f, const struct transcript_entry *e) {
    if (!f->was_secret) {
        list_typed(f, e->line.t_ms, e->line.by, "(hidden input)");
    }
    f->was_secret = true;
}

static void on_run(struct findings *f, const struct json *message, const struct json *params, int64_t t_ms) {
    const char *name;
    struct run *run = &f->runs[f->waiting % RUNS];
    if (json_string(params, "name", CAP_CODE_BYTES, &name, NULL) == RESULT_OK &&
        json_integer(message, "id", 1, INT64_MAX / 2, &run->id, NULL) == RESULT_OK) {
        snprintf(run->name, sizeof run->name, "%s", name);
        run->t_ms = t_ms;
        f->waiting++;
    }
}

static void list_run(struct findings *f, const struct run *run, const struct json *answer) {
    int64_t status = -1, took_ms = 0;
    bool is_cut = false;
    const struct json *result = json_get(answer, "result"), *error = json_get(answer, "error");
    const char *text = "it could not be run";
    if (result != NULL && json_integer(result, "exit", INT32_MIN, INT32_MAX, &status, NULL) != RESULT_OK) {
        return; /* the answer to something else */
    }
    f->run_failures += status != 0;
    if (f->run_count++ >= LIST_ROWS) {
        return;
    }
    buf_str(&f->run_list, "| ");
    offset(&f->run_list, run->t_ms);
    buf_str(&f->run_list, " | ");
    plain(&f->run_list, run->name);
    if (result != NULL) {
        if (json_integer(result, "took_ms", 0, INT64_MAX / 2, &took_ms, NULL) != RESULT_OK ||
            json_bool(result, "truncated", &is_cut, NULL) != RESULT_OK) {
            is_cut = false;
        }
        buf_printf(&f->run_list, " | exit %lld, %lld ms%s |\n", (long long)status, (long long)took_ms,
                   is_cut ? ", output cut" : "");
        return;
    }
    if (error == NULL || json_string(error, "message", CAP_FRAME_BYTES, &text, NULL) != RESULT_OK) {
        text = "it could not be run";
    }
    buf_str(&f->run_list, " | ");
    plain(&f->run_list, text);
    buf_str(&f->run_list, " |\n");
}

static void on_answer(struct findings *f, const struct json *message) {
    int64_t id;
    if (json_integer(message, "id", 1, INT64_MAX / 2, &id, NULL) != RESULT_OK) {
        return;
    }
    size_t kept = f->waiting < RUNS ? f->waiting : RUNS;
    for (size_t i = 0; i < kept; i++) {
        if (f->runs[i].id == id) {
            list_run(f, &f->runs[i], message);
            f->runs[i].id = 0;
            return;
        }
    }
}

static void on_control(struct findings *f, const struct transcript_entry *e) {
    struct json *message = NULL;
    const char *method = NULL;
    if (json_parse((const char *)e->bytes, e->count, &message, NULL) != RESULT_OK || !json_is_object(message) ||
        json_optional_string(message, "method", 63, &method, NULL) != RESULT_OK) {
        json_free(message);
        return;
    }
    const struct json *params = json_get(message, "params");
    bool is_down = e->line.dir == TRANSCRIPT_DOWN;
    if (method == NULL) {
        on_answer(f, message);
    } else if (is_down && strcmp(method, "diagnose.run") == 0 && params != NULL) {
        on_run(f, message, params, e->line.t_ms);
    } else if (is_down && strcmp(method, "terminal.open") == 0) {
        f->terminals++;
    } else if (strcmp(method, "observe.sample") == 0) {
        f->samples++;
    } else if (strcmp(method, "observe.log") == 0) {
        f->logs++;
    }
    json_free(message);
}

static void on_entry(struct findings *f, const struct transcript_entry *e) {
    if (e->line.dir == TRANSCRIPT_GATE) {
        return;
    }
    if (e->line.channel == CHANNEL_CONTROL) {
        on_control(f, e);
    } else if (e->line.channel == CHANNEL_TERMINAL_SECRET) {
        on_secret(f, e);
    } else if (e->line.dir == TRANSCRIPT_UP) {
        f->output_bytes += e->count;
    } else {
        on_typed(f, e);
    }
}

static void print_head(struct buf *out, const struct session *s, const char *subject) {
    struct buf names;
    char text[64];
    buf_init(&names, 256);
    capabilities_print(s->capabilities, &names);
    buf_str(out, "# Service report: remote session\n\n| | |\n|---|---|\n");
    snprintf(text, sizeof text, "%lld", (long long)s->ticket);
    row_text(out, "Ticket", text);
    row_text(out, "Subject", subject);
    row_text(out, "Product", s->device);
    row_text(out, "Engineer", s->engineer);
    row_text(out, "Reason", s->reason);
    row_text(out, "Allowed", buf_text(&names));
    row_time(out, "Asked for", s->requested_ms);
    if (s->has_started) {
        row_time(out, "Began", s->started_ms);
    }
    if (s->has_ended) {
        row_time(out, "Ended", s->ended_ms);
    }
    if (s->has_started && s->has_ended) {
        int64_t took_s = (s->ended_ms - s->started_ms) / 1000;
        snprintf(text, sizeof text, "%lld min %lld s", (long long)(took_s / 60), (long long)(took_s % 60));
        row_text(out, "Duration", text);
    }
    row_text(out, "How it ended", s->text[0] != '\0' ? s->text : session_why_text(s->why));
    buf_fini(&names);
}

static void print_consent(struct buf *out, const struct session *s) {
    char text[32];
    buf_str(out, "\n## Consent\n\n");
    if (!s->has_consent) {
        buf_str(out, "None was given.\n");
        return;
    }
    buf_str(out, "Given by ");
    plain(out, s->consent.by);
    buf_str(out, " on the product (");
    plain(out, s->consent.method);
    clock_print(s->consent.at_ms, text);
    buf_printf(out, ") at %s", text);
    clock_print(s->consent.until_ms, text);
    buf_printf(out, ", valid until %s.\n", text);
}

static void print_list(struct buf *out, const struct buf *list, size_t count) {
    buf_add(out, list->data, list->count);
    if (count > LIST_ROWS) {
        buf_printf(out, "\n%zu more are in the recording.\n", count - LIST_ROWS);
    }
}

static void print_findings(struct buf *out, const struct findings *f) {
    buf_str(out, "\n## What was done\n\n");
    buf_printf(out, "- %zu diagnostics run, %zu of them with a finding (an exit status other than 0)\n", f->run_count,
               f->run_failures);
    buf_printf(out, "- %zu terminals opened, %zu lines typed, %llu bytes of output\n", f->terminals, f->typed_count,
               (unsigned long long)f->output_bytes);
    buf_printf(out, "- %zu live samples and %zu live log lines observed\n", f->samples, f->logs);
    if (f->run_count > 0) {
        buf_str(out, "\n## Diagnostics\n\n| Time | Diagnostic | Result |\n|---|---|---|\n");
        print_list(out, &f->run_list, f->run_count);
    }
    if (f->typed_count > 0) {
        buf_str(out, "\n## Typed\n\nRebuilt from the keys; the recording has what the terminal showed.\n\n");
        print_list(out, &f->typed_list, f->typed_count);
    }
}

static void print_recording(struct buf *out, const struct session *s) {
    buf_str(out, "\n## Recording\n\n");
    if (s->digest[0] == '\0') {
        buf_str(out, "There is no sealed recording of this session.\n");
        return;
    }
    buf_printf(out, "%lld frames, %s, %s.\n\nSHA-256 of the seal:\n\n    %s\n", (long long)s->frames,
               s->is_complete ? "complete" : "not complete",
               s->is_countersigned ? "countersigned by the product" : "not countersigned by the product", s->digest);
}

/* RESULT_NOT_FOUND: nothing was recorded. */
static enum result collect(const struct vault *vault, const struct session *s, const char *dir, struct findings *f,
                           struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES];
    struct transcript_reader *reader = NULL;
    struct transcript_entry entry;
    int chars = snprintf(base, sizeof base, "%s/%s", dir, s->id);
    if (chars < 0 || (size_t)chars >= sizeof base - 8) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", dir);
    }
    enum result result = transcript_reader_open(vault, base, &reader, fault);
    if (result != RESULT_OK) {
        return result;
    }
    while ((result = transcript_reader_next(reader, &entry, fault)) == RESULT_OK) {
        on_entry(f, &entry);
    }
    transcript_reader_close(reader);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result session_report(const struct vault *vault, const struct session *session, const char *transcript_dir,
                           const char *subject, struct buf *out, struct fault *fault) {
    struct findings *f = mem_alloc(sizeof *f);
    buf_init(&f->typed_list, (size_t)LIST_ROWS * (TYPED_BYTES + 100));
    buf_init(&f->run_list, (size_t)LIST_ROWS * 2 * CAP_FRAME_BYTES);
    enum result result = collect(vault, session, transcript_dir, f, fault);
    if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        print_head(out, session, subject);
        print_consent(out, session);
        if (result == RESULT_OK) {
            print_findings(out, f);
        }
        print_recording(out, session);
        result = out->overflow ? fault_set(fault, RESULT_TOO_BIG, "the report does not fit") : RESULT_OK;
    }
    buf_fini(&f->typed_list);
    buf_fini(&f->run_list);
    free(f);
    return result;
}
