/* Any text as a mapping file: accepted, or every problem is a line that names the file and a line number. What is
 * accepted must work: its topics are subscribed to, a message on them does no harm, and nothing of the agents' is among
 * them. */
#include "adapter_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct mappings *mappings = NULL;
    struct buf problems;
    char *text = mem_strndup((const char *)bytes, count > 0 ? strnlen((const char *)bytes, count) : 0);
    buf_init(&problems, 1 << 20);
    if (mappings_read_text("fuzz", text, &mappings, &problems) != RESULT_OK) {
        if (strncmp(buf_text(&problems), "fuzz:", 5) != 0)
            abort();
    } else {
        struct adapters *a = adapters_new(mappings);
        for (size_t i = 0; i < adapters_filter_count(a); i++) {
            const char *filter = adapters_filter(a, i);
            if (!filter[0] || filter[0] == '$' || filter[0] == '#' || strncmp(filter, "fl/", 3) == 0)
                abort();
            char topic[CAP_TOPIC_BYTES + 1];
            size_t chars = 0;
            for (const char *c = filter; *c && *c != '#'; c++)
                topic[chars++] = *c == '+' ? 'a' : *c;
            offer(a, topic, chars, (const uint8_t *)"{\"a\":{\"b\":1},\"c\":\"x\"}", 21, false);
            offer(a, topic, chars, (const uint8_t *)"1", 1, false);
        }
        adapters_free(a);
    }
    buf_fini(&problems);
    free(text);
    return 0;
}
