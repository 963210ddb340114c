/* Any bytes as log lines for the template miner: a line that comes twice in a row is known the second time, its
 * template has no more words than it may, bounds hold, and a saved state goes on exactly as the one it was made of. Any
 * bytes as such a state as well. */
#include <stdlib.h>
#include <string.h>

#include "rules/logs/template_miner.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void line(struct template_miner *m, struct buf *text, const char *at, size_t bytes) {
    const struct mined first = template_miner_line(m, "app", at, bytes);
    const struct mined second = template_miner_line(m, "app", at, bytes);
    if (second.seen != first.seen + 1 || second.place != first.place || template_miner_count(m) > TEMPLATES_MAX)
        abort();
    buf_reset(text);
    template_miner_text(m, second.place, at, bytes, text);
    int words = 0;
    for (const char *c = buf_text(text); *c; c++)
        words += *c == ' ';
    if (words >= LOG_WORDS_MAX)
        abort();
}

static void state(const uint8_t *bytes, size_t count) {
    struct template_miner *m = template_miner_new();
    struct buf out;
    buf_init(&out, 2 * TEMPLATE_MINER_STATE_BYTES);
    struct cursor in = cursor_of(bytes, count);
    if (template_miner_load(m, &in)) {
        (void)template_miner_line(m, "app", "started", 7);
        template_miner_save(m, &out);
        if (out.overflow)
            abort();
    }
    template_miner_free(m);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct template_miner *m = template_miner_new(), *again = template_miner_new();
    struct buf text, saved;
    buf_init(&text, 1 << 20);
    buf_init(&saved, TEMPLATE_MINER_STATE_BYTES);
    for (size_t at = 0; at < count;) {
        const uint8_t *next = memchr(bytes + at, '\n', count - at);
        const size_t left = next ? (size_t)(next - bytes) - at : count - at;
        line(m, &text, (const char *)bytes + at, left);
        at += left + 1;
    }
    template_miner_save(m, &saved);
    struct cursor in = cursor_of(saved.data, saved.count);
    if (saved.overflow || !template_miner_load(again, &in) || in.left > 0)
        abort();
    const struct mined a = template_miner_line(m, "app", (const char *)bytes, count);
    const struct mined b = template_miner_line(again, "app", (const char *)bytes, count);
    if (a.seen != b.seen)
        abort();
    state(bytes, count);
    template_miner_free(m);
    template_miner_free(again);
    buf_fini(&text);
    buf_fini(&saved);
    return 0;
}
