/* Cursor, buffer and memory: how bytes from outside are read and how ours are put together.
 *
 * Not a string library: no formatting beyond printf, no searching, no reference counts. A buffer is owned by whoever
 * called buf_init and belongs to one thread. Growth copies into new memory and wipes the old one instead of calling
 * realloc, because any buffer may hold a secret and realloc would leave copies of it on the heap. Returning an error
 * from every append was tried elsewhere and left: it hides the message under its own error handling; the sticky
 * `overflow` flag needs one check at the end. */
#include "fieldline/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"

bool cursor_take(struct cursor *c, size_t count, const uint8_t **out) {
    if (c->left < count)
        return false;
    *out = c->at;
    c->at += count;
    c->left -= count;
    return true;
}

static bool cursor_big_endian(struct cursor *c, size_t count, uint64_t *out) {
    const uint8_t *bytes;
    if (!cursor_take(c, count, &bytes))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    *out = value;
    return true;
}

bool cursor_u8(struct cursor *c, uint8_t *out) {
    uint64_t value;
    if (!cursor_big_endian(c, 1, &value))
        return false;
    *out = (uint8_t)value;
    return true;
}

bool cursor_u16be(struct cursor *c, uint16_t *out) {
    uint64_t value;
    if (!cursor_big_endian(c, 2, &value))
        return false;
    *out = (uint16_t)value;
    return true;
}

bool cursor_u32be(struct cursor *c, uint32_t *out) {
    uint64_t value;
    if (!cursor_big_endian(c, 4, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

bool cursor_u64be(struct cursor *c, uint64_t *out) {
    return cursor_big_endian(c, 8, out);
}

bool cursor_varint(struct cursor *c, uint64_t *out) {
    uint64_t value = 0;
    for (size_t i = 0; i < 10 && i < c->left; i++) {
        uint8_t byte = c->at[i];
        if (i == 9 && byte > 1)
            return false; /* would not fit 64 bits */
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        if (byte == 0 && i > 0)
            return false; /* over-long: the same number has a shorter form */
        c->at += i + 1;
        c->left -= i + 1;
        *out = value;
        return true;
    }
    return false;
}

void buf_init(struct buf *b, size_t cap) {
    *b = (struct buf){.cap = cap};
}

void buf_fini(struct buf *b) {
    free(b->data);
    *b = (struct buf){.cap = b->cap};
}

void buf_wipe(struct buf *b) {
    if (b->data)
        wipe(b->data, b->room + 1);
    buf_fini(b);
}

void buf_reset(struct buf *b) {
    b->count = 0;
    b->overflow = false;
    if (b->data)
        b->data[0] = 0;
}

/* Room for `more` bytes and the NUL after them; sets overflow and says false when the cap forbids it. */
static bool buf_reserve(struct buf *b, size_t more) {
    if (b->overflow || more > b->cap - b->count) {
        b->overflow = true;
        return false;
    }
    size_t need = b->count + more;
    if (b->data && need <= b->room)
        return true;
    size_t room = b->room < 64 ? 64 : b->room * 2;
    if (room < need)
        room = need;
    if (room > b->cap)
        room = b->cap;
    uint8_t *data = mem_alloc(room + 1);
    if (b->data) {
        memcpy(data, b->data, b->count + 1);
        wipe(b->data, b->count);
        free(b->data);
    }
    b->data = data;
    b->room = room;
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t count) {
    if (!buf_reserve(b, count))
        return;
    if (count > 0)
        memcpy(b->data + b->count, bytes, count);
    b->count += count;
    b->data[b->count] = 0;
}

void buf_add_u8(struct buf *b, uint8_t value) {
    buf_add(b, &value, 1);
}

void buf_add_u16be(struct buf *b, uint16_t value) {
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    buf_add(b, bytes, sizeof bytes);
}

void buf_add_u32be(struct buf *b, uint32_t value) {
    uint8_t bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
    buf_add(b, bytes, sizeof bytes);
}

void buf_add_u64be(struct buf *b, uint64_t value) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    buf_add(b, bytes, sizeof bytes);
}

void buf_add_varint(struct buf *b, uint64_t value) {
    uint8_t bytes[VARINT_BYTES_MAX];
    buf_add(b, bytes, (size_t)(varint_write(bytes, value) - bytes));
}

uint8_t *buf_space(struct buf *b, size_t most) {
    return buf_reserve(b, most) ? b->data + b->count : NULL;
}

void buf_wrote(struct buf *b, const uint8_t *end) {
    b->count = (size_t)(end - b->data);
    b->data[b->count] = 0;
}

void buf_str(struct buf *b, const char *text) {
    buf_add(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *format, ...) {
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int wrote = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (wrote < 0)
        die("bytes", "a format that cannot be printed: %s", format);
    if ((size_t)wrote < sizeof small) {
        buf_add(b, small, (size_t)wrote);
    } else if (buf_reserve(b, (size_t)wrote)) {
        vsnprintf((char *)b->data + b->count, (size_t)wrote + 1, format, again);
        b->count += (size_t)wrote;
    }
    va_end(again);
}

const char *buf_text(struct buf *b) {
    if (!b->data)
        b->data = mem_alloc(1); /* room stays 0: the first append makes real memory */
    return (const char *)b->data;
}

void *mem_alloc(size_t bytes) {
    void *memory = calloc(1, bytes ? bytes : 1);
    if (!memory)
        die("memory", "no memory for %zu bytes", bytes);
    return memory;
}

void *mem_realloc(void *old, size_t bytes) {
    void *memory = realloc(old, bytes ? bytes : 1);
    if (!memory)
        die("memory", "no memory for %zu bytes", bytes);
    return memory;
}

char *mem_strdup(const char *text) {
    return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t count) {
    count = strnlen(text, count);
    char *copy = mem_alloc(count + 1);
    memcpy(copy, text, count);
    return copy;
}
