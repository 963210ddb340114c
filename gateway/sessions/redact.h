/* What leaves the recording for other places (search, report) passes through here, so that patterns which must not be
 * seen there (sessions/mask.h) are covered in one place. `mask` NULL: nothing is covered. */
#pragma once
#include "sessions/mask.h"

/* Appends the text as it may be shown. */
void redact_text(const struct mask *mask, const char *text, struct buf *out);
/* The same for a text that may be JSON: then its strings are looked at with the names of their members. */
void redact_json(const struct mask *mask, const char *text, struct buf *out);

/* Lines of one text that come one after the other: a private key that began in one goes on in those after it. */
struct redact_lines {
    size_t hidden_bytes; /* so many more, unless its end comes before; 0: no key is open */
};
void redact_line(const struct mask *mask, struct redact_lines *lines, const char *text, struct buf *out);
