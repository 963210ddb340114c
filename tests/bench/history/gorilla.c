/* Only the size is wanted, so bits are counted, not written.
 *
 * Times: the header's 64 bits, a first delta of 14 bits, then deltas of deltas: 0 -> '0'; [-63, 64] -> '10' and 7
 * bits; [-255, 256] -> '110' and 9; [-2047, 2048] -> '1110' and 12; otherwise '1111' and 32 bits (a step that does not
 * fit those counts 64). Values: 64 bits, then XOR: 0 -> '0'; meaningful bits within the window of the value before ->
 * '10' and those; otherwise '11', 5 bits of leading zeros, 6 bits of length, and the bits. */
#include "gorilla.h"

#include <string.h>

static size_t time_bits(int64_t delta_of_delta) {
    static const struct {
        int64_t least, most;
        size_t bits;
    } rows[] = {{0, 0, 1}, {-63, 64, 9}, {-255, 256, 12}, {-2047, 2048, 16}, {INT32_MIN, INT32_MAX, 36}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (delta_of_delta >= rows[i].least && delta_of_delta <= rows[i].most)
            return rows[i].bits;
    return 4 + 64;
}

static size_t value_bits(uint64_t x, int *leading, int *trailing) {
    if (x == 0)
        return 1;
    int zeros = __builtin_clzll(x);
    zeros = zeros > 31 ? 31 : zeros; /* five bits */
    if (*leading >= 0 && zeros >= *leading && __builtin_ctzll(x) >= *trailing)
        return 2 + (size_t)(64 - *leading - *trailing);
    *leading = zeros;
    *trailing = __builtin_ctzll(x);
    return 2 + 5 + 6 + (size_t)(64 - *leading - *trailing);
}

size_t gorilla_bytes(const struct point *points, size_t count) {
    size_t bits = 64 + 14 + 64;
    int leading = -1, trailing = 0;
    for (size_t i = 1; i < count; i++) {
        uint64_t now, last;
        memcpy(&now, &points[i].value, sizeof now);
        memcpy(&last, &points[i - 1].value, sizeof last);
        bits += value_bits(now ^ last, &leading, &trailing);
        if (i > 1)
            bits += time_bits((points[i].event_ms - points[i - 1].event_ms) -
                              (points[i - 1].event_ms - points[i - 2].event_ms));
    }
    return (bits + 7) / 8;
}
