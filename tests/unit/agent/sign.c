/* The visible sign and the stop button: the file, the program, the socket; sessions that outlive their agent. */
#include "sign.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "launcher.h"
#include "session_process.h"
#include "stop_door.h"
#include "turn.h"

#define SESSION "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
struct place {
    char dir[64], show[80], told[80], active[80];
    struct loop *loop;
    struct agent_config config;
};

static void script(const char *path, const char *body) {
    struct fault fault = {""};
    char text[512];
    int chars = snprintf(text, sizeof text, "#!/bin/sh\n%s\n", body);
    cr_assert_eq(file_replace(path, text, (size_t)chars, 0755, &fault), RESULT_OK, "%s", fault.text);
}

static void place_open(struct place *p) {
    char body[128];
    memset(p, 0, sizeof *p);
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    snprintf(p->dir, sizeof p->dir, "/tmp/fieldline-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(p->dir));
    snprintf(p->show, sizeof p->show, "%s/show", p->dir);
    snprintf(p->told, sizeof p->told, "%s/told", p->dir);
    snprintf(p->active, sizeof p->active, "%s/session-active", p->dir);
    snprintf(body, sizeof body, "cat >>%s", p->told);
    script(p->show, body);
    p->loop = loop_new();
    p->config = (struct agent_config){.device = (char *)"freezer-7", .data_dir = p->dir, .run_dir = p->dir};
}

static void place_close(struct place *p) {
    char command[128];
    loop_free(p->loop);
    snprintf(command, sizeof command, "rm -rf %s", p->dir);
    cr_assert_eq(system(command), 0);
}

static void set_sign(struct sign *sign, const struct sign_row *rows, size_t count) {
    struct fault fault = {""};
    cr_assert_eq(sign_set(sign, rows, count, &fault), RESULT_OK, "%s", fault.text);
}

static int lines_of(const char *path, char *out, size_t room) {
    FILE *file = fopen(path, "r");
    size_t count = file != NULL ? fread(out, 1, room - 1, file) : 0;
    int lines = 0;
    out[count] = '\0';
    for (const char *at = out; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    if (file != NULL) {
        fclose(file);
    }
    return lines;
}

static bool told_twice(void *self) {
    char text[8192];
    return lines_of(((struct place *)self)->told, text, sizeof text) == 2;
}

static struct sign_row row(void) {
    struct sign_row r = {.capabilities = 1 << CAPABILITY_SHELL, .since_ms = 1, .until_ms = 2, .pid = 17, .started = 5};
    snprintf(r.session, sizeof r.session, SESSION);
    snprintf(r.engineer, sizeof r.engineer, "ann \"the\" <engineer>");
    return r;
}

Test(sign, promise_42_the_file_is_there_as_long_as_a_session_is) {
    struct place p;
    struct sign_row one = row(), found[SIGN_ROWS_MAX];
    struct stat st;
    struct fault fault = {""};
    char text[8192];
    size_t count = 0;
    place_open(&p);
    p.config.sign_show = p.show;
    struct sign *sign = sign_new(p.loop, &p.config);
    set_sign(sign, &one, 1);
    cr_assert_eq(stat(p.active, &st), 0);
    cr_assert_eq(sign_read(p.dir, found, &count, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(count, 1);
    cr_expect_str_eq(found[0].engineer, one.engineer);
    cr_expect_eq(found[0].pid, 17);
    set_sign(sign, NULL, 0); /* while the program still runs: told together, once more */
    cr_expect_neq(stat(p.active, &st), 0);
    cr_expect_eq(sign_read(p.dir, found, &count, &fault), RESULT_NOT_FOUND);
    cr_assert(turn_until(p.loop, told_twice, &p, 5000));
    lines_of(p.told, text, sizeof text);
    cr_expect_not_null(strstr(text, "{\"sign\":\"on\",\"sessions\":[{\"session\":\"" SESSION));
    cr_expect_not_null(strstr(text, "{\"sign\":\"off\",\"sessions\":[]}"));
    sign_free(sign);
    place_close(&p);
}

Test(sign, files_that_are_none) {
    static const char *const texts[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"sessions\":1}",
                                        "{\"sessions\":[1]}",
                                        "{\"sessions\":[{}]}",
                                        "{\"sessions\":[{\"session\":\"x\"}]}"};
    struct place p;
    place_open(&p);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sign_row found[SIGN_ROWS_MAX];
        struct fault fault = {""};
        size_t count = 0;
        cr_assert_eq(file_replace(p.active, texts[i], strlen(texts[i]), 0600, &fault), RESULT_OK);
        cr_expect_neq(sign_read(p.dir, found, &count, &fault), RESULT_OK, "%s", texts[i]);
        cr_expect_eq(count, 0);
    }
    place_close(&p);
}

/* ---- the stop button ---- */

struct pressed {
    int count;
    bool is_all;
};

static size_t on_stop(void *self, const char *session) {
    struct pressed *pressed = self;
    pressed->count++;
    pressed->is_all = session == NULL;
    return 3;
}

static bool is_pressed(void *self) {
    return ((struct pressed *)self)->count > 0;
}

Test(stop_door, a_caller_learns_how_many_end) {
    static const char *const sessions[] = {NULL, SESSION};
    struct place p;
    struct fault fault = {""};
    struct stat st;
    char path[128];
    place_open(&p);
    for (size_t i = 0; i < 2; i++) {
        struct pressed pressed = {0};
        struct stop_door *door = NULL;
        cr_assert_eq(stop_door_open(p.loop, &p.config, on_stop, &pressed, &door, &fault), RESULT_OK, "%s", fault.text);
        snprintf(path, sizeof path, "%s/stop", p.dir);
        cr_assert_eq(stat(path, &st), 0);
        cr_expect_eq(st.st_mode & 0777, 0600);
        pid_t child = fork();
        if (child == 0) {
            size_t ended = 0;
            _exit(stop_door_ask(p.dir, sessions[i], &ended, &fault) == RESULT_OK ? (int)ended : 99);
        }
        cr_assert(turn_until(p.loop, is_pressed, &pressed, 5000));
        cr_expect_eq(pressed.is_all, sessions[i] == NULL);
        int status = 0;
        waitpid(child, &status, 0);
        cr_expect_eq(WEXITSTATUS(status), 3);
        stop_door_close(door);
        cr_expect_neq(stat(path, &st), 0, "the socket goes with the door");
    }
    size_t ended;
    cr_expect_eq(stop_door_ask(p.dir, NULL, &ended, &fault), RESULT_NOT_FOUND, "no agent");
    place_close(&p);
}

static bool is_over(void *self) {
    char byte;
    return recv(*(int *)self, &byte, 1, MSG_DONTWAIT) == 0;
}

static int call_door(const struct place *p) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/stop", p->dir);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static bool is_answered(void *self) {
    char text[8] = "";
    return recv(*(int *)self, text, sizeof text, MSG_DONTWAIT | MSG_PEEK) > 0;
}

Test(stop_door, callers_at_the_same_moment_are_all_heard) {
    struct place p;
    struct fault fault = {""};
    struct pressed pressed = {0};
    struct stop_door *door = NULL;
    int fds[4];
    place_open(&p);
    cr_assert_eq(stop_door_open(p.loop, &p.config, on_stop, &pressed, &door, &fault), RESULT_OK);
    for (size_t i = 0; i < 4; i++) { /* before the agent has looked at any; the second says nothing */
        fds[i] = call_door(&p);
        cr_assert(i == 1 || send(fds[i], SESSION, strlen(SESSION), 0) > 0);
    }
    for (size_t i = 0; i < 4; i++) {
        cr_expect(turn_until(p.loop, i == 1 ? is_over : is_answered, &fds[i], 5000), "caller %zu", i);
        close(fds[i]);
    }
    cr_expect_eq(pressed.count, 3);
    stop_door_close(door);
    place_close(&p);
}

Test(stop_door, nonsense_ends_nothing) {
    static const char *const packets[] = {"x", "all", "AAAAAAAA-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
                                          "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa and more"};
    struct place p;
    struct fault fault = {""};
    struct pressed pressed = {0};
    struct stop_door *door = NULL;
    place_open(&p);
    cr_assert_eq(stop_door_open(p.loop, &p.config, on_stop, &pressed, &door, &fault), RESULT_OK);
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        int fd = call_door(&p);
        cr_assert_gt(send(fd, packets[i], strlen(packets[i]), 0), 0);
        cr_expect(turn_until(p.loop, is_over, &fd, 5000), "closed without an answer: %s", packets[i]);
        close(fd);
    }
    cr_expect_eq(pressed.count, 0);
    stop_door_close(door);
    place_close(&p);
}

/* ---- an agent that comes back ---- */

static void on_reply(void *self, const char *reply, size_t bytes) {
    (void)self, (void)reply, (void)bytes;
}

static bool nothing_runs(void *self) {
    return launcher_session_count(self) == 0;
}

static pid_t start_sleeper(void) {
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        signal(SIGUSR1, SIG_DFL);
        execl("/bin/sleep", "sleep", "60", (char *)NULL);
        _exit(1);
    }
    setpgid(pid, pid);
    return pid;
}

Test(sign, promise_35_a_session_of_an_earlier_run_can_be_stopped) {
    struct place p;
    struct sign_row one = row();
    struct stat st;
    place_open(&p);
    pid_t pid = start_sleeper();
    one.pid = pid;
    one.started = (int64_t)session_process_started(pid);
    cr_assert_gt(one.started, 0);
    struct sign *sign = sign_new(p.loop, &p.config);
    set_sign(sign, &one, 1);
    sign_free(sign);
    struct launcher *launcher = launcher_new(p.loop, &p.config, on_reply, NULL);
    cr_expect_eq(launcher_session_count(launcher), 1);
    cr_expect_eq(stat(p.active, &st), 0, "the sign stays");
    cr_expect_eq(launcher_stop(launcher, NULL), 1);
    cr_expect(turn_until(p.loop, nothing_runs, launcher, 2000));
    cr_expect_neq(stat(p.active, &st), 0, "and goes with it");
    waitpid(pid, NULL, 0);
    launcher_free(launcher, true);
    place_close(&p);
}

/* As the agent of an earlier run leaves it: a session process whose parent is gone, deaf, with a child that is in no
 * group of its own. Says its own number and the child's. */
static pid_t leave_deaf_process(const struct place *p, pid_t *child) {
    char path[128], body[400], text[64] = "";
    snprintf(path, sizeof path, "%s/deaf", p->dir);
    snprintf(body, sizeof body,
             "trap '' USR1 USR2 TERM; setsid sleep 1000 & echo $$ $! >%s/part; mv %s/part %s/pids; "
             "while :; do sleep 0.05; done",
             p->dir, p->dir, p->dir);
    script(path, body);
    pid_t between = fork();
    if (between == 0) {
        if (fork() == 0) {
            setpgid(0, 0);
            execl(path, path, (char *)NULL);
        }
        _exit(0);
    }
    waitpid(between, NULL, 0);
    snprintf(path, sizeof path, "%s/pids", p->dir);
    for (int tries = 0; lines_of(path, text, sizeof text) == 0 && tries < 500; tries++) {
        usleep(10000);
    }
    char *rest = NULL;
    pid_t pid = (pid_t)strtol(text, &rest, 10);
    *child = (pid_t)strtol(rest, NULL, 10);
    cr_assert(pid > 1 && *child > 1, "%s", text);
    return pid;
}

/* Gone, or dead and not collected: by whoever inherits it here. */
static bool is_dead(pid_t pid) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    return lines_of(path, text, sizeof text) == 0 || strstr(text, ") Z ") != NULL;
}

Test(sign, what_an_adopted_session_has_detached_does_not_survive_its_stop) {
    struct place p;
    struct sign_row one = row();
    pid_t child;
    place_open(&p);
    one.pid = leave_deaf_process(&p, &child);
    one.started = (int64_t)session_process_started((pid_t)one.pid);
    struct sign *sign = sign_new(p.loop, &p.config);
    set_sign(sign, &one, 1);
    sign_free(sign);
    struct launcher *launcher = launcher_new(p.loop, &p.config, on_reply, NULL);
    cr_expect_not(is_dead(child));
    cr_expect_eq(launcher_stop(launcher, NULL), 1);
    cr_expect(turn_until(p.loop, nothing_runs, launcher, 5000));
    cr_expect(is_dead((pid_t)one.pid));
    cr_expect(is_dead(child));
    launcher_free(launcher, true);
    place_close(&p);
}

Test(sign, a_sign_of_what_is_gone_is_taken_down) {
    struct place p;
    struct sign_row rows[2] = {row(), row()};
    struct stat st;
    place_open(&p);
    pid_t pid = start_sleeper();
    rows[0].pid = pid;
    rows[0].started = (int64_t)session_process_started(pid) + 1; /* somebody else has that number by now */
    rows[1].pid = INT32_MAX;
    struct sign *sign = sign_new(p.loop, &p.config);
    set_sign(sign, rows, 2);
    sign_free(sign);
    struct launcher *launcher = launcher_new(p.loop, &p.config, on_reply, NULL);
    cr_expect_eq(launcher_session_count(launcher), 0);
    cr_expect_neq(stat(p.active, &st), 0);
    cr_expect_eq(launcher_stop(launcher, NULL), 0);
    cr_expect_eq(kill(pid, 0), 0, "the stranger lives");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    launcher_free(launcher, true);
    place_close(&p);
}
