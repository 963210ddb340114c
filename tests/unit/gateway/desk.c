/* What people ask for: tickets along their table, alarms acknowledged, sessions from request to the owner's answer and
 * beyond. Half of the rows are refusals. */
#include "desk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "session_desk.h"
#include "session_guard.h"
#include "sessions/session_event.h"
#include "sessions/token.h"
#include "store/audit.h"

static char reply_text[8192];

/* Asks and returns the status; reply_text gets the answer. */
static int ask(struct fixture *f, enum change_verb verb, const char *who, enum role role, const char *id,
               const char *body) {
    struct change *change = fixture_ask(f, verb, who, role, id, body);
    const int status = change->status;
    snprintf(reply_text, sizeof reply_text, "%s", buf_text(&change->reply));
    change_free(change);
    return status;
}

static struct fixture *with_ticket(void) {
    struct fixture *f = fixture_new();
    fixture_person(f, "eva", ROLE_ENGINEER);
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    cr_assert_eq(ask(f, CHANGE_TICKET_OPEN, "sue", ROLE_SUPPORT, "",
                     "{\"device\":\"freezer-7\",\"subject\":\"It is too warm\"}"),
                 201, "%s", reply_text);
    return f;
}

static int audit_entries;
static char audit_newest[300];

static void keep_audit(void *self, const struct audit_row *row) {
    (void)self;
    if (audit_entries++ == 0)
        snprintf(audit_newest, sizeof audit_newest, "%s %s %s %s", row->who, row->what, row->object, row->result);
}

static const char *newest_audit(struct fixture *f) {
    audit_entries = 0;
    cr_assert_eq(reader_audit(f->reader, 0, 50, keep_audit, NULL), RESULT_OK);
    return audit_newest;
}

Test(desk, tickets_that_cannot_be_opened_say_why) {
    struct fixture *f = with_ticket();
    static const struct {
        const char *what, *body;
        int status;
        const char *says;
    } rows[] = {
        {"no subject", "{\"device\":\"freezer-7\"}", 400, "'subject' is missing"},
        {"no device", "{\"subject\":\"x\"}", 400, "'device' is missing"},
        {"a device that is not there", "{\"device\":\"freezer-8\",\"subject\":\"x\"}", 404, "freezer-8"},
        {"a severity that is none", "{\"device\":\"freezer-7\",\"subject\":\"x\",\"severity\":\"bad\"}", 400,
         "'severity'"},
        {"a person cannot be an alarm", "{\"device\":\"freezer-7\",\"subject\":\"x\",\"source\":\"alarm\"}", 400,
         "'source'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(ask(f, CHANGE_TICKET_OPEN, "sue", ROLE_SUPPORT, "", rows[i].body), rows[i].status, "%s: %s",
                     rows[i].what, reply_text);
        cr_expect_not_null(strstr(reply_text, rows[i].says), "%s: %s", rows[i].what, reply_text);
    }
    fixture_free(f);
}

Test(desk, a_refused_action_changes_nothing_and_is_audited) {
    struct fixture *f = with_ticket();
    cr_expect_eq(ask(f, CHANGE_TICKET_ACTION, "eva", ROLE_ENGINEER, "1", "{\"action\":\"close\"}"), 409, "%s",
                 reply_text);
    cr_expect_str_eq(newest_audit(f), "eva ticket.action ticket/1 conflict");
    cr_expect_eq(ask(f, CHANGE_TICKET_ACTION, "eva", ROLE_ENGINEER, "9", "{\"action\":\"close\"}"), 404);
    cr_expect_eq(ask(f, CHANGE_TICKET_ACTION, "eva", ROLE_ENGINEER, "1", "{\"action\":\"dance\"}"), 400);
    cr_expect_not_null(strstr(reply_text, "dance"));
    cr_expect_eq(
        ask(f, CHANGE_TICKET_ACTION, "eva", ROLE_ENGINEER, "1", "{\"action\":\"assign\",\"assignee\":\"nobody\"}"),
        400);
    cr_expect_not_null(strstr(reply_text, "nobody"), "%s", reply_text);
    struct ticket ticket;
    cr_assert_eq(reader_ticket(f->reader, 1, &ticket), RESULT_OK);
    cr_expect_eq(ticket.state, TICKET_NEW);
    cr_expect_eq(ticket.version, 1);
    fixture_free(f);
}

Test(desk, a_comment_is_a_line_of_the_history_and_an_old_version_is_refused) {
    struct fixture *f = with_ticket();
    cr_expect_eq(
        ask(f, CHANGE_TICKET_ACTION, "eva", ROLE_ENGINEER, "1", "{\"action\":\"comment\",\"text\":\"Looking at it\"}"),
        200, "%s", reply_text);
    struct change *change = change_new(CHANGE_TICKET_ACTION);
    snprintf(change->id, sizeof change->id, "1");
    snprintf(change->by.name, sizeof change->by.name, "tom");
    change->by.role = ROLE_ENGINEER;
    change->if_match = 1;
    cr_assert_eq(json_parse("{\"action\":\"comment\",\"text\":\"me too\"}", 36, &change->body, NULL), RESULT_OK);
    fixture_change(f, change);
    cr_expect_eq(change->status, 409, "two editors: the second is told");
    change_free(change);
    fixture_free(f);
}

/* ---- sessions
 * ------------------------------------------------------------------------------------------------------------ */

#define REQUEST "{\"capabilities\":[\"observe\",\"shell\"],\"minutes\":20,\"reason\":\"Look at the compressor\"}"

static struct session newest;

static void keep_session(void *self, const struct session *session) {
    (void)self;
    newest = *session;
}

static struct session *session_now(struct fixture *f) {
    const struct session_query query = {.limit = 1};
    memset(&newest, 0, sizeof newest);
    cr_assert_eq(reader_sessions(f->reader, &query, keep_session, NULL), RESULT_OK);
    return &newest;
}

Test(desk, sessions_that_may_not_be_say_why) {
    static const struct {
        const char *what, *ticket, *body;
        enum role role;
        bool is_offline, is_closed;
        int status;
    } rows[] = {
        {"support may not", "1", REQUEST, ROLE_SUPPORT, false, false, 403},
        {"an owner may not", "1", REQUEST, ROLE_OWNER, false, false, 403},
        {"an auditor may not", "1", REQUEST, ROLE_AUDITOR, false, false, 403},
        {"no such ticket", "77", REQUEST, ROLE_ENGINEER, false, false, 404},
        {"the device is away", "1", REQUEST, ROLE_ENGINEER, true, false, 409},
        {"the ticket is closed", "1", REQUEST, ROLE_ENGINEER, false, true, 409},
        {"no reason", "1", "{\"capabilities\":[\"observe\"]}", ROLE_ENGINEER, false, false, 400},
        {"no capabilities", "1", "{\"reason\":\"x\"}", ROLE_ENGINEER, false, false, 400},
        {"a capability that is none", "1", "{\"capabilities\":[\"fly\"],\"reason\":\"x\"}", ROLE_ENGINEER, false, false,
         400},
        {"one that the pack does not allow", "1", "{\"capabilities\":[\"forward\"],\"reason\":\"x\"}", ROLE_ENGINEER,
         false, false, 403},
        {"too long", "1", "{\"capabilities\":[\"observe\"],\"reason\":\"x\",\"minutes\":9999}", ROLE_ENGINEER, false,
         false, 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture *f = with_ticket();
        char topic[CAP_TOPIC_BYTES + 1];
        topic_format("freezer-7", TOPIC_STATE, topic);
        if (rows[i].is_offline)
            fixture_feed(f, topic, "offline", 7, NULL, 0, 0);
        if (rows[i].is_closed) {
            static const char *const way[] = {
                "{\"action\":\"diagnose\",\"text\":\"x\"}", "{\"action\":\"agree_plan\",\"text\":\"x\"}",
                "{\"action\":\"repair\",\"text\":\"x\"}", "{\"action\":\"resolve\",\"text\":\"x\"}"};
            cr_assert_eq(ask(f, CHANGE_TICKET_ACTION, "sue", ROLE_SUPERVISOR, "1",
                             "{\"action\":\"assign\",\"assignee\":\"eva\"}"),
                         200, "%s", reply_text);
            for (size_t w = 0; w < sizeof way / sizeof *way; w++)
                cr_assert_eq(ask(f, CHANGE_TICKET_ACTION, "eva", ROLE_ENGINEER, "1", way[w]), 200, "%s", reply_text);
        }
        fake_expects = 0;
        cr_expect_eq(ask(f, CHANGE_SESSION_REQUEST, "eva", rows[i].role, rows[i].ticket, rows[i].body), rows[i].status,
                     "%s: %s", rows[i].what, reply_text);
        cr_expect_eq(fake_expects, 0, "%s: nobody may dial in", rows[i].what);
        cr_expect_eq(session_now(f)->id[0], 0, "%s: there is no session", rows[i].what);
        fixture_free(f);
    }
}

/* A session that was asked for; the command is in fake_command. */
static struct fixture *with_request(void) {
    struct fixture *f = with_ticket();
    cr_assert_eq(ask(f, CHANGE_SESSION_REQUEST, "eva", ROLE_ENGINEER, "1", REQUEST), 201, "%s", reply_text);
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format("freezer-7", TOPIC_STATE, topic);
    fixture_feed(f, topic, "online", 6, NULL, 0, 0); /* any turn: the outbox is pumped */
    cr_assert_not_null(strstr(fake_command, "session.open"), "%s", fake_command);
    return f;
}

static void reply(struct fixture *f, uint64_t seq, const char *rest) {
    char topic[CAP_TOPIC_BYTES + 1], payload[700], id[CAP_UUID_BYTES + 1];
    struct command_message command;
    cr_assert_eq(command_decode(fake_command, strlen(fake_command), &command, NULL), RESULT_OK);
    snprintf(id, sizeof id, "%s", command.id);
    command_fini(&command);
    topic_format("freezer-7", TOPIC_UP_REPLY, topic);
    snprintf(payload, sizeof payload, "{\"id\":\"%s\",%s}", id, rest);
    fixture_feed(f, topic, payload, strlen(payload), fixture_urgent, seq, 0);
}

Test(desk, the_edge_expects_the_token_that_the_agent_got) {
    struct fixture *f = with_request();
    struct command_message command;
    const char *token, *session;
    cr_assert_eq(command_decode(fake_command, strlen(fake_command), &command, NULL), RESULT_OK);
    cr_assert_eq(json_string(command.args, "token", 64, &token, NULL), RESULT_OK);
    cr_assert_eq(json_string(command.args, "session", 64, &session, NULL), RESULT_OK);
    cr_expect(session_token_matches(token, fake_expected.token_sha256));
    cr_expect_str_eq(session, fake_expected.session);
    cr_expect_str_eq(fake_expected.device, "freezer-7");
    cr_expect_str_eq(fake_expected.engineer, "eva");
    cr_expect_eq(fake_expected.duration_s, 20 * 60);
    cr_expect_eq(fake_expected.capabilities, CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_SHELL));
    command_fini(&command);
    fixture_free(f);
}

Test(desk, answers_of_the_product_move_the_session) {
    static const struct {
        const char *what, *reply;
        enum session_state state;
        const char *why;
        int kills;
    } rows[] = {
        {"refused", "\"ok\":false,\"error\":\"refused\",\"text\":\"\"", SESSION_DENIED, "refused", 1},
        {"nobody answered", "\"ok\":false,\"error\":\"timed_out\",\"text\":\"\"", SESSION_DENIED, "timed_out", 1},
        {"off on the product", "\"ok\":false,\"error\":\"off_on_product\",\"text\":\"\"", SESSION_DENIED,
         "off_on_product", 1},
        {"the hook crashed", "\"ok\":false,\"error\":\"hook_failed\",\"text\":\"\"", SESSION_DENIED, "hook_failed", 1},
        {"a code is needed", "\"ok\":true,\"result\":{\"state\":\"code_required\",\"wait_s\":60}",
         SESSION_CODE_REQUIRED, "", 0},
        {"nonsense is no yes", "\"ok\":true,\"result\":{\"state\":\"perhaps\"}", SESSION_ASKING, "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture *f = with_request();
        fake_kills = 0;
        reply(f, 2, rows[i].reply);
        const struct session *s = session_now(f);
        cr_expect_eq(s->state, rows[i].state, "%s: %s", rows[i].what, session_state_name(s->state));
        cr_expect_str_eq(s->why, rows[i].why, "%s", rows[i].what);
        cr_expect_eq(fake_kills, rows[i].kills, "%s: the edge is told", rows[i].what);
        fixture_free(f);
    }
}

Test(desk, no_answer_is_a_no) {
    struct fixture *f = with_request();
    f->core.now_ms = clock_wall_ms() + f->settings.consent_wait_ms + 60000;
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(session_guard_now(&f->core), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    cr_expect_eq(session_now(f)->state, SESSION_DENIED);
    cr_expect_str_eq(session_now(f)->why, "timed_out");
    char expected[100];
    snprintf(expected, sizeof expected, "gateway session.denied session/%s denied", newest.id);
    cr_expect_str_eq(newest_audit(f), expected);
    fixture_free(f);
}

Test(desk, a_product_that_goes_away_cannot_consent) {
    struct fixture *f = with_request();
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format("freezer-7", TOPIC_STATE, topic);
    fixture_feed(f, topic, "offline", 7, NULL, 0, 0);
    cr_expect_eq(session_now(f)->state, SESSION_FAILED);
    cr_expect_str_eq(session_now(f)->why, "device_offline");
    fixture_free(f);
}

Test(desk, only_who_asked_passes_on_the_code_and_only_when_one_is_asked_for) {
    struct fixture *f = with_request();
    const char *const id = session_now(f)->id;
    char session[CAP_UUID_BYTES + 1];
    snprintf(session, sizeof session, "%s", id);
    cr_expect_eq(ask(f, CHANGE_SESSION_CONSENT, "eva", ROLE_ENGINEER, session, "{\"code\":\"12345678\"}"), 409);
    reply(f, 2, "\"ok\":true,\"result\":{\"state\":\"code_required\",\"wait_s\":60}");
    cr_expect_eq(ask(f, CHANGE_SESSION_CONSENT, "tom", ROLE_ENGINEER, session, "{\"code\":\"12345678\"}"), 403);
    cr_expect_eq(ask(f, CHANGE_SESSION_CONSENT, "eva", ROLE_ENGINEER, session, "{}"), 400);
    cr_expect_eq(ask(f, CHANGE_SESSION_CONSENT, "eva", ROLE_ENGINEER, session, "{\"code\":\"12345678\"}"), 202);
    cr_expect_eq(ask(f, CHANGE_SESSION_CONSENT, "eva", ROLE_ENGINEER, "33333333-3333-4333-8333-333333333333",
                     "{\"code\":\"1\"}"),
                 404);
    fixture_free(f);
}

static void edge(struct fixture *f, enum change_verb verb, const char *session, const struct session_event *event) {
    struct change *change = change_new(verb);
    struct buf body;
    buf_init(&body, 4096);
    session_event_print(event, &body);
    snprintf(change->id, sizeof change->id, "%s", session);
    cr_assert_eq(json_parse(buf_text(&body), body.count, &change->body, NULL), RESULT_OK);
    fixture_change(f, change);
    change_free(change);
    buf_fini(&body);
}

Test(desk, a_live_session_ends_with_its_ticket_and_is_reported) {
    struct fixture *f = with_request();
    char session[CAP_UUID_BYTES + 1];
    struct session_event event = {.kind = SESSION_EVENT_LIVE,
                                  .at_ms = clock_wall_ms(),
                                  .capabilities = CAPABILITY_BIT(CAPABILITY_OBSERVE),
                                  .has_consent = true,
                                  .consent = {.method = "hook", .by = "owner", .at_ms = 1, .until_ms = 2},
                                  .deadline_ms = clock_wall_ms() + 60000};
    snprintf(session, sizeof session, "%s", session_now(f)->id);
    edge(f, CHANGE_SESSION_LIVE, session, &event);
    cr_expect_eq(session_now(f)->state, SESSION_LIVE);
    cr_expect_eq(newest.capabilities, CAPABILITY_BIT(CAPABILITY_OBSERVE), "what the owner consented to");
    fake_kills = 0;
    cr_expect_eq(ask(f, CHANGE_SESSION_END, "tom", ROLE_ENGINEER, session, "{}"), 403, "another engineer's session");
    cr_expect_eq(ask(f, CHANGE_SESSION_END, "own", ROLE_OWNER, session, "{}"), 202, "the owner can always end it");
    cr_expect_eq(fake_kills, 1);
    cr_expect_eq(session_now(f)->state, SESSION_LIVE, "until the edge says that it is over");
    event = (struct session_event){.kind = SESSION_EVENT_ENDED,
                                   .at_ms = clock_wall_ms(),
                                   .why = "ended_by_owner",
                                   .frames = 12,
                                   .digest = "aa",
                                   .is_countersigned = true,
                                   .is_complete = true};
    edge(f, CHANGE_SESSION_ENDED, session, &event);
    cr_expect_eq(session_now(f)->state, SESSION_ENDED);
    cr_expect_eq(newest.frames, 12);
    cr_expect(newest.is_countersigned);
    edge(f, CHANGE_SESSION_ENDED, session, &event);
    cr_expect_eq(ask(f, CHANGE_SESSION_END, "eva", ROLE_ENGINEER, session, "{}"), 409, "it is over already");
    cr_expect_eq(
        ask(f, CHANGE_SESSION_REPORT, "eva", ROLE_ENGINEER, session, "{\"markdown\":\"# Report\",\"digest\":\"aa\"}"),
        200);
    fixture_free(f);
}

Test(desk, a_recording_is_held_with_a_reason_and_once) {
    struct fixture *f = with_request();
    const char *id = session_now(f)->id;
    char session[CAP_UUID_BYTES + 1];
    snprintf(session, sizeof session, "%s", id);
    cr_expect_eq(ask(f, CHANGE_SESSION_RELEASE, "vera", ROLE_AUDITOR, session, "{}"), 409, "it is not held");
    cr_expect_eq(ask(f, CHANGE_SESSION_HOLD, "vera", ROLE_AUDITOR, session, "{}"), 400, "no reason");
    cr_expect_eq(ask(f, CHANGE_SESSION_HOLD, "vera", ROLE_AUDITOR, session, "{\"reason\":\"\"}"), 400, "an empty one");
    cr_expect_eq(ask(f, CHANGE_SESSION_HOLD, "vera", ROLE_AUDITOR, session, "{\"reason\":\"claim 17\"}"), 200);
    cr_expect_eq(ask(f, CHANGE_SESSION_HOLD, "sun", ROLE_SUPERVISOR, session, "{\"reason\":\"mine\"}"), 409);
    cr_expect_eq(ask(f, CHANGE_SESSION_RELEASE, "sun", ROLE_SUPERVISOR, session, "{}"), 200, "by anybody who may");
    cr_expect_eq(ask(f, CHANGE_SESSION_HOLD, "vera", ROLE_AUDITOR, "33333333-3333-4333-8333-333333333333",
                     "{\"reason\":\"claim 17\"}"),
                 404);
    fixture_free(f);
}

Test(desk, a_restart_ends_what_was_live_or_asked) {
    struct fixture *f = with_request();
    struct fault fault = {""};
    cr_assert_eq(session_desk_recover(&f->core, f->dir, NULL, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(session_now(f)->state, SESSION_FAILED);
    cr_expect_str_eq(newest.why, "gateway_crashed");
    fixture_free(f);
}

Test(desk, reading_a_recording_is_audited) {
    struct fixture *f = with_ticket();
    cr_expect_eq(ask(f, CHANGE_READ, "sue", ROLE_SUPPORT, "33333333-3333-4333-8333-333333333333",
                     "{\"what\":\"session.replay\"}"),
                 200);
    cr_expect_str_eq(newest_audit(f), "sue session.replay session/33333333-3333-4333-8333-333333333333 ok");
    fixture_free(f);
}

Test(desk, a_late_answer_of_the_agent_does_not_end_what_is_live) {
    struct fixture *f = with_request();
    const struct session_event event = {.kind = SESSION_EVENT_LIVE,
                                        .at_ms = clock_wall_ms(),
                                        .capabilities = CAPABILITY_BIT(CAPABILITY_OBSERVE),
                                        .has_consent = true,
                                        .consent = {.method = "hook", .by = "owner", .at_ms = 1, .until_ms = 2},
                                        .deadline_ms = clock_wall_ms() + 60000};
    edge(f, CHANGE_SESSION_LIVE, session_now(f)->id, &event);
    fake_kills = 0;
    reply(f, 2, "\"ok\":false,\"error\":\"not_found\",\"text\":\"\"");
    cr_expect_eq(session_now(f)->state, SESSION_LIVE);
    cr_expect_eq(fake_kills, 0);
    fixture_free(f);
}

Test(desk, news_of_a_session_outlives_a_failed_turn_and_a_persons_change_is_answered) {
    struct effects *e = effects_new();
    struct change *ended = change_new(CHANGE_SESSION_ENDED), *comment = change_new(CHANGE_TICKET_ACTION);
    effects_answer(e, comment);
    effects_answer(e, ended);
    cr_expect_eq(effects_drop(e, NULL), ended, "comes back to be tried again");
    cr_expect_null(ended->next);
    cr_expect_eq(comment->status, 503);
    for (int i = 0; i < 1000 && ended->status != 503; i++) {
        effects_answer(e, ended);
        if (!effects_drop(e, NULL))
            break;
    }
    cr_expect_eq(ended->status, 503, "but not for ever");
    effects_free(e);
    change_free(ended);
    change_free(comment);
}
