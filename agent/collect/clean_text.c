/* Cleaning text, one character at a time.
 *
 * Logs and events are written by programs that do not know what they are read by: a log line may hold any byte. It is
 * made harmless once, here, where it enters, so that spool, wire, store and screens need not each remember to. Dropping
 * what is bad was left because a hole cannot be seen; refusing the line because the line may be the one that matters.
 */
#include "collect/clean_text.h"

#include <string.h>

#include "fieldline/bytes.h"

static size_t character_bytes(const uint8_t *at, size_t left) {
    size_t bytes = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    return at[0] != '\0' && bytes <= left && utf8_valid(at, bytes) ? bytes : 0;
}

bool clean_text(const void *bytes, size_t count, char *out, size_t cap) {
    const uint8_t *at = bytes;
    size_t used = 0;
    while (count > 0) {
        size_t taken = character_bytes(at, count), made = taken;
        uint8_t picture[3] = {0xe2, 0x90, 0x80};
        const uint8_t *from = at;
        if ((at[0] < 0x20 && at[0] != '\t' && at[0] != '\n') || at[0] == 0x7f) {
            picture[2] = (uint8_t)(at[0] == 0x7f ? 0xa1 : 0x80 + at[0]); /* U+2400 + c, U+2421 */
            from = picture;
            taken = 1, made = 3;
        } else if (taken == 0) {
            from = (const uint8_t *)"\xef\xbf\xbd"; /* U+FFFD */
            taken = 1, made = 3;
        }
        if (used + made > cap) {
            break;
        }
        memcpy(out + used, from, made);
        used += made;
        at += taken;
        count -= taken;
    }
    out[used] = '\0';
    return count > 0;
}
