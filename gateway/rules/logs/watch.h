/* What the rules of a pack want to know of log lines and events, each thing once: a list of watches. Every watch is a
 * series of the device beside its metrics; its samples are made by feed.h. Made while a pack loads, read-only
 * afterwards but for what a pattern has cost.
 *
 *   log_rate("text", "warning")   a sample for every moment with matching lines: how many
 *   events("E17")                 a sample of 1 for every time the code came
 *   log_novelty()                 a sample for every moment with lines: the newest of them (novelty.h)  */
#pragma once
#include "fieldline/caps.h"
#include "rules/logs/pattern.h"

enum { LOG_WATCHES_MAX = 32 /* of a pack */, LOG_PATTERN_STRIKES = 3 };

enum log_watch_kind { WATCH_LINES, WATCH_CODE, WATCH_NOVELTY };
struct log_watch {
    enum log_watch_kind kind;
    int metric;   /* its series, in the pack's plan */
    char *text;   /* the pattern or the code as the rule has it; "" for novelty */
    int severity; /* lines at least as severe: RFC 5424's number or a smaller one; WATCH_LINES */
    struct log_pattern *pattern;
    int strikes; /* lines that were given up; from LOG_PATTERN_STRIKES on the pattern is not asked again */
    bool is_told;
};
struct log_watches {
    struct log_watch items[LOG_WATCHES_MAX];
    int count;
    bool has_lines, has_codes, has_novelty;
    struct log_matcher *matcher; /* of the thread that runs rules */
};
struct log_watches *log_watches_new(void);
void log_watches_free(struct log_watches *all);

/* `text` is the pattern or the code, "" for novelty; `severity` counts for lines only. NULL: LOG_WATCHES_MAX are there,
 * or the text is wrong. The caller gives it a series. */
struct log_watch *log_watch_add(struct log_watches *all, enum log_watch_kind kind, const char *text, int severity,
                                struct fault *fault);
/* A name for its series that tells it from every other watch of any pack, and from every metric. */
void log_watch_name(const struct log_watch *w, char out[CAP_METRIC_BYTES + 1]);

/* Which watches a line (its program and text joined as syslog shows them, "app: text") is for: a bit each. A pattern
 * that gives up counts a strike. */
uint32_t log_watches_match(struct log_watches *all, int severity, const char *line, size_t bytes);
bool log_watch_is_off(const struct log_watch *w);
/* A pattern that was switched off since this was last asked; NULL: none. */
const struct log_watch *log_watches_switched_off(struct log_watches *all);
