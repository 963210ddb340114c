/* Lines of recorded sessions, from anywhere: one of the three kinds by the first byte. What is accepted is printed
 * again and must be the same line. */
#include "sessions/transcript.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void line(const char *text, size_t chars, struct buf *out) {
    struct transcript_line parsed;
    if (transcript_line_parse(text, chars, &parsed, NULL) == RESULT_OK) {
        transcript_line_print(&parsed, out);
        if (out->count != chars + 1) {
            abort();
        }
    }
}

static void cast(const char *text, size_t chars, struct buf *out) {
    struct transcript_cast parsed;
    struct buf plain;
    buf_init(&plain, CAP_FRAME_BYTES);
    if (transcript_cast_parse(text, chars, &parsed, &plain, NULL) == RESULT_OK) {
        transcript_cast_print(&parsed, out);
        if (out->count != chars + 1) {
            abort();
        }
    }
    buf_fini(&plain);
}

static void head(const char *text, size_t chars, struct buf *out) {
    struct transcript_head parsed;
    if (transcript_head_parse(text, chars, &parsed, NULL) == RESULT_OK) {
        transcript_head_print(&parsed, out);
        if (out->count != chars + 1) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct buf out;
    const char *text = (const char *)bytes + 1;
    if (count == 0) {
        return 0;
    }
    buf_init(&out, TRANSCRIPT_LINE_BYTES);
    switch (bytes[0]) {
    case 'l': line(text, count - 1, &out); break;
    case 'c': cast(text, count - 1, &out); break;
    case 'h': head(text, count - 1, &out); break;
    default: (void)!transcript_cast_head_parse(text, count - 1, NULL); break;
    }
    buf_fini(&out);
    return 0;
}
