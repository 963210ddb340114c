/* Three kinds of pattern, told apart by their text. What has no character that means something in a regular expression
 * is searched as it is, which costs next to nothing. A template is literal text but for its <*>. The rest is compiled
 * by PCRE2.
 *
 * A regular expression that backtracks can need a time exponential in the line: ((a+)+$ on aaaa...!). So there are
 * limits on steps, depth and memory, and on the line; who counts the lines that were given up is watch.c. Limits are
 * counts and not times: the same line gives the same answer on any machine. PCRE2's translation to machine code was
 * left: the gateway's unit forbids memory that is writable and executable. RE2 and Rust's regex, which are linear, were
 * left: a C++ or Rust run-time for one feature, and authors miss their look-aheads. POSIX' regexec (used for `part`)
 * has no limit at all.
 *
 * Read-only and shared; a matcher belongs to the thread that matches. */
#include "rules/logs/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

struct log_pattern {
    char *text; /* what is searched as it is; NULL: `code` */
    size_t chars;
    pcre2_code *code;
};
struct log_matcher {
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static const char special[] = "\\^$.[]|()?*+{}";

/* A template as a regular expression: what is no letter or digit loses its meaning. */
static void write_template(struct buf *out, const char *text, size_t chars) {
    const size_t any = strlen(LOG_TEMPLATE_ANY);
    for (size_t i = 0; i < chars; i++) {
        const char c = text[i];
        if (chars - i >= any && memcmp(text + i, LOG_TEMPLATE_ANY, any) == 0) {
            buf_str(out, "\\S+");
            i += any - 1;
            continue;
        }
        if (memchr(special, c, sizeof special - 1))
            buf_add_u8(out, '\\');
        buf_add_u8(out, (uint8_t)c);
    }
}

static pcre2_code *compile(const char *text, size_t chars, struct fault *fault) {
    const uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) {
        fault_set(fault, RESULT_IO, "there is no memory for it");
        return NULL;
    }
    pcre2_set_parens_nest_limit(context, LOG_PATTERN_NESTED);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, chars, options, &error, &offset, context);
    pcre2_compile_context_free(context);
    if (!code) {
        PCRE2_UCHAR why[128];
        if (pcre2_get_error_message(error, why, sizeof why) < 0)
            why[0] = 0;
        fault_set(fault, RESULT_BAD_INPUT, "is not a regular expression: %s (at character %zu)", (const char *)why,
                  (size_t)offset);
    }
    return code;
}

/* It would count every line; that is what no pattern is for. */
static bool matches_nothing(const struct log_pattern *p) {
    struct log_matcher *m = log_matcher_new();
    const bool result = log_pattern_match(p, m, "", 0) == LOG_MATCH_YES;
    log_matcher_free(m);
    return result;
}

struct log_pattern *log_pattern_new(const char *text, size_t chars, struct fault *fault) {
    if (chars > LOG_PATTERN_BYTES_MAX || memchr(text, 0, chars)) {
        fault_set(fault, RESULT_TOO_BIG, "has %zu bytes, a pattern may have %d", chars, LOG_PATTERN_BYTES_MAX);
        return NULL;
    }
    struct log_pattern *p = mem_alloc(sizeof *p);
    char *copy = mem_strndup(text, chars);
    if (strstr(copy, LOG_TEMPLATE_ANY)) {
        struct buf regex;
        buf_init(&regex, LOG_PATTERN_BYTES_MAX * 2);
        write_template(&regex, text, chars);
        p->code = compile(buf_text(&regex), regex.count, fault);
        buf_fini(&regex);
    } else if (strpbrk(copy, special)) {
        p->code = compile(text, chars, fault);
    } else {
        p->text = mem_strdup(copy);
        p->chars = chars;
    }
    free(copy);
    if (p->text || p->code) {
        if (!matches_nothing(p))
            return p;
        fault_set(fault, RESULT_BAD_INPUT, "fits an empty line, so it fits every line");
    }
    log_pattern_free(p);
    return NULL;
}

void log_pattern_free(struct log_pattern *p) {
    if (!p)
        return;
    free(p->text);
    pcre2_code_free(p->code);
    free(p);
}

struct log_matcher *log_matcher_new(void) {
    struct log_matcher *m = mem_alloc(sizeof *m);
    m->data = pcre2_match_data_create(1, NULL);
    m->limits = pcre2_match_context_create(NULL);
    if (!m->data || !m->limits)
        abort(); /* as mem_alloc does */
    pcre2_set_match_limit(m->limits, LOG_PATTERN_STEPS);
    pcre2_set_depth_limit(m->limits, LOG_PATTERN_DEPTH);
    pcre2_set_heap_limit(m->limits, LOG_PATTERN_HEAP_KIB);
    return m;
}

void log_matcher_free(struct log_matcher *m) {
    if (!m)
        return;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->limits);
    free(m);
}

enum log_match log_pattern_match(const struct log_pattern *p, struct log_matcher *m, const char *line, size_t bytes) {
    if (bytes > LOG_PATTERN_LINE_BYTES)
        bytes = utf8_cut(line, LOG_PATTERN_LINE_BYTES);
    if (p->text)
        return memmem(line, bytes, p->text, p->chars) ? LOG_MATCH_YES : LOG_MATCH_NO;
    const int found = pcre2_match(p->code, (PCRE2_SPTR)line, bytes, 0, 0, m->data, m->limits);
    if (found >= 0)
        return LOG_MATCH_YES;
    return found == PCRE2_ERROR_NOMATCH ? LOG_MATCH_NO : LOG_MATCH_LIMIT;
}
