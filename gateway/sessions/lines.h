/* What can be searched for in a recorded session: the lines that its terminal showed (as rendered, not as sent), the
 * lines that were typed, diagnostics with their output, parameters, files, ports, chat, and the product's log lines.
 * Each with the frame and the time at which it stood there, and who it is from. Reads files; any thread. */
#pragma once
#include <stdint.h>

#include "fieldline/result.h"

enum line_kind {
    LINE_SCREEN,
    LINE_TYPED,
    LINE_DIAGNOSTIC,
    LINE_PARAMETER,
    LINE_FILE,
    LINE_PORT,
    LINE_CHAT,
    LINE_LOG,
    LINE_KIND_COUNT
};
const char *line_kind_name(enum line_kind kind); /* "screen", "typed", ... */
FL_CHECK bool line_kind_parse(const char *text, enum line_kind *out);

enum {
    LINES_MAX = 50 * 1000,             /* of one session; what comes later is not searchable */
    LINES_BYTES_MAX = 8 * 1024 * 1024, /* of their texts together */
    LINE_TEXT_BYTES = 1000             /* cut at a character */
};
struct line {
    uint64_t n;
    int64_t t_ms;
    enum line_kind kind;
    const char *by; /* a person's name or the device's */
    const char *text;
};
/* The line lives during the call. False: that is enough. */
typedef bool line_fn(void *self, const struct line *line);

struct vault;
struct mask;
struct lines_figures {
    int64_t lines;
    bool is_cut; /* a limit was passed: there would be more */
};
/* `vault` and `base` as for transcript_reader_open; lines are given as `mask` leaves them (NULL: as they are).
 * RESULT_NOT_FOUND: nothing was recorded. RESULT_CORRUPT: the
 * recording is damaged; the lines before the damage have been given. */
FL_CHECK enum result lines_read(const struct vault *vault, const struct mask *mask, const char *base, line_fn *fn,
                                void *self, struct lines_figures *figures, struct fault *fault);
