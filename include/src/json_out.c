/* The JSON writer: straight into a buffer, no tree in between.
 *
 * Commas and escapes are its business; that levels are closed and keys stand only in objects is the caller's, and a
 * caller that gets it wrong is our own fault: assert. Building a cJSON tree and printing it was left: the gateway
 * writes lists of thousands of rows, and a tree would hold them all twice. Whatever the text, what leaves is valid
 * UTF-8 and valid JavaScript: U+2028/9 and control characters escaped, bytes that are no UTF-8 replaced by U+FFFD. */
#include "fieldline/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"
#include "src/utf8.h"

enum { LEVELS_MAX = 32 };

static bool is_plain(uint8_t c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void quote_ascii(struct buf *to, uint8_t c) {
    switch (c) {
    case '"': buf_add(to, "\\\"", 2); break;
    case '\\': buf_add(to, "\\\\", 2); break;
    case '\n': buf_add(to, "\\n", 2); break;
    case '\r': buf_add(to, "\\r", 2); break;
    case '\t': buf_add(to, "\\t", 2); break;
    default: buf_printf(to, "\\u%04x", c); break;
    }
}

void json_quote(struct buf *to, const char *text, size_t count) {
    const uint8_t *bytes = (const uint8_t *)text;
    buf_add_u8(to, '"');
    for (size_t at = 0; at < count;) {
        size_t run = 0;
        while (at + run < count && is_plain(bytes[at + run]))
            run++;
        if (run > 0)
            buf_add(to, bytes + at, run);
        at += run;
        if (at == count)
            break;
        size_t length = utf8_char(bytes + at, count - at);
        if (length == 1)
            quote_ascii(to, bytes[at]);
        else if (length == 0)
            buf_add(to, "\xef\xbf\xbd", 3);
        else if (length == 3 && memcmp(bytes + at, "\xe2\x80", 2) == 0 && (bytes[at + 2] | 1) == 0xa9)
            buf_str(to, bytes[at + 2] == 0xa8 ? "\\u2028" : "\\u2029");
        else
            buf_add(to, bytes + at, length);
        at += length > 0 ? length : 1;
    }
    buf_add_u8(to, '"');
}

struct json_out json_out(struct buf *to) {
    return (struct json_out){.to = to};
}

/* Comma and key before whatever comes next. */
static void begin_item(struct json_out *j, const char *key) {
    if (j->depth == 0) {
        assert(!key);
        return;
    }
    uint32_t bit = 1u << (j->depth - 1);
    assert(!key == !!(j->is_array & bit));
    if (j->has_item & bit)
        buf_add_u8(j->to, ',');
    j->has_item |= bit;
    if (key) {
        json_quote(j->to, key, strlen(key));
        buf_add_u8(j->to, ':');
    }
}

static void open_level(struct json_out *j, const char *key, bool is_array) {
    begin_item(j, key);
    assert(j->depth < LEVELS_MAX);
    uint32_t bit = 1u << j->depth++;
    j->has_item &= ~bit;
    j->is_array = is_array ? j->is_array | bit : j->is_array & ~bit;
    buf_add_u8(j->to, is_array ? '[' : '{');
}

void jo_object(struct json_out *j, const char *key) {
    open_level(j, key, false);
}

void jo_array(struct json_out *j, const char *key) {
    open_level(j, key, true);
}

void jo_end(struct json_out *j) {
    assert(j->depth > 0);
    uint32_t bit = 1u << --j->depth;
    buf_add_u8(j->to, j->is_array & bit ? ']' : '}');
}

void jo_str(struct json_out *j, const char *key, const char *value) {
    if (value)
        jo_strn(j, key, value, strlen(value));
    else
        jo_null(j, key);
}

void jo_strn(struct json_out *j, const char *key, const char *value, size_t count) {
    begin_item(j, key);
    json_quote(j->to, value, count);
}

void jo_int(struct json_out *j, const char *key, int64_t value) {
    char text[24];
    int count = snprintf(text, sizeof text, "%lld", (long long)value);
    jo_raw(j, key, text, (size_t)count);
}

void jo_num(struct json_out *j, const char *key, double value) {
    if (!isfinite(value)) {
        jo_null(j, key);
        return;
    }
    char text[32];
    size_t count = number_print(value, text);
    jo_raw(j, key, text, count);
}

void jo_bool(struct json_out *j, const char *key, bool value) {
    jo_raw(j, key, value ? "true" : "false", value ? 4 : 5);
}

void jo_null(struct json_out *j, const char *key) {
    jo_raw(j, key, "null", 4);
}

void jo_raw(struct json_out *j, const char *key, const char *json, size_t count) {
    begin_item(j, key);
    buf_add(j->to, json, count);
}
