/* Where plain text ends in a JSON string, for the parsers of what arrives in volume. */
#pragma once
#include <endian.h>
#include <stdint.h>
#include <string.h>

/* The first byte that a string's plain text cannot hold: quote, backslash or control character. Eight bytes at a time:
 * names are short and of all lengths, and a loop over bytes mispredicts its end nearly every time. Each test is exact
 * up to its first hit, which is all that is asked. */
static inline const char *json_text_end(const char *at, const char *end) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        word = le64toh(word);
        uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
        uint64_t hits = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word);
        if (hits & tops)
            return at + __builtin_ctzll(hits & tops) / 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    return at;
}
