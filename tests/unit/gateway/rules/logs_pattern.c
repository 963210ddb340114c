/* Patterns over log lines, and the watches that hold them: what matches, what is refused, what takes too long. */
#include "rules/logs/pattern.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rules/logs/watch.h"

static struct log_pattern *make(const char *text) {
    struct fault fault = {""};
    struct log_pattern *p = log_pattern_new(text, strlen(text), &fault);
    cr_assert_not_null(p, "%s: %s", text, fault.text);
    return p;
}

Test(log_pattern, matches) {
    static const struct {
        const char *pattern, *line;
        enum log_match want;
    } rows[] = {
        {"Out of memory", "kernel: Out of memory: Killed process 17", LOG_MATCH_YES},
        {"Out of memory", "kernel: out of memory", LOG_MATCH_NO},
        {"(?i)out of memory", "kernel: Out Of Memory", LOG_MATCH_YES},
        {"a+b", "caab", LOG_MATCH_YES},
        {"a\\+b", "a+b", LOG_MATCH_YES},
        {"a\\+b", "caab", LOG_MATCH_NO},
        {"^sshd: Failed", "sshd: Failed password", LOG_MATCH_YES},
        {"^Failed", "sshd: Failed password", LOG_MATCH_NO},
        {"port \\d{5}$", "from 10.0.0.1 port 51234", LOG_MATCH_YES},
        {"port \\d{5}$", "from 10.0.0.1 port 512345 x", LOG_MATCH_NO},
        {"Failed password for <*> from <*>", "sshd: Failed password for root from 10.0.0.17 port 2", LOG_MATCH_YES},
        {"Failed password for <*> from <*>", "sshd: Failed password for invalid user x from 10.0.0.17", LOG_MATCH_NO},
        {"load <*> (1.5)", "load high (1.5)", LOG_MATCH_YES},
        {"load <*> (1.5)", "load high (1x5)", LOG_MATCH_NO},
        {"温度.高", "传感器 温度过高", LOG_MATCH_YES},
        {"error(?! ignored)", "error ignored", LOG_MATCH_NO},
        {"error(?! ignored)", "error 5", LOG_MATCH_YES},
        {"x", "", LOG_MATCH_NO},
    };
    struct log_matcher *m = log_matcher_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct log_pattern *p = make(rows[i].pattern);
        cr_expect_eq(log_pattern_match(p, m, rows[i].line, strlen(rows[i].line)), rows[i].want, "%s on %s",
                     rows[i].pattern, rows[i].line);
        log_pattern_free(p);
    }
    log_matcher_free(m);
}

Test(log_pattern, refuses) {
    char too_long[LOG_PATTERN_BYTES_MAX + 2], nested[100] = "";
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    for (int i = 0; i < LOG_PATTERN_NESTED + 1; i++)
        strcat(nested, "(");
    strcat(nested, "x");
    for (int i = 0; i < LOG_PATTERN_NESTED + 1; i++)
        strcat(nested, ")");
    const struct {
        const char *pattern, *says;
    } rows[] = {
        {"(a", "missing closing parenthesis"},
        {"a)", "unmatched closing parenthesis"},
        {"[a", "missing terminating ]"},
        {"*a", "quantifier does not follow"},
        {"a{2,1}", "out of order"},
        {"\\", "\\ at end of pattern"},
        {"\\C", "\\C"},
        {"(?<=a+)b", "lookbehind"},
        {"a*", "fits an empty line"},
        {"^", "fits an empty line"},
        {"a|", "fits an empty line"},
        {"", "fits an empty line"},
        {too_long, "a pattern may have 200"},
        {nested, "nested"},
        {"\xff.", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {""};
        cr_expect_null(log_pattern_new(rows[i].pattern, strlen(rows[i].pattern), &fault), "%s", rows[i].pattern);
        cr_expect(strstr(fault.text, rows[i].says), "%s: %s", rows[i].pattern, fault.text);
    }
}

Test(log_pattern, sees_the_beginning_of_a_line_only) {
    char line[LOG_PATTERN_LINE_BYTES + 20];
    struct log_matcher *m = log_matcher_new();
    struct log_pattern *plain = make("needle"), *regex = make("need.e");
    for (int at = LOG_PATTERN_LINE_BYTES - 6; at <= LOG_PATTERN_LINE_BYTES - 5; at++) {
        const enum log_match want = at + 6 <= LOG_PATTERN_LINE_BYTES ? LOG_MATCH_YES : LOG_MATCH_NO;
        memset(line, '-', sizeof line);
        memcpy(line + at, "needle", 6);
        cr_expect_eq(log_pattern_match(plain, m, line, sizeof line), want, "%d", at);
        cr_expect_eq(log_pattern_match(regex, m, line, sizeof line), want, "%d", at);
    }
    memset(line, 0x80, sizeof line); /* not UTF-8, and nothing to cut at */
    cr_expect_eq(log_pattern_match(regex, m, line, sizeof line), LOG_MATCH_NO);
    log_pattern_free(plain);
    log_pattern_free(regex);
    log_matcher_free(m);
}

/* ---- watches ---- */

static struct log_watch *watch(struct log_watches *all, enum log_watch_kind kind, const char *text, int severity) {
    struct fault fault = {""};
    struct log_watch *w = log_watch_add(all, kind, text, severity, &fault);
    cr_assert_not_null(w, "%s: %s", text, fault.text);
    return w;
}

Test(log_watch, severities_and_bits) {
    struct log_watches *all = log_watches_new();
    watch(all, WATCH_LINES, "disk", 3);
    watch(all, WATCH_CODE, "E17", 7);
    watch(all, WATCH_LINES, "disk", 7);
    watch(all, WATCH_LINES, "fan", 7);
    cr_expect_eq(log_watches_match(all, 3, "disk", 4), 5);
    cr_expect_eq(log_watches_match(all, 4, "disk", 4), 4);
    cr_expect_eq(log_watches_match(all, 0, "disk fan", 8), 13);
    cr_expect_eq(log_watches_match(all, 0, "E17", 3), 0, "a code is no text");
    log_watches_free(all);
}

Test(log_watch, refusals) {
    static const struct {
        enum log_watch_kind kind;
        const char *text, *says;
    } rows[] = {{WATCH_CODE, "", "fault code"},
                {WATCH_CODE, "a-code-of-more-than-thirty-one-characters", "fault code"},
                {WATCH_LINES, "(", "regular expression"}};
    struct log_watches *all = log_watches_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {""};
        cr_expect_null(log_watch_add(all, rows[i].kind, rows[i].text, 7, &fault), "%s", rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says), "%s: %s", rows[i].text, fault.text);
    }
    cr_expect_eq(all->count, 0);
    for (int i = 0; i < LOG_WATCHES_MAX; i++) {
        char text[20];
        snprintf(text, sizeof text, "E%d", i);
        watch(all, WATCH_CODE, text, 7);
    }
    struct fault fault = {""};
    cr_expect_null(log_watch_add(all, WATCH_CODE, "one-more", 7, &fault));
    cr_expect(strstr(fault.text, "32"), "%s", fault.text);
    log_watches_free(all);
}

/* Patterns whose time grows exponentially with the line: each line is given up after a bounded number of steps, three
 * of them switch the pattern off, and the others go on. */
Test(log_watch, promise_20_a_pattern_that_takes_too_long_is_switched_off) {
    static const char *const patterns[] = {"(a+)+$",      "(a|aa)+$",       "(.*a){12}$", "^(a+)*b$",
                                           "(a*)*c",      "((a+)+)+\\d",    "(a|a?)+$",   "(\\w*\\w*\\w*)*!",
                                           "(?:a+){5,}z", "^(?:(a+)\\1*)+$"};
    char line[200];
    memset(line, 'a', sizeof line);
    line[sizeof line - 1] = '-';
    int off = 0;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct log_watches *all = log_watches_new();
        struct fault fault;
        struct log_watch *slow = log_watch_add(all, WATCH_LINES, patterns[i], 7, &fault);
        if (!slow) { /* fits an empty line: refused at once is as good */
            log_watches_free(all);
            continue;
        }
        watch(all, WATCH_LINES, "aaa-", 7);
        for (int k = 0; k < 10; k++)
            cr_expect_eq(log_watches_match(all, 7, line, sizeof line), 2, "%s", patterns[i]);
        if (log_watch_is_off(slow)) {
            off++;
            cr_expect_eq(slow->strikes, LOG_PATTERN_STRIKES, "not asked again");
            cr_expect_eq(log_watches_switched_off(all), slow);
            cr_expect_null(log_watches_switched_off(all), "told once");
        }
        log_watches_free(all);
    }
    cr_expect_geq(off, 4, "%d of these are really too slow for PCRE2", off);
}
