/* promtool refuses a file with keys that it does not know, so a file that has these is for `rules test` only; what
 * needs neither log lines nor events stays in a file that both can read. */
#include "rules/test_logs.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"

enum { TIME_BYTES = 32, REPEATS_MAX = 10000 };

/* ---- one entry ---- */

static bool read_time(const struct document *doc, yaml_at at, const char *key, int64_t *out,
                      struct problems *problems) {
    const char *text;
    if (!document_text(doc, at, key, TIME_BYTES, &text, problems))
        return false;
    if (strcmp(text, "0") == 0 || strcmp(text, "0s") == 0 || strcmp(text, "0m") == 0) {
        *out = 0;
        return true;
    }
    return document_duration(doc, at, key, out, problems);
}

static bool read_severity(const struct document *doc, yaml_at at, int *out, struct problems *problems) {
    const char *text;
    *out = SEVERITY_INFO;
    if (!at)
        return true;
    if (!document_text(doc, at, "severity", TIME_BYTES, &text, problems))
        return false;
    for (*out = SEVERITY_EMERGENCY; *out <= SEVERITY_DEBUG; ++*out)
        if (strcmp(severity_name(*out), text) == 0)
            return true;
    document_problem(doc, at, problems,
                     "'severity' is \"%s\", expected emerg, alert, crit, err, warning, notice, info or debug", text);
    return false;
}

/* Once, or `count` times with `every` in between. */
struct repeats {
    double count;
    int64_t every_ms;
};

static bool read_repeats(const struct document *doc, yaml_at count_at, yaml_at every_at, struct repeats *out,
                         struct problems *problems) {
    *out = (struct repeats){.count = 1};
    if (count_at && !document_number(doc, count_at, "count", &out->count, problems))
        return false;
    if (out->count < 1 || out->count > REPEATS_MAX || out->count != (double)(int)out->count) {
        document_problem(doc, count_at, problems, "'count' is not a whole number from 1 to %d", REPEATS_MAX);
        return false;
    }
    return !every_at || document_duration(doc, every_at, "every", &out->every_ms, problems);
}

static void add(struct test_logs *logs, const struct document *doc, yaml_at at, struct test_log log,
                const struct repeats *repeats, struct problems *problems) {
    for (int i = 0; i < (int)repeats->count; i++) {
        if (logs->count == TEST_LOGS_MAX) {
            document_problem(doc, at, problems, "is one line too many: a test may have %d lines and events",
                             TEST_LOGS_MAX);
            return;
        }
        if (logs->count == logs->room) {
            logs->room = logs->room ? logs->room * 2 : 16;
            logs->items = mem_realloc(logs->items, logs->room * sizeof *logs->items);
        }
        log.order = logs->count;
        logs->items[logs->count++] = log;
        log.at_ms += repeats->every_ms;
    }
}

static void read_line(struct test_logs *logs, const struct document *doc, yaml_at at, struct problems *problems) {
    enum { TIME, TEXT, APP, SEVERITY, DEVICE, COUNT, EVERY, FIELDS };
    struct yaml_field f[FIELDS] = {{"time", true, 0},      {"text", true, 0},    {"app", false, 0},
                                   {"severity", false, 0}, {"device", false, 0}, {"count", false, 0},
                                   {"every", false, 0}};
    struct test_log log = {.app = ""};
    struct repeats repeats;
    const char *device = "";
    if (!document_fields(doc, at, "a log line", f, FIELDS, problems) || !f[TIME].at || !f[TEXT].at)
        return;
    if (!read_time(doc, f[TIME].at, "time", &log.at_ms, problems) ||
        !document_text(doc, f[TEXT].at, "text", CAP_LOG_TEXT_BYTES, &log.text, problems) ||
        (f[APP].at && !document_text(doc, f[APP].at, "app", CAP_LOG_APP_BYTES, &log.app, problems)) ||
        (f[DEVICE].at && !document_text(doc, f[DEVICE].at, "device", CAP_DEVICE_ID_BYTES, &device, problems)) ||
        !read_severity(doc, f[SEVERITY].at, &log.severity, problems) ||
        !read_repeats(doc, f[COUNT].at, f[EVERY].at, &repeats, problems))
        return;
    strncpy(log.device, device, CAP_DEVICE_ID_BYTES);
    add(logs, doc, at, log, &repeats, problems);
}

static void read_event(struct test_logs *logs, const struct document *doc, yaml_at at, struct problems *problems) {
    enum { TIME, CODE, DEVICE, COUNT, EVERY, FIELDS };
    struct yaml_field f[FIELDS] = {
        {"time", true, 0}, {"code", true, 0}, {"device", false, 0}, {"count", false, 0}, {"every", false, 0}};
    struct test_log log = {.is_event = true, .app = ""};
    struct repeats repeats;
    const char *device = "";
    if (!document_fields(doc, at, "an event", f, FIELDS, problems) || !f[TIME].at || !f[CODE].at)
        return;
    if (!read_time(doc, f[TIME].at, "time", &log.at_ms, problems) ||
        !document_text(doc, f[CODE].at, "code", CAP_CODE_BYTES, &log.text, problems) ||
        (f[DEVICE].at && !document_text(doc, f[DEVICE].at, "device", CAP_DEVICE_ID_BYTES, &device, problems)) ||
        !read_repeats(doc, f[COUNT].at, f[EVERY].at, &repeats, problems))
        return;
    strncpy(log.device, device, CAP_DEVICE_ID_BYTES);
    add(logs, doc, at, log, &repeats, problems);
}

/* ---- all ---- */

static int earlier_first(const void *a, const void *b) {
    const struct test_log *x = a, *y = b;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

void test_logs_read(struct test_logs *logs, const struct document *doc, yaml_at lines, yaml_at events,
                    struct problems *problems) {
    size_t count;
    *logs = (struct test_logs){0};
    if (lines && document_list(doc, lines, "input_logs", TEST_LOGS_MAX, &count, problems))
        for (size_t i = 0; i < count; i++)
            read_line(logs, doc, document_item(doc, lines, i), problems);
    if (events && document_list(doc, events, "input_events", TEST_LOGS_MAX, &count, problems))
        for (size_t i = 0; i < count; i++)
            read_event(logs, doc, document_item(doc, events, i), problems);
    if (logs->count > 0)
        qsort(logs->items, logs->count, sizeof *logs->items, earlier_first);
}

void test_logs_fini(struct test_logs *logs) {
    free(logs->items);
}

void test_log_record(const struct test_log *log, struct log_record *out) {
    *out = (struct log_record){.event_ms = log->at_ms, .severity = log->severity};
    strncpy(out->app, log->app, CAP_LOG_APP_BYTES);
    strncpy(out->text, log->text, CAP_LOG_TEXT_BYTES);
}
