/* What all rules of a pack need from the data of one device, each thing once: the metrics, the windows over them, and
 * the tests on the label `part`. Made while a pack loads, read-only afterwards; a device holds one state for each
 * window and one answer for each test. */
#pragma once
#include "rules/logs/watch.h"
#include "rules/pack.h"
#include "rules/window.h"

enum { PLAN_METRICS_MAX = 500, PLAN_WINDOWS_MAX = 256, PLAN_TESTS_MAX = 64, PLAN_RULES_MAX = 256 };
enum { PLAN_STALE_MIN_MS = 60 * 1000, PLAN_STALE_MAX_MS = 5 * 60 * 1000, PLAN_STALE_INTERVALS = 5 };

struct plan_window {
    struct window_spec spec;
    uint16_t metric;
    uint32_t offset; /* of its state, in struct series */
};
enum part_test_kind { PART_IS, PART_IS_NOT, PART_MATCHES, PART_MATCHES_NOT };

struct plan_metric {
    char name[CAP_METRIC_BYTES + 1];
    enum metric_kind kind;
    bool is_watch; /* of log lines or events: what is not there did not happen */
    bool has_kind; /* false in an open plan: nobody said whether it counts */
    int64_t stale_ms;
    int64_t interval_ms; /* 0: not known */
    uint16_t *windows;   /* indices in plan->windows */
    uint16_t window_count;
    uint32_t windows_bytes;              /* of all its windows' states, in struct series */
    uint64_t rules[PLAN_RULES_MAX / 64]; /* those that read it, a bit each */
};
struct part_test;
struct plan {
    bool is_open; /* an unknown metric is taken up instead of refused (`rules test` of a file without a pack) */
    struct plan_metric *metrics;
    size_t metric_count;
    struct plan_window windows[PLAN_WINDOWS_MAX];
    size_t window_count;
    struct part_test *tests[PLAN_TESTS_MAX];
    size_t test_count;
    struct log_watches *logs; /* theirs alone changes: what patterns have cost */
};

struct plan *plan_new(const struct pack_metric *metrics, size_t count); /* metrics NULL: an open plan */
void plan_free(struct plan *plan);
/* Index, or -1. In an open plan it is -1 only when PLAN_METRICS_MAX is reached. */
int plan_metric(struct plan *plan, const char *name, size_t chars);
/* The window of this metric and range, with these needs added to what others need. -1: PLAN_WINDOWS_MAX. */
int plan_window(struct plan *plan, int metric, int64_t range_ms, uint32_t needs);
/* The series of a watch in plan->logs. -1: PLAN_METRICS_MAX. */
int plan_watch(struct plan *plan, int watch);
/* The watch behind a series that is_watch. */
const struct log_watch *plan_watch_of(const struct plan *plan, int metric);
/* The bit of a test on `part`. RESULT_FULL: PLAN_TESTS_MAX. RESULT_BAD_INPUT: not a regular expression (POSIX extended,
 * the whole name must match). */
FL_CHECK enum result plan_test(struct plan *plan, enum part_test_kind kind, const char *text, size_t chars,
                               uint64_t *bit, struct fault *fault);
/* Which tests a part passes, a bit each. */
uint64_t plan_tests_passed(const struct plan *plan, const char *part);
