/* Reading recorded lives. Rows go to the end of the table and stay only when the
 * whole file is good, so that a bad file leaves no half of a life. The header of the first file is the header of all.
 *
 * Numbers are strict (no empty cells, no NaN): a hole in a record is a decision its author has to make, and a guess
 * here would end in a forecast. Quoting is not understood, for nothing in such a table needs it. */
#include "rules/detect/lives.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"
#include "rules/folder.h"
#include "rules/pack_parts.h"

static const double VALUE_MAX = 1e100; /* what the rule engine takes of a device */

struct lives *lives_new(void) {
    return mem_alloc(sizeof(struct lives));
}

void lives_free(struct lives *lives) {
    if (!lives)
        return;
    for (int i = 0; i < lives->column_count; i++)
        free(lives->names[i]);
    free(lives->values);
    free(lives->items);
    free(lives);
}

int lives_column(const struct lives *lives, const char *name) {
    for (int i = 0; i < lives->column_count; i++)
        if (strcmp(lives->names[i], name) == 0)
            return i;
    return -1;
}

/* ---- a file ---- */

struct reader {
    struct lives *lives;
    const char *name, *at, *end; /* what is left of the text */
    int line, problems_here;
    struct problems *problems;
};

struct cell {
    const char *at;
    size_t chars;
};

#define COMPLAIN(r, column, ...)                                                                                       \
    do {                                                                                                               \
        (r)->problems_here++;                                                                                          \
        problem((r)->problems, (r)->name, (r)->line, column, __VA_ARGS__);                                             \
    } while (0)

/* The next line without its end. false: there is none. */
static bool next_line(struct reader *r, struct cell *line) {
    if (r->at == r->end)
        return false;
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    *line = (struct cell){r->at, (size_t)((stop ? stop : r->end) - r->at)};
    r->at = stop ? stop + 1 : r->end;
    r->line++;
    if (line->chars > 0 && line->at[line->chars - 1] == '\r')
        line->chars--;
    return true;
}

/* Cuts the next cell off a line; the place behind it, NULL when it was the last. */
static const char *next_cell(const struct cell *line, const char *from, struct cell *cell) {
    const char *end = line->at + line->chars, *comma = memchr(from, ',', (size_t)(end - from));
    *cell = (struct cell){from, (size_t)((comma ? comma : end) - from)};
    while (cell->chars > 0 && *cell->at == ' ') {
        cell->at++;
        cell->chars--;
    }
    while (cell->chars > 0 && cell->at[cell->chars - 1] == ' ')
        cell->chars--;
    return comma ? comma + 1 : NULL;
}

static int column_of(const struct cell *line, const struct cell *cell) {
    return (int)(cell->at - line->at) + 1;
}

static void read_name(struct reader *r, const struct cell *line, const struct cell *cell, bool is_first) {
    struct lives *lives = r->lives;
    char *name = mem_strndup(cell->at, cell->chars);
    if (strlen(name) != cell->chars || !metric_name_valid(name) || cell->chars > CAP_METRIC_BYTES)
        COMPLAIN(r, column_of(line, cell), "'%.40s' is no name of a %s, expected [a-z_][a-z0-9_]*", name,
                 is_first ? "time axis" : "metric");
    else if (lives_column(lives, name) >= 0)
        COMPLAIN(r, column_of(line, cell), "'%s' is there twice", name);
    else if (lives->column_count == LIVES_COLUMNS_MAX)
        COMPLAIN(r, column_of(line, cell), "more than %d columns", LIVES_COLUMNS_MAX);
    else {
        lives->names[lives->column_count++] = name;
        return;
    }
    free(name);
}

static void read_first_header(struct reader *r, const struct cell *line) {
    struct cell cell;
    const char *at = line->at;
    while (at && r->problems_here == 0) {
        at = next_cell(line, at, &cell);
        read_name(r, line, &cell, r->lives->column_count == 0);
    }
    if (r->problems_here == 0 && r->lives->column_count < 2)
        COMPLAIN(r, 1, "has one column, expected the time axis and at least one metric");
    if (r->problems_here == 0)
        return;
    while (r->lives->column_count > 0)
        free(r->lives->names[--r->lives->column_count]);
}

static void compare_header(struct reader *r, const struct cell *line) {
    struct cell cell;
    const char *at = line->at;
    int i = 0;
    for (; at; i++) {
        at = next_cell(line, at, &cell);
        if (i < r->lives->column_count &&
            (strlen(r->lives->names[i]) != cell.chars || memcmp(r->lives->names[i], cell.at, cell.chars) != 0)) {
            COMPLAIN(r, column_of(line, &cell), "has '%.*s' here, expected '%s' as in the first file",
                     (int)(cell.chars < 40 ? cell.chars : 40), cell.at, r->lives->names[i]);
            return;
        }
    }
    if (i != r->lives->column_count)
        COMPLAIN(r, 1, "has %d columns, expected %d as in the first file", i, r->lives->column_count);
}

static double *add_row(struct lives *lives) {
    const size_t columns = (size_t)lives->column_count, needed = (lives->row_count + 1) * columns;
    if (needed > lives->room) {
        lives->room = needed * 2 > 1024 ? needed * 2 : 1024;
        lives->values = mem_realloc(lives->values, lives->room * sizeof *lives->values);
    }
    return lives->values + lives->row_count++ * columns;
}

static void read_row(struct reader *r, const struct cell *line, double *row) {
    struct cell cell;
    const char *at = line->at;
    int i = 0;
    for (; at; i++) {
        at = next_cell(line, at, &cell);
        if (i >= r->lives->column_count)
            continue;
        if (!number_double(cell.at, cell.chars, &row[i]) || fabs(row[i]) > VALUE_MAX) {
            COMPLAIN(r, column_of(line, &cell), "'%.*s' for %s, expected a number up to 1e100",
                     (int)(cell.chars < 40 ? cell.chars : 40), cell.at, r->lives->names[i]);
            row[i] = 0;
        }
    }
    if (i != r->lives->column_count)
        COMPLAIN(r, 1, "has %d values, expected %d", i, r->lives->column_count);
}

static void read_rows(struct reader *r, size_t first) {
    struct lives *lives = r->lives;
    struct cell line;
    while (r->problems_here < LIVES_PROBLEMS_IN_A_FILE && next_line(r, &line)) {
        if (line.chars == 0 && r->at == r->end)
            return;
        if ((lives->row_count + 1) * (size_t)lives->column_count > LIVES_VALUES_MAX) {
            COMPLAIN(r, 1, "all lives together have more than %d values", LIVES_VALUES_MAX);
            return;
        }
        double *row = add_row(lives);
        read_row(r, &line, row);
        if (r->problems_here == 0 && lives->row_count - first > 1 && row[0] <= row[-lives->column_count])
            COMPLAIN(r, 1, "%s is %g after %g, expected it to rise from line to line", lives->names[0], row[0],
                     row[-lives->column_count]);
    }
}

bool lives_read(struct lives *lives, const char *name, const char *text, size_t bytes, struct problems *problems) {
    struct reader r = {.lives = lives, .name = name, .at = text, .end = text + bytes, .problems = problems};
    struct cell line;
    const size_t first = lives->row_count;
    if (!next_line(&r, &line)) {
        problem(problems, name, 0, 0, "is empty, expected a header and a line for each time");
        return false;
    }
    if (lives->column_count == 0)
        read_first_header(&r, &line);
    else
        compare_header(&r, &line);
    if (r.problems_here == 0)
        read_rows(&r, first);
    const size_t count = lives->row_count - first;
    if (r.problems_here == 0 && count < LIVES_ROWS_MIN)
        COMPLAIN(&r, 1, "ends after %zu lines of values, expected at least %d", count, LIVES_ROWS_MIN);
    if (r.problems_here > 0) {
        lives->row_count = first;
        return false;
    }
    lives->items = mem_realloc(lives->items, (lives->count + 1) * sizeof *lives->items);
    lives->items[lives->count++] = (struct life){first, count};
    return true;
}

/* ---- the folder ---- */

static void read_file(struct lives *lives, const char *folder, const char *name, struct problems *problems) {
    char *path = path_join(folder, name);
    const char *dot = strrchr(name, '.');
    struct buf text;
    buf_init(&text, DOCUMENT_BYTES_MAX);
    if (!dot || strcmp(dot, ".csv") != 0)
        problem(problems, path, 0, 0, "is not a table (.csv), and nothing else belongs here");
    else if (lives->count == LIVES_MAX)
        problem(problems, path, 0, 0, "is one life too many, expected at most %d", LIVES_MAX);
    else if (file_read(path, &text, problems))
        lives_read(lives, path, buf_text(&text), text.count, problems);
    buf_fini(&text);
    free(path);
}

enum result lives_load(const char *folder, struct lives **out, struct problems *problems) {
    struct lives *lives = lives_new();
    const size_t before = problems->count;
    char **names = folder_entries(folder, problems);
    for (char **name = names; name && *name; name++) {
        read_file(lives, folder, *name, problems);
        free(*name);
    }
    free(names);
    if (problems->count == before && lives->count < LIVES_MIN)
        problem(problems, folder, 0, 0, "has %zu lives, expected at least %d to learn from", lives->count, LIVES_MIN);
    if (problems->count > before) {
        lives_free(lives);
        return RESULT_BAD_INPUT;
    }
    *out = lives;
    return RESULT_OK;
}
