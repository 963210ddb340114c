/* A series that no product sends: computed from others as samples arrive, and from then on a series like any. This is
 * how everything in an expression that remembers more than a window is kept: a recording rule, a subquery's steps, what
 * was measured an offset ago, a detector's answers, moments of events and log lines.
 *
 * Described once for a pack (struct derived, in the plan); each device holds a struct derived_series for each part. Two
 * expressions that say the same share one: `key` is the text without its blanks. */
#pragma once
#include "rules/detect/detector.h"
#include "rules/expression.h"
#include "rules/points.h"

enum derived_kind {
    DERIVED_RECORD,   /* inputs[0], whenever what it reads arrives: a recording rule */
    DERIVED_STEPS,    /* inputs[0] at multiples of step_ms: a subquery */
    DERIVED_DELAY,    /* `source`, offset_ms later: x offset 5m */
    DERIVED_DETECTOR, /* a detector's answer to its inputs */
    DERIVED_EVENT,    /* 1 whenever the fault code `text` comes */
    DERIVED_LOG,      /* the number of lines that match `text`, whenever some do */
    DERIVED_NOVELTY   /* of each log line */
};
enum {
    DERIVED_TEXT_BYTES_MAX = 200,
    DERIVED_STEPS_MAX = 10000,
    DERIVED_STEP_MIN_MS = 1000,
    DERIVED_STEP_MS = 60 * 1000
};
#define DERIVED_OFFSET_MAX_MS (INT64_C(35) * 86400 * 1000)

struct derived {
    enum derived_kind kind;
    char *key;
    struct expression *inputs[DETECTOR_INPUTS_MAX]; /* owned */
    int input_count;
    bool is_condition[DETECTOR_INPUTS_MAX]; /* says true by having a value, not by which value */
    uint16_t metric;                        /* its own index in the plan */
    uint16_t source;
    int64_t step_ms, offset_ms;
    int64_t range_ms; /* of the longest window over the steps */
    int64_t reach_ms; /* how far back its inputs look */
    int64_t stale_ms;
    const struct detector_row *detector;
    struct detector_spec spec;
    char *text;              /* a fault code, or a pattern; owned */
    int severity;            /* DERIVED_LOG: at least as severe (RFC 5424: 0 is worst); 7: any */
    struct log_watch *watch; /* DERIVED_EVENT, _LOG, _NOVELTY: who makes its samples; of the plan */
};
void derived_free(struct derived *derived);
/* A long offset over a fast series would need much room: samples are put aside that are so far apart at least. */
static inline int64_t derived_apart_ms(const struct derived *d) {
    return d->offset_ms > POINTS_MAX - 24 ? d->offset_ms / (POINTS_MAX - 24) : 1;
}

/* What the newest answer was; as enum element_state. */
enum derived_state { DERIVED_PRESENT, DERIVED_FILTERED, DERIVED_UNKNOWN };

/* One part of one device. `series.value` and last_ms are the newest answer's. */
struct derived_series {
    int64_t until_ms; /* that holds until then at most */
    int64_t fed_ms;   /* the newest moment that a detector was told of; of others: whose answer was known */
    double outputs[DETECTOR_OUTPUTS_MAX];
    struct points waiting; /* DERIVED_DELAY: measured, and not an offset ago yet */
    void *detector;
    uint8_t state; /* enum derived_state */
};
