/* Pull parser: the next token of a JSON text, in place.
 *
 * A state, a depth and one bit a level (array or object) are all it keeps; there is no stack, no tree and no
 * allocation, so a hostile text costs at most one pass over its bytes. It is strict RFC 8259: no comments, no leading
 * zeros, no raw control characters. Numbers come as checked text; number_double reads them. A callback (SAX) form was
 * left: the SenML decoder is shorter when it asks for what it expects than when it must remember where it is. */
#include "fieldline/json_pull.h"

#include <string.h>

#include "fieldline/caps.h"
#include "src/json_text.h"

enum state { EXPECT_VALUE, EXPECT_FIRST_ITEM, EXPECT_FIRST_KEY, AFTER_VALUE, FAILED };

void json_pull_init(struct json_pull *p, const char *text, size_t count) {
    *p = (struct json_pull){.start = text, .at = text, .end = text + count, .state = EXPECT_VALUE};
}

/* Out of line: the hot functions stay small. */
__attribute__((cold, noinline)) static enum json_token fail(struct json_pull *p, const char *error) {
    p->state = FAILED;
    p->error = error;
    return JSON_ERROR;
}

static inline void skip_space(struct json_pull *p) {
    const char *at = p->at;
    if (at < p->end && (unsigned char)*at > ' ')
        return; /* as our own encoder writes it */
    while (at < p->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    p->at = at;
}

static inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int hex_value(char c) {
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at `at`, or -1. */
static int32_t hex4(const char *at, const char *end) {
    if (end - at < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* `at` is behind a backslash. Returns where the escape ends, NULL when it is none. */
__attribute__((cold, noinline)) static const char *escape_end(const char *at, const char *end) {
    if (at == end)
        return NULL;
    if (*at == 'u')
        return hex4(at + 1, end) < 0 ? NULL : at + 5;
    return *at != 0 && strchr("\"\\/bfnrt", *at) ? at + 1 : NULL;
}

/* p->at is behind the opening quote. Leaves p->at behind the closing one. */
static inline __attribute__((always_inline)) bool scan_string(struct json_pull *p) {
    p->text = p->at;
    p->escaped = false;
    const char *at = json_text_end(p->at, p->end);
    while (at && at < p->end && *at == '\\') {
        p->escaped = true;
        at = escape_end(at + 1, p->end);
        if (at)
            at = json_text_end(at, p->end);
    }
    if (!at || at == p->end || *at != '"') {
        const char *why = !at            ? "a string holds an unknown escape, or half of one"
                          : at == p->end ? "a string has no end"
                                         : "a control character stands in a string";
        fail(p, why);
        return false;
    }
    p->text_count = (size_t)(at - p->text);
    p->at = at + 1;
    return true;
}

static const char *scan_digits(const char *at, const char *end) {
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static enum json_token scan_number(struct json_pull *p) {
    const char *at = p->at, *end = p->end;
    p->text = at;
    if (*at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else if (at = scan_digits(at, end), !is_digit(at[-1]))
        return fail(p, "a number has no digits");
    if (at < end && *at == '.') {
        at = scan_digits(at + 1, end);
        if (!is_digit(at[-1]))
            return fail(p, "a number has no digits after its point");
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = scan_digits(at, end);
        if (!is_digit(at[-1]))
            return fail(p, "a number has no digits in its exponent");
    }
    if (at < end && is_digit(*at))
        return fail(p, "a number begins with a needless zero");
    p->text_count = (size_t)(at - p->text);
    p->at = at;
    p->state = AFTER_VALUE;
    return JSON_NUMBER;
}

static enum json_token open_level(struct json_pull *p, bool is_array) {
    if (p->depth == CAP_JSON_DEPTH)
        return fail(p, "too deeply nested");
    uint32_t bit = 1u << p->depth++;
    p->in_array = is_array ? p->in_array | bit : p->in_array & ~bit;
    p->at++;
    p->state = is_array ? EXPECT_FIRST_ITEM : EXPECT_FIRST_KEY;
    return is_array ? JSON_ARRAY : JSON_OBJECT;
}

static enum json_token close_level(struct json_pull *p, bool is_array) {
    p->depth--;
    p->at++;
    p->state = AFTER_VALUE;
    return is_array ? JSON_ARRAY_END : JSON_OBJECT_END;
}

static enum json_token scan_word(struct json_pull *p, const char *word, size_t count, enum json_token token) {
    if ((size_t)(p->end - p->at) < count || memcmp(p->at, word, count) != 0)
        return fail(p, "expected a value");
    p->at += count;
    p->state = AFTER_VALUE;
    return token;
}

static enum json_token scan_value(struct json_pull *p) {
    if (p->at == p->end)
        return fail(p, "the text ends where a value should stand");
    switch (*p->at) {
    case '"':
        p->at++;
        if (!scan_string(p))
            return JSON_ERROR;
        p->state = AFTER_VALUE;
        return JSON_STRING;
    case '{': return open_level(p, false);
    case '[': return open_level(p, true);
    case 't': return scan_word(p, "true", 4, JSON_TRUE);
    case 'f': return scan_word(p, "false", 5, JSON_FALSE);
    case 'n': return scan_word(p, "null", 4, JSON_NULL);
    default:
        if (*p->at == '-' || is_digit(*p->at))
            return scan_number(p);
        return fail(p, "expected a value");
    }
}

/* "n", "v", "t", "u": nearly all names of a SenML pack. */
static inline bool is_one_letter(const struct json_pull *p) {
    return p->end - p->at >= 2 && p->at[1] == '"' && (unsigned char)p->at[0] > '"' && p->at[0] != '\\';
}

static enum json_token scan_key(struct json_pull *p) {
    if (p->at == p->end || *p->at != '"')
        return fail(p, "expected a member's name in quotes");
    p->at++;
    if (is_one_letter(p)) {
        p->text = p->at;
        p->text_count = 1;
        p->escaped = false;
        p->at += 2;
    } else if (!scan_string(p)) {
        return JSON_ERROR;
    }
    skip_space(p);
    if (p->at == p->end || *p->at != ':')
        return fail(p, "expected ':' after a member's name");
    p->at++;
    p->state = EXPECT_VALUE;
    return JSON_KEY;
}

static enum json_token after_value(struct json_pull *p) {
    if (p->depth == 0)
        return p->at == p->end ? JSON_END : fail(p, "something stands after the end");
    if (p->at == p->end)
        return fail(p, "the text is cut short");
    bool in_array = p->in_array >> (p->depth - 1) & 1;
    if (*p->at == ',') {
        p->at++;
        skip_space(p);
        return in_array ? scan_value(p) : scan_key(p);
    }
    if (*p->at == (in_array ? ']' : '}'))
        return close_level(p, in_array);
    return fail(p, in_array ? "expected ',' or ']'" : "expected ',' or '}'");
}

enum json_token json_pull_next(struct json_pull *p) {
    skip_space(p);
    switch ((enum state)p->state) {
    case AFTER_VALUE: return after_value(p);
    case EXPECT_VALUE: return scan_value(p);
    case EXPECT_FIRST_ITEM:
        if (p->at < p->end && *p->at == ']')
            return close_level(p, true);
        return scan_value(p);
    case EXPECT_FIRST_KEY:
        if (p->at < p->end && *p->at == '}')
            return close_level(p, false);
        return scan_key(p);
    case FAILED: break;
    }
    return JSON_ERROR;
}

const char *json_pull_inside(const struct json_pull *p) {
    return p->state == EXPECT_FIRST_KEY ? p->at : NULL;
}

void json_pull_leave(struct json_pull *p, const char *at) {
    p->at = at;
    p->depth--;
    p->state = AFTER_VALUE;
}

bool json_pull_skip(struct json_pull *p) {
    uint32_t outside = p->depth;
    enum json_token token = json_pull_next(p);
    if (token == JSON_END || token == JSON_KEY || p->depth < outside) {
        fail(p, "expected a value");
        return false;
    }
    while (token != JSON_ERROR && p->depth > outside)
        token = json_pull_next(p);
    return token != JSON_ERROR;
}

/* Appends one character above ASCII as UTF-8; 0 when it does not fit. */
static size_t put_utf8(uint32_t c, char *out, size_t room) {
    size_t count = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (count > room)
        return 0;
    for (size_t i = count - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    static const uint8_t LEADS[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(LEADS[count] | c);
    return count;
}

/* *at is on the 'u' of an escape; afterwards on its last hex digit. -1: a lone surrogate. */
static int64_t read_u_escape(const char **at, const char *end) {
    int32_t c = hex4(*at + 1, end);
    *at += 4;
    if (c < 0xd800 || c > 0xdfff)
        return c;
    if (c > 0xdbff || end - *at < 7 || (*at)[1] != '\\' || (*at)[2] != 'u')
        return -1;
    int32_t low = hex4(*at + 3, end);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    *at += 6;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static char short_escape(char c) {
    switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c; /* quote, backslash, slash: the scanner let nothing else through */
    }
}

bool json_pull_unescape(const struct json_pull *p, char *out, size_t room, size_t *count) {
    const char *end = p->text + p->text_count;
    size_t wrote = 0;
    for (const char *at = p->text; at < end; at++) {
        bool is_escape = *at == '\\';
        if (is_escape)
            at++;
        int64_t c = !is_escape ? *at : *at == 'u' ? read_u_escape(&at, end) : short_escape(*at);
        if (is_escape && c < 0)
            return false; /* a surrogate alone */
        if (is_escape && c >= 0x80) {
            size_t here = put_utf8((uint32_t)c, out + wrote, room - wrote);
            if (here == 0)
                return false;
            wrote += here;
            continue;
        }
        if (wrote == room)
            return false;
        out[wrote++] = (char)c;
    }
    *count = wrote;
    return true;
}
