/* A chunk: a stretch of one series, compressed. Pure; what comes out is bit for bit what went in (NaN and -0 too).
 *
 *   version u8, count varint, times (delta of delta, zigzag varint; runs of equal steps folded), values, CRC-32 u32 be
 *
 * Values are whole multiples of a power of ten where that reproduces every bit (what sensors and text formats give),
 * stored as zigzag varint deltas; otherwise XOR with the one before, leading and trailing zero bytes dropped. */
#pragma once
#include "fieldline/bytes.h"

enum { CHUNK_SAMPLES_MAX = 1024, CHUNK_VERSION = 1 };
struct point {
    int64_t event_ms;
    double value;
};
/* Appends to out. Order is kept; rising times compress best. count 1..CHUNK_SAMPLES_MAX. */
void chunk_encode(const struct point *points, size_t count, struct buf *out);
/* All or nothing. RESULT_CORRUPT: checksum, cut short, or something left over; RESULT_TOO_BIG: more than `room` points;
 * RESULT_BAD_INPUT: a version this program does not know. */
FL_CHECK enum result chunk_decode(const void *bytes, size_t count, struct point *out, size_t room, size_t *points);
