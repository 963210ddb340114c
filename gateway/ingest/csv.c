/* Lines out of a block, cells out of a line. The block is CSV_LINE_BYTES_MAX long and slides: what is left of a line
 * moves to its front and the rest is read behind it, so that a line is always one piece and no line is copied twice. A
 * cell is a piece of the line; only one with doubled quotes in it is copied, into a scratch of the line's length.
 *
 * getline(3) was left: its line grows with what a file holds. mmap(2) was left: a pipe is a file, too. */
#include "ingest/csv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct csv {
    FILE *file;
    char *name, *block, *scratch;
    size_t at, count; /* what is unread of the block */
    bool is_ended;    /* nothing more comes from the file */
    int64_t line;
    char separator; /* 0: no line was read yet */
    struct csv_cell cells[CSV_CELLS_MAX];
};

struct csv *csv_new(FILE *file, const char *name) {
    struct csv *csv = mem_alloc(sizeof *csv);
    csv->file = file;
    csv->name = mem_strdup(name);
    csv->block = mem_alloc(CSV_LINE_BYTES_MAX + 1);
    csv->scratch = mem_alloc(CSV_LINE_BYTES_MAX + 1);
    return csv;
}

enum result csv_open(const char *path, struct csv **out, struct fault *fault) {
    FILE *file = fopen(path, "re");
    if (!file)
        return fault_set(fault, RESULT_NOT_FOUND, "%s: %s", path, strerror(errno));
    *out = csv_new(file, path);
    return RESULT_OK;
}

void csv_free(struct csv *csv) {
    if (!csv)
        return;
    fclose(csv->file);
    free(csv->name);
    free(csv->block);
    free(csv->scratch);
    free(csv);
}

const char *csv_name(const struct csv *csv) {
    return csv->name;
}

char csv_separator(const struct csv *csv) {
    return csv->separator ? csv->separator : ',';
}

enum result csv_fault(const struct csv *csv, int64_t line, size_t column, struct fault *fault, const char *format,
                      ...) {
    struct fault what;
    va_list args;
    va_start(args, format);
    vsnprintf(what.text, sizeof what.text, format, args);
    va_end(args);
    return fault_set(fault, RESULT_BAD_INPUT, "%s:%lld:%zu: %s", csv->name, (long long)line, column, what.text);
}

/* ---- lines ---- */

/* More of the file behind what is unread. false: no room, or no more. */
static bool fill(struct csv *csv) {
    if (csv->at > 0) {
        memmove(csv->block, csv->block + csv->at, csv->count);
        csv->at = 0;
    }
    if (csv->is_ended || csv->count == CSV_LINE_BYTES_MAX)
        return false;
    const size_t got = fread(csv->block + csv->count, 1, CSV_LINE_BYTES_MAX - csv->count, csv->file);
    csv->count += got;
    csv->is_ended = got == 0 || feof(csv->file) || ferror(csv->file);
    return got > 0;
}

/* The next line of the block, its end left out. RESULT_BUSY: it is not whole yet. */
static enum result take_line(struct csv *csv, struct csv_row *row) {
    const char *start = csv->block + csv->at, *end = memchr(start, '\n', csv->count);
    if (!end && !(csv->is_ended && csv->count > 0))
        return csv->is_ended ? RESULT_CLOSED : RESULT_BUSY;
    const size_t taken = end ? (size_t)(end - start) + 1 : csv->count;
    row->text = start;
    row->chars = end ? taken - 1 : taken;
    if (row->chars > 0 && start[row->chars - 1] == '\r')
        row->chars--;
    row->line = ++csv->line;
    csv->at += taken;
    csv->count -= taken;
    if (row->line == 1 && row->chars >= 3 && memcmp(row->text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        row->text += 3;
        row->chars -= 3;
    }
    return RESULT_OK;
}

static enum result next_line(struct csv *csv, struct csv_row *row, struct fault *fault) {
    for (;;) {
        enum result result = take_line(csv, row);
        if (result == RESULT_CLOSED && ferror(csv->file))
            return fault_set(fault, RESULT_IO, "%s: cannot be read", csv->name);
        if (result == RESULT_OK && row->chars == 0)
            continue;
        if (result != RESULT_BUSY)
            return result;
        if (!fill(csv) && csv->count == CSV_LINE_BYTES_MAX)
            return fault_set(fault, RESULT_TOO_BIG, "%s:%lld: the line is longer than %d bytes", csv->name,
                             (long long)csv->line + 1, CSV_LINE_BYTES_MAX);
    }
}

/* ---- cells ---- */

static char find_separator(const struct csv_row *row) {
    size_t commas = 0, semicolons = 0;
    for (size_t i = 0; i < row->chars; i++) {
        commas += row->text[i] == ',';
        semicolons += row->text[i] == ';';
    }
    return semicolons > commas ? ';' : ',';
}

/* A cell in quotes; *at is behind the first. false: they do not end, or something is behind them. */
static bool take_quoted(const struct csv *csv, const char **at, const char *end, char **scratch,
                        struct csv_cell *cell) {
    const char *start = *at, *quote = start;
    bool has_doubled = false;
    for (;;) {
        quote = memchr(quote, '"', (size_t)(end - quote));
        if (!quote)
            return false;
        if (quote + 1 == end || quote[1] != '"')
            break;
        has_doubled = true;
        quote += 2;
    }
    *at = quote + 1;
    cell->text = start;
    cell->chars = (size_t)(quote - start);
    if (has_doubled) {
        char *to = *scratch;
        cell->text = to;
        for (const char *from = start; from < quote; from += *from == '"' ? 2 : 1)
            *to++ = *from;
        cell->chars = (size_t)(to - cell->text);
        *scratch = to;
    }
    return *at == end || **at == csv->separator;
}

static enum result split(struct csv *csv, struct csv_row *row, struct fault *fault) {
    const char *at = row->text, *end = at + row->chars;
    char *scratch = csv->scratch;
    row->cells = csv->cells;
    row->count = 0;
    for (;;) {
        if (row->count == CSV_CELLS_MAX)
            return csv_fault(csv, row->line, (size_t)(at - row->text) + 1, fault, "has more than %d columns",
                             CSV_CELLS_MAX);
        struct csv_cell *cell = &csv->cells[row->count++];
        cell->column = (size_t)(at - row->text) + 1;
        if (at < end && *at == '"') {
            at++;
            if (!take_quoted(csv, &at, end, &scratch, cell))
                return csv_fault(csv, row->line, cell->column, fault,
                                 "a text in quotes does not end before the next '%c' or the end of its line",
                                 csv->separator);
        } else {
            const char *next = memchr(at, csv->separator, (size_t)(end - at));
            cell->text = at;
            cell->chars = (size_t)((next ? next : end) - at);
            at += cell->chars;
        }
        if (at == end)
            return RESULT_OK;
        at++;
    }
}

enum result csv_next(struct csv *csv, struct csv_row *row, struct fault *fault) {
    const enum result result = next_line(csv, row, fault);
    if (result != RESULT_OK)
        return result;
    if (!csv->separator)
        csv->separator = find_separator(row);
    return split(csv, row, fault);
}

void csv_peek(struct csv *csv, int rows_max, csv_row_fn *fn, void *self) {
    struct csv_row row;
    (void)fill(csv);
    const size_t at = csv->at, count = csv->count;
    const int64_t line = csv->line;
    for (int i = 0; i < rows_max && take_line(csv, &row) == RESULT_OK; i++) {
        if (row.chars == 0)
            continue;
        if (!csv->separator)
            csv->separator = find_separator(&row);
        if (split(csv, &row, NULL) != RESULT_OK)
            break;
        fn(self, &row);
    }
    csv->at = at;
    csv->count = count;
    csv->line = line;
}
