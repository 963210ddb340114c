/* What is covered when a recording is shown, indexed or reported: passwords, tokens, private keys. Never what is
 * hashed: files and seals keep every byte, and who may read them unmasked is the API's question.
 *
 * A pattern is a Perl expression; its group (?<secret>...) is covered, or all of the match when it has none. Built-in
 * ones are always there; a file adds a pattern a line ('#' begins a comment line). */
#pragma once
#include "fieldline/bytes.h"

enum { MASK_PATTERNS = 100, MASK_PATTERN_BYTES = 500 };

struct mask;
/* path: NULL for the built-in patterns alone. Names the file and line of a pattern that is none. */
FL_CHECK enum result mask_new(const char *path, struct mask **out, struct fault *fault);
void mask_free(struct mask *mask); /* NULL is fine */
/* In place: bytes that are covered become '*', control characters stay, so lengths and lines do not change. How many
 * were covered. Read-only for the mask: any thread. Where a pattern takes too long the rest of that line is covered. */
size_t mask_apply(const struct mask *mask, char *text, size_t count);
/* The same into `out`. */
size_t mask_text(const struct mask *mask, const char *text, size_t count, struct buf *out);
/* The strings of a JSON text, each with the name of its member before it ("password": "x" is covered by
 * /password=.../). What cannot be read as JSON becomes null. */
size_t mask_json(const struct mask *mask, const char *json, size_t count, struct buf *out);
