/* How each deed of a session reads in its service report: a row of its section's table, and one of the timeline. */
#include "sessions/report_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"

/* A cell of a table: a bar, then the text. */
static void cell(const struct report *r, struct buf *out, const char *text) {
    buf_str(out, " | ");
    report_plain(r, out, text);
}

static void begin(struct buf *out, int64_t t_ms) {
    buf_str(out, "| ");
    report_offset(out, t_ms);
}

static void end(struct buf *out) {
    buf_str(out, " |\n");
}

static void span(struct buf *out, int64_t ms) {
    int64_t s = (ms < 0 ? 0 : ms) / 1000;
    if (s >= 60) {
        buf_printf(out, "%" PRId64 " min ", s / 60);
    }
    buf_printf(out, "%" PRId64 " s", s % 60);
}

/* `what` and then `detail`, behind the name of who did it. */
static void tell(struct report *r, int64_t t_ms, const char *by, const char *what, const char *detail) {
    struct buf out;
    size_t place = r->listed[SECTION_TIMELINE];
    if (!report_row(r, SECTION_TIMELINE)) {
        return;
    }
    buf_init(&out, SECTION_BYTES);
    begin(&out, t_ms);
    cell(r, &out, by);
    cell(r, &out, what);
    if (detail[0] != '\0') {
        buf_str(&out, ": ");
        report_plain(r, &out, detail);
    }
    end(&out);
    r->moments[place] = (struct moment){t_ms, mem_strdup(buf_text(&out))};
    buf_fini(&out);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void on_diagnostic(struct report *r, const struct deed *d) {
    struct buf *out = &r->list[SECTION_DIAGNOSTICS];
    tell(r, d->t_ms, d->by, "diagnostic", d->name);
    r->failures += !d->has_exit || d->exit != 0;
    if (!report_row(r, SECTION_DIAGNOSTICS)) {
        return;
    }
    begin(out, d->t_ms);
    cell(r, out, d->by);
    cell(r, out, d->name);
    if (d->text[0] != '\0' && strcmp(d->text, "{}") != 0) {
        buf_str(out, " ");
        report_plain(r, out, d->text);
    }
    if (d->has_exit) {
        buf_printf(out, " | exit %" PRId64 ", %" PRId64 " ms%s", d->exit, d->took_ms, d->is_cut ? ", output cut" : "");
    } else {
        cell(r, out, d->outcome);
    }
    end(out);
}

/* An object as it may be shown; NULL: it is none. */
static struct json *read_values(const struct report *r, const char *text) {
    struct buf shown;
    struct json *values = NULL;
    buf_init(&shown, 8 * (size_t)CAP_FRAME_BYTES);
    redact_json(r->mask, text, &shown);
    if (json_parse(buf_text(&shown), shown.count, &values, NULL) == RESULT_OK && !json_is_object(values)) {
        json_free(values);
        values = NULL;
    }
    buf_fini(&shown);
    return values;
}

/* name: before -> after, for each; or what was wanted when it was refused. */
static void print_values(const struct report *r, const char *before_text, const char *after_text, struct buf *out) {
    struct json *before = read_values(r, before_text), *after = read_values(r, after_text);
    if (after == NULL) {
        buf_str(out, after_text);
    } else {
        for (const struct json *one = json_first(after); one != NULL; one = json_next(one)) {
            const struct json *was = before != NULL ? json_get(before, json_key(one)) : NULL;
            buf_printf(out, "%s%s: ", out->count > 0 ? "; " : "", json_key(one));
            if (was != NULL) {
                json_print(was, out);
                buf_str(out, " → ");
            }
            json_print(one, out);
        }
    }
    json_free(before);
    json_free(after);
}

static void on_change(struct report *r, const struct deed *d) {
    struct buf text;
    buf_init(&text, 16 * 1024);
    print_values(r, d->before, d->after, &text);
    tell(r, d->t_ms, d->by, d->outcome[0] == '\0' ? "parameters set" : "parameters refused", buf_text(&text));
    struct change_row *row = &r->changes[r->change_count < CHANGES ? r->change_count : CHANGES - 1];
    if (r->change_count++ < CHANGES) {
        row->t_ms = d->t_ms;
        row->by = mem_strdup(d->by);
        row->text = mem_strdup(buf_text(&text));
        text_copy(row->name, sizeof row->name, d->name);
        text_copy(row->outcome, sizeof row->outcome, d->outcome);
    }
    buf_fini(&text);
}

static void settle(struct report *r, const struct deed *d, const char *word) {
    char outcome[160];
    if (d->by[0] != '\0') {
        snprintf(outcome, sizeof outcome, "%s by %.63s", word, d->by);
    } else {
        snprintf(outcome, sizeof outcome, "%s by the product%s%.80s", word, d->text[0] != '\0' ? ": " : "", d->text);
    }
    if (d->outcome[0] != '\0') {
        tell(r, d->t_ms, d->by, "was refused", d->outcome);
        return;
    }
    tell(r, d->t_ms, d->by, "parameters", outcome);
    for (size_t i = 0; i < r->change_count && i < CHANGES; i++) {
        if (strcmp(r->changes[i].name, d->name) == 0) {
            text_copy(r->changes[i].outcome, sizeof r->changes[i].outcome, outcome);
        }
    }
}

static void on_confirm(struct report *r, const struct deed *d) {
    settle(r, d, "confirmed");
}

static void on_revert(struct report *r, const struct deed *d) {
    settle(r, d, "reverted");
}

static void on_file(struct report *r, const struct deed *d) {
    struct buf *out = &r->list[SECTION_FILES];
    tell(r, d->t_ms, d->by, d->is_down ? "file to the product" : "file from the product", d->name);
    if (!report_row(r, SECTION_FILES)) {
        return;
    }
    begin(out, d->t_ms);
    cell(r, out, d->by);
    cell(r, out, d->name);
    buf_str(out, d->is_down ? " | to the product | " : " | from the product | ");
    if (d->size >= 0) {
        buf_printf(out, "%" PRId64 " bytes", d->size);
    }
    cell(r, out, d->sha256);
    cell(r, out, d->outcome);
    end(out);
}

static void on_port(struct report *r, const struct deed *d) {
    struct buf *out = &r->list[SECTION_PORTS];
    tell(r, d->t_ms, d->by, d->kind == DEED_SCREEN ? "screen" : "port", d->name);
    if (!report_row(r, SECTION_PORTS)) {
        return;
    }
    begin(out, d->t_ms);
    cell(r, out, d->by);
    cell(r, out, d->kind == DEED_SCREEN ? "screen " : "port ");
    report_plain(r, out, d->name);
    buf_str(out, d->text[0] != '\0' ? ", " : "");
    report_plain(r, out, d->text);
    buf_str(out, " | ");
    span(out, d->end_ms - d->t_ms);
    buf_printf(out, " | %" PRId64 " bytes up, %" PRId64 " down", d->up_bytes, d->down_bytes);
    cell(r, out, d->outcome);
    end(out);
}

static void on_terminal(struct report *r, const struct deed *d) {
    tell(r, d->t_ms, d->by, "terminal opened", "");
    tell(r, d->end_ms, d->by, "terminal closed", d->outcome);
}

static void on_presence(struct report *r, const struct deed *d) {
    enum section section = d->kind == DEED_CALL ? SECTION_CALLS : SECTION_PEOPLE;
    struct buf *out = &r->list[section];
    tell(r, d->t_ms, d->by, d->kind == DEED_CALL ? "joined the help call" : "joined", d->text);
    tell(r, d->end_ms, d->by, d->kind == DEED_CALL ? "left the help call" : "left", "");
    if (!report_row(r, section)) {
        return;
    }
    begin(out, d->t_ms);
    cell(r, out, d->by);
    if (section == SECTION_PEOPLE) {
        cell(r, out, d->text);
    }
    buf_str(out, " | ");
    span(out, d->end_ms - d->t_ms);
    end(out);
}

static void on_words(struct report *r, const struct deed *d) {
    enum section section = d->kind == DEED_CHAT ? SECTION_CHAT : SECTION_REFUSED;
    struct buf *out = &r->list[section];
    if (!report_row(r, section)) {
        return;
    }
    begin(out, d->t_ms);
    cell(r, out, d->by);
    cell(r, out, d->text);
    end(out);
}

static void on_control(struct report *r, const struct deed *d) {
    tell(r, d->t_ms, d->by, d->text, "");
}

static void on_hole(struct report *r, const struct deed *d) {
    struct buf *out = &r->list[SECTION_HOLES];
    tell(r, d->t_ms, "", "a hole in the recording", d->text);
    if (!report_row(r, SECTION_HOLES)) {
        return;
    }
    begin(out, d->t_ms);
    buf_str(out, " | ");
    span(out, d->end_ms - d->t_ms);
    cell(r, out, d->text);
    end(out);
}

static void on_sample(struct report *r, const struct deed *d) {
    r->samples += d->kind == DEED_SAMPLE;
    r->logs += d->kind == DEED_LOG;
}

static const struct {
    enum deed_kind kind;
    void (*on)(struct report *r, const struct deed *d);
} rows[] = {{DEED_DIAGNOSTIC, on_diagnostic},
            {DEED_CHANGE, on_change},
            {DEED_CONFIRM, on_confirm},
            {DEED_REVERT, on_revert},
            {DEED_FILE, on_file},
            {DEED_PORT, on_port},
            {DEED_SCREEN, on_port},
            {DEED_TERMINAL, on_terminal},
            {DEED_PRESENCE, on_presence},
            {DEED_CALL, on_presence},
            {DEED_CHAT, on_words},
            {DEED_REFUSED, on_words},
            {DEED_CONTROL, on_control},
            {DEED_HOLE, on_hole},
            {DEED_SAMPLE, on_sample},
            {DEED_LOG, on_sample}};

void report_deed(void *self, const struct deed *deed) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind == deed->kind) {
            rows[i].on(self, deed);
        }
    }
}

static void finish_changes(struct report *r) {
    struct buf *out = &r->list[SECTION_CHANGES];
    for (size_t i = 0; i < r->change_count && i < CHANGES; i++) {
        struct change_row *row = &r->changes[i];
        if (report_row(r, SECTION_CHANGES)) {
            begin(out, row->t_ms);
            cell(r, out, row->by);
            cell(r, out, row->text);
            cell(r, out, row->outcome[0] != '\0' ? row->outcome : "neither confirmed nor reverted while recorded");
            end(out);
        }
        free(row->by);
        free(row->text);
    }
}

/* Insertion: at most LIST_ROWS, nearly in order, and those of one time stay as they came. */
static void finish_timeline(struct report *r) {
    size_t count = r->listed[SECTION_TIMELINE];
    for (size_t i = 1; i < count; i++) {
        struct moment one = r->moments[i];
        size_t at = i;
        for (; at > 0 && r->moments[at - 1].t_ms > one.t_ms; at--) {
            r->moments[at] = r->moments[at - 1];
        }
        r->moments[at] = one;
    }
    for (size_t i = 0; i < count; i++) {
        if (r->list[SECTION_TIMELINE].count < SECTION_ROOM) {
            buf_str(&r->list[SECTION_TIMELINE], r->moments[i].row);
        } else {
            r->listed[SECTION_TIMELINE]--;
        }
        free(r->moments[i].row);
    }
}

void report_finish(struct report *r) {
    finish_changes(r);
    finish_timeline(r);
}

/* ---- typed lines ------------------------------------------------------------------------------------------------- */

static void list_typed(struct report *r, const struct transcript_entry *e, const char *line) {
    struct buf *out = &r->list[SECTION_TYPED];
    if (report_row(r, SECTION_TYPED)) {
        buf_str(out, "    ");
        report_offset(out, e->line.t_ms);
        buf_printf(out, "  %s  ", e->line.by);
        redact_text(r->mask, line, out);
        buf_str(out, "\n");
    }
}

void report_typed(struct report *r, const struct transcript_entry *e) {
    size_t place = 0;
    while (place + 1 < TYPISTS && r->typists[place].name[0] != '\0' &&
           strcmp(r->typists[place].name, e->line.by) != 0) {
        place++;
    }
    if (strcmp(r->typists[place].name, e->line.by) != 0) {
        memset(&r->typists[place], 0, sizeof r->typists[place]);
        text_copy(r->typists[place].name, sizeof r->typists[place].name, e->line.by);
    }
    if (e->line.channel == CHANNEL_TERMINAL_SECRET) {
        if (!r->typists[place].was_secret) {
            list_typed(r, e, "(hidden input)");
        }
        r->typists[place].was_secret = true;
        return;
    }
    r->typists[place].was_secret = false;
    for (size_t i = 0; i < e->count; i++) {
        if (typed_add(&r->typists[place].typed, e->bytes[i])) {
            list_typed(r, e, r->typists[place].typed.line);
        }
    }
}
