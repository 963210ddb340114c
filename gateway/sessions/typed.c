/* A line editor in reverse: keys in, lines out. Knows the keys that every shell and every tty share (rubout, ^U, ^W,
 * ^C, return) and skips escape sequences. Pure. */
#include "sessions/typed.h"

#include <string.h>

enum { ESCAPE_NONE, ESCAPE_STARTED, ESCAPE_CSI, ESCAPE_SS3 };
enum { CTRL_C = 3, CTRL_H = 8, CTRL_U = 21, CTRL_W = 23, ESCAPE = 27, RUBOUT = 127 };

static void clear(struct typed *t) {
    memset(t, 0, sizeof *t);
}

static void rub_out(struct typed *t) {
    while (t->count > 0 && ((uint8_t)t->line[t->count - 1] & 0xc0) == 0x80) {
        t->count--;
    }
    t->count -= t->count > 0;
    t->line[t->count] = '\0';
}

static void rub_out_word(struct typed *t) {
    while (t->count > 0 && t->line[t->count - 1] == ' ') {
        t->count--;
    }
    while (t->count > 0 && t->line[t->count - 1] != ' ') {
        t->count--;
    }
    t->line[t->count] = '\0';
}

static void append(struct typed *t, const char *text, size_t chars) {
    if (t->count + chars > TYPED_BYTES) {
        t->is_cut = true;
        return;
    }
    memcpy(t->line + t->count, text, chars);
    t->count += chars;
    t->line[t->count] = '\0';
}

/* True while inside an escape sequence. */
static bool skip_escape(struct typed *t, uint8_t byte) {
    switch (t->escape) {
    case ESCAPE_STARTED: t->escape = byte == '[' ? ESCAPE_CSI : byte == 'O' ? ESCAPE_SS3 : ESCAPE_NONE; return true;
    case ESCAPE_CSI:
        if (byte >= 0x40 && byte <= 0x7e) {
            t->has_recall = t->has_recall || byte == 'A' || byte == 'B';
            t->escape = ESCAPE_NONE;
        }
        return true;
    case ESCAPE_SS3:
        t->has_recall = t->has_recall || byte == 'A' || byte == 'B';
        t->escape = ESCAPE_NONE;
        return true;
    default: return false;
    }
}

static bool complete(struct typed *t) {
    if (t->has_recall) {
        append(t, t->count > 0 ? " (after a line from the history)" : "(a line from the history)",
               t->count > 0 ? 32 : 25);
    }
    if (t->count == 0) {
        clear(t);
        return false;
    }
    t->escape = -1; /* the next key begins a new line */
    return true;
}

bool typed_add(struct typed *t, uint8_t byte) {
    if (t->escape < 0) {
        clear(t);
    }
    if (skip_escape(t, byte)) {
        return false;
    }
    switch (byte) {
    case '\r':
    case '\n': return complete(t);
    case ESCAPE: t->escape = ESCAPE_STARTED; return false;
    case CTRL_C:
    case CTRL_U: clear(t); return false;
    case CTRL_W: rub_out_word(t); return false;
    case CTRL_H:
    case RUBOUT: rub_out(t); return false;
    default:
        if (byte >= 0x20) {
            append(t, (const char *)&byte, 1);
        }
        return false;
    }
}
