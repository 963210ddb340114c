/* A pull parser for JSON that arrives in volume (SenML). In place, no allocation, no tree: the caller asks for the next
 * token and knows what it expects. Syntax is RFC 8259, strictly; depth <= CAP_JSON_DEPTH. Strings come as slices of the
 * input; `escaped` tells that json_pull_unescape is needed. UTF-8 of the whole input is the caller's check. */
#pragma once
#include "fieldline/bytes.h"

enum json_token {
    JSON_END,
    JSON_ERROR,
    JSON_OBJECT,
    JSON_OBJECT_END,
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_KEY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};
struct json_pull {
    const char *start, *at, *end;
    const char *text; /* of the last KEY, STRING (inside the quotes) or NUMBER */
    size_t text_count;
    bool escaped;
    uint32_t depth, in_array; /* a bit a level */
    uint8_t state;            /* what the grammar allows next; private */
    const char *error;        /* static text, after JSON_ERROR */
};
void json_pull_init(struct json_pull *p, const char *text, size_t count);
enum json_token json_pull_next(struct json_pull *p);
/* For a caller that reads the members of an object himself: right behind JSON_OBJECT, the place behind its brace (NULL
 * at any other moment), and how he says that he has read it up to behind its closing brace. He answers for what he
 * skipped: it must be whole JSON. */
const char *json_pull_inside(const struct json_pull *p);
void json_pull_leave(struct json_pull *p, const char *at);
/* Skips the value that comes next, whatever it is. false: JSON_ERROR. */
FL_CHECK bool json_pull_skip(struct json_pull *p);
/* Unescapes the last string; false when it does not fit or a surrogate is alone. */
FL_CHECK bool json_pull_unescape(const struct json_pull *p, char *out, size_t room, size_t *count);
