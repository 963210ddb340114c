/* What all rules of a pack need from the data of one device, each thing once: the metrics, what is derived from them
 * (derived.h), the windows over both, and the tests on the label `part`. Made while a pack loads, read-only afterwards;
 * a device holds one state for each window and one answer for each test. */
#pragma once
#include "rules/pack.h"
#include "rules/window.h"

enum {
    PLAN_METRICS_MAX = 500,
    PLAN_DERIVED_MAX = 128,
    PLAN_SERIES_MAX = PLAN_METRICS_MAX + PLAN_DERIVED_MAX,
    PLAN_WINDOWS_MAX = 256,
    PLAN_TESTS_MAX = 64,
    PLAN_RULES_MAX = 256
};
/* A series is stale after 5 of its intervals: at least 1 min, at most 5 min, unless it comes so seldom that 5 min hold
 * no two samples. */
enum { PLAN_STALE_MIN_MS = 60 * 1000, PLAN_STALE_MAX_MS = 5 * 60 * 1000, PLAN_STALE_INTERVALS = 5 };
#define PLAN_STALE_NEVER_MS (INT64_MAX / 4)

struct plan_window {
    struct window_spec spec;
    uint16_t metric;
    uint32_t offset; /* of its state, in struct series */
};
enum part_test_kind { PART_IS, PART_IS_NOT, PART_MATCHES, PART_MATCHES_NOT };

/* A metric that products send, or a derived one. */
struct plan_metric {
    char name[CAP_METRIC_BYTES + 1]; /* "" for a derived one that no record names */
    struct derived *derived;         /* NULL: it is measured */
    enum metric_kind kind;
    bool has_kind;   /* false in an open plan: nobody said whether it counts */
    bool is_delayed; /* somebody wants it with an offset */
    int64_t stale_ms;
    int64_t interval_ms; /* 0: not known */
    uint16_t *windows;   /* indices in plan->windows */
    uint16_t window_count;
    uint32_t windows_bytes;                /* of all its windows' states, in struct series; a derived one's own too */
    uint32_t derived_offset;               /* of struct derived_series among them */
    uint64_t rules[PLAN_RULES_MAX / 64];   /* those that read it, a bit each */
    uint64_t feeds[PLAN_DERIVED_MAX / 64]; /* the derived ones that it goes into, a bit each */
};
struct part_test;
struct derived;
struct expression_error;
struct log_watches;
struct life_library;
struct plan {
    bool is_open; /* an unknown metric is taken up instead of refused (`rules test` of a file without a pack) */
    struct plan_metric *metrics;
    size_t metric_count;                       /* measured and derived */
    struct derived *derived[PLAN_DERIVED_MAX]; /* in the order in which they are computed */
    size_t derived_count;
    struct plan_window windows[PLAN_WINDOWS_MAX];
    size_t window_count;
    struct part_test *tests[PLAN_TESTS_MAX];
    size_t test_count;
    struct log_watches *logs;   /* what is asked of log lines and events (logs/watch.h) */
    struct life_library *lives; /* recorded lives (detect/life_library.h); NULL: none. Owned */
};

struct plan *plan_new(const struct pack_metric *metrics, size_t count); /* metrics NULL: an open plan */
void plan_free(struct plan *plan);
/* Index, or -1. In an open plan it is -1 only when PLAN_METRICS_MAX is reached. */
int plan_metric(struct plan *plan, const char *name, size_t chars);
int plan_find(const struct plan *plan, const char *name); /* the same, taking nothing up */
/* A recording rule: a series `name` of what `source` says. Index, or -1. */
int plan_record(struct plan *plan, const char *name, const char *source, struct expression_error *error);
/* A series that `derived` (owned from here on) gives; index, or -1: PLAN_DERIVED_MAX, and it is freed. */
int plan_add_derived(struct plan *plan, struct derived *derived);
int64_t plan_stale_ms(int64_t interval_ms); /* 0: not known */
/* The window of this metric and range, with these needs added to what others need. -1: PLAN_WINDOWS_MAX. */
int plan_window(struct plan *plan, int metric, int64_t range_ms, uint32_t needs);
/* The bit of a test on `part`. RESULT_FULL: PLAN_TESTS_MAX. RESULT_BAD_INPUT: not a regular expression (POSIX extended,
 * the whole name must match). */
FL_CHECK enum result plan_test(struct plan *plan, enum part_test_kind kind, const char *text, size_t chars,
                               uint64_t *bit, struct fault *fault);
/* Which tests a part passes, a bit each. */
uint64_t plan_tests_passed(const struct plan *plan, const char *part);
