/* Control frames of a recorded session, from anywhere: each line is one, its first character says whose ('u' product,
 * 'd' person, 'g' gateway), the rest is its JSON. What comes out has texts, and times that are not backwards. */
#include "sessions/deeds.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void on_deed(void *self, const struct deed *deed) {
    size_t *chars = self;
    const char *const texts[] = {deed->by,    deed->name,    deed->text,  deed->before,
                                 deed->after, deed->outcome, deed->sha256};
    if (deed->kind < 0 || deed->kind >= DEED_KIND_COUNT) {
        abort();
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *chars += strlen(texts[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    size_t chars = 0;
    struct deeds *deeds = deeds_new(on_deed, &chars);
    struct transcript_entry entry = {.line = {.n = 1}};
    for (size_t at = 0; at < count;) {
        const uint8_t *end = memchr(bytes + at, '\n', count - at);
        size_t line = end == NULL ? count - at : (size_t)(end - bytes) - at;
        if (line > 0) {
            uint8_t who = bytes[at];
            entry.line.dir = who == 'u' ? TRANSCRIPT_UP : who == 'd' ? TRANSCRIPT_DOWN : TRANSCRIPT_GATE;
            text_copy(entry.line.by, sizeof entry.line.by, who == 'd' ? "ann" : who == 'u' ? "freezer-7" : "");
            entry.bytes = bytes + at + 1;
            entry.count = line - 1;
            deeds_frame(deeds, &entry);
            entry.line.n++;
            entry.line.t_ms += 10;
        }
        at += line + 1;
    }
    deeds_finish(deeds, entry.line.t_ms);
    deeds_free(deeds);
    return 0;
}
