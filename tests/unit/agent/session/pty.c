/* Real shells in real pseudo-terminals. */
#include "session/pty.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../turn.h"
#include "processes.h"
#include "fieldline/number.h"
#include "session/account.h"
#include "reaper.h"

struct screen {
    struct loop *loop;
    struct pty *pty;
    struct buf text;
    const char *waits_for;
    size_t waits_from, waits_bytes;
    bool is_echo_on, is_closed;
    int echo_changes, status, signal_number;
    size_t taken;
    size_t echo_off_at; /* bytes of text when it went off */
};

static void on_output(void *self, const void *bytes, size_t count) {
    struct screen *s = self;
    cr_assert(utf8_valid(bytes, count), "a frame is whole characters");
    buf_add(&s->text, bytes, count);
}
static void on_echo(void *self, bool is_on) {
    struct screen *s = self;
    s->is_echo_on = is_on;
    s->echo_changes++;
    s->echo_off_at = is_on ? s->echo_off_at : s->text.count;
}
static void on_taken(void *self, size_t count) {
    ((struct screen *)self)->taken += count;
}
static void on_closed(void *self, int status, int signal_number) {
    struct screen *s = self;
    s->is_closed = true;
    s->pty = NULL;
    s->status = status;
    s->signal_number = signal_number;
}
static const struct pty_events events = {.output = on_output, .echo = on_echo, .taken = on_taken, .closed = on_closed};

static bool is_closed(void *self) {
    return ((struct screen *)self)->is_closed;
}
static bool has_text(void *self) {
    struct screen *s = self;
    return s->text.count > s->waits_from && strstr(buf_text(&s->text) + s->waits_from, s->waits_for) != NULL;
}
static bool has_bytes(void *self) {
    struct screen *s = self;
    return s->text.count >= s->waits_bytes;
}
static bool echo_is_off(void *self) {
    return !((struct screen *)self)->is_echo_on;
}
static bool echo_is_on(void *self) {
    return ((struct screen *)self)->is_echo_on;
}

static void open_screen(struct screen *s, const char *script, uint32_t credit) {
    struct fault fault = {""};
    char *argv[] = {(char *)"/bin/sh", script != NULL ? (char *)"-c" : NULL, (char *)script, NULL};
    struct pty_options options = {.argv = argv, .term = "xterm", .session = "s", .columns = 91, .rows = 33};
    memset(s, 0, sizeof *s);
    s->is_echo_on = true;
    buf_init(&s->text, 8 << 20);
    s->loop = loop_new();
    cr_assert_eq(pty_open(s->loop, &options, &events, s, &s->pty, &fault), RESULT_OK, "%s", fault.text);
    if (credit > 0) {
        pty_credit(s->pty, credit);
    }
}

static void close_screen(struct screen *s) {
    pty_kill(s->pty);
    loop_free(s->loop);
    buf_fini(&s->text);
}

static void wait_text(struct screen *s, const char *text) {
    s->waits_for = text;
    cr_assert(turn_until(s->loop, has_text, s, 10000), "no '%s' in '%s'", text, buf_text(&s->text));
    s->waits_from = (size_t)(strstr(buf_text(&s->text) + s->waits_from, text) - buf_text(&s->text)) + strlen(text);
}

static void type(struct screen *s, const char *text) {
    cr_assert_eq(pty_write(s->pty, text, strlen(text)), RESULT_OK);
}

Test(pty, how_shells_end) {
    static const struct {
        const char *script;
        int status, signal_number;
    } rows[] = {{"exit 0", 0, 0}, {"exit 7", 7, 0}, {"kill -9 $$", -1, 9}, {"kill -TERM $$", -1, 15}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct screen s;
        open_screen(&s, rows[i].script, 4096);
        cr_assert(turn_until(s.loop, is_closed, &s, 10000), "%s", rows[i].script);
        cr_expect_eq(s.status, rows[i].status, "%s", rows[i].script);
        cr_expect_eq(s.signal_number, rows[i].signal_number, "%s", rows[i].script);
        close_screen(&s);
    }
}

Test(pty, promise_42_the_banner_comes_before_the_shell) {
    struct fault fault = {""};
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo shell", NULL};
    struct pty_options options = {
        .argv = argv, .term = "xterm", .session = "s", .columns = 80, .rows = 24, .banner = "recorded\r\n"};
    struct screen s = {.is_echo_on = true, .loop = loop_new()};
    buf_init(&s.text, 4096);
    cr_assert_eq(pty_open(s.loop, &options, &events, &s, &s.pty, &fault), RESULT_OK, "%s", fault.text);
    pty_credit(s.pty, 4096);
    cr_assert(turn_until(s.loop, is_closed, &s, 10000));
    cr_expect_eq(strncmp(buf_text(&s.text), "recorded\r", 9), 0, "%s", buf_text(&s.text));
    cr_expect_not_null(strstr(buf_text(&s.text), "shell"));
    close_screen(&s);
}

Test(pty, the_terminal_is_a_terminal_of_that_size_with_a_small_environment) {
    struct screen s;
    setenv("SECRET", "leaked", 1);
    cr_assert_geq(dup2(open("/dev/null", O_RDONLY), 50), 0);
    open_screen(&s, "tty; stty size; env | sort; ls /proc/self/fd | tr '\\n' ' '; echo; echo END", 65536);
    wait_text(&s, "END");
    const char *text = buf_text(&s.text);
    cr_expect_not_null(strstr(text, "/dev/pts/"), "%s", text);
    cr_expect_not_null(strstr(text, "33 91"), "%s", text);
    cr_expect_not_null(strstr(text, "TERM=xterm\r\n"), "%s", text);
    cr_expect_not_null(strstr(text, "FIELDLINE_SESSION=s\r\n"), "%s", text);
    cr_expect_null(strstr(text, "leaked"), "%s", text);
    cr_expect_not_null(strstr(text, "0 1 2 3 \r\n"), "%s", text);
    close_screen(&s);
}

Test(pty, resize_reaches_the_programs) {
    struct screen s;
    open_screen(&s, "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.02; done", 65536);
    wait_text(&s, "ready");
    pty_resize(s.pty, 120, 40);
    wait_text(&s, "40 120");
    close_screen(&s);
}

Test(pty, what_is_typed_is_taken_and_answered) {
    struct screen s;
    open_screen(&s, NULL, 65536);
    type(&s, "echo a$((40+2))b\n");
    wait_text(&s, "a42b");
    cr_expect_eq(s.taken, 17);
    type(&s, "exit 3\n");
    cr_assert(turn_until(s.loop, is_closed, &s, 10000));
    cr_expect_eq(s.status, 3);
    close_screen(&s);
}

Test(pty, without_credit_nothing_comes_and_a_flood_waits) {
    struct screen s;
    open_screen(&s, "yes 0123456789", 0);
    s.waits_bytes = 1;
    cr_expect_not(turn_until(s.loop, has_bytes, &s, 150));
    pty_credit(s.pty, 1000);
    s.waits_bytes = 900;
    cr_expect(turn_until(s.loop, has_bytes, &s, 5000));
    s.waits_bytes = 1001;
    cr_expect_not(turn_until(s.loop, has_bytes, &s, 150), "never more than the credit: %zu", s.text.count);
    pty_credit(s.pty, 200000);
    s.waits_bytes = 200000;
    cr_expect(turn_until(s.loop, has_bytes, &s, 10000), "%zu", s.text.count);
    close_screen(&s);
}

Test(pty, binary_output_becomes_text) {
    struct screen s;
    open_screen(&s, "head -c 200000 /dev/urandom | tr -d '\\000'; printf '\\nEND'", 256 * 1024);
    for (int i = 0; i < 20 && !has_text(&(struct screen){.text = s.text, .waits_for = "END"}); i++) {
        s.waits_for = "END";
        if (turn_until(s.loop, has_text, &s, 300)) {
            break;
        }
        pty_credit(s.pty, 256 * 1024);
    }
    cr_expect_not_null(strstr(buf_text(&s.text), "END"));
    close_screen(&s);
}

Test(pty, promise_40_echo_off_is_told_before_the_prompt_and_echo_on_after) {
    struct screen s;
    open_screen(&s, "printf login:; read a; stty -echo; printf Password:; read p; stty echo; echo done; sleep 100",
                65536);
    wait_text(&s, "login:");
    cr_expect_eq(s.echo_changes, 0);
    type(&s, "ann\n");
    wait_text(&s, "Password:");
    cr_expect_not(s.is_echo_on, "the prompt is out, so it must be known");
    cr_expect_leq(s.echo_off_at, (size_t)(strstr(buf_text(&s.text), "Password:") - buf_text(&s.text)));
    type(&s, "hunter2\n");
    cr_assert(turn_until(s.loop, echo_is_on, &s, 5000));
    wait_text(&s, "done");
    cr_expect_null(strstr(buf_text(&s.text), "hunter2"));
    close_screen(&s);
}

Test(pty, echo_off_without_a_word_is_noticed) {
    struct screen s;
    open_screen(&s, "sleep 0.1; stty -echo; sleep 100", 65536);
    cr_expect(turn_until(s.loop, echo_is_off, &s, 5000));
    close_screen(&s);
}

Test(pty, an_editor_that_reads_key_by_key_hides_nothing) {
    struct screen s;
    open_screen(&s, "stty -echo -icanon; echo ready; sleep 100", 65536);
    wait_text(&s, "ready");
    cr_expect_not(turn_until(s.loop, echo_is_off, &s, 200));
    close_screen(&s);
}

Test(pty, hanging_up_leaves_nothing_of_its_session) {
    struct screen s;
    struct fault fault = {""};
    char script[200], word[32];
    cr_assert_eq(reaper_start(&fault), RESULT_OK, "%s", fault.text);
    snprintf(word, sizeof word, "6%d", getpid() + 100000); /* a length of sleep that nobody else uses */
    snprintf(script, sizeof script, "trap '' HUP TERM INT; sleep %s & (sleep %s &) ; nohup sleep %s & echo ready; wait",
             word, word, word);
    open_screen(&s, script, 65536);
    wait_text(&s, "ready");
    pty_hang_up(s.pty);
    cr_assert(turn_until(s.loop, is_closed, &s, 10000));
    cr_expect_eq(s.signal_number, SIGKILL, "it did not listen");
    cr_expect_eq(count_processes(word), 0);
    close_screen(&s);
}

Test(reaper, whoever_detached_itself_is_found) {
    struct screen s;
    struct fault fault = {""};
    char script[300], word[32];
    cr_assert_eq(reaper_start(&fault), RESULT_OK, "%s", fault.text);
    snprintf(word, sizeof word, "7%d", getpid() + 100000);
    snprintf(
        script, sizeof script,
        "setsid sleep %s & setsid sh -c 'sleep %s & sleep %s' & (setsid setsid sleep %s &); sleep 0.2; echo ready; "
        "exit 0",
        word, word, word, word);
    open_screen(&s, script, 65536);
    wait_text(&s, "ready");
    cr_assert(turn_until(s.loop, is_closed, &s, 10000));
    cr_expect_gt(count_processes(word), 0, "they left the terminal's session");
    cr_expect_eq(reaper_kill(0, 2000), 0);
    cr_expect_eq(count_processes(word), 0);
    close_screen(&s);
}

Test(pty, shells_that_cannot_be_started) {
    static const struct {
        const char *program, *user;
    } rows[] = {{"/nonexistent/shell", NULL}, {"/etc/passwd", NULL}, {"/bin/sh", "nobody-of-that-name"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct loop *loop = loop_new();
        struct pty *pty = NULL;
        struct fault fault = {""};
        char *argv[] = {(char *)rows[i].program, NULL};
        struct pty_options options = {
            .argv = argv, .user = rows[i].user, .term = "xterm", .session = "s", .columns = 80, .rows = 24};
        cr_expect_neq(pty_open(loop, &options, &events, NULL, &pty, &fault), RESULT_OK);
        cr_expect_str_not_empty(fault.text);
        cr_expect_null(pty);
        loop_free(loop);
    }
}

Test(account, another_user_needs_the_right) {
    struct account a;
    struct fault fault = {""};
    cr_assert_eq(account_find(NULL, &a, &fault), RESULT_OK);
    cr_expect_not(a.must_become);
    enum result result = account_find("nobody", &a, &fault);
    if (geteuid() == 0) {
        cr_expect(result == RESULT_OK && a.must_become);
    } else {
        cr_expect_eq(result, RESULT_DENIED);
    }
}

/* Root becomes somebody else before the shell runs. */
Test(pty, a_shell_as_another_user) {
    struct screen s;
    struct fault fault = {""};
    if (geteuid() != 0) {
        cr_skip_test("only root can become somebody else");
    }
    memset(&s, 0, sizeof s);
    buf_init(&s.text, 65536);
    s.loop = loop_new();
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"id -un; id -Gn; sleep 100", NULL};
    struct pty_options options = {
        .argv = argv, .user = "nobody", .term = "xterm", .session = "s", .columns = 80, .rows = 24};
    cr_assert_eq(pty_open(s.loop, &options, &events, &s, &s.pty, &fault), RESULT_OK, "%s", fault.text);
    pty_credit(s.pty, 4096);
    wait_text(&s, "nobody\r\nnogroup");
    close_screen(&s);
}
