/* The inside of report.c (what a report is made of) and report_rows.c (a deed as a row of its section), nobody else's.
 */
#pragma once
#include "sessions/deeds.h"
#include "sessions/redact.h"
#include "sessions/typed.h"

enum { LIST_ROWS = 200, CHANGES = 64, TYPISTS = 8, SECTION_ROOM = 16 * 1024, SECTION_BYTES = 64 * 1024 };

enum section {
    SECTION_TIMELINE,
    SECTION_PEOPLE,
    SECTION_CALLS,
    SECTION_DIAGNOSTICS,
    SECTION_CHANGES,
    SECTION_FILES,
    SECTION_PORTS,
    SECTION_CHAT,
    SECTION_REFUSED,
    SECTION_HOLES,
    SECTION_TYPED,
    SECTION_COUNT
};
/* Deeds are told when they are over; the timeline has them in the order of their times. */
struct moment {
    int64_t t_ms;
    char *row; /* Markdown; NULL: none */
};
/* A change of parameters waits for what became of it. */
struct change_row {
    char name[40], outcome[160];
    int64_t t_ms;
    char *by, *text;
};
struct report {
    const struct mask *mask;
    struct buf list[SECTION_COUNT];
    size_t count[SECTION_COUNT], listed[SECTION_COUNT]; /* rows; and those that had room */
    size_t failures, samples, logs;
    uint64_t output_bytes;
    struct moment moments[LIST_ROWS];
    struct change_row changes[CHANGES];
    size_t change_count;
    struct {
        char name[TRANSCRIPT_NAME_BYTES + 1];
        struct typed typed;
        bool was_secret;
    } typists[TYPISTS];
};

/* Text inside Markdown: one line, redacted, nothing that Markdown or HTML would read. */
void report_plain(const struct report *r, struct buf *out, const char *text);
void report_offset(struct buf *out, int64_t t_ms); /* 07:31 */
/* Begins a row of a section: true when there is room for one more. */
FL_CHECK bool report_row(struct report *r, enum section section);

/* deed_fn. */
void report_deed(void *self, const struct deed *deed);
void report_typed(struct report *r, const struct transcript_entry *entry);
/* At the end: changes become rows when it is known what became of them, and the timeline is put in order. */
void report_finish(struct report *r);
