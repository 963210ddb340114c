/* The command line of bench-load: rows of name, where it goes and its bounds. A small tool for run.mjs: what is wrong
 * is said in one line, and that is all. */
#include "options.h"

#include <stddef.h>
#include <string.h>

#include "fieldline/caps.h"
#include "fieldline/log.h"
#include "fieldline/number.h"

#define AT(member) offsetof(struct load_options, member)

static const struct {
    const char *name;
    size_t at;
    int64_t min, max;
} numbers[] = {
    {"--port", AT(port), 1, 65535},
    {"--first", AT(first), 1, 9999},
    {"--devices", AT(devices), 1, LOAD_DEVICES_MAX},
    {"--samples", AT(samples), 1, CAP_PACK_RECORDS},
    {"--window", AT(window), 1, 100000},
    {"--messages", AT(messages), 0, 100000000},
    {"--warm-ms", AT(warm_ms), 0, 600000},
    {"--seconds", AT(seconds), 0, 3600},
    {"--rate", AT(rate), 0, 10000000},
    {"--events", AT(events), 0, 100000},
    {"--alarms", AT(alarms), 0, 100000},
    {"--history-s", AT(history_s), 0, 86400LL * CAP_TIME_BEHIND_DAYS},
    {"--begin-mono-ms", AT(begin_mono_ms), 0, INT64_MAX},
};
static const struct {
    const char *name;
    size_t at;
} texts[] = {{"--pki", AT(pki)}, {"--counter", AT(counter)}};

static bool read_number(struct load_options *o, const char *name, const char *text) {
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name) != 0)
            continue;
        int64_t *to = (int64_t *)(void *)((char *)o + numbers[i].at);
        if (!number_i64(text, strlen(text), numbers[i].min, numbers[i].max, to))
            die("bench.load", "%s %s: expected a number from %lld to %lld", name, text, (long long)numbers[i].min,
                (long long)numbers[i].max);
        return true;
    }
    return false;
}

static bool read_text(struct load_options *o, const char *name, const char *text) {
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0) {
            memcpy((char *)o + texts[i].at, &text, sizeof text);
            return true;
        }
    return false;
}

void load_options_read(int argc, char **argv, struct load_options *out) {
    *out = (struct load_options){.first = 1, .devices = 1, .samples = 1, .window = CAP_WINDOW_BULK};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            die("bench.load", "%s: a value is missing", argv[i]);
        if (!read_number(out, argv[i], argv[i + 1]) && !read_text(out, argv[i], argv[i + 1]))
            die("bench.load", "unknown option %s", argv[i]);
    }
    if (!out->pki || out->port == 0)
        die("bench.load", "--pki and --port are needed");
    if (!out->counter && out->window > CAP_WINDOW_BULK)
        die("bench.load", "--window: a device may have at most %d messages under way", CAP_WINDOW_BULK);
    if (out->counter && (out->events || out->alarms || out->messages))
        die("bench.load", "--counter goes with --seconds and nothing acknowledged");
}
