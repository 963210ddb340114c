/* A terminal without a window: what a session's terminal showed at each moment, worked out from the bytes that were
 * sent, and the lines of text that could be read on it. Characters only: colours do not matter to a reader of text.
 *
 * Bounded: at most SCREEN_COLUMNS_MAX x SCREEN_ROWS_MAX cells (larger sizes are cut to that), one line of text at most
 * SCREEN_LINE_BYTES, and at most `work` cells written, moved or read over its life, whatever the bytes are. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"

enum { SCREEN_COLUMNS_MAX = 512, SCREEN_ROWS_MAX = 256, SCREEN_LINE_BYTES = 4096 };
#define SCREEN_WORK (INT64_C(10) * 1000 * 1000 * 1000) /* some 20 s of a slow processor */

/* The frame that is drawn. */
struct screen_when {
    uint64_t n;
    int64_t t_ms;
};
/* A line that could be read: it has scrolled away, was overwritten, or stands there at the end. `when` is the frame
 * after which all of it stood there. Lines that were broken at the right edge come as one. The text has no trailing
 * blanks, is never empty, and lives during the call. */
typedef void screen_line_fn(void *self, const struct screen_when *when, const char *text);

struct screen;
/* line NULL: nobody wants lines. work 0: SCREEN_WORK. */
struct screen *screen_new(int columns, int rows, int64_t work, screen_line_fn *line, void *self);
void screen_free(struct screen *screen);
/* A frame's bytes: UTF-8, cut anywhere. Both return false when the work is used up: the screen stays as it was then. */
FL_CHECK bool screen_write(struct screen *screen, const void *bytes, size_t count, struct screen_when when);
FL_CHECK bool screen_resize(struct screen *screen, int columns, int rows, struct screen_when when);
/* Gives away the lines that still stand there. Nothing is drawn afterwards. */
void screen_finish(struct screen *screen);

/* The rows as text, each with a newline, blanks at their ends left out. */
void screen_print(const struct screen *screen, struct buf *out);
/* The same for comparing: every cell, the size, and the place of the cursor. */
void screen_digest(const struct screen *screen, uint8_t out[SHA256_BYTES]);
