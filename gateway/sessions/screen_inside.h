/* The inside of screen.c (rows, lines, life) and screen_draw.c (what controls and sequences do), and nobody else's. */
#pragma once
#include "sessions/escape.h"
#include "sessions/screen.h"

enum { CELL_MARKS = 2 };
struct cell {
    uint32_t character; /* 0: blank */
    uint32_t marks[CELL_MARKS];
    bool is_second; /* the right half of the wide character before it */
};
struct row {
    struct cell *cells; /* SCREEN's columns */
    char *peak;         /* NULL: nothing was read here */
    struct screen_when when;
    bool is_dirty, goes_on; /* goes_on: the text continues in the next row, because the edge broke it */
};
struct place {
    int column, row;
    bool is_pending; /* behind the last column: the next character begins a new row */
};
struct saved {
    struct place cursor;
    bool is_origin, is_graphic[2];
    int charset;
};
struct screen {
    int columns, rows;
    int64_t work_left;
    struct screen_when now;
    screen_line_fn *line;
    void *self;
    struct row *row, *other; /* shown; of the primary screen while the alternate one is shown */
    bool is_alternate;
    struct escape escape;
    struct place cursor;
    struct saved saved, saved_primary;
    int top, bottom; /* of the scrolling region: [top, bottom) */
    bool has_no_wrap, is_origin, is_insert;
    bool is_graphic[2];      /* G0, G1 hold line drawing */
    int charset;             /* 0 or 1 */
    uint32_t last;           /* character printed last, for REP */
    struct buf text, joined; /* scratch; lines that go on in the next row */
    struct screen_when joined_when;
};

/* ---- screen.c ---- */
struct cell *screen_cells(struct screen *s, int row); /* to change them: the row is dirty then */
void screen_blank(struct screen *s, int row, int from, int to);
/* `count` rows leave [top, bottom) upwards (at the top of the primary screen: they have scrolled off), or downwards. */
void screen_scroll_up(struct screen *s, int top, int bottom, int count);
void screen_scroll_down(struct screen *s, int top, int bottom, int count);
void screen_show_alternate(struct screen *s, bool is_alternate);
void screen_reset(struct screen *s);

/* ---- screen_draw.c ---- */
extern const struct escape_ops screen_ops;
