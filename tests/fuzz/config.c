/* Any text as a configuration file. It is accepted, or every problem is a line that names the file and a line number.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

struct settings {
    char *host;
    int64_t port, timeout_ms, size_bytes, named_keys;
    bool is_quiet;
    double ratio;
};
static const struct config_row ROWS[] = {
    {"broker", "host", CONFIG_STRING, offsetof(struct settings, host), "localhost", 1, 64, false, "name of the broker"},
    {"broker", "port", CONFIG_INTEGER, offsetof(struct settings, port), "8883", 1, 65535, false, "its port"},
    {"broker", "timeout", CONFIG_DURATION, offsetof(struct settings, timeout_ms), "10s", 1, 86400000, false,
     "how long"},
    {"spool", "size", CONFIG_SIZE, offsetof(struct settings, size_bytes), "1MiB", 1, INT64_MAX, false, "how much"},
    {"spool", "quiet", CONFIG_BOOL, offsetof(struct settings, is_quiet), "no", 0, 0, false, "say less"},
    {"spool", "ratio", CONFIG_REAL, offsetof(struct settings, ratio), "0.5", 0, 1, false, "of it"},
};

static enum result on_named(void *into, const char *kind, const char *name, const char *key, const char *value,
                            struct fault *fault) {
    struct settings *s = into;
    s->named_keys++;
    if (!kind[0] || !name[0] || !key || !value)
        abort();
    return value[0] ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "no value");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static const struct config_schema schema = {ROWS, sizeof ROWS / sizeof ROWS[0], on_named};
    struct settings settings = {0};
    struct buf problems;
    char *text = mem_strndup((const char *)bytes, strnlen((const char *)bytes, count));
    buf_init(&problems, 1 << 20);
    if (config_read_text(&schema, "fuzz", text, &settings, &problems) == RESULT_OK) {
        if (!settings.host || settings.port < 1 || settings.ratio > 1 || problems.count > 0)
            abort();
    } else if (settings.host || strncmp(buf_text(&problems), "fuzz:", 5) != 0) {
        abort();
    }
    config_free_strings(&schema, &settings);
    buf_fini(&problems);
    free(text);
    return 0;
}
