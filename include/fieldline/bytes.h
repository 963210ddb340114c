/* Bytes: a cursor to read foreign ones, a buffer to build ours, and the few conversions everybody needs. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/result.h"

/* Reading. Every decoder works on a cursor and ends by asking that nothing is left over. */
struct cursor {
    const uint8_t *at;
    size_t left;
};
static inline struct cursor cursor_of(const void *bytes, size_t count) {
    return (struct cursor){.at = bytes, .left = count};
}
FL_CHECK bool cursor_u8(struct cursor *c, uint8_t *out);
FL_CHECK bool cursor_u16be(struct cursor *c, uint16_t *out);
FL_CHECK bool cursor_u32be(struct cursor *c, uint32_t *out);
FL_CHECK bool cursor_u64be(struct cursor *c, uint64_t *out);
/* LEB128, at most 10 bytes; false when cut short or over-long. */
FL_CHECK bool cursor_varint(struct cursor *c, uint64_t *out);
/* *out points into the cursor's bytes. */
FL_CHECK bool cursor_take(struct cursor *c, size_t count, const uint8_t **out);

/* Building. Grows up to `cap`; the first append that would pass it sets `overflow` and from then on nothing is
 * added: check once, at the end. `data` is always followed by a NUL that `count` does not include (once anything was
 * appended, or after buf_text). */
struct buf {
    uint8_t *data;
    size_t count, room, cap;
    bool overflow;
};
void buf_init(struct buf *b, size_t cap);
void buf_fini(struct buf *b);
void buf_wipe(struct buf *b);  /* buf_fini for secrets */
void buf_reset(struct buf *b); /* empty again, memory kept */
void buf_add(struct buf *b, const void *bytes, size_t count);
void buf_add_u8(struct buf *b, uint8_t value);
void buf_add_u16be(struct buf *b, uint16_t value);
void buf_add_u32be(struct buf *b, uint32_t value);
void buf_add_u64be(struct buf *b, uint64_t value);
void buf_add_varint(struct buf *b, uint64_t value);
void buf_str(struct buf *b, const char *text);
/* For loops that add a few bytes at a time: room for `most` more, to be written there and told with buf_wrote. NULL
 * when it would pass the cap (overflow is set). */
uint8_t *buf_space(struct buf *b, size_t most);
void buf_wrote(struct buf *b, const uint8_t *end);
void buf_printf(struct buf *b, const char *format, ...) FL_PRINTF(2, 3);
const char *buf_text(struct buf *b); /* never NULL; "" when empty */

/* ZigZag for signed varints. */
static inline uint64_t zigzag_encode(int64_t value) {
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}
static inline int64_t zigzag_decode(uint64_t value) {
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}
enum { VARINT_BYTES_MAX = 10 };
/* LEB128 at a place with room for VARINT_BYTES_MAX; returns the end. */
static inline uint8_t *varint_write(uint8_t *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* Memory never runs out half-way: an allocation that fails ends the process (which is built to be killed). */
void *mem_alloc(size_t bytes);              /* zeroed */
void *mem_realloc(void *old, size_t bytes); /* not zeroed */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t count);

void wipe(void *secret, size_t count);
bool equal_secret(const void *a, const void *b, size_t count); /* constant time */
void random_bytes(void *out, size_t count);                    /* from the kernel; dies when it cannot */

void hex_encode(const uint8_t *bytes, size_t count, char *out /* 2*count+1 */);
FL_CHECK bool hex_decode(const char *text, size_t chars, uint8_t *out,
                         size_t out_count);                                 /* exact length, lower case only */
void base64url_encode(const uint8_t *bytes, size_t count, struct buf *out); /* no padding */
FL_CHECK bool base64url_decode(const char *text, size_t chars, struct buf *out);

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 65 };
void sha256(const void *bytes, size_t count, uint8_t out[SHA256_BYTES]);
/* RFC 2104; the key has at most 64 bytes. */
void hmac_sha256(const void *key, size_t key_count, const void *bytes, size_t count, uint8_t out[SHA256_BYTES]);

bool utf8_valid(const void *bytes, size_t count); /* RFC 3629: no surrogates, no over-long forms; NUL is refused */
/* The largest n <= count at which bytes may be cut without splitting a character. */
size_t utf8_cut(const void *bytes, size_t count);
/* Always terminated; what does not fit is cut at a character. room > 0. */
void text_copy(char *to, size_t room, const char *from);
/* FNV-1a over a text, going on from `hash`. */
#define HASH_START 2166136261u
static inline uint32_t hash_text(uint32_t hash, const char *text) {
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash;
}

/* UUID version 4 as text, 36 characters and NUL. */
void uuid_make(char out[37]);
bool uuid_valid(const char *text); /* any version, lower case */
