/* Rows of cells, and the lines that could be read in them.
 *
 * A row remembers the longest text that stood in it after a frame (its peak) and when. What is typed letter by letter
 * grows the peak; a text that does not go on from it means that the old one has been read and is gone: it is given
 * away. A row that scrolls off the top is given away as it is. So a word is found when it stood on the screen after any
 * frame, also in a program that draws over itself, and a command is one line and not one for each key.
 *
 * Scrolling turns the array of rows, not the cells, and a row's memory moves with it. All work is counted in cells and
 * has an end. Any thread; one screen belongs to one. Left: libvterm (see escape.c). */
#include "sessions/screen_inside.h"

#include <stdlib.h>
#include <string.h>

/* ---- text of cells ----------------------------------------------------------------------------------------------- */

static void add_character(struct buf *out, uint32_t c) {
    if (c < 0x80) {
        buf_add_u8(out, (uint8_t)c);
        return;
    }
    if (c < 0x800) {
        buf_add_u8(out, (uint8_t)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            buf_add_u8(out, (uint8_t)(0xe0 | c >> 12));
        } else {
            buf_add_u8(out, (uint8_t)(0xf0 | c >> 18));
            buf_add_u8(out, (uint8_t)(0x80 | (c >> 12 & 63)));
        }
        buf_add_u8(out, (uint8_t)(0x80 | (c >> 6 & 63)));
    }
    buf_add_u8(out, (uint8_t)(0x80 | (c & 63)));
}

/* The row's text, appended; blanks at its end are left out. */
static void add_row(const struct screen *s, const struct row *row, struct buf *out) {
    int blanks = 0;
    for (int i = 0; i < s->columns; i++) {
        const struct cell *cell = &row->cells[i];
        if (cell->is_second) {
            continue;
        }
        if (cell->character == 0 || cell->character == ' ') {
            blanks++;
            continue;
        }
        for (; blanks > 0; blanks--) {
            buf_add_u8(out, ' ');
        }
        add_character(out, cell->character);
        for (int k = 0; k < CELL_MARKS && cell->marks[k] != 0; k++) {
            add_character(out, cell->marks[k]);
        }
    }
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static void give(struct screen *s, const struct screen_when *when, const char *text) {
    size_t chars = strlen(text);
    if (s->line == NULL || chars == 0) {
        return;
    }
    char *line = mem_strndup(text, chars > SCREEN_LINE_BYTES ? utf8_cut(text, SCREEN_LINE_BYTES) : chars);
    s->line(s->self, when, line);
    free(line);
}

static void retire(struct screen *s, struct row *row) {
    if (row->peak != NULL) {
        give(s, &row->when, row->peak);
        free(row->peak);
        row->peak = NULL;
    }
}

static void flush_joined(struct screen *s) {
    if (s->joined.count > 0) {
        give(s, &s->joined_when, buf_text(&s->joined));
    }
    buf_reset(&s->joined);
}

/* A row goes for good: as a line, or as a part of one that the right edge broke. */
static void leave(struct screen *s, struct row *row) {
    buf_reset(&s->text);
    add_row(s, row, &s->text);
    s->work_left -= s->columns;
    const char *text = buf_text(&s->text);
    struct screen_when when = row->is_dirty || row->peak == NULL ? s->now : row->when;
    if (row->peak != NULL && strncmp(text, row->peak, strlen(row->peak)) == 0) {
        if (row->is_dirty && strcmp(text, row->peak) == 0) {
            when = row->when;
        }
        free(row->peak);
        row->peak = NULL;
    }
    retire(s, row);
    if (s->joined.count + s->text.count > SCREEN_LINE_BYTES) {
        flush_joined(s);
    }
    buf_add(&s->joined, text, s->text.count);
    s->joined_when = when;
    if (!row->goes_on) {
        flush_joined(s);
    }
}

/* What a row shows after a frame. */
static void read_row(struct screen *s, struct row *row) {
    row->is_dirty = false;
    buf_reset(&s->text);
    add_row(s, row, &s->text);
    s->work_left -= s->columns;
    const char *text = buf_text(&s->text);
    size_t before = row->peak == NULL ? 0 : strlen(row->peak);
    if (before >= s->text.count && s->text.count > 0 && memcmp(row->peak, text, s->text.count) == 0) {
        return; /* the same, or something was rubbed out: the peak stays */
    }
    if (before > 0 && strncmp(text, row->peak, before) != 0) {
        retire(s, row);
    }
    free(row->peak);
    row->peak = s->text.count == 0 ? NULL : mem_strdup(text);
    row->when = s->now;
}

static void read_rows(struct screen *s) {
    for (int i = 0; i < s->rows && s->line != NULL; i++) {
        if (s->row[i].is_dirty) {
            read_row(s, &s->row[i]);
        }
    }
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

struct cell *screen_cells(struct screen *s, int row) {
    s->row[row].is_dirty = true;
    return s->row[row].cells;
}

void screen_blank(struct screen *s, int row, int from, int to) {
    if (from < to) {
        memset(screen_cells(s, row) + from, 0, (size_t)(to - from) * sizeof(struct cell));
        s->work_left -= to - from;
    }
    if (to == s->columns) {
        s->row[row].goes_on = false;
    }
}

static void clear_row(struct screen *s, int row) {
    retire(s, &s->row[row]);
    screen_blank(s, row, 0, s->columns);
}

void screen_scroll_up(struct screen *s, int top, int bottom, int count) {
    count = count > bottom - top ? bottom - top : count;
    bool is_off = top == 0 && !s->is_alternate;
    for (; count > 0; count--) {
        struct row first = s->row[top];
        if (is_off && s->line != NULL) {
            leave(s, &first);
        } else {
            retire(s, &first);
        }
        memmove(&s->row[top], &s->row[top + 1], (size_t)(bottom - top - 1) * sizeof first);
        s->row[bottom - 1] = first;
        s->work_left -= bottom - top;
        clear_row(s, bottom - 1);
    }
}

void screen_scroll_down(struct screen *s, int top, int bottom, int count) {
    count = count > bottom - top ? bottom - top : count;
    for (; count > 0; count--) {
        struct row last = s->row[bottom - 1];
        retire(s, &last);
        memmove(&s->row[top + 1], &s->row[top], (size_t)(bottom - top - 1) * sizeof last);
        s->row[top] = last;
        s->work_left -= bottom - top;
        clear_row(s, top);
    }
}

static struct row *make_rows(int rows, int columns) {
    struct row *made = mem_alloc((size_t)rows * sizeof *made);
    for (int i = 0; i < rows; i++) {
        made[i].cells = mem_alloc((size_t)columns * sizeof(struct cell));
    }
    return made;
}

static void free_rows(struct row *rows, int count) {
    for (int i = 0; rows != NULL && i < count; i++) {
        free(rows[i].cells);
        free(rows[i].peak);
    }
    free(rows);
}

/* The primary screen's memory of what was read stays with its rows while the alternate one is shown. */
void screen_show_alternate(struct screen *s, bool is_alternate) {
    if (is_alternate == s->is_alternate) {
        return;
    }
    if (is_alternate) {
        s->other = s->row;
        s->row = make_rows(s->rows, s->columns);
        s->saved_primary = s->saved;
    } else {
        for (int i = 0; i < s->rows; i++) {
            retire(s, &s->row[i]);
        }
        free_rows(s->row, s->rows);
        s->row = s->other;
        s->other = NULL;
        s->saved = s->saved_primary;
    }
    s->work_left -= (int64_t)s->rows * s->columns;
    s->is_alternate = is_alternate;
}

void screen_reset(struct screen *s) {
    screen_show_alternate(s, false);
    for (int i = 0; i < s->rows; i++) {
        clear_row(s, i);
    }
    s->cursor = (struct place){0};
    s->saved = (struct saved){0};
    s->top = 0;
    s->bottom = s->rows;
    s->has_no_wrap = s->is_origin = s->is_insert = s->is_graphic[0] = s->is_graphic[1] = false;
    s->charset = 0;
    s->last = 0;
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

static int within(int value, int most) {
    return value < 1 ? 1 : value > most ? most : value;
}

static bool is_blank(const struct screen *s, const struct row *row) {
    for (int i = 0; i < s->columns; i++) {
        if (row->cells[i].character != 0 && row->cells[i].character != ' ') {
            return false;
        }
    }
    return true;
}

/* Of one of the two screens: to `rows` rows, blank ones below the cursor going first, then those at the top. */
static struct row *fit_rows(struct screen *s, struct row *row, int rows, int *cursor, bool is_primary) {
    int have = s->rows;
    while (have > rows && have - 1 > *cursor && is_blank(s, &row[have - 1])) {
        have--;
        retire(s, &row[have]);
        free(row[have].cells);
    }
    int over = have > rows ? have - rows : 0;
    for (int i = 0; i < over; i++) {
        if (is_primary && s->line != NULL) {
            leave(s, &row[i]);
        } else {
            retire(s, &row[i]);
        }
        free(row[i].cells);
    }
    memmove(row, row + over, (size_t)(have - over) * sizeof *row);
    *cursor = *cursor > over ? *cursor - over : 0;
    row = mem_realloc(row, (size_t)rows * sizeof *row);
    for (int i = have - over; i < rows; i++) {
        row[i] = (struct row){.cells = mem_alloc((size_t)s->columns * sizeof(struct cell))};
    }
    return row;
}

static void fit_columns(struct row *row, int rows, int before, int columns) {
    for (int i = 0; i < rows; i++) {
        row[i].cells = mem_realloc(row[i].cells, (size_t)columns * sizeof(struct cell));
        row[i].is_dirty = true;
        row[i].goes_on = row[i].goes_on && columns == before;
        for (int k = before; k < columns; k++) {
            row[i].cells[k] = (struct cell){0};
        }
        if (columns < before && columns > 0 && row[i].cells[0].is_second) {
            row[i].cells[0] = (struct cell){0};
        }
    }
}

bool screen_resize(struct screen *s, int columns, int rows, struct screen_when when) {
    columns = within(columns, SCREEN_COLUMNS_MAX);
    rows = within(rows, SCREEN_ROWS_MAX);
    s->now = when;
    if (s->work_left <= 0) {
        return false;
    }
    s->work_left -= (int64_t)s->columns * s->rows + (int64_t)columns * rows;
    int other_cursor = s->saved_primary.cursor.row;
    s->row = fit_rows(s, s->row, rows, &s->cursor.row, !s->is_alternate);
    fit_columns(s->row, rows, s->columns, columns);
    if (s->other != NULL) {
        s->other = fit_rows(s, s->other, rows, &other_cursor, true);
        fit_columns(s->other, rows, s->columns, columns);
        s->saved_primary.cursor.row = other_cursor;
    }
    s->columns = columns;
    s->rows = rows;
    s->top = 0;
    s->bottom = rows;
    struct place *const places[] = {&s->cursor, &s->saved.cursor, &s->saved_primary.cursor};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        places[i]->is_pending = false;
        places[i]->column = places[i]->column < columns ? places[i]->column : columns - 1;
        places[i]->row = places[i]->row < rows ? places[i]->row : rows - 1;
    }
    read_rows(s);
    return s->work_left > 0;
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

struct screen *screen_new(int columns, int rows, int64_t work, screen_line_fn *line, void *self) {
    struct screen *s = mem_alloc(sizeof *s);
    s->columns = within(columns, SCREEN_COLUMNS_MAX);
    s->rows = within(rows, SCREEN_ROWS_MAX);
    s->work_left = work > 0 ? work : SCREEN_WORK;
    s->line = line;
    s->self = self;
    s->row = make_rows(s->rows, s->columns);
    s->bottom = s->rows;
    buf_init(&s->text, (size_t)SCREEN_COLUMNS_MAX * (1 + CELL_MARKS) * 4 + 1);
    buf_init(&s->joined, (size_t)SCREEN_COLUMNS_MAX * (1 + CELL_MARKS) * 4 + SCREEN_LINE_BYTES + 1);
    return s;
}

void screen_free(struct screen *screen) {
    if (screen == NULL) {
        return;
    }
    free_rows(screen->row, screen->rows);
    free_rows(screen->other, screen->rows);
    buf_fini(&screen->text);
    buf_fini(&screen->joined);
    free(screen);
}

bool screen_write(struct screen *s, const void *bytes, size_t count, struct screen_when when) {
    enum { SLICE_BYTES = 256 };
    s->now = when;
    for (size_t done = 0; done < count && s->work_left > 0;) {
        size_t slice = count - done < SLICE_BYTES ? count - done : SLICE_BYTES;
        escape_feed(&s->escape, &screen_ops, s, (const uint8_t *)bytes + done, slice);
        s->work_left -= (int64_t)slice;
        done += slice;
    }
    read_rows(s);
    return s->work_left > 0;
}

void screen_finish(struct screen *s) {
    screen_show_alternate(s, false);
    for (int i = 0; i < s->rows && s->line != NULL; i++) {
        leave(s, &s->row[i]);
    }
    flush_joined(s);
}

void screen_print(const struct screen *screen, struct buf *out) {
    for (int i = 0; i < screen->rows; i++) {
        add_row(screen, &screen->row[i], out);
        buf_add_u8(out, '\n');
    }
}

void screen_digest(const struct screen *screen, uint8_t out[SHA256_BYTES]) {
    struct buf all;
    buf_init(&all, (size_t)SCREEN_COLUMNS_MAX * SCREEN_ROWS_MAX * (1 + CELL_MARKS) * 4 + 64);
    buf_printf(&all, "%d %d %d %d %d ", screen->columns, screen->rows, screen->cursor.column, screen->cursor.row,
               screen->cursor.is_pending);
    for (int row = 0; row < screen->rows; row++) {
        for (int i = 0; i < screen->columns; i++) {
            const struct cell *cell = &screen->row[row].cells[i];
            buf_add_u32be(&all, cell->character);
            for (int k = 0; k < CELL_MARKS; k++) {
                buf_add_u32be(&all, cell->marks[k]);
            }
        }
    }
    sha256(all.data, all.count, out);
    buf_fini(&all);
}
