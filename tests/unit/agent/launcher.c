/* Commands about sessions and their replies, with a session process that only writes down what it was given. */
#include "launcher.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "launcher_inside.h"
#include "session_grant.h"
#include "turn.h"

enum { REPLIES = 24 };
struct desk {
    char dir[64], hook[80], program[80];
    struct loop *loop;
    struct agent_config config;
    struct launcher *launcher;
    char *replies[REPLIES];
    size_t count, wanted;
};

static void on_reply(void *self, const char *reply, size_t bytes) {
    struct desk *d = self;
    cr_assert_lt(d->count, REPLIES);
    d->replies[d->count++] = strndup(reply, bytes);
}

static void write_script(const char *path, const char *body) {
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", body);
    fclose(file);
    cr_assert_eq(chmod(path, 0755), 0);
}

#define OPEN_ARGS                                                                                                      \
    "\"token\":\"secret-token\",\"url\":\"wss://127.0.0.1:1/session/v1\",\"ticket\":17,\"subject\":\"warm\","          \
    "\"engineer\":\"ann\",\"reason\":\"look\",\"duration_s\":1800,\"wait_s\":60"
#define SESSION_A "\"session\":\"aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa\""
#define SESSION_B "\"session\":\"bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb\""
#define SESSION_C "\"session\":\"cccccccc-cccc-4ccc-8ccc-cccccccccccc\""
#define ALLOW                                                                                                          \
    "cat >/dev/null; echo "                                                                                            \
    "'{\"answer\":\"allow\",\"capabilities\":[\"observe\",\"shell\"],\"minutes\":5,\"by\":\"Li\"}'"
/* Leaves its grant, observes, leaves what it hears on descriptor 3, and lives until SIGTERM. */
#define FAKE_SESSION                                                                                                   \
    "cat >%s/part; mv %s/part %s/grant; printf '{\"watch\":200,\"last\":2}' >&3; head -c 14 <&3 >%s/tap & "            \
    "trap 'exit 0' TERM; while :; do sleep 0.02; done"

static void desk_open(struct desk *d) {
    static char *shell[] = {(char *)"/bin/sh", NULL}, *disk[] = {(char *)"/bin/df", NULL};
    static struct agent_diagnostic diagnostic = {.name = (char *)"disk", .argv = disk, .time_limit_ms = 5000};
    char body[512];
    memset(d, 0, sizeof *d);
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    snprintf(d->dir, sizeof d->dir, "%s", "/tmp/fieldline-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(d->dir));
    snprintf(d->hook, sizeof d->hook, "%s/hook", d->dir);
    snprintf(d->program, sizeof d->program, "%s/session", d->dir);
    snprintf(body, sizeof body, FAKE_SESSION, d->dir, d->dir, d->dir, d->dir);
    write_script(d->hook, ALLOW);
    write_script(d->program, body);
    d->loop = loop_new();
    d->config = (struct agent_config){.device = (char *)"freezer-7",
                                      .run_dir = d->dir,
                                      .ca = (char *)"/ca",
                                      .cert = (char *)"/cert",
                                      .key = (char *)"/key",
                                      .session_enabled = true,
                                      .session_program = d->program,
                                      .session_gateway_ca = (char *)"/ca",
                                      .session_capabilities = CAPABILITY_BIT(CAPABILITY_OBSERVE) |
                                                              CAPABILITY_BIT(CAPABILITY_DIAGNOSE) |
                                                              CAPABILITY_BIT(CAPABILITY_SHELL),
                                      .consent = CONSENT_HOOK,
                                      .consent_hook = d->hook,
                                      .consent_wait_ms = 5000,
                                      .session_max_ms = 4 * 60000,
                                      .observe_least_ms = 1000,
                                      .session_shell = shell,
                                      .diagnostics = &diagnostic};
    d->launcher = launcher_new(d->loop, &d->config, on_reply, d);
}

static void desk_close(struct desk *d) {
    char command[128];
    launcher_free(d->launcher, true);
    loop_free(d->loop);
    for (size_t i = 0; i < d->count; i++) {
        free(d->replies[i]);
    }
    snprintf(command, sizeof command, "rm -rf %s", d->dir);
    cr_assert_eq(system(command), 0);
}

static bool has_replied(void *self) {
    const struct desk *d = self;
    return d->count >= d->wanted;
}

static void send(struct desk *d, const char *verb, const char *args) {
    struct buf text;
    struct command_message command;
    struct fault fault = {""};
    char id[CAP_UUID_BYTES + 1];
    uuid_make(id);
    buf_init(&text, 4096);
    command_encode(id, verb, args, &text);
    cr_assert_eq(command_decode(buf_text(&text), text.count, &command, &fault), RESULT_OK, "%s: %s", args, fault.text);
    launcher_command(d->launcher, &command);
    command_fini(&command);
    buf_fini(&text);
}

/* The reply to one command. */
static const char *ask(struct desk *d, const char *verb, const char *args) {
    d->wanted = d->count + 1;
    send(d, verb, args);
    cr_assert(turn_until(d->loop, has_replied, d, 10000), "%s %s", verb, args);
    return d->replies[d->count - 1];
}

static bool says(const char *reply, const char *part) {
    return strstr(reply, part) != NULL;
}

static bool file_is_there(struct desk *d, const char *name) {
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", d->dir, name);
    return stat(path, &st) == 0 && st.st_size > 0;
}
static bool grant_is_there(void *self) {
    return file_is_there(self, "grant");
}
static bool tap_is_wanted(void *self) {
    return launcher_wants_tap(((struct desk *)self)->launcher);
}
static bool tap_is_there(void *self) {
    return file_is_there(self, "tap");
}

static struct session_grant read_grant(const struct desk *d) {
    char path[128], text[8192] = "";
    struct session_grant grant;
    struct fault fault = {""};
    snprintf(path, sizeof path, "%s/grant", d->dir);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    size_t count = fread(text, 1, sizeof text, file);
    fclose(file);
    cr_assert_eq(session_grant_parse(text, count, &grant, &fault), RESULT_OK, "%s: %s", fault.text, text);
    return grant;
}

static int64_t pace, recalled;
static void on_pace(void *self, int64_t interval_ms) {
    (void)self;
    pace = interval_ms;
}
static void on_recall(void *self, int64_t count, void (*line)(void *line_self, const char *text, size_t bytes),
                      void *line_self) {
    (void)self, (void)line, (void)line_self;
    recalled = count;
}

Test(launcher, from_the_request_to_the_process_and_its_end) {
    struct desk d;
    desk_open(&d);
    launcher_watch(d.launcher, &(struct launcher_watcher){.pace = on_pace, .recall = on_recall});
    const char *reply =
        ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"observe\",\"shell\"]}");
    cr_assert(says(reply, "\"state\":\"open\""), "%s", reply);
    cr_expect(says(reply, "\"capabilities\":[\"observe\",\"shell\"]") && says(reply, "\"by\":\"Li\""), "%s", reply);
    cr_assert(turn_until(d.loop, grant_is_there, &d, 5000));
    struct session_grant grant = read_grant(&d);
    cr_expect_str_eq(grant.token, "secret-token");
    cr_expect_str_eq(grant.device, "freezer-7");
    cr_expect_eq(grant.duration_ms, 4 * 60000, "the shortest of grant, consent and configuration");
    cr_expect_eq(grant.diagnostic_count, 1);
    cr_expect_str_eq(grant.consent_method, "hook");
    session_grant_fini(&grant);
    cr_expect_eq(launcher_session_count(d.launcher), 1);
    cr_assert(turn_until(d.loop, tap_is_wanted, &d, 5000));
    cr_expect_eq(pace, 1000, "no faster than the configuration allows");
    cr_expect_eq(recalled, 2);
    launcher_tap(d.launcher, "{\"t\":1,\"v\":2}\n", 14);
    cr_expect(turn_until(d.loop, tap_is_there, &d, 5000), "live lines arrive on descriptor 3");
    reply = ask(&d, "session.end", "{" SESSION_A ",\"reason\":\"x\"}");
    cr_expect(says(reply, "\"state\":\"ended\""), "%s", reply);
    cr_expect_eq(launcher_session_count(d.launcher), 0);
    cr_expect_not(launcher_wants_tap(d.launcher));
    cr_expect_eq(pace, 0, "and nobody is left to hurry for");
    desk_close(&d);
}

Test(launcher, requests_that_are_refused_without_asking_anybody) {
    static const struct {
        const char *what, *args, *error;
    } rows[] = {{"off on the product", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"observe\",\"files\"]}",
                 "off_on_product"},
                {"no capabilities", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[]}", "bad_input"},
                {"an unknown one", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"root\"]}", "bad_input"},
                {"no session", "{" OPEN_ARGS ",\"capabilities\":[\"shell\"]}", "bad_input"},
                {"no uuid", "{\"session\":\"x\"," OPEN_ARGS ",\"capabilities\":[\"shell\"]}", "bad_input"},
                {"no token", "{" SESSION_A ",\"capabilities\":[\"shell\"]}", "bad_input"},
                {"five hours",
                 "{" SESSION_A ",\"token\":\"t\",\"url\":\"u\",\"ticket\":1,\"subject\":\"s\",\"engineer\":\"e\","
                 "\"reason\":\"r\",\"duration_s\":18000,\"wait_s\":60,\"capabilities\":[\"shell\"]}",
                 "bad_input"}};
    struct desk d;
    desk_open(&d);
    write_script(d.hook, "exit 77");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *reply = ask(&d, "session.open", rows[i].args);
        char error[64];
        snprintf(error, sizeof error, "\"error\":\"%s\"", rows[i].error);
        cr_expect(says(reply, error), "%s: %s", rows[i].what, reply);
        cr_expect_eq(launcher_session_count(d.launcher), 0, "%s", rows[i].what);
    }
    d.config.session_enabled = false;
    cr_expect(
        says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "off_on_product"));
    cr_expect(says(ask(&d, "session.dance", "{}"), "bad_input"));
    cr_expect(says(ask(&d, "session.end", "{" SESSION_A "}"), "not_found"));
    cr_expect(says(ask(&d, "session.end", "{}"), "bad_input"));
    cr_expect(says(ask(&d, "session.consent", "{" SESSION_A ",\"code\":\"1\"}"), "not_found"));
    desk_close(&d);
}

Test(launcher, owners_who_say_no) {
    static const struct {
        const char *hook, *error;
    } rows[] = {{"cat >/dev/null; echo '{\"answer\":\"deny\"}'", "refused"},
                {"exit 1", "hook_failed"},
                {"kill -9 $$", "hook_failed"},
                {"echo maybe", "hook_failed"},
                {"sleep 100", "timed_out"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk d;
        desk_open(&d);
        write_script(d.hook, rows[i].hook);
        d.config.consent_wait_ms = 300;
        const char *reply = ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}");
        cr_expect(says(reply, rows[i].error), "%s: %s", rows[i].hook, reply);
        cr_expect_eq(launcher_session_count(d.launcher), 0);
        cr_expect_not(file_is_there(&d, "grant"), "no process was started");
        desk_close(&d);
    }
}

Test(launcher, consent_is_asked_for_each_request_anew) {
    struct desk d;
    desk_open(&d);
    cr_assert(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"));
    write_script(d.hook, "exit 1");
    cr_expect(
        says(ask(&d, "session.open", "{" SESSION_B "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "hook_failed"));
    desk_close(&d);
}

Test(launcher, two_sessions_are_enough) {
    struct desk d;
    desk_open(&d);
    cr_assert(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"));
    cr_expect(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "\"busy\""));
    cr_assert(says(ask(&d, "session.open", "{" SESSION_B "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"));
    cr_expect(says(ask(&d, "session.open", "{" SESSION_C "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "\"busy\""));
    desk_close(&d);
}

Test(launcher, a_process_that_cannot_be_started) {
    struct desk d;
    desk_open(&d);
    d.config.session_program = (char *)"/nonexistent/session";
    const char *reply = ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}");
    cr_expect(says(reply, "\"failed\"") && says(reply, "/nonexistent/session"), "%s", reply);
    cr_expect_eq(launcher_session_count(d.launcher), 0);
    desk_close(&d);
}

static bool nobody_is_there(void *self) {
    return launcher_session_count(((struct desk *)self)->launcher) == 0;
}

Test(launcher, the_pace_falls_when_a_process_that_observes_is_killed) {
    struct desk d;
    desk_open(&d);
    launcher_watch(d.launcher, &(struct launcher_watcher){.pace = on_pace});
    write_script(d.program, "cat >/dev/null; printf '{\"watch\":5000}' >&3; printf '{\"watch\":-1}' >&3; printf x >&3; "
                            "sleep 0.3; kill -KILL $$");
    cr_assert(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"observe\"]}"), "open"));
    cr_assert(turn_until(d.loop, tap_is_wanted, &d, 5000));
    cr_expect_eq(pace, 5000, "what is no question changes nothing");
    cr_expect(turn_until(d.loop, nobody_is_there, &d, 5000));
    cr_expect_eq(pace, 0);
    desk_close(&d);
}

Test(launcher, no_session_without_the_visible_sign) {
    struct desk d;
    char path[128];
    desk_open(&d);
    snprintf(path, sizeof path, "%s/session-active.new", d.dir); /* in the way of the file */
    cr_assert_eq(mkdir(path, 0700), 0);
    const char *reply = ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}");
    cr_expect(says(reply, "\"failed\"") && says(reply, "nobody on the product would see"), "%s", reply);
    cr_expect(turn_until(d.loop, nobody_is_there, &d, 5000), "what was started is stopped");
    cr_assert_eq(rmdir(path), 0);
    cr_expect(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"));
    desk_close(&d);
}

Test(launcher, a_process_that_is_stopped_does_not_outlive_its_deadline) {
    struct desk d;
    desk_open(&d);
    int64_t due_ms = clock_since_boot_ms() + 4 * 60000 + SESSION_END_GRACE_MS;
    cr_assert(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"observe\"]}"), "open"));
    cr_assert(turn_until(d.loop, grant_is_there, &d, 5000));
    struct slot *slot = &d.launcher->slots[0];
    cr_expect(slot->kill_at_ms >= due_ms && slot->kill_at_ms < due_ms + 60000);
    pid_t pid = session_process_pid(slot->process);
    cr_assert_eq(kill(pid, SIGSTOP), 0);
    slot->kill_at_ms = clock_since_boot_ms() + 100; /* the clock is turned forward */
    cr_expect(turn_until(d.loop, nobody_is_there, &d, 10000));
    cr_expect_neq(kill(pid, 0), 0);
    desk_close(&d);
}

Test(launcher, a_process_that_crashes_frees_its_place) {
    struct desk d;
    desk_open(&d);
    write_script(d.program, "cat >/dev/null; kill -SEGV $$");
    cr_assert(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"observe\"]}"), "open"));
    cr_expect(turn_until(d.loop, nobody_is_there, &d, 5000));
    launcher_tap(d.launcher, "x", 1);
    desk_close(&d);
}

/* The pid that the killed process left in a file: is it gone, or a zombie nobody of ours can collect? */
static bool orphan_is_gone(void *self) {
    struct desk *d = self;
    char path[128], text[256] = "";
    snprintf(path, sizeof path, "%s/orphan", d->dir);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(text, sizeof text, file) == NULL) {
        cr_assert(file == NULL || fclose(file) == 0);
        return false;
    }
    fclose(file);
    return kill((pid_t)strtol(text, NULL, 10), 0) != 0;
}

Test(launcher, what_a_killed_process_leaves_behind_is_killed_too) {
    struct desk d;
    char body[600];
    desk_open(&d);
    snprintf(body, sizeof body,
             "cat >/dev/null; setsid sh -c 'echo $$ >%s/part; mv %s/part %s/orphan; exec sleep 1000' & "
             "while [ ! -e %s/orphan ]; do sleep 0.02; done; kill -9 $$",
             d.dir, d.dir, d.dir, d.dir);
    write_script(d.program, body);
    cr_assert(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"));
    cr_expect(turn_until(d.loop, orphan_is_gone, &d, 5000));
    cr_expect_eq(launcher_session_count(d.launcher), 0);
    desk_close(&d);
}

static bool one_is_there(void *self) {
    return launcher_session_count(((struct desk *)self)->launcher) == 1;
}

Test(launcher, another_session_and_the_owners_hook_are_not_taken_along) {
    struct desk d;
    desk_open(&d);
    cr_assert(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"));
    cr_assert(turn_until(d.loop, grant_is_there, &d, 5000));
    write_script(d.program, "cat >/dev/null; kill -9 $$");
    cr_assert(says(ask(&d, "session.open", "{" SESSION_B "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"));
    cr_assert(turn_until(d.loop, one_is_there, &d, 5000));
    cr_expect(says(ask(&d, "session.end", "{" SESSION_A ",\"reason\":\"x\"}"), "ended"), "A still ran");
    write_script(d.program, "cat >/dev/null; sleep 0.1; kill -9 $$");
    cr_assert(says(ask(&d, "session.open", "{" SESSION_B "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"));
    write_script(d.hook, "sleep 0.4; " ALLOW);
    cr_expect(says(ask(&d, "session.open", "{" SESSION_C "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"),
              "the hook asked while B died: %s", d.replies[d.count - 1]);
    desk_close(&d);
}

static void code_desk(struct desk *d) {
    desk_open(d);
    d->config.consent = CONSENT_CODE;
    const char *reply = ask(d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}");
    cr_assert(says(reply, "code_required") && says(reply, "\"wait_s\":5"), "%s", reply);
}

static const char *try_code(struct desk *d, const char *code) {
    char args[128];
    snprintf(args, sizeof args, "{" SESSION_A ",\"code\":\"%s\"}", code);
    return ask(d, "session.consent", args);
}

Test(launcher, the_code_that_the_owner_reads_out) {
    struct desk d;
    char path[128], code[16] = "";
    code_desk(&d);
    snprintf(path, sizeof path, "%s/consent-code", d.dir);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_not_null(fgets(code, 9, file));
    fclose(file);
    const char *reply = try_code(&d, "wrong");
    cr_expect(says(reply, "\"wrong_code\"") && says(reply, "2 more tries"), "%s", reply);
    reply = try_code(&d, code);
    cr_expect(says(reply, "\"state\":\"open\"") && says(reply, "\"method\":\"code\""), "%s", reply);
    cr_expect(says(try_code(&d, code), "not_found"), "a code works once");
    desk_close(&d);
}

Test(launcher, three_wrong_codes_and_it_is_over) {
    struct desk d;
    code_desk(&d);
    cr_expect(says(try_code(&d, "1"), "wrong_code"));
    cr_expect(says(try_code(&d, "2"), "wrong_code"));
    cr_expect(says(try_code(&d, "3"), "no_tries_left"));
    cr_expect(says(try_code(&d, "4"), "not_found"));
    cr_expect_eq(launcher_session_count(d.launcher), 0);
    desk_close(&d);
}

Test(launcher, wrong_codes_count_over_questions) {
    struct desk d;
    code_desk(&d);
    for (int i = 0; i < 2; i++) { /* two tries, withdrawn, asked again */
        cr_expect(says(try_code(&d, "1"), "wrong_code") && says(try_code(&d, "2"), "wrong_code"));
        cr_expect(says(ask(&d, "session.end", "{" SESSION_A ",\"reason\":\"x\"}"), "ended"));
        cr_expect(says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"),
                       "code_required"));
    }
    cr_expect(says(try_code(&d, "1"), "wrong_code") && says(try_code(&d, "2"), "wrong_code"));
    cr_expect(says(try_code(&d, "3"), "no_tries_left"), "six were wrong: %s", d.replies[d.count - 1]);
    cr_expect_eq(launcher_session_count(d.launcher), 0, "and the question is over");
    const char *reply = ask(&d, "session.open", "{" SESSION_B "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}");
    cr_expect(says(reply, "\"busy\"") && says(reply, "too many wrong codes"), "%s", reply);
    d.config.consent = CONSENT_HOOK;
    cr_expect(says(ask(&d, "session.open", "{" SESSION_B "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "open"),
              "whoever is asked otherwise is asked");
    desk_close(&d);
}

Test(launcher, a_code_that_comes_too_late) {
    struct desk d;
    desk_open(&d);
    d.config.consent = CONSENT_CODE;
    d.config.consent_wait_ms = 100;
    cr_assert(
        says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "code_required"));
    cr_assert(turn_until(d.loop, nobody_is_there, &d, 5000));
    cr_expect(says(try_code(&d, "12345678"), "\"expired\""));
    cr_expect(
        says(ask(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}"), "code_required"),
        "it may be asked for again");
    desk_close(&d);
}

Test(launcher, a_request_that_is_withdrawn) {
    struct desk d;
    desk_open(&d);
    write_script(d.hook, "sleep 100");
    send(&d, "session.open", "{" SESSION_A "," OPEN_ARGS ",\"capabilities\":[\"shell\"]}");
    cr_assert_eq(launcher_session_count(d.launcher), 1);
    d.wanted = 2;
    send(&d, "session.end", "{" SESSION_A "}");
    cr_assert(turn_until(d.loop, has_replied, &d, 5000));
    cr_expect(says(d.replies[0], "\"expired\""), "%s", d.replies[0]);
    cr_expect(says(d.replies[1], "\"ended\""), "%s", d.replies[1]);
    cr_expect_eq(launcher_session_count(d.launcher), 0);
    desk_close(&d);
}
