/* An adaptive binary range coder (the arithmetic coder of LZMA): each yes/no costs what it surprises, so a column that
 * rests costs next to nothing and no tables have to be stored. Private to gateway/store; inline, because a number takes
 * a few decisions and a chart decodes millions of numbers.
 *
 * The stream's trailing zero bytes are not stored: the decoder reads zeros beyond the end, and `range_decoder_end` says
 * whether everything was read. Nothing here checks what was decoded: a checksum before and bounds after do. */
#pragma once
#include "fieldline/bytes.h"

/* The chance of a 0, learnt: fast at first, then like an average over some dozens. */
struct range_bit {
    uint16_t zero; /* of 65,536 */
    uint16_t seen; /* capped */
};
enum { RANGE_SEEN_MAX = 40, RANGE_LEAST = 48, RANGE_RAW_BITS_MAX = 16 };
#define RANGE_BIT_NEW ((struct range_bit){.zero = 32768})
#define RANGE_TOP     ((uint32_t)1 << 24)

static inline void range_learn(struct range_bit *bit, int value) {
    static const uint16_t rates[RANGE_SEEN_MAX + 1] = {
        40960, 25206, 18204, 14247, 11703, 9930, 8623, 7620, 6827, 6183, 5650, 5202, 4819, 4489,
        4201,  3948,  3724,  3524,  3344,  3181, 3034, 2900, 2777, 2664, 2560, 2464, 2374, 2291,
        2214,  2142,  2074,  2010,  1950,  1894, 1841, 1790, 1743, 1698, 1655, 1614, 1575}; /* 65536/(n+1.6) */
    const int32_t target = value ? RANGE_LEAST : 65536 - RANGE_LEAST;
    bit->zero = (uint16_t)(bit->zero + (int32_t)(((int64_t)(target - bit->zero) * rates[bit->seen]) >> 16));
    bit->seen = (uint16_t)(bit->seen + (bit->seen < RANGE_SEEN_MAX));
}

struct range_encoder {
    struct buf *out;
    size_t start; /* of out */
    uint64_t low, pending;
    uint32_t range;
    uint8_t cache;
    bool has_cache;
};
static inline struct range_encoder range_encoder_of(struct buf *out) {
    return (struct range_encoder){.out = out, .start = out->count, .range = UINT32_MAX};
}

static inline void range_shift(struct range_encoder *e) {
    if ((uint32_t)e->low < 0xff000000 || e->low >> 32 != 0) {
        const uint8_t carry = (uint8_t)(e->low >> 32);
        if (e->has_cache)
            buf_add_u8(e->out, (uint8_t)(e->cache + carry));
        for (; e->pending > 0; e->pending--)
            buf_add_u8(e->out, (uint8_t)(0xff + carry));
        e->cache = (uint8_t)(e->low >> 24);
        e->has_cache = true;
    } else {
        e->pending++;
    }
    e->low = (e->low & 0x00ffffff) << 8;
}

static inline void range_put(struct range_encoder *e, struct range_bit *bit, int value) {
    const uint32_t bound = (e->range >> 16) * bit->zero;
    if (value) {
        e->low += bound;
        e->range -= bound;
    } else {
        e->range = bound;
    }
    range_learn(bit, value);
    while (e->range < RANGE_TOP) {
        e->range <<= 8;
        range_shift(e);
    }
}

/* Bits that cannot be guessed, at most 64. */
static inline void range_put_raw(struct range_encoder *e, uint64_t value, int bits) {
    while (bits > 0) {
        const int n = bits < RANGE_RAW_BITS_MAX ? bits : RANGE_RAW_BITS_MAX;
        bits -= n;
        e->range >>= n;
        e->low += (uint64_t)e->range * ((value >> bits) & (((uint64_t)1 << n) - 1));
        while (e->range < RANGE_TOP) {
            e->range <<= 8;
            range_shift(e);
        }
    }
}

/* Writes the shortest number within the last interval. */
static inline void range_encoder_end(struct range_encoder *e) {
    for (uint64_t mask = UINT32_MAX; mask != 0; mask >>= 1) {
        const uint64_t shortest = (e->low + mask) & ~mask;
        if (shortest >= e->low && shortest - e->low < e->range) {
            e->low = shortest;
            break;
        }
    }
    for (int i = 0; i < 5; i++)
        range_shift(e);
    while (e->out->count > e->start && e->out->data[e->out->count - 1] == 0)
        e->out->count--;
}

struct range_decoder {
    const uint8_t *bytes;
    size_t at, count;
    uint32_t range, code;
};

static inline uint8_t range_byte(struct range_decoder *d) {
    const uint8_t byte = d->at < d->count ? d->bytes[d->at] : 0;
    d->at++;
    return byte;
}

static inline struct range_decoder range_decoder_of(const void *bytes, size_t count) {
    struct range_decoder d = {.bytes = bytes, .count = count, .range = UINT32_MAX};
    for (int i = 0; i < 4; i++)
        d.code = d.code << 8 | range_byte(&d);
    return d;
}

static inline int range_get(struct range_decoder *d, struct range_bit *bit) {
    const uint32_t bound = (d->range >> 16) * bit->zero;
    const int value = d->code >= bound;
    if (value) {
        d->code -= bound;
        d->range -= bound;
    } else {
        d->range = bound;
    }
    range_learn(bit, value);
    while (d->range < RANGE_TOP) {
        d->range <<= 8;
        d->code = d->code << 8 | range_byte(d);
    }
    return value;
}

static inline uint64_t range_get_raw(struct range_decoder *d, int bits) {
    uint64_t value = 0;
    while (bits > 0) {
        const int n = bits < RANGE_RAW_BITS_MAX ? bits : RANGE_RAW_BITS_MAX;
        bits -= n;
        d->range >>= n;
        const uint32_t most = ((uint32_t)1 << n) - 1, found = d->code / d->range, part = found < most ? found : most;
        d->code -= part * d->range;
        value = value << n | part;
        while (d->range < RANGE_TOP) {
            d->range <<= 8;
            d->code = d->code << 8 | range_byte(d);
        }
    }
    return value;
}

/* False: bytes are left over. */
static inline bool range_decoder_end(const struct range_decoder *d) {
    return d->at >= d->count;
}
