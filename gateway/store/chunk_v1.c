/* Chunks as the first release wrote them: read for ever, written no more.
 *
 * Times are deltas of deltas, values deltas of whole numbers of a power of ten, or XOR for the whole chunk. Both
 * columns use one token: odd = a run of `token >> 1` zeros; even = zigzag << 1; 0 = eight raw bytes follow, for what
 * does not fit. Decoding trusts nothing: every length is checked and nothing may be left over. */
#include "store/chunk_v1.h"

#include <string.h>

#include "store/decimal.h"

enum { MODE_XOR = 0xff };

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- tokens ---- */

struct token_reader {
    struct cursor *in;
    uint64_t zeros;
};

static bool get_token(struct token_reader *r, uint64_t *value) {
    uint64_t token = 0;
    *value = 0;
    if (r->zeros > 0) {
        r->zeros--;
        return true;
    }
    if (!cursor_varint(r->in, &token))
        return false;
    if (token == 0)
        return cursor_u64be(r->in, value);
    if ((token & 1) == 0) {
        *value = (uint64_t)zigzag_decode(token >> 1);
        return true;
    }
    if (token >> 1 == 0 || token >> 1 > CHUNK_SAMPLES_MAX)
        return false;
    r->zeros = (token >> 1) - 1;
    return true;
}

/* ---- times ---- */

static bool get_times(struct cursor *in, struct point *out, size_t count) {
    struct token_reader r = {.in = in};
    uint64_t last = 0, step = 0, token = 0;
    for (size_t i = 0; i < count; i++) {
        if (!get_token(&r, &token))
            return false;
        if (i == 0) {
            last = token;
        } else {
            step += token;
            last += step;
        }
        out[i].event_ms = (int64_t)last;
    }
    return r.zeros == 0;
}

/* ---- values ---- */

static bool get_decimals(struct cursor *in, int exponent, struct point *out, size_t count) {
    struct token_reader r = {.in = in};
    uint64_t mantissa = 0, token = 0;
    for (size_t i = 0; i < count; i++) {
        if (!get_token(&r, &token))
            return false;
        mantissa += token;
        out[i].value = decimal_join((int64_t)mantissa, exponent);
    }
    return r.zeros == 0;
}

/* A control byte (leading zero bytes << 4 | bytes that follow), then those bytes of the XOR with the value before. */
static bool get_xors(struct cursor *in, struct point *out, size_t count) {
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t control = 0;
        const uint8_t *bytes = NULL;
        uint64_t x = 0;
        if (!cursor_u8(in, &control))
            return false;
        const int leading = control >> 4, kept = control & 15;
        if (leading + kept > 8 || (kept == 0 && leading != 0) || !cursor_take(in, (size_t)kept, &bytes))
            return false;
        for (int b = 0; b < kept; b++)
            x |= (uint64_t)bytes[b] << (8 * (7 - leading - b));
        last ^= x;
        out[i].value = double_of(last);
    }
    return true;
}

/* ---- the whole ---- */

bool chunk_v1_decode(struct cursor *in, struct point *out, size_t count) {
    uint8_t mode = 0;
    if (!get_times(in, out, count) || !cursor_u8(in, &mode))
        return false;
    if (mode == MODE_XOR)
        return get_xors(in, out, count) && in->left == 0;
    return mode <= DECIMAL_EXPONENT_MAX && get_decimals(in, mode, out, count) && in->left == 0;
}
