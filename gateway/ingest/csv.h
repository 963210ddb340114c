/* A file of comma or semicolon separated values, line by line. Memory is bounded by the longest line, whatever the
 * length of the file. RFC 4180 but for one thing: a cell does not hold a line break. */
#pragma once
#include <stdio.h>

#include "fieldline/bytes.h"

enum { CSV_LINE_BYTES_MAX = 256 * 1024, CSV_CELLS_MAX = 1024 };

struct csv_cell {
    const char *text; /* without quotes; no NUL at the end */
    size_t chars;
    size_t column; /* of the line, from 1: for messages */
};
struct csv_row {
    int64_t line; /* from 1 */
    const char *text;
    size_t chars; /* the whole line as it came, without its end */
    const struct csv_cell *cells;
    size_t count;
};
struct csv;
/* Takes the file over. `name` stands for it in faults: "name:line:column: what". */
struct csv *csv_new(FILE *file, const char *name);
/* RESULT_NOT_FOUND: it cannot be opened. */
FL_CHECK enum result csv_open(const char *path, struct csv **out, struct fault *fault);
void csv_free(struct csv *csv);
const char *csv_name(const struct csv *csv);
/* Whichever of ',' and ';' the first line has more of. */
char csv_separator(const struct csv *csv);
/* The next line that is not empty; valid until the next call. RESULT_CLOSED: there is none. Else BAD_INPUT (a quote
 * that does not end, too many cells), TOO_BIG (a line), IO. */
FL_CHECK enum result csv_next(struct csv *csv, struct csv_row *row, struct fault *fault);
/* Looks at lines to come without taking them: as many as are in memory, `rows_max` at most. Lines that csv_next would
 * refuse end the look. */
typedef void csv_row_fn(void *self, const struct csv_row *row);
void csv_peek(struct csv *csv, int rows_max, csv_row_fn *fn, void *self);
/* "name:line:column: " before the sentence. */
enum result csv_fault(const struct csv *csv, int64_t line, size_t column, struct fault *fault, const char *format, ...)
    FL_PRINTF(5, 6);
