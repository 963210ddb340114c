/* No answer is a no: hooks that refuse, crash, babble or are late; codes that are wrong. */
#include "consent.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "turn.h"

#define OBSERVE CAPABILITY_BIT(CAPABILITY_OBSERVE)
#define SHELL   CAPABILITY_BIT(CAPABILITY_SHELL)

struct asked {
    char dir[64], hook[80];
    struct loop *loop;
    struct agent_config config;
    struct consent *consent;
    bool is_done;
    struct consent_answer answer;
};

static void on_answer(void *self, const struct consent_answer *answer) {
    struct asked *a = self;
    cr_assert_not(a->is_done, "answered twice");
    a->is_done = true;
    a->answer = *answer;
}

static bool is_done(void *self) {
    return ((struct asked *)self)->is_done;
}

static void write_script(const char *path, const char *body) {
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", body);
    fclose(file);
    cr_assert_eq(chmod(path, 0755), 0);
}

static void asked_open(struct asked *a, enum consent_mode mode) {
    memset(a, 0, sizeof *a);
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    snprintf(a->dir, sizeof a->dir, "%s", "/tmp/fieldline-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(a->dir));
    snprintf(a->hook, sizeof a->hook, "%s/hook", a->dir);
    a->loop = loop_new();
    a->config.device = (char *)"freezer-7";
    a->config.run_dir = a->dir;
    a->config.consent = mode;
}

static void asked_close(struct asked *a) {
    char command[128];
    loop_free(a->loop);
    snprintf(command, sizeof command, "rm -rf %s", a->dir);
    cr_assert_eq(system(command), 0);
}

static enum result ask(struct asked *a, int64_t wait_ms, struct fault *fault) {
    struct consent_question question = {.session = "11111111-1111-4111-8111-111111111111",
                                        .subject = "too warm",
                                        .engineer = "ann",
                                        .reason = "look at \"it\"",
                                        .ticket = 17,
                                        .capabilities = OBSERVE | SHELL,
                                        .duration_ms = 30 * 60000,
                                        .wait_ms = wait_ms};
    return consent_ask(a->loop, &a->config, &question, on_answer, a, &a->consent, fault);
}

static struct consent_answer hook_says(const char *body, int64_t wait_ms) {
    struct asked a;
    struct fault fault = {""};
    asked_open(&a, CONSENT_HOOK);
    write_script(a.hook, body);
    a.config.consent_hook = a.hook;
    cr_assert_eq(ask(&a, wait_ms, &fault), RESULT_OK, "%s", fault.text);
    cr_assert(turn_until(a.loop, is_done, &a, 10000), "%s", body);
    asked_close(&a);
    return a.answer;
}

#define SAY(json) "cat >/dev/null; echo '" json "'"
#define YES       "{\"answer\":\"allow\",\"capabilities\":[\"observe\",\"shell\"],\"minutes\":10,\"by\":\"Li\"}"

Test(consent, a_hook_that_allows) {
    struct consent_answer a = hook_says(SAY(YES), 5000);
    cr_assert_eq(a.outcome, CONSENT_ALLOWED, "%s", a.why.text);
    cr_expect_eq(a.capabilities, OBSERVE | SHELL);
    cr_expect_eq(a.duration_ms, 10 * 60000);
    cr_expect_str_eq(a.by, "Li");
    cr_expect_str_eq(a.method, "hook");
}

Test(consent, a_hook_never_widens) {
    struct consent_answer a = hook_says(
        SAY("{\"answer\":\"allow\",\"capabilities\":[\"observe\",\"files\"],\"minutes\":240,\"by\":\"Li\"}"), 5000);
    cr_assert_eq(a.outcome, CONSENT_ALLOWED);
    cr_expect_eq(a.capabilities, OBSERVE);
    cr_expect_eq(a.duration_ms, 30 * 60000);
}

Test(consent, the_hook_is_told_who_asks_for_what) {
    struct consent_answer a = hook_says("q=$(cat); for w in freezer-7 '\"ann\"' 'too warm' '\"observe\",\"shell\"' "
                                        "'\"minutes\":30' '\"ticket\":17' 'Type any command' '输入'; do "
                                        "case \"$q\" in *\"$w\"*) ;; *) exit 9;; esac; done; echo '" YES "'",
                                        5000);
    cr_expect_eq(a.outcome, CONSENT_ALLOWED, "%s", a.why.text);
}

Test(consent, hooks_that_mean_no) {
    static const struct {
        const char *body;
        enum consent_outcome outcome;
    } rows[] = {
        {SAY("{\"answer\":\"deny\"}"), CONSENT_REFUSED},
        {SAY("{\"answer\":\"allow\",\"capabilities\":[\"files\"],\"minutes\":10,\"by\":\"Li\"}"), CONSENT_REFUSED},
        {SAY("{\"answer\":\"allow\",\"capabilities\":[],\"minutes\":10,\"by\":\"Li\"}"), CONSENT_REFUSED},
        {"exit 1", CONSENT_HOOK_FAILED},
        {SAY(YES) "; exit 1", CONSENT_HOOK_FAILED},
        {"kill -9 $$", CONSENT_HOOK_FAILED},
        {"kill -SEGV $$", CONSENT_HOOK_FAILED},
        {"exit 0", CONSENT_HOOK_FAILED},
        {SAY("yes"), CONSENT_HOOK_FAILED},
        {SAY("[]"), CONSENT_HOOK_FAILED},
        {SAY("{}"), CONSENT_HOOK_FAILED},
        {SAY("{\"answer\":true}"), CONSENT_HOOK_FAILED},
        {SAY("{\"answer\":\"Allow\",\"capabilities\":[\"observe\"],\"minutes\":10,\"by\":\"Li\"}"),
         CONSENT_HOOK_FAILED},
        {SAY("{\"answer\":\"allow\"}"), CONSENT_HOOK_FAILED},
        {SAY("{\"answer\":\"allow\",\"capabilities\":[\"root\"],\"minutes\":10,\"by\":\"Li\"}"), CONSENT_HOOK_FAILED},
        {SAY("{\"answer\":\"allow\",\"capabilities\":[\"observe\"],\"minutes\":0,\"by\":\"Li\"}"), CONSENT_HOOK_FAILED},
        {SAY("{\"answer\":\"allow\",\"capabilities\":[\"observe\"],\"minutes\":10}"), CONSENT_HOOK_FAILED},
        {SAY(YES YES), CONSENT_HOOK_FAILED},
        {"cat >/dev/null; head -c 100000 /dev/zero", CONSENT_HOOK_FAILED},
        {"sleep 100", CONSENT_LATE},
        {SAY(YES) "; sleep 100", CONSENT_LATE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct consent_answer a = hook_says(rows[i].body, rows[i].outcome == CONSENT_LATE ? 200 : 5000);
        cr_expect_eq(a.outcome, rows[i].outcome, "%s: %d %s", rows[i].body, a.outcome, a.why.text);
        cr_expect_str_not_empty(a.why.text, "%s", rows[i].body);
    }
}

Test(consent, nobody_can_be_asked) {
    struct asked a;
    struct fault fault = {""};
    asked_open(&a, CONSENT_DENY);
    cr_expect_eq(ask(&a, 1000, &fault), RESULT_DENIED);
    a.config.consent = CONSENT_HOOK;
    a.config.consent_hook = a.hook; /* does not exist */
    cr_expect_eq(ask(&a, 1000, &fault), RESULT_IO);
    cr_expect_not_null(strstr(fault.text, a.hook));
    a.config.consent = CONSENT_CODE;
    a.config.run_dir = (char *)"/nonexistent";
    cr_expect_eq(ask(&a, 1000, &fault), RESULT_IO);
    asked_close(&a);
}

/* The file that the owner can read. */
static void read_code(const struct asked *a, const char *name, char code[16]) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", a->dir, name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    cr_assert_not_null(fgets(code, 16, file));
    fclose(file);
    code[strcspn(code, "\n")] = '\0';
    cr_assert_eq(strlen(code), CONSENT_CODE_DIGITS);
    cr_assert_eq(strspn(code, "0123456789"), CONSENT_CODE_DIGITS);
}

static void ask_code(struct asked *a, char code[16], int64_t wait_ms) {
    struct fault fault = {""};
    asked_open(a, CONSENT_CODE);
    cr_assert_eq(ask(a, wait_ms, &fault), RESULT_OK, "%s", fault.text);
    cr_assert(consent_wants_code(a->consent));
    read_code(a, "consent-code", code);
}

Test(consent, the_right_code) {
    struct asked a;
    char code[16], spaced[32], path[128];
    struct stat st;
    ask_code(&a, code, 5000);
    snprintf(spaced, sizeof spaced, " %.4s-%.4s ", code, code + 4);
    consent_try(a.consent, spaced);
    cr_assert(a.is_done);
    cr_expect_eq(a.answer.outcome, CONSENT_ALLOWED);
    cr_expect_eq(a.answer.capabilities, OBSERVE | SHELL);
    cr_expect_str_eq(a.answer.method, "code");
    snprintf(path, sizeof path, "%s/consent-code", a.dir);
    cr_expect_eq(stat(path, &st), -1, "the file is gone");
    asked_close(&a);
}

Test(consent, three_wrong_codes) {
    static const char *const wrong[] = {"", "1", "1234567", "123456789", "abcdefgh"};
    struct asked a;
    char code[16];
    for (size_t i = 0; i + 2 < sizeof wrong / sizeof *wrong; i++) {
        ask_code(&a, code, 5000);
        cr_expect_eq(consent_try(a.consent, wrong[i]), 2);
        cr_expect_eq(consent_try(a.consent, wrong[i + 1]), 1);
        cr_expect_not(a.is_done);
        cr_expect_eq(consent_try(a.consent, wrong[i + 2]), 0);
        cr_assert(a.is_done);
        cr_expect_eq(a.answer.outcome, CONSENT_LOCKED);
        asked_close(&a);
    }
}

Test(consent, one_digit_off_is_wrong_wherever_it_is) {
    struct asked a;
    char code[16];
    for (size_t at = 0; at < CONSENT_CODE_DIGITS; at++) {
        ask_code(&a, code, 5000);
        code[at] = code[at] == '9' ? '0' : (char)(code[at] + 1);
        cr_expect_eq(consent_try(a.consent, code), 2, "digit %zu", at);
        consent_cancel(a.consent);
        asked_close(&a);
    }
}

Test(consent, nobody_reads_the_code_out) {
    struct asked a;
    char code[16];
    ask_code(&a, code, 100);
    cr_assert(turn_until(a.loop, is_done, &a, 5000));
    cr_expect_eq(a.answer.outcome, CONSENT_LATE);
    asked_close(&a);
}

static bool file_is_there(void *self) {
    struct asked *a = self;
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/shown", a->dir);
    return stat(path, &st) == 0 && st.st_size > 0;
}

Test(consent, a_program_shows_the_code) {
    struct asked a;
    struct fault fault = {""};
    char code[16], body[512];
    asked_open(&a, CONSENT_CODE);
    snprintf(body, sizeof body,
             "[ \"$FIELDLINE_ENGINEER\" = ann ] && [ \"$FIELDLINE_CAPABILITIES\" = observe,shell ] && cat >%s/part && "
             "mv %s/part %s/shown",
             a.dir, a.dir, a.dir);
    write_script(a.hook, body);
    a.config.consent_code_show = a.hook;
    cr_assert_eq(ask(&a, 5000, &fault), RESULT_OK, "%s", fault.text);
    cr_assert(turn_until(a.loop, file_is_there, &a, 5000));
    read_code(&a, "shown", code);
    consent_try(a.consent, code);
    cr_expect_eq(a.answer.outcome, CONSENT_ALLOWED);
    asked_close(&a);
}

Test(consent, a_program_that_cannot_show_the_code) {
    struct asked a;
    struct fault fault = {""};
    asked_open(&a, CONSENT_CODE);
    write_script(a.hook, "exit 1");
    a.config.consent_code_show = a.hook;
    cr_assert_eq(ask(&a, 5000, &fault), RESULT_OK, "%s", fault.text);
    cr_assert(turn_until(a.loop, is_done, &a, 5000));
    cr_expect_eq(a.answer.outcome, CONSENT_HOOK_FAILED);
    asked_close(&a);
}
