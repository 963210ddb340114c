/* A change of parameters in the session process: what it refuses, how it ends, and that a kill at any step that touches
 * the disk leaves values that are all old, or all new with the journal saying so. The agent's part of that is
 * tests/unit/agent/param_guard.c; here the journal alone is followed. */
#include "session/configure.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../turn.h"
#include "fieldline/log.h"
#include "param_journal.h"
#include "param_undo.h"

/* ---- every call that makes something lasting; the process dies before or after the one that is chosen ---------------
 */

static int calls, dies_at; /* 0: never */
static bool dies_after;

static void count_call(bool is_after) {
    if (!is_after) {
        calls++;
    }
    if (dies_at > 0 && calls == dies_at && is_after == dies_after) {
        kill(getpid(), SIGKILL);
    }
}

int fsync(int fd) {
    count_call(false);
    int result = (int)syscall(SYS_fsync, fd);
    count_call(true);
    return result;
}
int rename(const char *from, const char *to) {
    count_call(false);
    int result = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    count_call(true);
    return result;
}

/* ---- a product --------------------------------------------------------------------------------------------------- */

struct rig {
    char folder[64];
    struct loop *loop;
    struct param_set set;
    struct param items[3];
    struct parameter_rule rules[1];
    struct configure *configure;
    int64_t answered, refused;
    char answer[1000], refusal[300], notice[1000];
    char change[CAP_UUID_BYTES + 1];
    bool is_idle;
};

static void on_answer(void *self, int64_t id, const char *json, size_t bytes) {
    struct rig *r = self;
    r->answered = id;
    snprintf(r->answer, sizeof r->answer, "%.*s", (int)bytes, json);
    const char *at = strstr(json, "\"change\":\"");
    if (at != NULL) {
        snprintf(r->change, sizeof r->change, "%.36s", at + 10);
    }
}
static void on_refuse(void *self, int64_t id, enum result result, const char *text) {
    struct rig *r = self;
    r->refused = id;
    snprintf(r->refusal, sizeof r->refusal, "%s: %s", result_name(result), text);
}
static void on_notify(void *self, const char *method, const char *json, size_t bytes) {
    struct rig *r = self;
    if (strcmp(method, "configure.reverted") == 0) {
        snprintf(r->notice, sizeof r->notice, "%.*s", (int)bytes, json);
    }
}
static void on_idle(void *self) {
    ((struct rig *)self)->is_idle = true;
}

static char *path_of(struct rig *r, const char *name) {
    char *path = malloc(200);
    snprintf(path, 200, "%s/%s", r->folder, name);
    return path;
}

static void put(struct rig *r, const char *name, const char *text) {
    char *path = path_of(r, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    free(path);
}

static const char *value(struct rig *r, const char *name) {
    static char text[2][64];
    static int turn;
    char *path = path_of(r, name), *out = text[turn++ % 2];
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    cr_assert_not_null(fgets(out, 64, file));
    fclose(file);
    free(path);
    out[strcspn(out, "\n")] = '\0';
    return out;
}

static char *is_well[] = {(char *)"/bin/sh", (char *)"-c", NULL, NULL};

static void begin(struct rig *r) {
    memset(r, 0, sizeof *r);
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_LEVEL_ERROR);
    strcpy(r->folder, "/tmp/fieldline-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(r->folder));
    r->items[0] =
        (struct param){.name = (char *)"setpoint",
                       .unit = (char *)"Cel",
                       .form = {.type = PARAMETER_NUMBER, .has_min = true, .min = -30, .has_max = true, .max = -10},
                       .is_writable = true,
                       .file = path_of(r, "setpoint"),
                       .limit_ms = 2000};
    r->items[1] = r->items[0];
    r->items[1].name = (char *)"alarm";
    r->items[1].file = path_of(r, "alarm");
    r->items[2] = r->items[0];
    r->items[2].name = (char *)"serial";
    r->items[2].form = (struct parameter_form){.type = PARAMETER_TEXT};
    r->items[2].file = path_of(r, "serial");
    r->items[2].is_writable = false;
    struct fault fault = {""};
    cr_assert_eq(parameter_rule_parse("alarm >= setpoint + 2", &r->rules[0], NULL, &fault), RESULT_OK);
    r->set = (struct param_set){.items = r->items,
                                .count = 3,
                                .rules = r->rules,
                                .rule_count = 1,
                                .folder = r->folder,
                                .health_limit_ms = 2000,
                                .health_after_ms = 20,
                                .health_every_ms = 20,
                                .confirm_min_ms = 1000,
                                .confirm_max_ms = 60000};
    put(r, "setpoint", "-20\n");
    put(r, "alarm", "-15\n");
    put(r, "serial", "A1\n");
    r->loop = loop_new();
    struct configure_owner owner = {
        .answer = on_answer, .refuse = on_refuse, .notify = on_notify, .idle = on_idle, .self = r};
    r->configure = configure_new(r->loop, &r->set, "22222222-2222-4222-8222-222222222222", &owner);
}

static void end(struct rig *r) {
    char command[100];
    configure_free(r->configure);
    loop_free(r->loop);
    for (size_t i = 0; i < 3; i++) {
        free(r->items[i].file);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", r->folder);
    cr_assert_eq(system(command), 0);
}

static enum result set(struct rig *r, const char *params, struct fault *fault) {
    struct json *node = NULL;
    cr_assert_eq(json_parse(params, strlen(params), &node, fault), RESULT_OK, "%s", params);
    enum result result = configure_set(r->configure, 7, node, fault);
    json_free(node);
    return result;
}

static bool is_done(void *self) {
    struct rig *r = self;
    return r->answered > 0 || r->refused > 0;
}
static bool is_reverted(void *self) {
    return ((struct rig *)self)->notice[0] != '\0';
}
static bool is_over(void *self) {
    return !configure_is_busy(((struct rig *)self)->configure);
}
static bool is_idle(void *self) {
    return ((struct rig *)self)->is_idle;
}

static enum param_state state_of(struct rig *r) {
    struct param_journal journal;
    struct fault fault = {""};
    cr_assert_eq(param_journal_read(r->folder, &journal, &fault), RESULT_OK, "%s", fault.text);
    return journal.state;
}

#define GOOD "{\"values\":{\"setpoint\":-22,\"alarm\":-18},\"confirm_s\":30,\"by\":\"ann\"}"

Test(configure, refusals_change_nothing) {
    static const struct {
        const char *params, *says;
    } rows[] = {
        {"{\"values\":{\"setpoint\":-31},\"confirm_s\":30}", "below the least, -30"},
        {"{\"values\":{\"setpoint\":\"-22\"},\"confirm_s\":30}", "must be a number"},
        {"{\"values\":{\"serial\":\"B2\"},\"confirm_s\":30}", "can be read only"},
        {"{\"values\":{\"speed\":1},\"confirm_s\":30}", "no parameter 'speed'"},
        {"{\"values\":{},\"confirm_s\":30}", "at least one parameter"},
        {"{\"values\":[],\"confirm_s\":30}", "must be an object"},
        {"{\"values\":{\"setpoint\":-22}}", "'confirm_s' is missing"},
        {"{\"values\":{\"setpoint\":-22},\"confirm_s\":0}", "'confirm_s'"},
        {"{\"values\":{\"setpoint\":-22},\"confirm_s\":61}", "'confirm_s'"},
        {"{\"values\":{\"alarm\":-19},\"confirm_s\":30}", "'alarm >= setpoint + 2' does not hold"},
        {"{\"values\":{\"setpoint\":-20},\"confirm_s\":30}", "has these values already"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig r;
        struct fault fault = {""};
        begin(&r);
        if (set(&r, rows[i].params, &fault) == RESULT_OK) {
            cr_assert(turn_until(r.loop, is_done, &r, 10000));
            text_copy(fault.text, sizeof fault.text, r.refusal);
        }
        cr_assert_eq(r.answered, 0, "%s", rows[i].params);
        cr_assert(strstr(fault.text, rows[i].says) != NULL, "%s: %s", rows[i].params, fault.text);
        cr_assert_str_eq(value(&r, "setpoint"), "-20");
        cr_assert_not(param_journal_is_there(r.folder));
        cr_assert_not(configure_is_busy(r.configure));
        end(&r);
    }
}

Test(configure, set_and_confirmed) {
    struct rig r;
    struct fault fault = {""};
    begin(&r);
    cr_assert_eq(set(&r, GOOD, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(set(&r, GOOD, &fault), RESULT_BUSY);
    cr_assert(turn_until(r.loop, is_done, &r, 10000));
    cr_assert(
        strstr(r.answer, "\"before\":{\"setpoint\":-20,\"alarm\":-15},\"after\":{\"setpoint\":-22,\"alarm\":-18}"),
        "%s %s", r.answer, r.refusal);
    cr_assert_eq(state_of(&r), PARAM_OPEN);
    cr_assert_eq(configure_confirm(r.configure, 8, "11111111-1111-4111-8111-111111111111", &fault), RESULT_NOT_FOUND);
    r.answered = 0;
    cr_assert_eq(configure_confirm(r.configure, 8, r.change, &fault), RESULT_OK);
    cr_assert(turn_until(r.loop, is_over, &r, 10000));
    cr_assert_eq(r.answered, 8);
    cr_assert_eq(state_of(&r), PARAM_KEPT);
    cr_assert_str_eq(value(&r, "setpoint"), "-22");
    end(&r);
}

Test(configure, ways_back) {
    static const struct {
        const char *health, *why;
        int how; /* 0: time, 1: asked, 2: the session ends, 3: not well at the confirmation, 4: not well by itself */
    } rows[] = {{NULL, "timeout", 0},
                {NULL, NULL, 1},
                {NULL, "session_ended", 2},
                {"exit 1", "unhealthy", 4},
                {"sleep 100", "unhealthy", 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig r;
        struct fault fault = {""};
        begin(&r);
        is_well[2] = (char *)rows[i].health;
        r.set.health = rows[i].health != NULL ? is_well : NULL;
        r.set.health_limit_ms = 200;
        cr_assert_eq(set(&r, rows[i].how == 0 ? "{\"values\":{\"setpoint\":-22},\"confirm_s\":1}" : GOOD, &fault),
                     RESULT_OK);
        cr_assert(turn_until(r.loop, is_done, &r, 10000));
        cr_assert_eq(r.refused, 0, "%s", r.refusal);
        cr_assert_str_eq(value(&r, "setpoint"), "-22");
        if (rows[i].how == 1) {
            cr_assert_eq(configure_revert(r.configure, 9, r.change, &fault), RESULT_OK);
        } else if (rows[i].how == 2) {
            cr_assert(configure_end(r.configure));
            cr_assert(turn_until(r.loop, is_idle, &r, 10000));
        }
        cr_assert(turn_until(r.loop, rows[i].why != NULL ? is_reverted : is_over, &r, 10000), "row %zu", i);
        cr_assert(rows[i].why == NULL || strstr(r.notice, rows[i].why) != NULL, "row %zu: %s", i, r.notice);
        cr_assert_str_eq(value(&r, "setpoint"), "-20");
        cr_assert_str_eq(value(&r, "alarm"), "-15");
        cr_assert_eq(state_of(&r), PARAM_UNDONE);
        end(&r);
    }
}

Test(configure, the_second_value_cannot_be_set) {
    struct rig r;
    struct fault fault = {""};
    char *ignores[] = {(char *)"/bin/cat", NULL}, *reads[] = {(char *)"/bin/cat", NULL, NULL};
    begin(&r);
    char *good = r.items[1].file;
    reads[1] = good;
    r.items[1].file = NULL;
    r.items[1].read = reads;
    r.items[1].write = ignores; /* says that it has; has not */
    cr_assert_eq(set(&r, GOOD, &fault), RESULT_OK);
    cr_assert(turn_until(r.loop, is_over, &r, 10000));
    cr_assert(strstr(r.refusal, "alarm: it was set to -18, but is -15") != NULL, "%s", r.refusal);
    cr_assert_str_eq(value(&r, "setpoint"), "-20");
    cr_assert_eq(state_of(&r), PARAM_UNDONE);
    r.items[1].file = good;
    end(&r);
}

struct undone {
    bool is_over, is_good;
};
static void on_undone(void *self, bool is_undone, const struct fault *why) {
    (void)why;
    *(struct undone *)self = (struct undone){true, is_undone};
}
static bool is_undo_over(void *self) {
    return ((struct undone *)self)->is_over;
}

/* What the next start makes of what it finds. */
static void follow_journal(struct rig *r, int at) {
    struct param_journal journal;
    struct fault fault = {""};
    struct undone undone = {0};
    enum result result = param_journal_read(r->folder, &journal, &fault);
    if (result == RESULT_NOT_FOUND) {
        cr_assert_str_eq(value(r, "setpoint"), "-20", "call %d: nothing was written down, so nothing was set", at);
        cr_assert_str_eq(value(r, "alarm"), "-15");
        return;
    }
    cr_assert_eq(result, RESULT_OK, "call %d: %s", at, fault.text);
    if (journal.state == PARAM_KEPT) {
        cr_assert_str_eq(value(r, "setpoint"), "-22");
        cr_assert_str_eq(value(r, "alarm"), "-18");
        return;
    }
    param_undo_start(r->loop, &r->set, &journal, on_undone, &undone);
    cr_assert(turn_until(r->loop, is_undo_over, &undone, 10000));
    cr_assert(undone.is_good, "call %d", at);
    cr_assert_str_eq(value(r, "setpoint"), "-20");
    cr_assert_str_eq(value(r, "alarm"), "-15");
}

static void live(struct rig *r) {
    struct fault fault;
    if (set(r, GOOD, &fault) != RESULT_OK || !turn_until(r->loop, is_done, r, 10000) ||
        configure_confirm(r->configure, 8, r->change, &fault) != RESULT_OK || !turn_until(r->loop, is_over, r, 10000)) {
        _exit(1);
    }
    _exit(0);
}

Test(configure, promise_58_killed_at_every_call_that_lasts, .timeout = 120) {
    int lives = 0;
    for (int after = 0; after < 2; after++) {
        for (int at = 1;; at++) {
            struct rig r;
            int status;
            begin(&r);
            pid_t child = fork();
            if (child == 0) {
                dies_at = at;
                dies_after = after;
                calls = 0;
                live(&r);
            }
            cr_assert_eq(waitpid(child, &status, 0), child);
            bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
            cr_assert(was_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "call %d: %d", at, status);
            follow_journal(&r, at);
            end(&r);
            lives++;
            if (!was_killed) {
                break;
            }
        }
    }
    cr_assert_gt(lives, 16, "a life has more calls than that");
}

/* Old and new values that one message does not hold together: nobody could judge the change, so it does not stay. */
Test(configure, a_change_that_cannot_be_told_is_taken_back) {
    enum { VALUES = 16 };
    static struct param items[VALUES];
    static char names[VALUES][8], long_text[PARAMETER_BYTES + 1], quotes[2 * PARAMETER_BYTES + 1];
    struct rig r;
    struct buf params;
    struct fault fault = {""};
    begin(&r);
    buf_init(&params, CAP_FRAME_BYTES);
    memset(long_text, '"', PARAMETER_BYTES); /* two bytes each in JSON */
    for (size_t i = 0; i + 2 < 2 * PARAMETER_BYTES; i += 2) {
        memcpy(quotes + i, "\\\"", 2);
    }
    buf_printf(&params, "{\"values\":{");
    for (size_t i = 0; i < VALUES; i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        items[i] = (struct param){.name = names[i],
                                  .unit = (char *)"",
                                  .form = {.type = PARAMETER_TEXT},
                                  .is_writable = true,
                                  .file = path_of(&r, names[i]),
                                  .limit_ms = 2000};
        put(&r, names[i], long_text);
        buf_printf(&params, "%s\"p%zu\":\"%s\"", i > 0 ? "," : "", i, quotes);
    }
    buf_printf(&params, "},\"confirm_s\":30,\"by\":\"ann\"}");
    r.set.items = items;
    r.set.count = VALUES;
    r.set.rule_count = 0;
    cr_assert_eq(set(&r, buf_text(&params), &fault), RESULT_OK, "%s", fault.text);
    cr_assert(turn_until(r.loop, is_done, &r, 20000));
    cr_expect_eq(r.refused, 7);
    cr_expect_not_null(strstr(r.refusal, "change fewer at once"), "%s", r.refusal);
    cr_expect_not_null(strstr(r.notice, "\"why\":\"failed\""), "%s", r.notice);
    cr_assert(turn_until(r.loop, is_over, &r, 5000));
    cr_expect_eq(state_of(&r), PARAM_UNDONE);
    for (size_t i = 0; i < VALUES; i++) {
        free(items[i].file);
    }
    buf_fini(&params);
    end(&r);
}
