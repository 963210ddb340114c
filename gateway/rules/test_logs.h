/* What a test file says beside samples, ours and not promtool's:
 *
 *   input_logs:   [{time: 90s, text: "Out of memory: Killed process 17", app: kernel, severity: err, device: gw-1}]
 *   input_events: [{time: 2m, code: E17, device: gw-1}]
 *
 * `count` and `every` repeat an entry. app, severity (info) and device may be missing. */
#pragma once
#include "fieldline/message.h"
#include "rules/document.h"

enum { TEST_LOGS_MAX = 100000 /* lines and events of a test, repeats counted */ };

struct test_log {
    int64_t at_ms;
    char device[CAP_DEVICE_ID_BYTES + 1];
    bool is_event;
    int severity;
    const char *app, *text; /* text: the code of an event; of the document */
    size_t order;           /* of the file: of one time, what is written first comes first */
};
struct test_logs {
    struct test_log *items; /* by time */
    size_t count, room;
};
/* Either may be 0. Problems are written down. */
void test_logs_read(struct test_logs *logs, const struct document *doc, yaml_at lines, yaml_at events,
                    struct problems *problems);
void test_logs_fini(struct test_logs *logs);
/* As the gateway would receive it; of a line. */
void test_log_record(const struct test_log *log, struct log_record *out);
