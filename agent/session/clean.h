/* Makes UTF-8 of whatever a program prints: a byte that belongs to no character becomes U+FFFD, a character that is cut
 * by the end of a read waits for its rest. What leaves is whole characters, so a frame and its line in the transcript
 * hold the same text. */
#pragma once
#include "fieldline/bytes.h"

struct cleaner {
    uint8_t held[4];
    size_t count;
};
enum { CLEAN_GROWTH = 3 }; /* at most so many bytes leave for each that came, held ones included */
void cleaner_add(struct cleaner *cleaner, const uint8_t *bytes, size_t count, struct buf *out);
/* No more comes: what is held is no character. */
void cleaner_end(struct cleaner *cleaner, struct buf *out);
