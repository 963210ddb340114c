/* UTF-8 as RFC 3629 has it: no surrogates, no over-long forms, nothing above U+10FFFF.
 *
 * Not a Unicode library: no case, no width, no normal forms; nothing here needs them. Telemetry is nearly all ASCII and
 * every payload passes through utf8_valid once, so runs of ASCII are checked eight bytes at a time; a vector version
 * was left, because the check is already a small part of decoding a message. */
#include "src/utf8.h"

#include <string.h>

#include "fieldline/bytes.h"

static inline bool is_continuation(uint8_t byte) {
    return (byte & 0xc0) == 0x80;
}

size_t utf8_char(const uint8_t *bytes, size_t left) {
    if (left == 0)
        return 0;
    uint8_t lead = bytes[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0; /* a continuation, an over-long lead, or beyond U+10FFFF */
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (left < length)
        return 0;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;  /* below: over-long */
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf; /* above: surrogate, or beyond the end */
    if (bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (!is_continuation(bytes[i]))
            return 0;
    }
    return length;
}

/* How many of the next bytes are ASCII other than NUL, in steps of eight. */
static size_t ascii_run(const uint8_t *bytes, size_t count) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t at = 0;
    for (; count - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        if ((word & tops) || ((word - ones) & ~word & tops))
            break;
    }
    return at;
}

bool utf8_valid(const void *text, size_t count) {
    const uint8_t *bytes = text;
    for (size_t at = 0; at < count;) {
        at += ascii_run(bytes + at, count - at);
        if (at == count)
            break;
        size_t length = utf8_char(bytes + at, count - at);
        if (length == 0 || bytes[at] == 0)
            return false;
        at += length;
    }
    return true;
}

size_t utf8_cut(const void *text, size_t count) {
    const uint8_t *bytes = text;
    for (size_t back = 1; back <= 3 && back <= count; back++) {
        uint8_t byte = bytes[count - back];
        if (is_continuation(byte))
            continue;
        size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return length > back ? count - back : count;
    }
    return count;
}

void text_copy(char *to, size_t room, const char *from) {
    size_t count = strlen(from);
    if (count >= room)
        count = utf8_cut(from, room - 1);
    memcpy(to, from, count);
    to[count] = '\0';
}
