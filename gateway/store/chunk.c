/* The chunk codec, version 1.
 *
 * Sensors measure at a steady pace and report few digits. So times are deltas of deltas with runs of zero folded (a
 * steady minute is one byte), and values are whole numbers of some power of ten, as deltas with runs folded (a resting
 * sensor is one byte). What has no decimal form (a computed mean, -0, NaN) falls back to XOR for the whole chunk.
 *
 * Both columns use one token: odd = a run of `token >> 1` zeros; even = zigzag << 1; 0 = eight raw bytes follow, for
 * what does not fit. Decoding trusts nothing: the checksum finds accidents, every length is checked for what is not an
 * accident, and nothing may be left over. Left: bit packing in Gorilla's way; on decimal data it needs more bytes and
 * more time. */
#include "store/chunk.h"

#include <string.h>

#include "store/decimal.h"

enum { MODE_XOR = 0xff, CRC_BYTES = 4 };
#define TOKEN_LIMIT ((uint64_t)1 << 62)

static uint32_t crc32_of(const uint8_t *bytes, size_t count) {
    static const uint32_t nibbles[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                         0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                         0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ nibbles[crc & 15];
        crc = (crc >> 4) ^ nibbles[crc & 15];
    }
    return ~crc;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- tokens
 * ------------------------------------------------------------------------------------------------------------ */

struct token_writer {
    struct buf *out;
    uint64_t zeros;
};

static void flush_zeros(struct token_writer *w) {
    if (w->zeros > 0)
        buf_add_varint(w->out, w->zeros << 1 | 1);
    w->zeros = 0;
}

static void put_token(struct token_writer *w, uint64_t value) {
    if (value == 0) {
        w->zeros++;
        return;
    }
    flush_zeros(w);
    const uint64_t z = zigzag_encode((int64_t)value);
    if (z < TOKEN_LIMIT) {
        buf_add_varint(w->out, z << 1);
    } else {
        buf_add_varint(w->out, 0);
        buf_add_u64be(w->out, value);
    }
}

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

/* ---- times
 * ------------------------------------------------------------------------------------------------------------- */

static void put_times(const struct point *points, size_t count, struct buf *out) {
    struct token_writer w = {.out = out};
    uint64_t last = 0, step = 0;
    for (size_t i = 0; i < count; i++) { /* unsigned: wraps, and wraps back when decoded */
        const uint64_t now = (uint64_t)points[i].event_ms;
        const uint64_t delta = now - last;
        put_token(&w, i == 0 ? now : delta - step);
        step = i == 0 ? 0 : delta;
        last = now;
    }
    flush_zeros(&w);
}

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

/* ---- values
 * ------------------------------------------------------------------------------------------------------------ */

/* The smallest exponent at which every value is a decimal, or MODE_XOR. What fits an exponent fits the next, too,
 * unless it is very large; hence the second look. */
static int pick_mode(const struct point *points, size_t count, int64_t *mantissas) {
    int exponent = 0;
    for (size_t i = 0; i < count; i++) {
        while (exponent <= DECIMAL_EXPONENT_MAX && !decimal_split(points[i].value, exponent, &mantissas[i]))
            exponent++;
        if (exponent > DECIMAL_EXPONENT_MAX)
            return MODE_XOR;
    }
    for (size_t i = 0; i < count; i++)
        if (!decimal_split(points[i].value, exponent, &mantissas[i]))
            return MODE_XOR;
    return exponent;
}

static void put_decimals(const int64_t *mantissas, size_t count, struct buf *out) {
    struct token_writer w = {.out = out};
    int64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        put_token(&w, (uint64_t)(mantissas[i] - last));
        last = mantissas[i];
    }
    flush_zeros(&w);
}

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
static void put_xors(const struct point *points, size_t count, struct buf *out) {
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t x = bits_of(points[i].value) ^ last;
        last ^= x;
        if (x == 0) {
            buf_add_u8(out, 0);
            continue;
        }
        const int leading = __builtin_clzll(x) / 8, trailing = __builtin_ctzll(x) / 8, kept = 8 - leading - trailing;
        buf_add_u8(out, (uint8_t)(leading << 4 | kept));
        for (int b = 7 - leading; b >= trailing; b--)
            buf_add_u8(out, (uint8_t)(x >> (8 * b)));
    }
}

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

/* ---- the whole
 * --------------------------------------------------------------------------------------------------------- */

void chunk_encode(const struct point *points, size_t count, struct buf *out) {
    int64_t mantissas[CHUNK_SAMPLES_MAX];
    const size_t start = out->count;
    buf_add_u8(out, CHUNK_VERSION);
    buf_add_varint(out, count);
    put_times(points, count, out);
    const int mode = pick_mode(points, count, mantissas);
    buf_add_u8(out, (uint8_t)mode);
    if (mode == MODE_XOR)
        put_xors(points, count, out);
    else
        put_decimals(mantissas, count, out);
    if (!out->overflow)
        buf_add_u32be(out, crc32_of(out->data + start, out->count - start));
}

static bool get_body(struct cursor *in, struct point *out, size_t count) {
    uint8_t mode = 0;
    if (!get_times(in, out, count) || !cursor_u8(in, &mode))
        return false;
    if (mode == MODE_XOR)
        return get_xors(in, out, count) && in->left == 0;
    return mode <= DECIMAL_EXPONENT_MAX && get_decimals(in, mode, out, count) && in->left == 0;
}

enum result chunk_decode(const void *bytes, size_t count, struct point *out, size_t room, size_t *points) {
    struct cursor in = cursor_of(bytes, count);
    uint8_t version = 0;
    uint64_t samples = 0;
    uint32_t crc = 0;
    if (count < 1 + CRC_BYTES)
        return RESULT_CORRUPT;
    in.left -= CRC_BYTES;
    struct cursor tail = cursor_of((const uint8_t *)bytes + in.left, CRC_BYTES);
    if (!cursor_u32be(&tail, &crc) || crc != crc32_of(bytes, in.left) || !cursor_u8(&in, &version))
        return RESULT_CORRUPT;
    if (version != CHUNK_VERSION)
        return RESULT_BAD_INPUT;
    if (!cursor_varint(&in, &samples) || samples == 0 || samples > CHUNK_SAMPLES_MAX)
        return RESULT_CORRUPT;
    if (samples > room)
        return RESULT_TOO_BIG;
    if (!get_body(&in, out, (size_t)samples))
        return RESULT_CORRUPT;
    *points = (size_t)samples;
    return RESULT_OK;
}
