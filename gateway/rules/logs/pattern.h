/* What a rule looks for in log lines: a text, a mined template ("Failed password for <*> from <*>") or a regular
 * expression of Perl's kind. The only pair that includes PCRE2.
 *
 * Bounded: a pattern has at most LOG_PATTERN_BYTES_MAX bytes, it sees the first LOG_PATTERN_LINE_BYTES of a line, and
 * a regular expression takes at most LOG_PATTERN_STEPS steps for one line. Where that is not enough the answer is "not
 * known", never "no". */
#pragma once
#include "fieldline/bytes.h"

enum {
    LOG_PATTERN_BYTES_MAX = 200,
    LOG_PATTERN_LINE_BYTES = 1024,
    LOG_PATTERN_STEPS = 20000,
    LOG_PATTERN_DEPTH = 1000, /* of what it remembers to come back to */
    LOG_PATTERN_HEAP_KIB = 1024,
    LOG_PATTERN_NESTED = 20 /* brackets within each other */
};
#define LOG_TEMPLATE_ANY "<*>" /* in a template: one word, whatever it is */

enum log_match {
    LOG_MATCH_NO,
    LOG_MATCH_YES,
    LOG_MATCH_LIMIT /* given up: the line took too many steps */
};

/* Read-only once made. NULL on an error, which says where in the text it is. */
struct log_pattern;
struct log_pattern *log_pattern_new(const char *text, size_t chars, struct fault *fault);
void log_pattern_free(struct log_pattern *p);

/* The room that matching needs; one for each thread, for all patterns. */
struct log_matcher;
struct log_matcher *log_matcher_new(void);
void log_matcher_free(struct log_matcher *m);
/* Does it occur in these bytes? They need not be valid UTF-8. */
enum log_match log_pattern_match(const struct log_pattern *p, struct log_matcher *m, const char *line, size_t bytes);
