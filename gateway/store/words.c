/* Search words. Everything of the user's goes between double quotes (doubled inside), which FTS5 reads as text only. */
#include "store/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static size_t char_bytes(unsigned char first) {
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static bool is_cjk(const char *at, size_t bytes) {
    const unsigned char *b = (const unsigned char *)at;
    if (bytes == 4)
        return b[0] == 0xf0 && b[1] >= 0xa0; /* U+20000 and on */
    if (bytes != 3)
        return false;
    const unsigned code = (unsigned)(b[0] & 15) << 12 | (unsigned)(b[1] & 63) << 6 | (unsigned)(b[2] & 63);
    return (code >= 0x2e80 && code <= 0x9fff && !(code >= 0x3000 && code <= 0x303f)) ||
           (code >= 0xac00 && code <= 0xd7af) || (code >= 0xf900 && code <= 0xfaff);
}

/* The next character's bytes, never beyond the text's NUL, also in text that is not UTF-8. */
static size_t next_char(const char *at) {
    const size_t bytes = char_bytes((unsigned char)at[0]);
    for (size_t i = 1; i < bytes; i++)
        if (((unsigned char)at[i] & 0xc0) != 0x80)
            return i;
    return bytes;
}

void words_index(const char *text, struct buf *out) {
    const char *plain = text;
    while (*text != '\0') {
        const size_t bytes = next_char(text);
        if (is_cjk(text, bytes)) {
            buf_add(out, plain, (size_t)(text - plain));
            buf_add_u8(out, ' ');
            buf_add(out, text, bytes);
            buf_add_u8(out, ' ');
            plain = text + bytes;
        }
        text += bytes;
    }
    buf_add(out, plain, (size_t)(text - plain));
}

static bool has_letter(const char *word, size_t count) {
    for (size_t i = 0; i < count; i++)
        if ((unsigned char)word[i] >= 0x80 || isalnum((unsigned char)word[i]))
            return true;
    return false;
}

static void add_word(const char *word, size_t count, struct buf *out) {
    char *copy = mem_strndup(word, count);
    struct buf spread;
    buf_init(&spread, 4 * WORDS_QUERY_BYTES);
    words_index(copy, &spread);
    buf_str(out, "body : \"");
    for (const char *c = buf_text(&spread); *c != '\0'; c++) {
        if (*c == '"')
            buf_add_u8(out, '"');
        buf_add_u8(out, (uint8_t)*c);
    }
    buf_str(out, "\" *");
    buf_fini(&spread);
    free(copy);
}

bool words_query(const char *q, struct buf *out) {
    static const char spaces[] = " \t\r\n\v\f";
    int words = 0;
    if (strlen(q) > WORDS_QUERY_BYTES)
        return false;
    for (q += strspn(q, spaces); *q != '\0' && words < WORDS_MAX; q += strspn(q, spaces)) {
        const size_t count = strcspn(q, spaces);
        if (has_letter(q, count)) {
            buf_str(out, words++ > 0 ? " AND " : "");
            add_word(q, count, out);
        }
        q += count;
    }
    return words > 0;
}
