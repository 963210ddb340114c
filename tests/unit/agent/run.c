/* Programs that are run to their end: output, limits, and nothing left of them. */
#include "run.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "turn.h"

struct seen {
    bool is_done;
    struct run_outcome outcome;
    char output[256];
};

static void on_done(void *self, const struct run_outcome *outcome) {
    struct seen *seen = self;
    seen->is_done = true;
    seen->outcome = *outcome;
    size_t count = outcome->output_count < sizeof seen->output - 1 ? outcome->output_count : sizeof seen->output - 1;
    memcpy(seen->output, outcome->output, count);
}

static bool is_done(void *self) {
    return ((struct seen *)self)->is_done;
}

static struct seen shell(const char *script, const char *input, size_t cap, int64_t limit_ms) {
    signal(SIGPIPE, SIG_IGN);
    struct loop *loop = loop_new();
    struct seen seen = {.is_done = false};
    struct run *run;
    struct fault fault = {""};
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
    char *env[] = {(char *)"PATH=/usr/bin:/bin", NULL};
    struct run_options options = {.argv = argv,
                                  .env = env,
                                  .input = input,
                                  .input_count = input != NULL ? strlen(input) : 0,
                                  .joins_stderr = true,
                                  .output_cap_bytes = cap,
                                  .limit_ms = limit_ms};
    cr_assert_eq(run_start(loop, &options, on_done, &seen, &run, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_not(seen.is_done, "never before run_start returns");
    cr_assert(turn_until(loop, is_done, &seen, 10000), "%s", script);
    loop_free(loop);
    return seen;
}

Test(run, how_programs_end) {
    static const struct {
        const char *script, *input, *output;
        int status;
        bool is_late, is_cut;
    } rows[] = {{"echo hello", NULL, "hello\n", 0, false, false},
                {"cat", "typed\n", "typed\n", 0, false, false},
                {"exit 3", NULL, "", 3, false, false},
                {"echo oops >&2", NULL, "oops\n", 0, false, false},
                {"kill -9 $$", NULL, "", 128 + 9, false, false},
                {"sleep 100", NULL, "", 128 + 9, true, false},
                {"trap '' TERM HUP INT; sleep 100; sleep 100", NULL, "", 128 + 9, true, false},
                {"printf '%0100d' 7", NULL, "00000000000000000000", 0, false, true},
                {"exit 0", "never read", "", 0, false, false},
                {"sleep 100 & echo left", NULL, "left\n", 0, false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen seen = shell(rows[i].script, rows[i].input, rows[i].is_cut ? 20 : 1000, 400);
        cr_expect_eq(seen.outcome.status, rows[i].status, "%s: %d", rows[i].script, seen.outcome.status);
        cr_expect_eq(seen.outcome.is_late, rows[i].is_late, "%s", rows[i].script);
        cr_expect_eq(seen.outcome.is_cut, rows[i].is_cut, "%s", rows[i].script);
        cr_expect_str_eq(seen.output, rows[i].output, "%s", rows[i].script);
    }
}

/* Nobody reads what it printed (its engineer has no credit left): it is waited for as long as it might have run. */
Test(run, held_output_does_not_hold_it_for_ever) {
    struct loop *loop = loop_new();
    struct seen seen = {.is_done = false};
    struct run *run;
    struct fault fault = {""};
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo unread", NULL};
    char *env[] = {(char *)"PATH=/usr/bin:/bin", NULL};
    struct run_options options = {.argv = argv, .env = env, .output_cap_bytes = 100, .limit_ms = 700};
    cr_assert_eq(run_start(loop, &options, on_done, &seen, &run, &fault), RESULT_OK, "%s", fault.text);
    run_hold(run, true);
    cr_assert(turn_until(loop, is_done, &seen, 10000));
    cr_expect_geq(seen.outcome.took_ms, 700);
    cr_expect(seen.outcome.is_cut && !seen.outcome.is_late && seen.outcome.status == 0);
    cr_expect_str_eq(seen.output, "");
    loop_free(loop);
}

Test(run, nothing_is_inherited) {
    cr_assert_geq(dup2(open("/dev/null", O_RDONLY), 50), 0); /* without O_CLOEXEC */
    setenv("SECRET", "x", 1);
    struct seen seen =
        shell("ls /proc/self/fd | tr '\\n' ' '; echo $SECRET; grep SigBlk /proc/self/status", NULL, 1000, 5000);
    cr_expect_eq(strncmp(seen.output, "0 1 2 3 \n", 9), 0, "%s", seen.output); /* 3: ls reads the folder */
    cr_expect_not_null(strstr(seen.output, "0000000000000000"), "%s", seen.output);
}

Test(run, a_grandchild_that_was_left_is_killed) {
    struct seen seen = shell("sleep 1000 & echo $!", NULL, 1000, 5000);
    int pid = atoi(seen.output);
    cr_assert_gt(pid, 1);
    for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++) {
        char path[64], state[64] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        int fd = open(path, O_RDONLY);
        if (fd >= 0 && read(fd, state, sizeof state - 1) > 0 && strstr(state, ") Z") != NULL) {
            close(fd);
            return; /* dead; whoever is init here has not collected it */
        }
        close(fd);
        usleep(1000);
    }
    cr_expect_eq(kill(pid, 0), -1);
}

Test(run, what_cannot_be_started_says_which) {
    static char *const programs[] = {(char *)"/nonexistent/program", (char *)"/etc/passwd", (char *)"/"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct loop *loop = loop_new();
        struct run *run = NULL;
        struct fault fault = {""};
        char *argv[] = {programs[i], NULL}, *env[] = {NULL};
        struct run_options options = {.argv = argv, .env = env, .output_cap_bytes = 100, .limit_ms = 1000};
        cr_expect_eq(run_start(loop, &options, on_done, NULL, &run, &fault), RESULT_IO, "%s", programs[i]);
        cr_expect_not_null(strstr(fault.text, programs[i]), "%s", fault.text);
        loop_free(loop);
    }
}
