/* Structured log lines on stderr, for people and for machines:
 *
 *   2026-11-22T01:05:49.123Z warn agent.spool spool_full device=freezer-7 dropped=120 oldest=...
 *
 * level, area, stable id, then key=value. The id is the contract (dashboards and tests match it); text may change.
 * Log once: where the code knows the device and decides. Values with spaces or control characters are quoted and
 * escaped by log_text. Thread safe; one write(2) a line. Under systemd (JOURNAL_STREAM) lines start with <N> priority.
 *
 * With LOG_FORMAT_JSON the same as an object a line: "time", "level", "area", "id" and the keys, all strings.
 *
 * An event (area and id) that comes too often is suppressed, and its next line says how often (suppressed=N).
 * deploy/log-events.md lists all events. */
#pragma once
#include "fieldline/result.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_set_level(enum log_level least);
FL_CHECK bool log_level_parse(const char *text, enum log_level *out);
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
void log_set_format(enum log_format format);
FL_CHECK bool log_format_parse(const char *text, enum log_format *out); /* "text", "json" */

enum {
    LOG_LINE_BYTES = 4096, /* a longer line is cut, visibly */
    LOG_WARN_BURST = 100,  /* lines of one warning or error at once */
    LOG_WARN_PER_SECOND = 10,
    LOG_INFO_BURST = 2000,
    LOG_INFO_PER_SECOND = 200,
    LOG_SETTLE_MS = 2000 /* what was suppressed is told by log_settle after so much silence */
};

void log_line(enum log_level level, const char *area, const char *id, const char *format, ...) FL_PRINTF(4, 5);

#define log_debug(area, id, ...) log_line(LOG_LEVEL_DEBUG, area, id, __VA_ARGS__)
#define log_info(area, id, ...)  log_line(LOG_LEVEL_INFO, area, id, __VA_ARGS__)
#define log_warn(area, id, ...)  log_line(LOG_LEVEL_WARN, area, id, __VA_ARGS__)
#define log_error(area, id, ...) log_line(LOG_LEVEL_ERROR, area, id, __VA_ARGS__)

/* Tells what was suppressed and has ended since: a line for each such event, with suppressed=N alone. Call it about
 * once a second, and with `is_last` at the end of the program. */
void log_settle(bool is_last);

/* Quotes and escapes `text` into one of a few rotating per-thread buffers: use inside one log call only. */
const char *log_text(const char *text);

/* Our own fault: logs and aborts. */
_Noreturn void die(const char *area, const char *format, ...) FL_PRINTF(2, 3);
