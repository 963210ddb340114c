/* The lexer: one function for each class of word, chosen by the first byte. It never looks back and holds no state; the
 * parser asks for the token at a place. PromQL's lexer knows a mode for durations because `5m` could be a name
 * elsewhere; here a digit always begins a number or a duration, which is what an author means. */
#include "rules/token.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "fieldline/number.h"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

static struct token bad(struct token token, size_t count, const char *why) {
    token.kind = TOKEN_BAD;
    token.count = count;
    token.problem = why;
    return token;
}

static struct token read_number(const char *text, struct token token) {
    const char *start = text + token.at, *at = start;
    while (is_digit(*at) || *at == '.')
        at++;
    bool has_exponent =
        (*at == 'e' || *at == 'E') && (is_digit(at[1]) || ((at[1] == '+' || at[1] == '-') && is_digit(at[2])));
    if (has_exponent)
        for (at += 2; is_digit(*at);)
            at++;
    bool is_duration = !has_exponent && is_letter(*at) && *at != ':';
    while (is_digit(*at) || (is_letter(*at) && *at != ':') || *at == '.')
        at++;
    token.count = (size_t)(at - start);
    if (is_duration && number_duration_ms(start, token.count, &token.duration_ms)) {
        token.kind = TOKEN_DURATION;
        token.number = (double)token.duration_ms / 1000;
        return token;
    }
    if (is_duration)
        return bad(token, token.count, "is neither a number nor a duration such as 30s, 10m or 1h30m");
    /* ".5" and "5." are PromQL but not numbers elsewhere: give them their zero. */
    char copy[64];
    if (token.count + 2 >= sizeof copy)
        return bad(token, token.count, "is too long for a number");
    size_t n = 0;
    if (*start == '.')
        copy[n++] = '0';
    memcpy(copy + n, start, token.count);
    n += token.count;
    if (copy[n - 1] == '.')
        copy[n++] = '0';
    if (!number_double(copy, n, &token.number))
        return bad(token, token.count, "is not a number");
    token.kind = TOKEN_NUMBER;
    return token;
}

static struct token read_name(const char *text, struct token token) {
    const char *start = text + token.at, *at = start;
    while (is_letter(*at) || is_digit(*at))
        at++;
    token.count = (size_t)(at - start);
    token.kind = TOKEN_NAME;
    if (token.count == 3 && strncasecmp(start, "inf", 3) == 0) {
        token.kind = TOKEN_NUMBER;
        token.number = INFINITY;
    } else if (token.count == 3 && strncasecmp(start, "nan", 3) == 0) {
        token.kind = TOKEN_NUMBER;
        token.number = NAN;
    }
    return token;
}

static struct token read_string(const char *text, struct token token) {
    const char *start = text + token.at, *at = start + 1;
    while (*at && *at != *start && *at != '\n')
        at += *at == '\\' && *start != '`' && at[1] && at[1] != '\n' ? 2 : 1;
    token.count = (size_t)(at - start);
    if (*at != *start)
        return bad(token, token.count, "has no closing quote");
    token.count++;
    token.kind = TOKEN_STRING;
    return token;
}

bool token_string(const char *text, const struct token *token, char *out, size_t room) {
    static const char escapes[] = "\\\\\"\"\'\'n\nt\t"; /* pairs: what is written, what it means */
    const char *at = text + token->at, quote = *at++, *end = text + token->at + token->count - 1;
    size_t count = 0;
    for (; at < end; at++) {
        char c = *at;
        if (c == '\\' && quote != '`') {
            size_t e = 0;
            for (at++; escapes[e] && escapes[e] != *at;)
                e += 2;
            if (!escapes[e])
                return false;
            c = escapes[e + 1];
        }
        if (count + 1 >= room)
            return false;
        out[count++] = c;
    }
    out[count] = '\0';
    return true;
}

static struct token read_sign(const char *text, struct token token) {
    static const char *const rows[] = {"==", "!=", "=~", "!~", "<=", ">=", "<", ">", "+", "-", "*", "/",
                                       "%",  "^",  "(",  ")",  "{",  "}",  "[", "]", ",", "=", ":"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i]);
        if (strncmp(text + token.at, rows[i], n) == 0) {
            token.kind = TOKEN_SIGN;
            token.count = n;
            return token;
        }
    }
    /* A whole character, so that the message stays valid UTF-8. */
    size_t n = 1;
    while (((uint8_t)text[token.at + n] & 0xc0) == 0x80)
        n++;
    return bad(token, n, "belongs to no word of the rule language");
}

struct token token_next(const char *text, size_t from) {
    const char *at = text + from;
    for (;;) {
        while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
            at++;
        if (*at != '#')
            break;
        while (*at && *at != '\n')
            at++;
    }
    struct token token = {.at = (size_t)(at - text)};
    if (*at == '\0')
        return token;
    if (is_digit(*at) || (*at == '.' && is_digit(at[1])))
        return read_number(text, token);
    if (is_letter(*at) && *at != ':')
        return read_name(text, token);
    if (*at == '"' || *at == '\'' || *at == '`')
        return read_string(text, token);
    return read_sign(text, token);
}

bool token_is(const char *text, const struct token *token, const char *what) {
    return (token->kind == TOKEN_NAME || token->kind == TOKEN_SIGN) && strlen(what) == token->count &&
           strncmp(text + token->at, what, token->count) == 0;
}
