/* A decoder of one character at a time (RFC 3629: no surrogates, no over-long forms). NUL passes: programs print it and
 * terminals ignore it. Pure. */
#include "session/clean.h"

#include <string.h>

static const char replacement[] = "\xef\xbf\xbd";

enum verdict { WHOLE, CUT, WRONG };

/* What stands at the beginning of the bytes; *length of a whole character. */
static enum verdict look(const uint8_t *at, size_t left, size_t *length) {
    uint8_t lead = at[0], low = 0x80, high = 0xbf;
    if (lead < 0x80) {
        *length = 1;
        return WHOLE;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return WRONG;
    }
    *length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : low;
    high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : high;
    for (size_t i = 1; i < *length; i++) {
        if (i == left) {
            return CUT;
        }
        if (at[i] < low || at[i] > high) {
            return WRONG;
        }
        low = 0x80;
        high = 0xbf;
    }
    return WHOLE;
}

/* As many as can be told; returns how many bytes were used. */
static size_t take(const uint8_t *at, size_t left, struct buf *out) {
    size_t used = 0, length = 0;
    while (used < left) {
        enum verdict verdict = look(at + used, left - used, &length);
        if (verdict == CUT) {
            break;
        }
        if (verdict == WHOLE) {
            buf_add(out, at + used, length);
            used += length;
        } else {
            buf_add(out, replacement, sizeof replacement - 1);
            used++;
        }
    }
    return used;
}

void cleaner_add(struct cleaner *c, const uint8_t *bytes, size_t count, struct buf *out) {
    while (c->count > 0 && count > 0) {
        c->held[c->count++] = *bytes++;
        count--;
        size_t used = take(c->held, c->count, out);
        memmove(c->held, c->held + used, c->count - used);
        c->count -= used;
    }
    size_t used = take(bytes, count, out);
    if (used < count) {
        memcpy(c->held, bytes + used, count - used);
        c->count = count - used;
    }
}

void cleaner_end(struct cleaner *c, struct buf *out) {
    for (size_t i = 0; i < c->count; i++) {
        buf_add(out, replacement, sizeof replacement - 1);
    }
    c->count = 0;
}
