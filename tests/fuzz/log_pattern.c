/* Any bytes as a pattern (the first line) over any bytes as log lines (the others). A refusal says why; what is
 * accepted finds nothing in an empty line, gives the same answer twice, and never runs away: libFuzzer's time limit
 * tells. */
#include <stdlib.h>
#include <string.h>

#include "rules/logs/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    const uint8_t *end = count ? memchr(bytes, '\n', count) : NULL;
    char *text = mem_strndup((const char *)bytes, end ? (size_t)(end - bytes) : count);
    struct log_watches *all = log_watches_new();
    struct fault fault = {""};
    struct log_watch *watch = log_watch_add(all, WATCH_LINES, text, 7, &fault);
    if (!watch && !fault.text[0])
        abort();
    if (watch && log_watches_match(all, 7, "", 0) != 0)
        abort();
    for (size_t at = (size_t)(end ? end + 1 - bytes : (ptrdiff_t)count); watch && at < count;) {
        const uint8_t *next = memchr(bytes + at, '\n', count - at);
        const size_t left = next ? (size_t)(next - bytes) - at : count - at;
        const uint32_t once = log_watches_match(all, 7, (const char *)bytes + at, left);
        const bool was_off = log_watch_is_off(watch);
        const uint32_t twice = log_watches_match(all, 7, (const char *)bytes + at, left);
        if (was_off ? twice != 0 : once != twice)
            abort();
        at += left + 1;
    }
    log_watches_free(all);
    free(text);
    return 0;
}
