/* What a log line looks like when it leaves. */
#include "fieldline/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
