/* What a log line looks like when it leaves. */
#include "fieldline/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/json.h"

/* Everything written to stderr between the two calls. */
static int saved_stderr, pipe_ends[2];

static void capture_begin(void) {
    cr_assert_eq(pipe(pipe_ends), 0);
    saved_stderr = dup(STDERR_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
}

static void capture_end(char *out, size_t room) {
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(pipe_ends[1]);
    ssize_t got = read(pipe_ends[0], out, room - 1);
    close(pipe_ends[0]);
    out[got < 0 ? 0 : got] = 0;
}

Test(log, a_line_has_time_level_area_and_id) {
    char line[8192];
    capture_begin();
    log_warn("agent.spool", "spool_full", "device=%s dropped=%d", "freezer-7", 120);
    capture_end(line, sizeof line);
    cr_assert_gt(strlen(line), 30u);
    cr_expect_eq(line[10], 'T');
    cr_expect_str_eq(line + 24, " warn agent.spool spool_full device=freezer-7 dropped=120\n");
}

Test(log, below_the_level_nothing_leaves) {
    char line[8192];
    capture_begin();
    log_debug("a", "quiet", "x=%d", 1);
    log_set_level(LOG_LEVEL_ERROR);
    log_warn("a", "quiet", "x=%d", 1);
    log_error("a", "loud", "x=%d", 1);
    capture_end(line, sizeof line);
    cr_expect(strstr(line, "error a loud x=1\n") && !strstr(line, "quiet"));
}

Test(log, control_characters_never_leave) {
    char line[8192];
    capture_begin();
    log_info("a", "forged", "text=%s", "one\n2026-01-01T00:00:00.000Z error a forged\x1b[31m");
    capture_end(line, sizeof line);
    cr_expect_eq(strchr(line, '\n') - line, (ptrdiff_t)strlen(line) - 1);
    cr_expect_null(strchr(line, 0x1b));
}

Test(log, a_long_line_is_cut_visibly) {
    char line[8192];
    char *text = calloc(1, 6000);
    memset(text, 'x', 5999);
    capture_begin();
    log_info("a", "long", "text=%s", text);
    capture_end(line, sizeof line);
    free(text);
    size_t count = strlen(line);
    cr_expect_leq(count, 4096u);
    cr_expect_str_eq(line + count - 4, "...\n");
}

Test(log, errno_is_left_alone) {
    char line[8192];
    capture_begin();
    errno = EDOM;
    log_info("a", "b", "c=%d", 1);
    int after = errno;
    capture_end(line, sizeof line);
    cr_expect_eq(after, EDOM);
}

Test(log, values_are_quoted_when_they_must_be) {
    static const struct {
        const char *plain, *text;
    } rows[] = {
        {"freezer-7", "freezer-7"},     {"", "\"\""},
        {"two words", "\"two words\""}, {"a=b", "\"a=b\""},
        {"a\"b\\", "\"a\\\"b\\\\\""},   {"a\nb\t\r", "\"a\\nb\\t\\r\""},
        {"\x01", "\"\\x01\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_str_eq(log_text(rows[i].plain), rows[i].text);
    cr_expect_str_eq(log_text(NULL), "-");
}

Test(log, a_value_too_long_is_cut_inside_its_quotes) {
    char text[3000];
    memset(text, '\n', sizeof text - 1);
    text[sizeof text - 1] = 0;
    const char *out = log_text(text);
    cr_expect_lt(strlen(out), 1024u);
    cr_expect_str_eq(out + strlen(out) - 6, "\\n...\"");
}

Test(log, several_values_in_one_call_do_not_overwrite_each_other) {
    const char *a = log_text("a a"), *b = log_text("b b"), *c = log_text("c c");
    cr_expect_str_eq(a, "\"a a\"");
    cr_expect_str_eq(b, "\"b b\"");
    cr_expect_str_eq(c, "\"c c\"");
}

Test(log, levels_have_names) {
    enum log_level level;
    cr_expect(log_level_parse("debug", &level) && level == LOG_LEVEL_DEBUG);
    cr_expect(log_level_parse("error", &level) && level == LOG_LEVEL_ERROR);
    cr_expect_not(log_level_parse("warning", &level));
    cr_expect_not(log_level_parse("", &level));
}

Test(log, our_own_fault_aborts, .signal = SIGABRT) {
    close(STDERR_FILENO);
    die("test", "x=%d", 1);
}

/* ---- too many ---- */

static int count_lines(const char *text, const char *what) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

Test(log, promise_15_a_storm_of_one_event_is_bounded_and_counted) {
    static char text[60000];
    capture_begin();
    for (int i = 0; i < 5000; i++)
        log_warn("a", "storm", "n=%d", i);
    log_warn("a", "other", "n=%d", 1);
    log_settle(true);
    capture_end(text, sizeof text);
    const int lines = count_lines(text, "warn a storm n=");
    cr_expect_geq(lines, LOG_WARN_BURST);
    cr_expect_leq(lines, LOG_WARN_BURST + LOG_WARN_PER_SECOND * 2, "%d lines", lines);
    cr_expect_eq(count_lines(text, "warn a other n=1"), 1, "others are heard");
    int told = 0, sum = 0;
    for (const char *at = text; (at = strstr(at, "suppressed=")) != NULL; at++) {
        cr_assert_eq(sscanf(at, "suppressed=%d", &told), 1);
        sum += told;
    }
    cr_expect_eq(lines + sum, 5000, "%d lines and %d suppressed", lines, sum);
    cr_expect_not_null(strstr(text, "warn a storm suppressed="), "told though no line of it followed");
}

Test(log, what_settled_is_told_once) {
    static char text[60000];
    for (int i = 0; i < LOG_WARN_BURST + 3; i++) {
        capture_begin();
        log_error("a", "settles", "n=%d", i);
        capture_end(text, sizeof text);
    }
    capture_begin();
    log_settle(false);
    capture_end(text, sizeof text);
    cr_expect_str_empty(text, "not yet: %s", text);
    capture_begin();
    log_settle(true);
    log_settle(true);
    capture_end(text, sizeof text);
    cr_expect_eq(count_lines(text, "error a settles suppressed="), 1, "%s", text);
}

Test(log, debug_lines_are_not_limited) {
    static char text[60000];
    log_set_level(LOG_LEVEL_DEBUG);
    capture_begin();
    for (int i = 0; i < 500; i++)
        log_debug("a", "much", "n=%d", i);
    capture_end(text, sizeof text);
    cr_expect_eq(count_lines(text, "debug a much n="), 500);
}

/* ---- JSON ---- */

Test(log, json_lines) {
    static const struct {
        const char *what, *format, *value, *wanted;
    } rows[] = {
        {"keys and values", "device=%s dropped=120", "freezer-7", "\"device\":\"freezer-7\",\"dropped\":\"120\"}"},
        {"nothing", "%s", "", "\"id\":\"b\"}"},
        {"a quoted value", "reason=%s x=1", "\"two words \\\"here\\\"\\n\\x1b\"",
         "\"reason\":\"two words \\\"here\\\"\\u000a\\u001b\",\"x\":\"1\"}"},
        {"words", "it %s happened n=1", "just", "\"n\":\"1\",\"text\":\"it just happened\"}"},
        {"our own keys", "level=%s id=9", "4", "\"level_\":\"4\",\"id_\":\"9\"}"},
        {"not UTF-8", "text=%s", "a\xff\xc3", "\"text_\":\"a\xef\xbf\xbd\xef\xbf\xbd\"}"},
        {"UTF-8", "name=%s", "\xe5\x86\xb0", "\"name\":\"\xe5\x86\xb0\"}"},
        {"a value that is cut", "a=%s", "\"open", "\"a\":\"open\"}"},
        {"a backslash at the end", "a=%s", "\"x\\", "\"a\":\"x\\\\\"}"},
        {"an equals sign", "a=%s", "b=c", "\"a\":\"b=c\"}"},
        {"no key", "=%s", "x", "\"text\":\"=x\"}"},
    };
    char line[16384];
    log_set_format(LOG_FORMAT_JSON);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *object = NULL;
        capture_begin();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        log_warn("a", "b", rows[i].format, rows[i].value);
#pragma GCC diagnostic pop
        capture_end(line, sizeof line);
        cr_assert_eq(json_parse(line, strlen(line) - 1, &object, NULL), RESULT_OK, "%s: %s", rows[i].what, line);
        json_free(object);
        cr_expect_eq(strncmp(line, "{\"time\":\"20", 11), 0, "%s: %s", rows[i].what, line);
        cr_expect_not_null(strstr(line, "\"level\":\"warn\",\"area\":\"a\",\"id\":\"b\""), "%s", line);
        line[strlen(line) - 1] = '\0';
        const size_t chars = strlen(rows[i].wanted);
        cr_expect(strlen(line) > chars && strcmp(line + strlen(line) - chars, rows[i].wanted) == 0, "%s: %s",
                  rows[i].what, line);
    }
}

Test(log, json_that_does_not_fit_says_so) {
    static char line[16384], text[4000];
    struct json *object = NULL;
    memset(text, '\x01', sizeof text - 1); /* six bytes each when escaped */
    log_set_format(LOG_FORMAT_JSON);
    capture_begin();
    log_info("a", "long", "first=1 text=%s last=2", text);
    capture_end(line, sizeof line);
    cr_expect_leq(strlen(line), 2u * LOG_LINE_BYTES);
    cr_assert_eq(json_parse(line, strlen(line) - 1, &object, NULL), RESULT_OK, "%s", line);
    json_free(object);
    cr_expect_not_null(strstr(line, "\"first\":\"1\",\"cut\":\"yes\"}"), "%s", line);
}

Test(log, formats_have_names) {
    enum log_format format;
    cr_expect(log_format_parse("json", &format) && format == LOG_FORMAT_JSON);
    cr_expect(log_format_parse("text", &format) && format == LOG_FORMAT_TEXT);
    cr_expect_not(log_format_parse("", &format));
    cr_expect_not(log_format_parse("JSON", &format));
    cr_expect_not(log_format_parse("logfmt", &format));
}
