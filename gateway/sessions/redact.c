/* The one door between a recording and what is made of it. Any thread.
 *
 * Lines are looked at one by one, as they are indexed; what no pattern can see in a single line is a private key, so
 * its lines are followed from BEGIN to END. A pattern of the operator's own that spans lines works in views of the
 * recording (transcript_view.h), not here. Left: all lines of a session as one text, which would hold a recording in
 * memory. */
#include "sessions/redact.h"

#include <string.h>

#include "fieldline/json.h"

enum { KEY_BYTES = 16000 };

void redact_text(const struct mask *mask, const char *text, struct buf *out) {
    if (mask == NULL) {
        buf_str(out, text);
    } else {
        (void)mask_text(mask, text, strlen(text), out);
    }
}

void redact_json(const struct mask *mask, const char *text, struct buf *out) {
    struct json *json = NULL;
    if (mask != NULL && json_parse(text, strlen(text), &json, NULL) == RESULT_OK) {
        (void)mask_json(mask, text, strlen(text), out);
    } else {
        redact_text(mask, text, out);
    }
    json_free(json);
}

/* Where the first line of a key begins; NULL: nowhere. */
static const char *find_key(const char *text) {
    const char *begin = strstr(text, "-----BEGIN ");
    return begin != NULL && strstr(begin, "PRIVATE KEY-----") != NULL ? begin : NULL;
}

static void cover(const char *text, size_t count, struct buf *out) {
    for (size_t i = 0; i < count; i++) {
        buf_add_u8(out, text[i] == ' ' || text[i] == '\t' ? (uint8_t)text[i] : '*');
    }
}

void redact_line(const struct mask *mask, struct redact_lines *lines, const char *text, struct buf *out) {
    if (mask == NULL || lines->hidden_bytes == 0) {
        const char *begin = mask != NULL ? find_key(text) : NULL;
        lines->hidden_bytes = begin != NULL && strstr(begin, "-----END") == NULL ? KEY_BYTES : 0;
        redact_text(mask, text, out);
        return;
    }
    const char *end = strstr(text, "-----END");
    size_t count = end != NULL ? (size_t)(end - text) : strlen(text);
    cover(text, count, out);
    lines->hidden_bytes = end != NULL || count >= lines->hidden_bytes ? 0 : lines->hidden_bytes - count;
    if (end != NULL) {
        redact_line(mask, lines, end, out);
    }
}
