/* A parser of terminal output after the DEC state machine that P. Williams described (vt100.net/emu/dec_ansi_parser):
 * every byte has a meaning in every state, so nothing that a product prints can leave it stuck or make it keep bytes.
 *
 * C1 controls (U+0080 to U+009F) stand for ESC and a letter, as in the terminals of browsers. Left: libvterm 0.1.4, the
 * one that Debian 12 has: a fuzzer found three ways to make it write beyond its memory within a minute, and what it
 * would read here is written by whoever holds the product. */
#include "sessions/escape.h"

#include <stdbool.h>
#include <string.h>

enum { GROUND, ESCAPE, CSI, CSI_IGNORE, STRING, STRING_ESCAPE };
enum { BELL = 0x07, CANCEL = 0x18, SUBSTITUTE = 0x1a, ESC = 0x1b, RUBOUT = 0x7f, UNKNOWN = 0xfffd };

static void begin_csi(struct escape *e) {
    memset(&e->csi, 0, sizeof e->csi);
    e->csi.number[0] = -1;
    e->state = CSI;
}

static void begin_escape(struct escape *e) {
    e->intermediate = 0;
    e->state = ESCAPE;
}

static void in_escape(struct escape *e, const struct escape_ops *ops, void *self, uint8_t c) {
    if (c >= 0x20 && c <= 0x2f) {
        e->intermediate = (char)c;
    } else if (e->intermediate == 0 && c == '[') {
        begin_csi(e);
    } else if (e->intermediate == 0 && strchr("]PX^_", c) != NULL) {
        e->state = STRING;
    } else {
        e->state = GROUND;
        ops->escape(self, e->intermediate, (char)c);
    }
}

static void add_digit(struct escape_csi *csi, int digit) {
    int *number = &csi->number[csi->count];
    *number = *number < 0 ? digit : *number * 10 + digit;
    *number = *number > ESCAPE_NUMBER_MAX ? ESCAPE_NUMBER_MAX : *number;
}

static void in_csi(struct escape *e, const struct escape_ops *ops, void *self, uint8_t c) {
    struct escape_csi *csi = &e->csi;
    bool is_fresh = csi->count == 0 && csi->number[0] < 0 && csi->mark == 0 && csi->intermediate == 0;
    if (c >= '0' && c <= '9' && csi->intermediate == 0) {
        add_digit(csi, c - '0');
    } else if ((c == ';' || c == ':') && csi->intermediate == 0) {
        if (csi->count == ESCAPE_NUMBERS - 1) {
            e->state = CSI_IGNORE;
        } else {
            csi->number[++csi->count] = -1;
        }
    } else if (c >= '<' && c <= '?' && is_fresh) {
        csi->mark = (char)c;
    } else if (c >= 0x20 && c <= 0x2f) {
        csi->intermediate = (char)c;
    } else if (c >= 0x40 && c <= 0x7e) {
        csi->final = (char)c;
        csi->count++;
        e->state = GROUND;
        ops->csi(self, csi);
    } else {
        e->state = CSI_IGNORE;
    }
}

/* One byte below 0x80. */
static void feed_ascii(struct escape *e, const struct escape_ops *ops, void *self, uint8_t c) {
    if (c == CANCEL || c == SUBSTITUTE) {
        e->state = GROUND;
    } else if (c == ESC) {
        if (e->state == STRING) {
            e->state = STRING_ESCAPE;
        } else {
            begin_escape(e);
        }
    } else if (e->state == STRING) {
        e->state = c == BELL ? GROUND : STRING;
    } else if (e->state == STRING_ESCAPE) {
        if (c == '\\') {
            e->state = GROUND;
        } else {
            begin_escape(e);
            in_escape(e, ops, self, c);
        }
    } else if (c < 0x20 || c == RUBOUT) {
        ops->control(self, c);
    } else if (e->state == ESCAPE) {
        in_escape(e, ops, self, c);
    } else if (e->state == CSI) {
        in_csi(e, ops, self, c);
    } else if (e->state == CSI_IGNORE) {
        e->state = c >= 0x40 && c <= 0x7e ? GROUND : CSI_IGNORE;
    } else {
        ops->print(self, c);
    }
}

static void feed_character(struct escape *e, const struct escape_ops *ops, void *self, uint32_t c) {
    if (c >= 0x80 && c <= 0x9f) {
        if (e->state == STRING && c == 0x9c) {
            e->state = GROUND;
        } else if (e->state != STRING) {
            begin_escape(e);
            in_escape(e, ops, self, (uint8_t)(c - 0x40));
        }
    } else if (e->state == GROUND) {
        ops->print(self, c);
    } else if (e->state != STRING) {
        e->state = GROUND; /* inside a sequence: the sequence is broken off */
    }
}

static void begin_character(struct escape *e, const struct escape_ops *ops, void *self, uint8_t c) {
    static const struct {
        uint8_t mask, lead;
        int left;
        uint32_t least;
    } rows[] = {{0xe0, 0xc0, 1, 0x80}, {0xf0, 0xe0, 2, 0x800}, {0xf8, 0xf0, 3, 0x10000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((c & rows[i].mask) == rows[i].lead) {
            e->left = rows[i].left;
            e->least = rows[i].least;
            e->character = c & (uint8_t)~rows[i].mask;
            return;
        }
    }
    feed_character(e, ops, self, UNKNOWN);
}

void escape_feed(struct escape *e, const struct escape_ops *ops, void *self, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint8_t c = bytes[i];
        if (e->left > 0 && (c & 0xc0) == 0x80) {
            e->character = e->character << 6 | (c & 63);
            if (--e->left == 0) {
                bool is_one = e->character >= e->least && e->character < 0x110000 &&
                              !(e->character >= 0xd800 && e->character <= 0xdfff);
                feed_character(e, ops, self, is_one ? e->character : UNKNOWN);
            }
            continue;
        }
        if (e->left > 0) {
            e->left = 0;
            feed_character(e, ops, self, UNKNOWN);
        }
        if (c < 0x80) {
            feed_ascii(e, ops, self, c);
        } else {
            begin_character(e, ops, self, c);
        }
    }
}
