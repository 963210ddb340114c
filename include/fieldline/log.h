/* Structured log lines on stderr, for people and for machines:
 *
 *   2026-11-22T01:05:49.123Z warn agent.spool spool_full device=freezer-7 dropped=120 oldest=...
 *
 * level, area, stable id, then key=value. The id is the contract (dashboards and tests match it); text may change.
 * Log once: where the code knows the device and decides. Values with spaces or control characters are quoted and
 * escaped by LOG_TEXT. Thread safe; one write(2) a line. Under systemd (JOURNAL_STREAM) lines start with <N> priority.
 */
#pragma once
#include "fieldline/result.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_set_level(enum log_level least);
FL_CHECK bool log_level_parse(const char *text, enum log_level *out);

void log_line(enum log_level level, const char *area, const char *id, const char *format, ...) FL_PRINTF(4, 5);

#define log_debug(area, id, ...) log_line(LOG_LEVEL_DEBUG, area, id, __VA_ARGS__)
#define log_info(area, id, ...)  log_line(LOG_LEVEL_INFO, area, id, __VA_ARGS__)
#define log_warn(area, id, ...)  log_line(LOG_LEVEL_WARN, area, id, __VA_ARGS__)
#define log_error(area, id, ...) log_line(LOG_LEVEL_ERROR, area, id, __VA_ARGS__)

/* Quotes and escapes `text` into one of a few rotating per-thread buffers: use inside one log call only. */
const char *log_text(const char *text);

/* Our own fault: logs and aborts. */
_Noreturn void die(const char *area, const char *format, ...) FL_PRINTF(2, 3);
