/* A chunk: a stretch of one series, compressed. Pure; what comes out is bit for bit what went in (NaN and -0 too).
 *
 *   version u8, count varint, times and values (numbers.h, values.h) as one range coded stream, CRC-32 u32 be
 *
 * The checksum is over the summary too, which the store keeps in columns beside the bytes: a flipped bit in either is
 * found. Version 1 (chunk_v1.c), whose checksum is over the bytes alone, is read but no longer written. */
#pragma once
#include "fieldline/bytes.h"

enum { CHUNK_SAMPLES_MAX = 1024, CHUNK_VERSION = 2, CHUNK_BYTES_MAX = 32 * 1024 };
struct point {
    int64_t event_ms;
    double value;
};
struct chunk_summary {
    int64_t series, start_ms, end_ms, count; /* start: of the first point, end: of the last */
    double min, max, sum;
};
/* Of points in order of time. */
struct chunk_summary chunk_summarize(int64_t series, const struct point *points, size_t count);
/* Appends to out. Order is kept; rising times compress best. count 1..CHUNK_SAMPLES_MAX. */
void chunk_encode(const struct chunk_summary *summary, const struct point *points, struct buf *out);
/* All or nothing. RESULT_CORRUPT: checksum, cut short, something left over, or not summary->count points;
 * RESULT_TOO_BIG: more than `room` points; RESULT_BAD_INPUT: a version this program does not know. */
FL_CHECK enum result chunk_decode(const struct chunk_summary *summary, const void *bytes, size_t count,
                                  struct point *out, size_t room, size_t *points);
/* Only the checksum: may the summary be used without opening the chunk? */
FL_CHECK bool chunk_is_sound(const struct chunk_summary *summary, const void *bytes, size_t count);
