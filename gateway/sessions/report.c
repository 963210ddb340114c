/* The service report of a session, written from what was recorded and not from what anybody remembers. Markdown,
 * because it goes into the ticket, into mail and on paper. Any thread; blocks on the disk.
 *
 * One reading of the transcript fills one table for each section (report_rows.c); a section of which nothing happened
 * is left out. Everything that came from a person or a product is redacted and put into indented code or escaped: a
 * report is shown in a browser. What people add later (findings) is not here: the report is the recording's. */
#include "sessions/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "sessions/report_inside.h"
#include "sessions/verify.h"

void report_plain(const struct report *r, struct buf *out, const char *text) {
    struct buf shown;
    buf_init(&shown, out->cap);
    redact_text(r->mask, text, &shown);
    for (const char *at = buf_text(&shown); *at != '\0'; at++) {
        if ((uint8_t)*at < 0x20 || *at == 0x7f) {
            buf_add_u8(out, ' ');
            continue;
        }
        if (strchr("\\`*_{}[]<>|#", *at) != NULL) {
            buf_add_u8(out, '\\');
        }
        buf_add_u8(out, (uint8_t)*at);
    }
    buf_fini(&shown);
}

void report_offset(struct buf *out, int64_t t_ms) {
    buf_printf(out, "%02lld:%02lld", (long long)(t_ms / 60000), (long long)(t_ms / 1000 % 60));
}

bool report_row(struct report *r, enum section section) {
    bool has_room = r->listed[section] < LIST_ROWS && r->list[section].count < SECTION_ROOM;
    r->count[section]++;
    r->listed[section] += has_room;
    return has_room;
}

static void row_text(const struct report *r, struct buf *out, const char *name, const char *text) {
    buf_printf(out, "| %s | ", name);
    report_plain(r, out, text);
    buf_str(out, " |\n");
}

static void row_time(const struct report *r, struct buf *out, const char *name, int64_t wall_ms) {
    char text[32];
    clock_print(wall_ms, text);
    row_text(r, out, name, text);
}

static void print_head(const struct report *r, struct buf *out, const struct session *s, const char *subject) {
    struct buf names;
    char text[64];
    buf_init(&names, 256);
    capabilities_print(s->capabilities, &names);
    buf_str(out, "# Service report: remote session\n\n| | |\n|---|---|\n");
    snprintf(text, sizeof text, "%lld", (long long)s->ticket);
    row_text(r, out, "Ticket", text);
    row_text(r, out, "Subject", subject);
    row_text(r, out, "Product", s->device);
    row_text(r, out, "Engineer", s->engineer);
    row_text(r, out, "Reason", s->reason);
    row_text(r, out, "Allowed", buf_text(&names));
    row_time(r, out, "Asked for", s->requested_ms);
    if (s->has_started) {
        row_time(r, out, "Began", s->started_ms);
    }
    if (s->has_ended) {
        row_time(r, out, "Ended", s->ended_ms);
    }
    if (s->has_started && s->has_ended) {
        int64_t took_s = (s->ended_ms - s->started_ms) / 1000;
        snprintf(text, sizeof text, "%lld min %lld s", (long long)(took_s / 60), (long long)(took_s % 60));
        row_text(r, out, "Duration", text);
    }
    row_text(r, out, "How it ended", s->text[0] != '\0' ? s->text : session_why_text(s->why));
    buf_fini(&names);
}

static void print_consent(const struct report *r, struct buf *out, const struct session *s) {
    char text[32];
    buf_str(out, "\n## Consent\n\n");
    if (!s->has_consent) {
        buf_str(out, "None was given.\n");
        return;
    }
    buf_str(out, "Given by ");
    report_plain(r, out, s->consent.by);
    buf_str(out, " on the product (");
    report_plain(r, out, s->consent.method);
    clock_print(s->consent.at_ms, text);
    buf_printf(out, ") at %s", text);
    clock_print(s->consent.until_ms, text);
    buf_printf(out, ", valid until %s.\n", text);
}

/* ---- sections ---------------------------------------------------------------------------------------------------- */

static const struct {
    enum section section;
    const char *title, *before; /* the table's head */
} sections[] = {
    {SECTION_DIAGNOSTICS, "Diagnostics", "| Time | By | Diagnostic | Result |\n|---|---|---|---|\n"},
    {SECTION_CHANGES, "Parameters", "| Time | By | Before → after | What became of it |\n|---|---|---|---|\n"},
    {SECTION_FILES, "Files",
     "| Time | By | File | Direction | Size | SHA-256 | End |\n|---|---|---|---|---|---|---|\n"},
    {SECTION_PORTS, "Ports and screens", "| Time | By | What | For | Bytes | End |\n|---|---|---|---|---|---|\n"},
    {SECTION_TYPED, "Typed", "Rebuilt from the keys; the recording has what the terminal showed.\n\n"},
    {SECTION_CHAT, "Said in the chat", "| Time | By | Words |\n|---|---|---|\n"},
    {SECTION_PEOPLE, "People", "| From | Who | Part | For |\n|---|---|---|---|\n"},
    {SECTION_CALLS, "Help calls", "| From | Who | For |\n|---|---|---|\n"},
    {SECTION_REFUSED, "Refused", "| Time | Who | Why |\n|---|---|---|\n"},
    {SECTION_HOLES, "Holes in the recording", "| From | For | What is missing |\n|---|---|---|\n"},
    {SECTION_TIMELINE, "Timeline", "| Time | Who | What |\n|---|---|---|\n"},
};

static void print_summary(struct buf *out, const struct report *r) {
    buf_str(out, "\n## What was done\n\n");
    buf_printf(out, "- %zu diagnostics run, %zu of them with a finding (an exit status other than 0)\n",
               r->count[SECTION_DIAGNOSTICS], r->failures);
    buf_printf(out, "- %zu changes of parameters, %zu files, %zu ports and screens\n", r->change_count,
               r->count[SECTION_FILES], r->count[SECTION_PORTS]);
    buf_printf(out, "- %zu lines typed, %llu bytes of terminal output\n", r->count[SECTION_TYPED],
               (unsigned long long)r->output_bytes);
    buf_printf(out, "- %zu live samples and %zu live log lines observed\n", r->samples, r->logs);
    if (r->count[SECTION_HOLES] > 0) {
        buf_printf(out, "- the recording has %zu holes\n", r->count[SECTION_HOLES]);
    }
}

static void print_sections(struct buf *out, const struct report *r) {
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const struct buf *list = &r->list[sections[i].section];
        if (r->count[sections[i].section] == 0) {
            continue;
        }
        buf_printf(out, "\n## %s\n\n%s", sections[i].title, sections[i].before);
        buf_add(out, list->data, list->count);
        if (r->count[sections[i].section] > r->listed[sections[i].section]) {
            buf_printf(out, "\n%zu more are in the recording.\n",
                       r->count[sections[i].section] - r->listed[sections[i].section]);
        }
    }
}

static void print_recording(const struct report *r, struct buf *out, const struct vault *vault, const struct session *s,
                            const char *base, bool is_there) {
    char path[TRANSCRIPT_PATH_BYTES + 8];
    struct verdict verdict;
    struct fault fault = {""};
    buf_str(out, "\n## Recording\n\n");
    if (s->digest[0] == '\0') {
        buf_str(out, "There is no sealed recording of this session.\n");
        return;
    }
    buf_printf(out, "%lld frames, %s, %s.\n\nSHA-256 of the seal:\n\n    %s\n", (long long)s->frames,
               s->is_complete ? "complete" : "not complete",
               s->is_countersigned ? "countersigned by the product" : "not countersigned by the product", s->digest);
    if (!is_there) {
        buf_str(out, "\nThe recording is not here any more: this report says what is known without it.\n");
        return;
    }
    snprintf(path, sizeof path, "%s.seal", base);
    const enum result result = transcript_verify(path, &(struct verify_options){.vault = vault}, &verdict, &fault);
    buf_str(out, "\nChecked when this report was written: ");
    if (result == RESULT_OK) {
        report_plain(r, out,
                     verdict.text[0] != '\0' ? verdict.text
                     : verdict.is_ok         ? "it holds."
                                             : "it does not hold.");
    } else {
        report_plain(r, out, fault.text);
    }
    buf_str(out, "\n");
}

/* ---- the reading ------------------------------------------------------------------------------------------------- */

static void on_entry(struct report *r, struct deeds *deeds, const struct transcript_entry *e) {
    if (e->line.channel == CHANNEL_CONTROL) {
        deeds_frame(deeds, e);
    } else if (e->line.channel == CHANNEL_TERMINAL && e->line.dir == TRANSCRIPT_UP) {
        r->output_bytes += e->count;
    } else if (e->line.channel == CHANNEL_TERMINAL || e->line.channel == CHANNEL_TERMINAL_SECRET) {
        report_typed(r, e);
    }
}

/* RESULT_NOT_FOUND: nothing was recorded. */
static enum result collect(const struct vault *vault, const char *base, struct report *r, struct fault *fault) {
    struct transcript_reader *reader = NULL;
    struct transcript_entry entry;
    enum result result = transcript_reader_open(vault, base, &reader, fault);
    if (result != RESULT_OK) {
        return result;
    }
    struct deeds *deeds = deeds_new(report_deed, r);
    while ((result = transcript_reader_next(reader, &entry, fault)) == RESULT_OK) {
        on_entry(r, deeds, &entry);
    }
    deeds_finish(deeds, transcript_reader_sums(reader)->last_t_ms);
    deeds_free(deeds);
    report_finish(r);
    transcript_reader_close(reader);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result session_report(const struct vault *vault, const struct mask *mask, const struct session *session,
                           const char *transcript_dir, const char *subject, struct buf *out, struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES];
    int chars = snprintf(base, sizeof base, "%s/%s", transcript_dir, session->id);
    if (chars < 0 || (size_t)chars >= sizeof base - 8) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", transcript_dir);
    }
    struct report *r = mem_alloc(sizeof *r);
    r->mask = mask;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        buf_init(&r->list[i], SECTION_BYTES);
    }
    enum result result = collect(vault, base, r, fault);
    if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        print_head(r, out, session, subject);
        print_consent(r, out, session);
        const bool is_there = result == RESULT_OK;
        if (is_there) {
            print_summary(out, r);
            print_sections(out, r);
        }
        print_recording(r, out, vault, session, base, is_there);
        result = out->overflow ? fault_set(fault, RESULT_TOO_BIG, "the report does not fit") : RESULT_OK;
    }
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        buf_fini(&r->list[i]);
    }
    free(r);
    return result;
}
