/* The words of the rule language (PromQL's). Reads a text that ends with NUL; allocates nothing. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/result.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,     /* metric, function, label, or a word such as `and`, `bool`, `by` */
    TOKEN_NUMBER,   /* number */
    TOKEN_DURATION, /* duration_ms; also number, in seconds */
    TOKEN_STRING,   /* with its quotes; token_string gives what it says */
    TOKEN_SIGN,     /* an operator or punctuation mark: its text says which */
    TOKEN_BAD       /* `problem` says why */
};

struct token {
    enum token_kind kind;
    size_t at, count; /* bytes of the text */
    double number;
    int64_t duration_ms;
    const char *problem; /* static */
};

/* The token at or after byte `from`; blanks and # comments are skipped. */
struct token token_next(const char *text, size_t from);
/* What a TOKEN_STRING says: escapes (\\\\ \\" \\' \\n \\t) undone, in `backquotes` as it stands. false: another escape,
 * or longer than room - 1. */
FL_CHECK bool token_string(const char *text, const struct token *token, char *out, size_t room);
bool token_is(const char *text, const struct token *token, const char *what);
