/* The product's end of a session, with a gateway made of a list of messages: what it does, what it refuses whatever the
 * gateway says, and that nothing is left of it. */
#include "session/visit.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../turn.h"
#include "processes.h"
#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "fieldline/log.h"
#include "fieldline/number.h"
#include "reaper.h"
#include "session_process.h"

enum { MESSAGES = 20000 };
#define ALL                                                                                                            \
    (CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_DIAGNOSE) | CAPABILITY_BIT(CAPABILITY_SHELL))

struct gateway {
    char dir[64];
    struct loop *loop;
    struct visit *visit;
    struct session_grant grant;
    struct key *key;
    struct {
        bool is_text;
        char *bytes;
        size_t count;
    } got[MESSAGES];
    size_t count;
    struct buf terminal; /* all output */
    struct chain up, down;
    bool is_closed, is_over;
    enum visit_exit exit;
    int tap;
    int redials;
    const char *waits_for;
    size_t waits_from;
};

static void link_send(void *self, bool is_text, const void *bytes, size_t count) {
    struct gateway *g = self;
    struct frame frame;
    struct fault fault = {""};
    cr_assert_lt(g->count, MESSAGES);
    cr_assert_eq(frame_decode(is_text, DIRECTION_UP, bytes, count, &frame, &fault), RESULT_OK, "%s", fault.text);
    g->got[g->count].is_text = is_text;
    g->got[g->count].bytes = strndup(bytes, count);
    g->got[g->count++].count = count;
    if (frame.channel == CHANNEL_TERMINAL) {
        buf_add(&g->terminal, frame.bytes, frame.count);
    }
    static const char *const unchained[] = {"session.countersign", "\"session.resume\"", "session.synced"};
    bool is_below = frame.channel == CHANNEL_CREDIT;
    for (size_t i = 0; i < sizeof unchained / sizeof *unchained; i++) {
        is_below = is_below || (is_text && memmem(bytes, count, unchained[i], strlen(unchained[i])) != NULL);
    }
    if (!is_below) {
        chain_add(&g->up, &frame);
    }
}
static size_t link_pending(const void *self) {
    (void)self;
    return 0;
}
static void link_close(void *self) {
    ((struct gateway *)self)->is_closed = true;
}
static const struct visit_link link_ops = {.send = link_send, .pending = link_pending, .close = link_close};

static void on_over(void *self, enum visit_exit exit) {
    struct gateway *g = self;
    cr_assert_not(g->is_over, "over twice");
    g->is_over = true;
    g->exit = exit;
}

static void on_redial(void *self, const char *token) {
    struct gateway *g = self;
    cr_expect_str_eq(token, "again");
    g->redials++;
}

static char *shell[] = {(char *)"/bin/sh", NULL};
static char *disk[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo 'disk is \"fine\"'; exit 2", NULL};
static char *slow[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo begun; sleep 100", NULL};
static char *flood[] = {(char *)"/bin/sh", (char *)"-c", (char *)"yes '\"\\' | head -c 1000000", NULL};
static struct session_diagnostic diagnostics[] = {{.name = "disk", .argv = disk, .limit_ms = 5000},
                                                  {.name = "slow", .argv = slow, .limit_ms = 200},
                                                  {.name = "flood", .argv = flood, .limit_ms = 5000}};

static void gateway_open(struct gateway *g, uint32_t capabilities, int64_t duration_ms, int64_t idle_ms) {
    char path[128], pub[128];
    struct fault fault = {""};
    int tap[2];
    memset(g, 0, sizeof *g);
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(reaper_start(&fault), RESULT_OK);
    snprintf(g->dir, sizeof g->dir, "%s", "/tmp/fieldline-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(g->dir));
    snprintf(path, sizeof path, "%s/key", g->dir);
    snprintf(pub, sizeof pub, "%s/pub", g->dir);
    cr_assert_eq(key_make_ed25519(path, pub, &fault), RESULT_OK);
    cr_assert_eq(key_read_private(path, &g->key, &fault), RESULT_OK);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, tap), 0);
    g->tap = tap[0];
    g->grant = (struct session_grant){.session = "11111111-1111-4111-8111-111111111111",
                                      .device = "freezer-7",
                                      .agent = "1",
                                      .capabilities = capabilities,
                                      .consent_method = "code",
                                      .consent_by = "owner",
                                      .consent_at_ms = 1,
                                      .consent_until_ms = 2,
                                      .duration_ms = duration_ms,
                                      .idle_ms = idle_ms,
                                      .shell = shell,
                                      .diagnostics = diagnostics,
                                      .diagnostic_count = 3};
    buf_init(&g->terminal, 64 << 20);
    chain_begin(&g->up, DIRECTION_UP, g->grant.session);
    chain_begin(&g->down, DIRECTION_DOWN, g->grant.session);
    g->loop = loop_new();
    struct visit_options options = {.grant = &g->grant,
                                    .key = g->key,
                                    .tap_fd = tap[1],
                                    .link = &link_ops,
                                    .link_self = g,
                                    .over = on_over,
                                    .redial = on_redial,
                                    .self = g};
    g->visit = visit_new(g->loop, &options);
}

static void gateway_close(struct gateway *g) {
    char command[128];
    visit_free(g->visit);
    loop_free(g->loop);
    key_free(g->key);
    if (g->tap >= 0) {
        close(g->tap);
    }
    for (size_t i = 0; i < g->count; i++) {
        free(g->got[i].bytes);
    }
    buf_fini(&g->terminal);
    snprintf(command, sizeof command, "rm -rf %s", g->dir);
    cr_assert_eq(system(command), 0);
}

static bool has_message(void *self) {
    struct gateway *g = self;
    for (size_t i = g->waits_from; i < g->count; i++) {
        if (g->got[i].is_text && strstr(g->got[i].bytes, g->waits_for) != NULL) {
            return true;
        }
    }
    return false;
}
static bool has_terminal(void *self) {
    struct gateway *g = self;
    return strstr(buf_text(&g->terminal), g->waits_for) != NULL;
}
static bool is_over(void *self) {
    return ((struct gateway *)self)->is_over;
}

static bool gets(struct gateway *g, const char *part) {
    g->waits_for = part;
    return turn_until(g->loop, has_message, g, 10000);
}
static bool shows(struct gateway *g, const char *part) {
    g->waits_for = part;
    return turn_until(g->loop, has_terminal, g, 10000);
}

static void say(struct gateway *g, bool is_text, const void *bytes, size_t count) {
    struct frame frame;
    struct fault fault;
    if (frame_decode(is_text, DIRECTION_DOWN, bytes, count, &frame, &fault) == RESULT_OK &&
        frame.channel != CHANNEL_CREDIT) {
        chain_add(&g->down, &frame);
    }
    visit_receive(g->visit, is_text, bytes, count);
}
static void say_text(struct gateway *g, const char *json) {
    say(g, true, json, strlen(json));
}
static void give_credit(struct gateway *g, uint32_t bytes) {
    struct buf credit;
    buf_init(&credit, 16);
    credit_encode(&(struct credit){.channel = CHANNEL_TERMINAL, .bytes = bytes}, &credit);
    say(g, false, credit.data, credit.count);
    buf_fini(&credit);
}
static void type(struct gateway *g, const char *text) {
    struct buf message;
    buf_init(&message, 4096);
    frame_encode(CHANNEL_TERMINAL, text, strlen(text), &message);
    say(g, false, message.data, message.count);
    buf_fini(&message);
}
#define CALL(id, method, params) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"
#define TELL(method, params)     "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}"

static void open_terminal(struct gateway *g) {
    say_text(g, CALL("1", "terminal.open", "{\"cols\":80,\"rows\":24,\"by\":\"ann\"}"));
    cr_assert(gets(g, "\"id\":1,\"result\""));
    give_credit(g, 65536);
}

/* The last message is a countersignature over what both ends have seen. */
static void expect_countersigned(struct gateway *g) {
    struct json *message;
    struct fault fault = {""};
    const char *text, *signature;
    struct buf bytes, statement;
    buf_init(&bytes, 4096);
    buf_init(&statement, 4096);
    cr_assert_eq(json_parse(g->got[g->count - 1].bytes, g->got[g->count - 1].count, &message, &fault), RESULT_OK);
    const struct json *params = json_get(message, "params");
    cr_assert_eq(json_string(params, "text", 1000, &text, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(json_string(params, "signature", 1000, &signature, &fault), RESULT_OK, "%s", fault.text);
    chain_statement(g->grant.session, &g->up, &g->down, &statement);
    cr_expect_str_eq(text, buf_text(&statement));
    cr_assert(base64url_decode(signature, strlen(signature), &bytes));
    cr_expect(key_verify(g->key, text, strlen(text), bytes.data, bytes.count));
    json_free(message);
    buf_fini(&bytes);
    buf_fini(&statement);
}

Test(visit, hello_is_the_first_frame) {
    struct gateway g;
    gateway_open(&g, ALL, 60000, 60000);
    cr_expect_eq(g.count, 0);
    visit_connected(g.visit);
    cr_assert_eq(g.count, 1);
    cr_expect_str_eq(
        g.got[0].bytes,
        "{\"jsonrpc\":\"2.0\",\"method\":\"session.hello\",\"params\":{\"session\":"
        "\"11111111-1111-4111-8111-111111111111\",\"agent\":\"1\",\"capabilities\":[\"observe\",\"diagnose\","
        "\"shell\"],\"consent\":{\"method\":\"code\",\"by\":\"owner\",\"at_ms\":1,\"until_ms\":2},"
        "\"deadline_s\":60,\"resume\":true}}");
    gateway_close(&g);
}

Test(visit, a_terminal_from_open_to_the_countersignature) {
    struct gateway g;
    gateway_open(&g, ALL, 60000, 60000);
    visit_connected(g.visit);
    open_terminal(&g);
    type(&g, "echo a$((40+2))b\n");
    cr_assert(shows(&g, "a42b"));
    say_text(&g, TELL("terminal.resize", "{\"cols\":99,\"rows\":11}"));
    type(&g, "stty size\n");
    cr_assert(shows(&g, "11 99"));
    say_text(&g, TELL("session.end", "{\"reason\":\"ended_by_engineer\",\"by\":\"ann\"}"));
    cr_assert(gets(&g, "session.countersign"));
    cr_expect(gets(&g, "terminal.closed"));
    cr_expect(gets(&g, "\"reason\":\"ended_by_engineer\",\"children_left\":0"));
    expect_countersigned(&g);
    visit_disconnected(g.visit, false, "closed");
    cr_expect(g.is_over && g.exit == VISIT_DONE);
    gateway_close(&g);
}

Test(visit, secrets_arrive_without_their_salt) {
    struct gateway g;
    static const char secret[] = "\0020123456789abcdefecho hid$((40+2))den\n";
    gateway_open(&g, ALL, 60000, 60000);
    visit_connected(g.visit);
    open_terminal(&g);
    say(&g, false, secret, sizeof secret - 1);
    cr_assert(shows(&g, "hid42den"));
    cr_expect_null(strstr(buf_text(&g.terminal), "cdefecho"));
    gateway_close(&g);
}

Test(visit, the_terminal_may_be_closed_and_opened_again) {
    struct gateway g;
    gateway_open(&g, ALL, 60000, 60000);
    visit_connected(g.visit);
    open_terminal(&g);
    type(&g, "exit 5\n");
    cr_assert(gets(&g, "\"method\":\"terminal.closed\",\"params\":{\"exit\":5,\"signal\":0}"));
    say_text(&g, CALL("2", "terminal.open", "{\"cols\":80,\"rows\":24}"));
    cr_assert(gets(&g, "\"id\":2,\"result\""));
    say_text(&g, CALL("3", "terminal.close", "{}"));
    g.waits_from = g.count;
    cr_expect(gets(&g, "terminal.closed"));
    gateway_close(&g);
}

struct refused {
    const char *what, *call, *answer;
    uint32_t capabilities;
};
Test(visit, what_the_owner_has_not_allowed_is_refused_here) {
    static const struct refused rows[] = {
        {"a shell", CALL("7", "terminal.open", "{\"cols\":80,\"rows\":24}"), "not allowed 'shell'",
         CAPABILITY_BIT(CAPABILITY_OBSERVE)},
        {"a diagnostic", CALL("7", "diagnose.run", "{\"name\":\"disk\"}"), "not allowed 'diagnose'",
         CAPABILITY_BIT(CAPABILITY_SHELL)},
        {"observing", CALL("7", "observe.start", "{}"), "not allowed 'observe'", CAPABILITY_BIT(CAPABILITY_SHELL)},
        {"a method of tomorrow", CALL("7", "files.get", "{}"), "no method", ALL},
        {"no size", CALL("7", "terminal.open", "{}"), "'cols'", ALL},
        {"a strange terminal", CALL("7", "terminal.open", "{\"cols\":8,\"rows\":2,\"term\":\"a=b\"}"), "'term'", ALL},
        {"an unknown diagnostic", CALL("7", "diagnose.run", "{\"name\":\"rm -rf\"}"), "no diagnostic", ALL},
        {"arguments", CALL("7", "diagnose.run", "{\"name\":\"disk\",\"args\":{\"a\":\"; rm\"}}"), "no argument 'a'",
         ALL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gateway g;
        gateway_open(&g, rows[i].capabilities, 60000, 60000);
        visit_connected(g.visit);
        say_text(&g, rows[i].call);
        cr_expect_eq(g.count, 2, "%s", rows[i].what);
        cr_expect_not_null(strstr(g.got[1].bytes, "\"id\":7,\"error\""), "%s: %s", rows[i].what, g.got[1].bytes);
        cr_expect_not_null(strstr(g.got[1].bytes, rows[i].answer), "%s: %s", rows[i].what, g.got[1].bytes);
        cr_expect_not(g.is_over);
        gateway_close(&g);
    }
}

Test(visit, a_notice_needs_no_right_and_has_bounds) {
    struct gateway g;
    char call[700], text[502];
    gateway_open(&g, 0, 60000, 60000);
    visit_connected(g.visit);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    snprintf(call, sizeof call, CALL("7", "notice.show", "{\"text\":\"%s\"}"), text);
    say_text(&g, call);
    cr_expect(gets(&g, "\"id\":7,\"error\""), "501 bytes");
    say_text(&g, CALL("8", "notice.show", "{}"));
    cr_expect(gets(&g, "\"id\":8,\"error\""));
    say_text(&g, CALL("9", "notice.show", "{\"text\":\"ann watches \\u001b[2J\"}"));
    cr_expect(gets(&g, "\"id\":9,\"result\":{}"));
    gateway_close(&g);
}

Test(visit, a_gateway_that_breaks_the_protocol_ends_it) {
    static const struct {
        bool is_text;
        const char *bytes;
    } rows[] = {{true, "no json"}, {true, "[]"},     {true, "{\"method\":7}"}, {true, "{\"method\":\"observe.start\"}"},
                {false, "\007x"},  {false, "\002x"}, {false, "\001\xff"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gateway g;
        gateway_open(&g, ALL, 60000, 60000);
        visit_connected(g.visit);
        say(&g, rows[i].is_text, rows[i].bytes, strlen(rows[i].bytes));
        cr_expect(gets(&g, "\"reason\":\"gateway_protocol\""), "%s", rows[i].bytes);
        gateway_close(&g);
    }
}

Test(visit, diagnostics_answer) {
    static const struct {
        const char *name, *part;
    } rows[] = {{"disk", "\"exit\":2,\"truncated\":false"},
                {"disk", "\"diagnose.output\",\"params\":{\"id\":9,\"text\":\"disk is \\\"fine\\\"\\n\"}"},
                {"slow", "\"text\":\"begun\\n\""},
                {"slow", "\"timed_out\":true"},
                {"flood", "\"truncated\":true"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gateway g;
        char call[128];
        gateway_open(&g, ALL, 60000, 60000);
        visit_connected(g.visit);
        snprintf(call, sizeof call, CALL("9", "diagnose.run", "{\"name\":\"%s\",\"by\":\"ann\"}"), rows[i].name);
        say_text(&g, call);
        cr_assert(gets(&g, "\"id\":9,\"result\""));
        cr_expect(gets(&g, rows[i].part), "%s: %.200s", rows[i].name, g.got[g.count - 1].bytes);
        gateway_close(&g);
    }
}

Test(visit, four_diagnostics_at_once) {
    struct gateway g;
    diagnostics[1].limit_ms = 60000;
    gateway_open(&g, ALL, 60000, 60000);
    visit_connected(g.visit);
    for (int i = 1; i <= 5; i++) {
        char call[128];
        snprintf(call, sizeof call, CALL("%d", "diagnose.run", "{\"name\":\"slow\"}"), i);
        say_text(&g, call);
    }
    cr_expect(gets(&g, "\"id\":5,\"error\""));
    g.waits_for = "\"result\"";
    cr_expect_not(has_message(&g), "the four still run");
    say_text(&g, TELL("session.end", "{\"reason\":\"ended_by_engineer\"}"));
    cr_expect(gets(&g, "\"children_left\":0"));
    gateway_close(&g);
}

Test(visit, observing_follows_the_agent_and_survives_it) {
    static const char sample[] = "{\"t\":5,\"metric\":\"temp\",\"v\":1.5}",
                      log[] = "{\"t\":6,\"log\":\"x\",\"sev\":3,\"app\":\"y\"}";
    struct gateway g;
    gateway_open(&g, ALL, 60000, 60000);
    visit_connected(g.visit);
    cr_assert_gt(send(g.tap, "{\"t\":1,\"metric\":\"old\",\"v\":0}", 29, 0), 0);
    say_text(&g, CALL("1", "observe.start", "{\"interval_ms\":100}"));
    cr_assert(gets(&g, "\"id\":1,\"result\":{\"interval_ms\":100}"));
    cr_assert_gt(send(g.tap, sample, sizeof sample - 1, 0), 0);
    cr_assert_gt(send(g.tap, "nonsense", 8, 0), 0);
    cr_assert_gt(send(g.tap, log, sizeof log - 1, 0), 0);
    cr_expect(gets(&g, "\"method\":\"observe.sample\",\"params\":{\"t\":5,\"values\":{\"temp\":1.5}}"));
    cr_expect(gets(&g, "\"method\":\"observe.log\""));
    g.waits_for = "old";
    cr_expect_not(has_message(&g), "what lay there before is old");
    close(g.tap);
    g.tap = -1;
    open_terminal(&g);
    cr_expect_not(g.is_over, "the session goes on");
    say_text(&g, CALL("3", "observe.start", "{}"));
    cr_expect(gets(&g, "\"id\":3,\"error\""));
    gateway_close(&g);
}

Test(visit, the_deadline_is_kept_whatever_the_gateway_does) {
    struct gateway g;
    gateway_open(&g, ALL, 300, 60000);
    visit_connected(g.visit);
    open_terminal(&g);
    type(&g, "trap '' HUP TERM; sleep 1000\n");
    cr_assert(gets(&g, "\"method\":\"session.ended\",\"params\":{\"reason\":\"deadline\",\"children_left\":0}"));
    cr_expect_neq(g.is_over, true, "it waits for the last word down");
    say_text(&g, TELL("session.end", "{\"reason\":\"deadline\"}"));
    cr_assert(gets(&g, "session.countersign"));
    expect_countersigned(&g);
    gateway_close(&g);
}

/* A flood of messages keeps the loop from its timers: the deadline holds all the same. */
Test(visit, nothing_is_done_after_the_deadline) {
    struct gateway g;
    gateway_open(&g, ALL, 1, 60000);
    visit_connected(g.visit);
    for (int64_t until = clock_since_boot_ms() + 2; clock_since_boot_ms() < until;) {
    }
    say_text(&g, CALL("7", "diagnose.run", "{\"name\":\"disk\"}"));
    cr_expect(gets(&g, "\"reason\":\"deadline\""));
    g.waits_for = "\"id\":7";
    cr_expect_not(has_message(&g));
    gateway_close(&g);
}

Test(visit, idle_and_stop_end_it_in_order) {
    for (int i = 0; i < 2; i++) {
        struct gateway g;
        gateway_open(&g, ALL, 60000, i == 0 ? 150 : 60000);
        visit_connected(g.visit);
        if (i == 1) {
            visit_stop(g.visit, "agent_stopping");
        }
        cr_expect(gets(&g, i == 0 ? "\"reason\":\"idle\"" : "\"reason\":\"agent_stopping\""));
        gateway_close(&g);
    }
}

/* Has ignored the hang-up, has written more than there is credit for, or is being ended by somebody slower. */
Test(visit, promise_35_the_owner_does_not_wait_for_a_terminal) {
    static const struct {
        const char *what, *typed, *shown;
        bool is_ending;
    } rows[] = {{"ignores the hang-up", "trap '' HUP TERM; echo d$((40+2))f; sleep 1000\n", "d42f", false},
                {"floods without credit", "trap '' HUP TERM; yes\n", "y\r\ny\r\n", false},
                {"was ending already", "trap '' HUP TERM; yes\n", "y\r\ny\r\n", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gateway g;
        gateway_open(&g, ALL, 60000, 60000);
        visit_connected(g.visit);
        open_terminal(&g);
        type(&g, rows[i].typed);
        cr_assert(shows(&g, rows[i].shown), "%s", rows[i].what);
        if (rows[i].is_ending) {
            visit_stop(g.visit, "agent_stopping");
        }
        int64_t began_ms = clock_mono_ms();
        visit_stop_now(g.visit, "ended_by_owner");
        cr_expect(gets(&g, rows[i].is_ending ? "\"reason\":\"agent_stopping\",\"children_left\":0"
                                             : "\"reason\":\"ended_by_owner\",\"children_left\":0"),
                  "%s", rows[i].what);
        cr_expect_lt(clock_mono_ms() - began_ms, SESSION_STOP_GRACE_MS, "%s", rows[i].what);
        gateway_close(&g);
    }
}

static void leave_processes(struct gateway *g, char word[32]) {
    char line[200];
    snprintf(word, 32, "8%d", getpid() + 100000);
    snprintf(line, sizeof line, "nohup sleep %s & setsid sleep %s & (setsid sleep %s &)\necho star$((1+1))ted\n", word,
             word, word);
    type(g, line);
    cr_assert(shows(g, "star2ted"));
}

Test(visit, promise_41_the_connection_is_lost_and_nothing_is_left) {
    struct gateway g;
    char word[32];
    gateway_open(&g, ALL, 60000, 60000);
    visit_connected(g.visit);
    open_terminal(&g);
    leave_processes(&g, word);
    cr_assert_gt(count_processes(word), 0);
    visit_disconnected(g.visit, false, "gone");
    cr_expect(g.is_over);
    cr_expect_eq(g.exit, VISIT_GATEWAY_GONE);
    cr_expect_eq(count_processes(word), 0);
    gateway_close(&g);
}

static bool has_ended_alone(void *self) {
    return count_processes(((struct gateway *)self)->waits_for) == 0;
}

/* Said without a place in the chain. */
static void say_below(struct gateway *g, const char *json) {
    visit_receive(g->visit, true, json, strlen(json));
}

/* The end has been asked for, or has come by itself, and the link breaks: it is told when there is one again. */
Test(visit, a_link_that_breaks_in_the_end_is_told_of_it_later) {
    static const bool is_told_before[] = {true, false};
    for (size_t i = 0; i < 2; i++) {
        struct gateway g;
        char word[32], resumed[128];
        gateway_open(&g, ALL, 60000, 60000);
        visit_connected(g.visit);
        say_below(&g, TELL("session.ticket", "{\"token\":\"again\",\"grace_s\":60}"));
        open_terminal(&g);
        leave_processes(&g, word);
        if (is_told_before[i]) {
            say_text(&g, TELL("session.end", "{\"reason\":\"ended_by_engineer\"}"));
        } else {
            visit_stop(g.visit, "ended_by_owner");
        }
        visit_disconnected(g.visit, false, "cut");
        cr_assert(g.redials == 1 && !g.is_over);
        size_t then = g.count;
        g.waits_for = word;
        cr_assert(turn_until(g.loop, has_ended_alone, &g, 10000));
        cr_expect_eq(g.count, then, "nothing is said to nobody");
        visit_connected(g.visit);
        cr_assert(gets(&g, "\"session.resume\""));
        snprintf(resumed, sizeof resumed, TELL("session.resumed", "{\"up\":%llu,\"down\":%llu}"),
                 (unsigned long long)g.up.count, (unsigned long long)g.down.count);
        say_below(&g, resumed);
        cr_assert(gets(&g, "session.ended"));
        if (!is_told_before[i]) {
            say_text(&g, TELL("session.end", "{\"reason\":\"ended_by_owner\"}"));
        }
        cr_assert(gets(&g, "session.countersign"));
        expect_countersigned(&g);
        visit_disconnected(g.visit, false, "closed");
        cr_expect(g.is_over && g.exit == VISIT_DONE);
        gateway_close(&g);
    }
}

Test(visit, an_end_in_order_leaves_nothing_either) {
    struct gateway g;
    char word[32];
    gateway_open(&g, ALL, 60000, 60000);
    visit_connected(g.visit);
    open_terminal(&g);
    leave_processes(&g, word);
    say_text(&g, TELL("session.end", "{\"reason\":\"ended_by_owner\"}"));
    cr_expect(gets(&g, "\"children_left\":0"));
    cr_expect_eq(count_processes(word), 0);
    gateway_close(&g);
}

Test(visit, no_gateway) {
    struct gateway g;
    gateway_open(&g, ALL, 60000, 60000);
    visit_disconnected(g.visit, false, "connection refused");
    cr_expect(g.is_over && g.exit == VISIT_NO_GATEWAY);
    cr_expect_eq(g.count, 0);
    gateway_close(&g);
    gateway_open(&g, ALL, 100, 60000);
    g.waits_for = "";
    cr_expect(turn_until(g.loop, is_over, &g, 5000), "the deadline counts while it dials, too");
    cr_expect_eq(g.exit, VISIT_NO_GATEWAY);
    gateway_close(&g);
}
