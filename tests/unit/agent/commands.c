/* Commands: one run and one answer for each id. */
#include "commands.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct {
    int pings, laters, sends;
    char sent[512], last_id[37];
    struct commands *commands;
} seen;

static void send_reply(void *self, const void *payload, size_t bytes) {
    (void)self;
    seen.sends++;
    snprintf(seen.sent, sizeof seen.sent, "%.*s", (int)bytes, (const char *)payload);
}

static void reply_ok(const char *id) {
    struct buf b;
    char result[32];
    snprintf(result, sizeof result, "{\"n\":%d}", seen.pings);
    buf_init(&b, 1024);
    reply_encode_ok(id, result, &b);
    commands_reply(seen.commands, b.data, b.count);
    buf_fini(&b);
}

static void run_ping(void *self, const struct command_message *command) {
    (void)self;
    seen.pings++;
    reply_ok(command->id);
}

static void run_later(void *self, const struct command_message *command) {
    (void)self;
    seen.laters++;
    strcpy(seen.last_id, command->id);
}

static const struct command_row rows[] = {{"agent.ping", run_ping}, {"session.", run_later}};

static void take(int number, const char *verb) {
    char text[256];
    snprintf(text, sizeof text, "{\"id\":\"%08d-6f0e-4f55-9b58-2f6b5a3f1d10\",\"verb\":\"%s\",\"args\":{}}", number,
             verb);
    commands_take(seen.commands, text, strlen(text));
}

static void set_up(void) {
    memset(&seen, 0, sizeof seen);
    seen.commands = commands_new(rows, 2, NULL, send_reply);
}
static void tear_down(void) {
    commands_free(seen.commands);
}
TestSuite(command, .init = set_up, .fini = tear_down);

Test(command, a_repeat_gets_the_same_answer) {
    take(1, "agent.ping");
    cr_expect_not_null(strstr(seen.sent, "\"n\":1"));
    take(2, "agent.ping");
    cr_expect_not_null(strstr(seen.sent, "\"n\":2"));
    take(1, "agent.ping");
    cr_expect_eq(seen.pings, 2, "it was not run again");
    cr_expect_not_null(strstr(seen.sent, "\"n\":1"), "%s", seen.sent);
    cr_expect_eq(seen.sends, 3);
}

Test(command, a_repeat_of_one_under_way_waits_with_it) {
    take(1, "session.open");
    take(1, "session.open");
    cr_expect_eq(seen.laters, 1);
    cr_expect_eq(seen.sends, 0);
    reply_ok(seen.last_id);
    cr_expect_eq(seen.sends, 1);
    take(1, "session.open");
    cr_expect_eq(seen.laters, 1);
    cr_expect_eq(seen.sends, 2);
}

Test(command, verbs_are_found_whole_or_by_their_area) {
    static const struct {
        const char *verb;
        int pings, laters;
    } table[] = {{"agent.ping", 1, 0},  {"session.open", 0, 1}, {"session.x.y", 0, 1},   {"agent.pin", 0, 0},
                 {"agent.ping2", 0, 0}, {"session", 0, 0},      {"sessions.open", 0, 0}, {"Agent.ping", 0, 0}};
    for (int i = 0; i < (int)(sizeof table / sizeof table[0]); i++) {
        seen.pings = seen.laters = 0;
        seen.sent[0] = '\0';
        take(i, table[i].verb);
        cr_expect_eq(seen.pings, table[i].pings, "%s", table[i].verb);
        cr_expect_eq(seen.laters, table[i].laters, "%s", table[i].verb);
        bool is_refused =
            strstr(seen.sent, "\"error\":\"not_found\"") != NULL && strstr(seen.sent, table[i].verb) != NULL;
        cr_expect_eq(is_refused, table[i].pings + table[i].laters == 0, "%s: %s", table[i].verb, seen.sent);
    }
}

Test(command, the_oldest_is_forgotten) {
    for (int i = 0; i <= COMMANDS_REMEMBERED; i++) {
        take(i, "agent.ping");
    }
    take(1, "agent.ping");
    cr_expect_eq(seen.pings, COMMANDS_REMEMBERED + 1, "still known");
    take(0, "agent.ping");
    cr_expect_eq(seen.pings, COMMANDS_REMEMBERED + 2, "too long ago");
}

Test(command, what_is_no_command_is_counted) {
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{\"id\":\"x\",\"verb\":\"agent.ping\",\"args\":{}}",
                                      "{\"id\":\"00000001-6f0e-4f55-9b58-2f6b5a3f1d10\",\"args\":{}}",
                                      "{\"id\":\"00000001-6f0e-4f55-9b58-2f6b5a3f1d10\",\"verb\":\"agent.ping\"}"};
    size_t count = sizeof bad / sizeof bad[0];
    for (size_t i = 0; i < count; i++) {
        commands_take(seen.commands, bad[i], strlen(bad[i]));
    }
    cr_expect_eq(commands_bad_count(seen.commands), count);
    cr_expect_eq(seen.sends, 0);
    cr_expect_eq(seen.pings, 0);
}

Test(command, what_was_forgotten_runs_again) {
    take(1, "agent.ping");
    commands_forget(seen.commands, "00000001-6f0e-4f55-9b58-2f6b5a3f1d10");
    take(1, "agent.ping");
    cr_expect_eq(seen.pings, 2);
    commands_forget(seen.commands, "00000009-6f0e-4f55-9b58-2f6b5a3f1d10"); /* nobody knows it: nothing happens */
    take(1, "agent.ping");
    cr_expect_eq(seen.pings, 2);
}
