/* The tap: what the resident agent and a session process say to each other while somebody observes, one JSON object a
 * packet. Agent to session: {"t":ms,"metric":"a/part","v":1.5} or {"t":ms,"log":"text","sev":3,"app":"name"}. Session
 * to agent: {"watch":ms,"last":N}: lines, measured that often, and N log lines from before; {"watch":0}: no more. */
#pragma once
#include "fieldline/json.h"
#include "fieldline/message.h"
#include "fieldline/senml.h"

enum {
    TAP_LINE_BYTES = 15 * 1024,
    TAP_WATCH_BYTES = 256,
    TAP_LAST_MOST = 100,        /* log lines from before */
    TAP_LAST_MS = 5 * 60 * 1000 /* and not older */
};
/* `out` is overwritten. */
void tap_sample(const struct senml_record *record, struct buf *out);
void tap_log(const struct log_record *record, struct buf *out);

struct tap_line {
    bool is_log;
    int64_t event_ms, severity;
    double value;
    const char *metric, *text, *app; /* inside the holder */
};
/* Refuses what the agent would not have sent. Free *holder with json_free after a success. */
FL_CHECK enum result tap_read(const char *text, size_t bytes, struct tap_line *out, struct json **holder,
                              struct fault *fault);

struct tap_watch {
    int64_t interval_ms; /* 0: nobody watches */
    int64_t last;
};
void tap_watch_print(const struct tap_watch *watch, struct buf *out);
FL_CHECK enum result tap_watch_read(const char *text, size_t bytes, struct tap_watch *out, struct fault *fault);
