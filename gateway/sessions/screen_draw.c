/* What characters, controls and sequences do to the cells: the part of a VT220 and xterm that programs on products use.
 * What is not in the tables does nothing. Nothing is ever answered: a recording has nobody to answer to.
 *
 * Characters without a width of their own that only steer (zero-width spaces, direction marks) are left out, so that
 * they can neither hide a word from a search nor turn it around. */
#include "sessions/screen_inside.h"

#include <string.h>

enum { TAB_COLUMNS = 8 };

/* ---- characters -------------------------------------------------------------------------------------------------- */

struct range {
    uint32_t from, to;
};
static const struct range steering[] = {{0xad, 0xad},     {0x200b, 0x200f}, {0x202a, 0x202e},
                                        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f}};
static const struct range mark_ranges[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},
                                           {0x64b, 0x65f},   {0x6d6, 0x6dc},   {0x93c, 0x93c},   {0x941, 0x948},
                                           {0xe31, 0xe31},   {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0x1ab0, 0x1aff},
                                           {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
static const struct range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0x4dbf},   {0x4e00, 0xa4cf},
                                    {0xa960, 0xa97f},   {0xac00, 0xd7a3},  {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                                    {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
                                    {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

static bool is_among(const struct range *ranges, size_t count, uint32_t c) {
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].from && c <= ranges[i].to) {
            return true;
        }
    }
    return false;
}
#define IS_AMONG(ranges, c) is_among(ranges, sizeof(ranges) / sizeof *(ranges), c)

static void line_feed(struct screen *s) {
    s->cursor.is_pending = false;
    if (s->cursor.row == s->bottom - 1) {
        screen_scroll_up(s, s->top, s->bottom, 1);
    } else if (s->cursor.row < s->rows - 1) {
        s->cursor.row++;
    }
}

static void add_mark(struct screen *s, uint32_t mark) {
    int column = s->cursor.column - !s->cursor.is_pending;
    if (column < 0) {
        return;
    }
    struct cell *cell = &screen_cells(s, s->cursor.row)[column];
    cell -= cell->is_second && column > 0;
    for (int i = 0; i < CELL_MARKS && cell->character != 0; i++) {
        if (cell->marks[i] == 0) {
            cell->marks[i] = mark;
            return;
        }
    }
}

/* A wide character of which one half is overwritten is gone as a whole. */
static void break_wide(struct screen *s, struct cell *cells, int column) {
    if (cells[column].is_second && column > 0) {
        cells[column - 1] = (struct cell){0};
    }
    if (column + 1 < s->columns && cells[column + 1].is_second) {
        cells[column + 1] = (struct cell){0};
    }
}

static void put(struct screen *s, uint32_t c, int width) {
    struct cell *cells = screen_cells(s, s->cursor.row);
    int column = s->cursor.column;
    if (s->is_insert && column + width < s->columns) {
        memmove(cells + column + width, cells + column, (size_t)(s->columns - column - width) * sizeof *cells);
        s->work_left -= s->columns - column;
    }
    for (int i = 0; i < width; i++) {
        break_wide(s, cells, column + i);
        cells[column + i] = (struct cell){.character = i == 0 ? c : 0, .is_second = i == 1};
    }
    s->work_left -= width;
    s->cursor.is_pending = column + width >= s->columns;
    s->cursor.column = s->cursor.is_pending ? s->columns - 1 : column + width;
}

static void on_print(void *self, uint32_t c) {
    struct screen *s = self;
    if (IS_AMONG(steering, c)) {
        return;
    }
    if (c >= 0x300 && IS_AMONG(mark_ranges, c)) {
        add_mark(s, c);
        return;
    }
    c = c >= 0x60 && c <= 0x7e && s->is_graphic[s->charset] ? 0x2500 : c; /* line drawing: some line */
    int width = c >= 0x1100 && s->columns > 1 && IS_AMONG(wide, c) ? 2 : 1;
    if (!s->has_no_wrap && (s->cursor.is_pending || s->cursor.column + width > s->columns)) {
        s->row[s->cursor.row].goes_on = true;
        line_feed(s);
        s->cursor.column = 0;
    }
    if (s->cursor.column + width > s->columns) {
        s->cursor.column = s->columns - width;
    }
    put(s, c, width);
    s->last = c;
}

/* ---- the cursor -------------------------------------------------------------------------------------------------- */

static void move_to(struct screen *s, int row, int column) {
    int top = s->is_origin ? s->top : 0, bottom = s->is_origin ? s->bottom : s->rows;
    row += top;
    s->cursor.row = row < top ? top : row >= bottom ? bottom - 1 : row;
    s->cursor.column = column < 0 ? 0 : column >= s->columns ? s->columns - 1 : column;
    s->cursor.is_pending = false;
}

/* Up and down stop at the scrolling region when they begin inside it. */
static void move_by(struct screen *s, int rows, int columns) {
    int row = s->cursor.row + rows, column = s->cursor.column + columns;
    int top = s->cursor.row >= s->top ? s->top : 0, bottom = s->cursor.row < s->bottom ? s->bottom : s->rows;
    s->cursor.row = row < top ? top : row >= bottom ? bottom - 1 : row;
    s->cursor.column = column < 0 ? 0 : column >= s->columns ? s->columns - 1 : column;
    s->cursor.is_pending = false;
}

static void reverse_line_feed(struct screen *s) {
    s->cursor.is_pending = false;
    if (s->cursor.row == s->top) {
        screen_scroll_down(s, s->top, s->bottom, 1);
    } else if (s->cursor.row > 0) {
        s->cursor.row--;
    }
}

static void save(struct screen *s) {
    s->saved = (struct saved){s->cursor, s->is_origin, {s->is_graphic[0], s->is_graphic[1]}, s->charset};
}

static void restore(struct screen *s) {
    s->cursor = s->saved.cursor;
    s->is_origin = s->saved.is_origin;
    memcpy(s->is_graphic, s->saved.is_graphic, sizeof s->is_graphic);
    s->charset = s->saved.charset;
}

static void on_control(void *self, uint8_t code) {
    struct screen *s = self;
    int to;
    switch (code) {
    case '\b': move_by(s, 0, -1); break;
    case '\t':
        to = (s->cursor.column / TAB_COLUMNS + 1) * TAB_COLUMNS;
        move_by(s, 0, to - s->cursor.column);
        break;
    case '\n':
    case '\v':
    case '\f': line_feed(s); break;
    case '\r': move_by(s, 0, -s->columns); break;
    case 0x0e: s->charset = 1; break;
    case 0x0f: s->charset = 0; break;
    default: break; /* bell, enquiry and the like: nothing to see */
    }
}

static void fill_with_e(struct screen *s) {
    for (int row = 0; row < s->rows; row++) {
        struct cell *cells = screen_cells(s, row);
        s->row[row].goes_on = false;
        for (int i = 0; i < s->columns; i++) {
            cells[i] = (struct cell){.character = 'E'};
        }
    }
    s->work_left -= (int64_t)s->rows * s->columns;
    move_to(s, 0, 0);
}

static void on_escape(void *self, char intermediate, char final) {
    struct screen *s = self;
    if (intermediate == '(' || intermediate == ')') {
        s->is_graphic[intermediate == ')'] = final == '0';
    } else if (intermediate == '#' && final == '8') {
        fill_with_e(s);
    } else if (intermediate == 0) {
        switch (final) {
        case '7': save(s); break;
        case '8': restore(s); break;
        case 'D': line_feed(s); break;
        case 'E':
            move_by(s, 0, -s->columns);
            line_feed(s);
            break;
        case 'M': reverse_line_feed(s); break;
        case 'c': screen_reset(s); break;
        default: break; /* keypads, tab stops: nothing to see */
        }
    }
}

/* ---- sequences --------------------------------------------------------------------------------------------------- */

static int number(const struct escape_csi *csi, int index, int otherwise) {
    return index < csi->count && csi->number[index] > 0 ? csi->number[index] : otherwise;
}

static void erase_in_line(struct screen *s, const struct escape_csi *csi) {
    int mode = number(csi, 0, 0);
    screen_blank(s, s->cursor.row, mode == 0 ? s->cursor.column : 0, mode == 1 ? s->cursor.column + 1 : s->columns);
}

static void erase_in_display(struct screen *s, const struct escape_csi *csi) {
    int mode = number(csi, 0, 0);
    int from = mode == 0 ? s->cursor.row + 1 : 0, to = mode == 1 ? s->cursor.row : s->rows;
    if (mode > 2) {
        return; /* the scrollback alone */
    }
    if (mode < 2) {
        erase_in_line(s, csi);
    }
    for (int row = from; row < to; row++) {
        screen_blank(s, row, 0, s->columns);
    }
}

static void erase_characters(struct screen *s, const struct escape_csi *csi) {
    int to = s->cursor.column + number(csi, 0, 1);
    screen_blank(s, s->cursor.row, s->cursor.column, to < s->columns ? to : s->columns);
}

/* Cells from the cursor on go right or left; what is free becomes blank. */
static void shift_cells(struct screen *s, int by) {
    struct cell *cells = screen_cells(s, s->cursor.row) + s->cursor.column;
    int room = s->columns - s->cursor.column, count = by < 0 ? -by : by;
    count = count < room ? count : room;
    if (by > 0) {
        memmove(cells + count, cells, (size_t)(room - count) * sizeof *cells);
        memset(cells, 0, (size_t)count * sizeof *cells);
    } else {
        memmove(cells, cells + count, (size_t)(room - count) * sizeof *cells);
        memset(cells + room - count, 0, (size_t)count * sizeof *cells);
    }
    s->work_left -= room;
    s->cursor.is_pending = false;
}

/* IL, DL: rows from the cursor to the end of the region. */
static void shift_rows(struct screen *s, int by) {
    if (s->cursor.row < s->top || s->cursor.row >= s->bottom) {
        return;
    }
    if (by > 0) {
        screen_scroll_down(s, s->cursor.row, s->bottom, by);
    } else {
        screen_scroll_up(s, s->cursor.row, s->bottom, -by);
    }
    move_by(s, 0, -s->columns);
}

static void set_region(struct screen *s, const struct escape_csi *csi) {
    int top = number(csi, 0, 1) - 1, bottom = number(csi, 1, s->rows);
    bottom = bottom < s->rows ? bottom : s->rows;
    if (top < bottom - 1) {
        s->top = top;
        s->bottom = bottom;
        move_to(s, 0, 0);
    }
}

static void show_alternate(struct screen *s, int mode, bool is_on) {
    if (mode == 1049 && is_on && !s->is_alternate) {
        save(s);
    }
    screen_show_alternate(s, is_on);
    if (mode == 1049 && !is_on) {
        restore(s);
    }
}

static void set_modes(struct screen *s, const struct escape_csi *csi, bool is_on) {
    for (int i = 0; i < csi->count; i++) {
        int mode = csi->number[i];
        if (csi->mark == 0) {
            s->is_insert = mode == 4 ? is_on : s->is_insert;
            continue;
        }
        switch (mode) {
        case 6:
            s->is_origin = is_on;
            move_to(s, 0, 0);
            break;
        case 7: s->has_no_wrap = !is_on; break;
        case 47:
        case 1047:
        case 1049: show_alternate(s, mode, is_on); break;
        default: break; /* what changes neither text nor place */
        }
    }
}

static void soft_reset(struct screen *s) {
    s->has_no_wrap = s->is_origin = s->is_insert = s->is_graphic[0] = s->is_graphic[1] = false;
    s->charset = 0;
    s->top = 0;
    s->bottom = s->rows;
    s->saved = (struct saved){0};
}

static void repeat(struct screen *s, int count) {
    int most = s->columns * s->rows;
    for (count = count < most ? count : most; count > 0 && s->last != 0; count--) {
        on_print(s, s->last);
    }
}

static void tab(struct screen *s, int count) {
    for (count = count < s->columns ? count : s->columns; count > 0; count--) {
        on_control(s, '\t');
    }
}

static void tab_back(struct screen *s, int count) {
    int stop = (s->cursor.column + TAB_COLUMNS - 1) / TAB_COLUMNS - count;
    s->cursor.column = stop > 0 ? stop * TAB_COLUMNS : 0;
    s->cursor.is_pending = false;
}

static void plain_csi(struct screen *s, const struct escape_csi *csi) {
    int n = number(csi, 0, 1);
    switch (csi->final) {
    case 'A': move_by(s, -n, 0); break;
    case 'B':
    case 'e': move_by(s, n, 0); break;
    case 'C':
    case 'a': move_by(s, 0, n); break;
    case 'D': move_by(s, 0, -n); break;
    case 'E': move_by(s, n, -s->columns); break;
    case 'F': move_by(s, -n, -s->columns); break;
    case 'G':
    case '`': move_by(s, 0, n - 1 - s->cursor.column); break;
    case 'H':
    case 'f': move_to(s, n - 1, number(csi, 1, 1) - 1); break;
    case 'd': move_to(s, n - 1, s->cursor.column); break;
    case 'I': tab(s, n); break;
    case 'Z': tab_back(s, n); break;
    case 'J': erase_in_display(s, csi); break;
    case 'K': erase_in_line(s, csi); break;
    case 'X': erase_characters(s, csi); break;
    case '@': shift_cells(s, n); break;
    case 'P': shift_cells(s, -n); break;
    case 'L': shift_rows(s, n); break;
    case 'M': shift_rows(s, -n); break;
    case 'S': screen_scroll_up(s, s->top, s->bottom, n); break;
    case 'T': screen_scroll_down(s, s->top, s->bottom, n); break;
    case 'b': repeat(s, n); break;
    case 'h': set_modes(s, csi, true); break;
    case 'l': set_modes(s, csi, false); break;
    case 'r': set_region(s, csi); break;
    case 's': save(s); break;
    case 'u': restore(s); break;
    default: break; /* colours, questions, windows: nothing to see */
    }
}

static void on_csi(void *self, const struct escape_csi *csi) {
    struct screen *s = self;
    if (csi->mark == 0 && csi->intermediate == 0) {
        plain_csi(s, csi);
    } else if (csi->mark == '?' && csi->intermediate == 0 && (csi->final == 'h' || csi->final == 'l')) {
        set_modes(s, csi, csi->final == 'h');
    } else if (csi->mark == '?' && csi->intermediate == 0 && csi->final == 'J') {
        erase_in_display(s, csi);
    } else if (csi->mark == '?' && csi->intermediate == 0 && csi->final == 'K') {
        erase_in_line(s, csi);
    } else if (csi->mark == 0 && csi->intermediate == '!' && csi->final == 'p') {
        soft_reset(s);
    }
}

const struct escape_ops screen_ops = {.print = on_print, .control = on_control, .escape = on_escape, .csi = on_csi};
