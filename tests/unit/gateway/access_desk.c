/* Approvals, emergencies, qualifications, contracts and kill switches at the desk: what is refused (and audited), and
 * that what loses its ground ends in the same turn. */
#include "access_desk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "session_guard.h"
#include "sessions/session_event.h"
#include "store/audit.h"
#include "store/cases.h"

#define OBSERVE  CAPABILITY_BIT(CAPABILITY_OBSERVE)
#define SHELL    CAPABILITY_BIT(CAPABILITY_SHELL)
#define REQUEST  "{\"capabilities\":[\"shell\"],\"minutes\":20,\"reason\":\"Look at the compressor, it is loud\"}"
#define LONG_AGO "1000"
#define FOREVER  "4000000000000"

static char answer[8192];

static int ask(struct fixture *f, enum change_verb verb, const char *who, enum role role, const char *id,
               const char *body) {
    struct change *change = fixture_ask(f, verb, who, role, id, body);
    const int status = change->status;
    snprintf(answer, sizeof answer, "%s", buf_text(&change->reply));
    change_free(change);
    return status;
}

static struct fixture *with_ticket(void) {
    struct fixture *f = fixture_new();
    fixture_person(f, "eva", ROLE_ENGINEER);
    fixture_person(f, "tom", ROLE_ENGINEER);
    fixture_person(f, "sam", ROLE_SUPPORT);
    fixture_person(f, "sue", ROLE_SUPERVISOR);
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    cr_assert_eq(ask(f, CHANGE_TICKET_OPEN, "sam", ROLE_SUPPORT, "", "{\"device\":\"freezer-7\",\"subject\":\"warm\"}"),
                 201, "%s", answer);
    return f;
}

static struct session newest;

static void keep_session(void *self, const struct session *session) {
    (void)self;
    newest = *session;
}

static const struct session *session_now(struct fixture *f) {
    const struct session_query query = {.limit = 1};
    newest = (struct session){0};
    cr_assert_eq(reader_sessions(f->reader, &query, keep_session, NULL), RESULT_OK);
    return &newest;
}

struct sought {
    const char *what, *result;
    int found;
};

static void seek(void *self, const struct audit_row *row) {
    struct sought *sought = self;
    sought->found += strcmp(row->what, sought->what) == 0 && strcmp(row->result, sought->result) == 0;
}

static int audited(struct fixture *f, const char *what, const char *result) {
    struct sought sought = {what, result, 0};
    cr_assert_eq(reader_audit(f->reader, 0, 200, seek, &sought), RESULT_OK);
    return sought.found;
}

/* A session of eva's that the edge says is live. */
static void go_live(struct fixture *f) {
    const struct session_event live = {.kind = SESSION_EVENT_LIVE,
                                       .at_ms = clock_wall_ms(),
                                       .capabilities = OBSERVE | SHELL,
                                       .has_consent = true,
                                       .consent = {.method = "hook", .by = "owner", .at_ms = 1, .until_ms = 2},
                                       .deadline_ms = clock_wall_ms() + 60000};
    struct change *change = change_new(CHANGE_SESSION_LIVE);
    struct buf body;
    buf_init(&body, 4096);
    session_event_print(&live, &body);
    snprintf(change->id, sizeof change->id, "%s", session_now(f)->id);
    cr_assert_eq(json_parse(buf_text(&body), body.count, &change->body, NULL), RESULT_OK);
    fixture_change(f, change);
    change_free(change);
    buf_fini(&body);
    cr_assert_eq(session_now(f)->state, SESSION_LIVE);
}

static void guard(struct fixture *f) {
    f->core.now_ms = clock_wall_ms() + f->later_ms;
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(session_guard_now(&f->core), RESULT_OK, "%s", store_error(f->core.store));
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    effects_run(f->core.effects, NULL);
}

/* ---- four eyes ---- */

static struct fixture *awaiting(char id[CAP_UUID_BYTES + 1]) {
    struct fixture *f = with_ticket();
    f->settings.session_four_eyes = SHELL;
    fake_expects = fake_commands = 0;
    cr_assert_eq(ask(f, CHANGE_SESSION_REQUEST, "eva", ROLE_ENGINEER, "1", REQUEST), 201, "%s", answer);
    snprintf(id, CAP_UUID_BYTES + 1, "%s", session_now(f)->id);
    cr_assert_eq(newest.state, SESSION_AWAITING_APPROVAL);
    cr_assert_eq(fake_expects, 0, "the edge expects nobody");
    return f;
}

Test(access_desk, promise_33_an_approval_is_of_another) {
    static const struct {
        const char *what, *who;
        enum role role;
        enum change_verb verb;
        const char *body;
        int status;
        const char *says;
    } rows[] = {
        {"who asked", "eva", ROLE_ENGINEER, CHANGE_SESSION_APPROVE, "{}", 403, "somebody else"},
        {"who asked, refusing", "eva", ROLE_ENGINEER, CHANGE_SESSION_REFUSE, "{\"text\":\"x\"}", 403, "somebody else"},
        {"support", "sam", ROLE_SUPPORT, CHANGE_SESSION_APPROVE, "{}", 403, "role"},
        {"an account that is gone", "ghost", ROLE_ENGINEER, CHANGE_SESSION_APPROVE, "{}", 403, "not known"},
        {"a refusal without words", "tom", ROLE_ENGINEER, CHANGE_SESSION_REFUSE, "{}", 400, "'text'"},
        {"a refusal of blanks", "tom", ROLE_ENGINEER, CHANGE_SESSION_REFUSE, "{\"text\":\" \"}", 400, "'text'"},
        {"words that are none", "tom", ROLE_ENGINEER, CHANGE_SESSION_APPROVE, "{\"text\":7}", 400, "'text'"},
    };
    char id[CAP_UUID_BYTES + 1];
    struct fixture *f = awaiting(id);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(ask(f, rows[i].verb, rows[i].who, rows[i].role, id, rows[i].body), rows[i].status, "%s: %s",
                     rows[i].what, answer);
        cr_expect_not_null(strstr(answer, rows[i].says), "%s: %s", rows[i].what, answer);
        cr_expect_eq(session_now(f)->state, SESSION_AWAITING_APPROVAL, "%s", rows[i].what);
    }
    cr_expect_gt(audited(f, "session.approve", "denied"), 0);
    cr_expect_eq(ask(f, CHANGE_SESSION_APPROVE, "tom", ROLE_ENGINEER, id, "{\"text\":\"go on\"}"), 200, "%s", answer);
    cr_expect_eq(session_now(f)->state, SESSION_ASKING);
    cr_expect_str_eq(newest.approver, "tom");
    cr_expect_eq(fake_expects, 1);
    cr_expect_str_eq(fake_expected.approver, "tom");
    cr_expect_eq(ask(f, CHANGE_SESSION_APPROVE, "sue", ROLE_SUPERVISOR, id, "{}"), 409, "once");
    cr_expect_eq(audited(f, "session.approve", "ok"), 1);
    go_live(f);
    fake_kills = 0;
    cr_expect_eq(ask(f, CHANGE_SESSION_END, "tom", ROLE_ENGINEER, id, "{}"), 202, "who approved it may end it");
    cr_expect_eq(fake_kills, 1);
    fixture_free(f);
}

Test(access_desk, an_account_that_she_made_is_no_second_person) {
    char id[CAP_UUID_BYTES + 1];
    struct fixture *f = awaiting(id);
    struct user_row puppet = {.name = "eva2", .title = "x", .role = ROLE_ENGINEER, .password = "x", .made_by = "eva"};
    int64_t row;
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(store_user_put(f->core.store, &puppet, &row), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    cr_expect_eq(ask(f, CHANGE_SESSION_APPROVE, "eva2", ROLE_ENGINEER, id, "{}"), 403, "%s", answer);
    cr_expect_not_null(strstr(answer, "made your account"), "%s", answer);
    fixture_free(f);
}

Test(access_desk, what_was_lost_while_waiting_is_not_approved_any_more) {
    char id[CAP_UUID_BYTES + 1];
    struct fixture *f = awaiting(id);
    f->settings.session_max_ms = 10 * 60000; /* the operator allows less now */
    cr_expect_eq(ask(f, CHANGE_SESSION_APPROVE, "tom", ROLE_ENGINEER, id, "{}"), 400, "%s", answer);
    cr_expect_not_null(strstr(answer, "eva may not have it now"), "%s", answer);
    fixture_person(f, "eva", ROLE_SUPPORT);
    guard(f);
    cr_expect_eq(session_now(f)->state, SESSION_FAILED);
    cr_expect_str_eq(newest.why, "role_changed");
    cr_expect_eq(ask(f, CHANGE_SESSION_APPROVE, "tom", ROLE_ENGINEER, id, "{}"), 409);
    fixture_free(f);
}

Test(access_desk, no_approval_in_time_is_a_no) {
    char id[CAP_UUID_BYTES + 1];
    struct fixture *f = awaiting(id);
    guard(f);
    cr_expect_eq(session_now(f)->state, SESSION_AWAITING_APPROVAL);
    f->later_ms = f->settings.approval_wait_ms + 1000;
    guard(f);
    cr_expect_eq(session_now(f)->state, SESSION_DENIED);
    cr_expect_str_eq(newest.why, "approval_expired");
    fixture_free(f);
}

/* ---- emergencies ---- */

Test(access_desk, an_emergency_needs_the_right_and_is_reviewed_by_another) {
    struct fixture *f = with_ticket();
    char id[CAP_UUID_BYTES + 1];
    f->settings.session_four_eyes = SHELL;
    f->settings.session_needs_contract = f->settings.session_needs_qualification = true;
    fixture_person(f, "sol", ROLE_SUPERVISOR);
    cr_expect_eq(ask(f, CHANGE_SESSION_REQUEST, "eva", ROLE_ENGINEER, "1", REQUEST), 403);
    cr_expect_eq(ask(f, CHANGE_SESSION_EMERGENCY, "eva", ROLE_ENGINEER, "1", REQUEST), 403);
    cr_expect_not_null(strstr(answer, "emergency"), "%s", answer);
    cr_expect_eq(ask(f, CHANGE_QUALIFY, "sol", ROLE_SUPERVISOR, "",
                     "{\"user\":\"sue\",\"model\":\"*\",\"emergency\":true,\"until_ms\":" FOREVER "}"),
                 201, "%s", answer);
    cr_expect_eq(ask(f, CHANGE_SESSION_EMERGENCY, "sue", ROLE_SUPERVISOR, "1", REQUEST), 201, "%s", answer);
    snprintf(id, sizeof id, "%s", session_now(f)->id);
    cr_expect(newest.state == SESSION_ASKING && newest.is_emergency && !newest.needs_approval);
    cr_expect_eq(f->core.figures.sessions_emergency, 1);
    cr_expect_eq(audited(f, "session.emergency", "ok"), 1);
    cr_expect_eq(audited(f, "session.emergency", "denied"), 1);
    static const char verdict[] = "{\"verdict\":\"justified\",\"text\":\"it was on fire\"}";
    cr_expect_eq(ask(f, CHANGE_SESSION_REVIEW, "sol", ROLE_SUPERVISOR, id, verdict), 409, "it has not begun");
    go_live(f);
    guard(f);
    cr_expect_eq(session_now(f)->state, SESSION_LIVE, "neither contract nor qualification end it");
    cr_expect_eq(ask(f, CHANGE_SESSION_REVIEW, "sue", ROLE_SUPERVISOR, id, verdict), 403, "not her own");
    cr_expect_eq(ask(f, CHANGE_SESSION_REVIEW, "sol", ROLE_SUPERVISOR, id, "{\"verdict\":\"well\",\"text\":\"x\"}"),
                 400);
    cr_expect_eq(
        ask(f, CHANGE_SESSION_REVIEW, "sol", ROLE_SUPERVISOR, id, "{\"verdict\":\"justified\",\"text\":\" \"}"), 400);
    cr_expect_eq(ask(f, CHANGE_SESSION_REVIEW, "sol", ROLE_SUPERVISOR, id, verdict), 200, "%s", answer);
    cr_expect_str_eq(session_now(f)->review.by, "sol");
    cr_expect_eq(ask(f, CHANGE_SESSION_REVIEW, "sol", ROLE_SUPERVISOR, id, verdict), 409, "once");
    fixture_free(f);
}

/* ---- what ends a session ---- */

static void disable(struct fixture *f) {
    struct user_row user;
    int64_t id;
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(store_user_find(f->core.store, "eva", &user), RESULT_OK);
    user.is_disabled = true;
    cr_assert_eq(store_user_put(f->core.store, &user, &id), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    guard(f);
}
static void change_role(struct fixture *f) {
    fixture_person(f, "eva", ROLE_SUPERVISOR);
    guard(f);
}
static void kill_all(struct fixture *f) {
    cr_expect_eq(ask(f, CHANGE_KILL, "sue", ROLE_SUPERVISOR, "", "{\"scope\":\"all\",\"reason\":\"break-in\"}"), 201);
}
static void kill_device(struct fixture *f) {
    cr_expect_eq(ask(f, CHANGE_KILL, "sue", ROLE_SUPERVISOR, "",
                     "{\"scope\":\"device\",\"target\":\"freezer-7\",\"reason\":\"smoke\"}"),
                 201);
}
static void kill_user(struct fixture *f) {
    cr_expect_eq(ask(f, CHANGE_KILL, "sue", ROLE_SUPERVISOR, "",
                     "{\"scope\":\"user\",\"target\":\"eva\",\"reason\":\"laptop lost\"}"),
                 201);
}
static void qualify_another(struct fixture *f) {
    cr_expect_eq(ask(f, CHANGE_QUALIFY, "sue", ROLE_SUPERVISOR, "",
                     "{\"user\":\"tom\",\"model\":\"*\",\"capabilities\":[\"shell\"],\"until_ms\":" FOREVER "}"),
                 201, "%s", answer);
}
static void contract_over(struct fixture *f) {
    cr_expect_eq(ask(f, CHANGE_CONTRACT_SET, "sue", ROLE_SUPERVISOR, "",
                     "{\"scope\":\"device\",\"target\":\"freezer-7\",\"customer\":\"Polar\",\"until_ms\":" LONG_AGO
                     ",\"capabilities\":[\"shell\"]}"),
                 200, "%s", answer);
}
static void revoke_certificate(struct fixture *f) {
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(session_desk_device_revoked(&f->core, "freezer-8"), RESULT_OK);
    cr_assert_eq(session_desk_device_revoked(&f->core, "freezer-7"), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    effects_run(f->core.effects, NULL);
}
static void close_ticket(struct fixture *f) {
    static const char *const way[] = {"{\"action\":\"diagnose\"}", "{\"action\":\"agree_plan\",\"text\":\"x\"}",
                                      "{\"action\":\"repair\",\"text\":\"x\"}",
                                      "{\"action\":\"resolve\",\"text\":\"x\"}"};
    cr_expect_eq(ask(f, CHANGE_TICKET_ACTION, "sam", ROLE_SUPPORT, "1", "{\"action\":\"assign\",\"assignee\":\"eva\"}"),
                 200, "%s", answer);
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        cr_expect_eq(ask(f, CHANGE_TICKET_ACTION, "eva", ROLE_ENGINEER, "1", way[i]), 200, "%s", answer);
}

Test(access_desk, promise_35_whatever_is_lost_ends_what_is_live_and_what_is_asked) {
    static const struct {
        const char *why;
        void (*happens)(struct fixture *f);
    } rows[] = {
        {"user_disabled", disable},       {"role_changed", change_role},
        {"kill_switch", kill_all},        {"kill_switch", kill_device},
        {"kill_switch", kill_user},       {"not_qualified", qualify_another},
        {"contract_over", contract_over}, {"certificate_revoked", revoke_certificate},
        {"ticket_closed", close_ticket},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int is_live = 0; is_live < 2; is_live++) {
            struct fixture *f = with_ticket();
            cr_assert_eq(ask(f, CHANGE_SESSION_REQUEST, "eva", ROLE_ENGINEER, "1", REQUEST), 201, "%s", answer);
            if (is_live)
                go_live(f);
            fake_kills = 0;
            rows[i].happens(f);
            cr_expect_eq(fake_kills, 1, "%s (%d): %d", rows[i].why, is_live, fake_kills);
            cr_expect_eq(session_now(f)->state, is_live ? SESSION_LIVE : SESSION_FAILED, "%s (%d)", rows[i].why,
                         is_live);
            cr_expect_str_eq(newest.why, rows[i].why, "live: until the edge says that it is over");
            guard(f);
            cr_expect_eq(fake_kills, 1, "%s (%d): told once", rows[i].why, is_live);
            fixture_free(f);
        }
    }
}

Test(access_desk, a_kill_switch_outlives_a_restart_and_is_lifted_once) {
    struct fixture *f = with_ticket();
    kill_device(f);
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format("freezer-7", TOPIC_STATE, topic);
    fixture_restart(f);
    fixture_feed(f, topic, "online", 6, NULL, 0, 0);
    cr_expect_eq(ask(f, CHANGE_SESSION_REQUEST, "eva", ROLE_ENGINEER, "1", REQUEST), 409);
    cr_expect_not_null(strstr(answer, "kill switch"), "%s", answer);
    cr_expect_eq(ask(f, CHANGE_KILL_LIFT, "sue", ROLE_SUPERVISOR, "1", "{}"), 200, "%s", answer);
    cr_expect_eq(ask(f, CHANGE_KILL_LIFT, "sue", ROLE_SUPERVISOR, "1", "{}"), 409);
    cr_expect_eq(ask(f, CHANGE_KILL_LIFT, "sue", ROLE_SUPERVISOR, "77", "{}"), 404);
    cr_expect_eq(ask(f, CHANGE_SESSION_REQUEST, "eva", ROLE_ENGINEER, "1", REQUEST), 201, "%s", answer);
    cr_expect(audited(f, "kill.on", "ok") == 1 && audited(f, "kill.lift", "ok") == 1);
    fixture_free(f);
}

Test(access_desk, what_is_written_wrongly_is_refused_and_says_so) {
    static const struct {
        enum change_verb verb;
        const char *id, *body;
        int status;
        const char *says;
    } rows[] = {
        {CHANGE_KILL, "", "{\"scope\":\"all\"}", 400, "'reason'"},
        {CHANGE_KILL, "", "{\"scope\":\"device\",\"target\":\"nobody\",\"reason\":\"x\"}", 400, "nobody"},
        {CHANGE_KILL, "", "{\"scope\":\"user\",\"target\":\"nobody\",\"reason\":\"x\"}", 400, "nobody"},
        {CHANGE_QUALIFY, "", "{\"user\":\"eva\",\"model\":\"*\",\"capabilities\":[\"fly\"],\"until_ms\":" FOREVER "}",
         400, "capabilities"},
        {CHANGE_QUALIFY, "",
         "{\"user\":\"eva\",\"model\":\"none\",\"capabilities\":[\"shell\"],\"until_ms\":" FOREVER "}", 400,
         "no model 'none'"},
        {CHANGE_QUALIFY, "",
         "{\"user\":\"nobody\",\"model\":\"*\",\"capabilities\":[\"shell\"],\"until_ms\":" FOREVER "}", 400,
         "no user 'nobody'"},
        {CHANGE_QUALIFY, "", "{\"user\":\"sam\",\"model\":\"*\",\"capabilities\":[\"shell\"],\"until_ms\":" FOREVER "}",
         400, "only engineers"},
        {CHANGE_QUALIFY, "", "{\"user\":\"sue\",\"model\":\"*\",\"capabilities\":[\"shell\"],\"until_ms\":" FOREVER "}",
         403, "himself"},
        {CHANGE_QUALIFY, "",
         "{\"user\":\"eva\",\"model\":\"*\",\"capabilities\":[\"shell\"],\"until_ms\":" LONG_AGO "}", 400,
         "'until_ms'"},
        {CHANGE_DISQUALIFY, "9", "{}", 404, "no such"},
        {CHANGE_CONTRACT_SET, "",
         "{\"scope\":\"moon\",\"target\":\"x\",\"customer\":\"x\",\"until_ms\":1,\"capabilities\":[]}", 400, "'moon'"},
        {CHANGE_CONTRACT_SET, "",
         "{\"scope\":\"site\",\"target\":\"A B\",\"customer\":\"x\",\"until_ms\":1,\"capabilities\":[]}", 400, "A B"},
        {CHANGE_SESSION_REQUEST, "1", "{\"capabilities\":[\"fly\"],\"reason\":\"x\"}", 400, "'fly'"},
        {CHANGE_SESSION_REQUEST, "1", "{\"capabilities\":[\"shell\"],\"reason\":\"x\",\"emergency\":true}", 400,
         "/emergency"},
        {CHANGE_SESSION_TERMS, "nobody", "{}", 404, "nobody"},
    };
    struct fixture *f = with_ticket();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(ask(f, rows[i].verb, "sue", ROLE_SUPERVISOR, rows[i].id, rows[i].body), rows[i].status,
                     "row %zu: %s", i, answer);
        cr_expect_not_null(strstr(answer, rows[i].says), "row %zu: %s", i, answer);
    }
    fixture_free(f);
}

Test(access_desk, the_terms_are_those_of_the_grant) {
    struct fixture *f = with_ticket();
    f->settings.session_moderated = SHELL;
    qualify_another(f);
    cr_expect_eq(ask(f, CHANGE_SESSION_TERMS, "tom", ROLE_ENGINEER, "freezer-7", "{}"), 200);
    cr_expect_not_null(strstr(answer, "{\"capability\":\"observe\",\"may\":false,\"why_not\":\"you have no valid"),
                       "%s", answer);
    cr_expect_not_null(strstr(answer, "{\"capability\":\"shell\",\"may\":true,\"why_not\":\"\",\"approval\":false,"
                                      "\"moderator\":true,\"max_minutes\":60}"),
                       "%s", answer);
    cr_expect_null(strstr(answer, "\"forward\""), "not in the pack");
    fixture_free(f);
}

/* A consented session whose product does not dial in, promise 34. */
Test(access_desk, promise_34_a_token_that_is_not_used_is_void) {
    struct fixture *f = with_ticket();
    cr_assert_eq(ask(f, CHANGE_SESSION_REQUEST, "eva", ROLE_ENGINEER, "1", REQUEST), 201, "%s", answer);
    struct session s = *session_now(f);
    struct session_event yes = {.kind = SESSION_EVENT_CONSENTED,
                                .at_ms = clock_wall_ms(),
                                .capabilities = SHELL,
                                .has_consent = true,
                                .consent = {.method = "hook", .by = "owner"}};
    cr_assert_eq(session_apply(&s, &yes, NULL), RESULT_OK);
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(store_session_put(f->core.store, &s), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    guard(f);
    cr_expect_eq(session_now(f)->state, SESSION_ASKING);
    fake_kills = 0;
    f->later_ms = 60 * 1000;
    guard(f);
    cr_expect_eq(session_now(f)->state, SESSION_FAILED);
    cr_expect_str_eq(newest.why, "no_product");
    cr_expect_eq(fake_kills, 1, "the edge expects it no more");
    fixture_free(f);
}
