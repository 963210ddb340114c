/* The row's state table, the grant, the token, the events. */
#include "sessions/session.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sessions/session_event.h"
#include "sessions/token.h"

#define OBSERVE  CAPABILITY_BIT(CAPABILITY_OBSERVE)
#define DIAGNOSE CAPABILITY_BIT(CAPABILITY_DIAGNOSE)
#define SHELL    CAPABILITY_BIT(CAPABILITY_SHELL)

static void print_row(const struct session *s, struct buf *out) {
    struct json_out j = json_out(out);
    buf_init(out, 4096);
    session_print(s, &j, NULL);
}

/* Which events each state takes, and where they lead. */
Test(session, the_whole_table) {
    enum { NO = SESSION_STATE_COUNT };
    static const struct {
        enum session_state from;
        int to[SESSION_EVENT_COUNT];
    } rows[] = {
        /* consented, code_required, wrong_code, live, denied, failed, ended, approved */
        {SESSION_AWAITING_APPROVAL, {NO, NO, NO, NO, SESSION_DENIED, SESSION_FAILED, NO, SESSION_ASKING}},
        {SESSION_ASKING,
         {SESSION_ASKING, SESSION_CODE_REQUIRED, NO, SESSION_LIVE, SESSION_DENIED, SESSION_FAILED, SESSION_ENDED, NO}},
        {SESSION_CODE_REQUIRED,
         {SESSION_ASKING, SESSION_CODE_REQUIRED, SESSION_CODE_REQUIRED, SESSION_LIVE, SESSION_DENIED, SESSION_FAILED,
          SESSION_ENDED, NO}},
        {SESSION_LIVE, {SESSION_LIVE, NO, NO, NO, NO, NO, SESSION_ENDED, NO}},
        {SESSION_ENDED, {NO, NO, NO, NO, NO, NO, NO, NO}},
        {SESSION_DENIED, {NO, NO, NO, NO, NO, NO, NO, NO}},
        {SESSION_FAILED, {NO, NO, NO, NO, NO, NO, NO, NO}}};
    cr_assert_eq(sizeof rows / sizeof *rows, SESSION_STATE_COUNT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int kind = 0; kind < SESSION_EVENT_COUNT; kind++) {
            struct session s = {.id = "x", .engineer = "eva", .state = rows[i].from, .capabilities = OBSERVE},
                           before = s;
            struct session_event event = {.kind = (enum session_event_kind)kind,
                                          .at_ms = 5,
                                          .capabilities = OBSERVE,
                                          .has_consent = true,
                                          .by = "tom"};
            struct fault fault = {""};
            enum result result = session_apply(&s, &event, &fault);
            if (rows[i].to[kind] == NO) {
                cr_expect_eq(result, RESULT_CONFLICT, "%d %d", (int)rows[i].from, kind);
                struct buf was, is;
                print_row(&before, &was);
                print_row(&s, &is);
                cr_expect_str_eq(buf_text(&was), buf_text(&is), "a refused event changes nothing");
                buf_fini(&was);
                buf_fini(&is);
                cr_expect_not_null(strstr(fault.text, session_state_name(before.state)));
            } else {
                cr_expect_eq(result, RESULT_OK, "%d %d: %s", (int)rows[i].from, kind, fault.text);
                cr_expect_eq((int)s.state, rows[i].to[kind], "%d %d", (int)rows[i].from, kind);
            }
        }
    }
}

/* What the row itself refuses, whoever says that it happened. */
Test(session, gates_of_the_row) {
    static const struct {
        const char *what;
        struct session row;
        struct session_event event;
        const char *says;
    } rows[] = {
        {"live without consent",
         {.state = SESSION_ASKING, .capabilities = OBSERVE},
         {.kind = SESSION_EVENT_LIVE, .capabilities = OBSERVE},
         "consented"},
        {"live with nothing left",
         {.state = SESSION_ASKING, .capabilities = OBSERVE},
         {.kind = SESSION_EVENT_LIVE, .capabilities = SHELL, .has_consent = true},
         "nothing was consented"},
        {"live without the approval that it needs",
         {.state = SESSION_ASKING, .capabilities = OBSERVE, .needs_approval = true},
         {.kind = SESSION_EVENT_LIVE, .capabilities = OBSERVE, .has_consent = true},
         "nobody approved"},
        {"approved by nobody",
         {.state = SESSION_AWAITING_APPROVAL, .engineer = "eva"},
         {.kind = SESSION_EVENT_APPROVED},
         "somebody else"},
        {"approved by who asked",
         {.state = SESSION_AWAITING_APPROVAL, .engineer = "eva"},
         {.kind = SESSION_EVENT_APPROVED, .by = "eva"},
         "somebody else"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session s = rows[i].row;
        struct fault fault = {""};
        cr_expect_eq(session_apply(&s, &rows[i].event, &fault), RESULT_DENIED, "%s", rows[i].what);
        cr_expect_eq(s.state, rows[i].row.state, "%s", rows[i].what);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].what, fault.text);
    }
}

Test(session, what_is_waited_for_has_its_time) {
    static const struct {
        struct session row;
        int64_t now_ms;
        const char *why;
    } rows[] = {
        {{.state = SESSION_AWAITING_APPROVAL, .due_ms = 100}, 99, NULL},
        {{.state = SESSION_AWAITING_APPROVAL, .due_ms = 100}, 100, "approval_expired"},
        {{.state = SESSION_ASKING, .due_ms = 100}, 100, "timed_out"},
        {{.state = SESSION_CODE_REQUIRED, .due_ms = 100}, 101, "timed_out"},
        {{.state = SESSION_ASKING, .has_consent = true, .due_ms = 100}, 101, "no_product"},
        {{.state = SESSION_LIVE, .due_ms = 100}, 101, NULL},
        {{.state = SESSION_ENDED, .due_ms = 100}, 101, NULL},
        {{.state = SESSION_ASKING}, 101, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = session_overdue(&rows[i].row, rows[i].now_ms);
        cr_expect_str_eq(why ? why : "-", rows[i].why ? rows[i].why : "-", "row %zu", i);
    }
}

Test(session, promise_34_an_unused_token_is_void_within_a_minute_of_the_consent) {
    struct session s = {.state = SESSION_ASKING, .capabilities = OBSERVE, .due_ms = 1000000};
    const struct session_event event = {
        .kind = SESSION_EVENT_CONSENTED, .at_ms = 5000, .capabilities = OBSERVE, .has_consent = true};
    cr_assert_eq(session_apply(&s, &event, NULL), RESULT_OK);
    cr_expect_leq(s.due_ms, 5000 + 60000);
    cr_expect_str_eq(session_overdue(&s, s.due_ms), "no_product");
}

Test(session, consent_narrows_and_never_widens) {
    struct session s = {.state = SESSION_ASKING, .capabilities = OBSERVE | DIAGNOSE};
    struct session_event event = {.kind = SESSION_EVENT_LIVE,
                                  .at_ms = 7,
                                  .capabilities = OBSERVE | SHELL,
                                  .has_consent = true,
                                  .deadline_ms = 99};
    cr_assert_eq(session_apply(&s, &event, NULL), RESULT_OK);
    cr_expect_eq(s.capabilities, OBSERVE);
    cr_expect(s.has_started && s.has_deadline && s.started_ms == 7 && s.deadline_ms == 99);
}

Test(session, a_reason_is_told_in_words) {
    struct session s = {.state = SESSION_ASKING};
    struct session_event event = {.kind = SESSION_EVENT_DENIED, .at_ms = 7, .why = "timed_out"};
    cr_assert_eq(session_apply(&s, &event, NULL), RESULT_OK);
    cr_expect_str_eq(s.why, "timed_out");
    cr_expect_str_eq(s.text, session_why_text("timed_out"));
    cr_expect_str_not_empty(session_why_text("a reason of tomorrow"));
}

Test(session_event, goes_and_comes_back) {
    struct session_event event = {.kind = SESSION_EVENT_ENDED,
                                  .at_ms = 1700000000123,
                                  .why = "deadline",
                                  .text = "é \"x\"",
                                  .capabilities = OBSERVE | SHELL,
                                  .has_consent = true,
                                  .consent = {.method = "hook", .by = "owner", .at_ms = 1, .until_ms = 2},
                                  .deadline_ms = 9,
                                  .frames = 123,
                                  .digest = "ab",
                                  .is_complete = true},
                         back;
    struct buf text, again;
    struct json *object;
    struct fault fault = {""};
    buf_init(&text, 4096);
    session_event_print(&event, &text);
    cr_assert_eq(json_parse(buf_text(&text), text.count, &object, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(session_event_read(object, &back, &fault), RESULT_OK, "%s", fault.text);
    buf_init(&again, 4096);
    session_event_print(&back, &again);
    cr_expect_str_eq(buf_text(&text), buf_text(&again));
    buf_fini(&again);
    json_free(object);
    buf_fini(&text);
}

static struct reply_message reply_of(const char *text) {
    struct reply_message reply;
    struct fault fault = {""};
    cr_assert_eq(reply_decode(text, strlen(text), &reply, &fault), RESULT_OK, "%s: %s", text, fault.text);
    return reply;
}

#define ID        "\"id\":\"11111111-1111-4111-8111-111111111111\""
#define ERROR(e)  "{" ID ",\"ok\":false,\"error\":\"" e "\",\"text\":\"said so\"}"
#define RESULT(r) "{" ID ",\"ok\":true,\"result\":" r "}"

Test(session_event, what_an_agent_replies) {
    static const struct {
        const char *reply;
        enum session_event_kind kind;
        const char *why;
    } rows[] = {{RESULT("{\"state\":\"code_required\",\"wait_s\":60}"), SESSION_EVENT_CODE_REQUIRED, ""},
                {RESULT("{\"state\":\"open\",\"capabilities\":[\"observe\"],\"consent\":{\"method\":\"code\",\"by\":"
                        "\"owner\",\"at_ms\":1,\"until_ms\":2}}"),
                 SESSION_EVENT_CONSENTED, ""},
                {ERROR("refused"), SESSION_EVENT_DENIED, "refused"},
                {ERROR("timed_out"), SESSION_EVENT_DENIED, "timed_out"},
                {ERROR("wrong_code"), SESSION_EVENT_WRONG_CODE, ""},
                {ERROR("no_tries_left"), SESSION_EVENT_DENIED, "wrong_code"},
                {ERROR("off_on_product"), SESSION_EVENT_DENIED, "off_on_product"},
                {ERROR("hook_failed"), SESSION_EVENT_DENIED, "hook_failed"},
                {ERROR("expired"), SESSION_EVENT_DENIED, "expired"},
                {ERROR("busy"), SESSION_EVENT_FAILED, "busy"},
                {ERROR("something_new"), SESSION_EVENT_FAILED, "failed"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply_message reply = reply_of(rows[i].reply);
        struct session_event event;
        struct fault fault = {""};
        cr_assert_eq(session_event_of_reply(&reply, 5, &event, &fault), RESULT_OK, "%s", fault.text);
        cr_expect_eq(event.kind, rows[i].kind, "%s", rows[i].reply);
        cr_expect_str_eq(event.why, rows[i].why, "%s", rows[i].reply);
        reply_fini(&reply);
    }
}

Test(session_event, replies_that_say_yes_to_nothing) {
    static const char *const rows[] = {RESULT("{}"),
                                       RESULT("{\"state\":\"yes\"}"),
                                       RESULT("{\"state\":\"open\"}"),
                                       RESULT("{\"state\":\"open\",\"capabilities\":[\"root\"]}"),
                                       RESULT("{\"state\":\"open\",\"capabilities\":[\"observe\"]}"),
                                       RESULT("{\"state\":\"code_required\"}")};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply_message reply = reply_of(rows[i]);
        struct session_event event;
        struct fault fault = {""};
        cr_expect_neq(session_event_of_reply(&reply, 5, &event, &fault), RESULT_OK, "%s", rows[i]);
        cr_expect_str_not_empty(fault.text);
        reply_fini(&reply);
    }
}

Test(token, only_itself_matches) {
    char token[SESSION_TOKEN_CHARS + 1], other[SESSION_TOKEN_CHARS + 1], longer[SESSION_TOKEN_CHARS + 2];
    uint8_t hash[SHA256_BYTES], other_hash[SHA256_BYTES];
    session_token_make(token, hash);
    session_token_make(other, other_hash);
    cr_expect_str_neq(token, other);
    cr_expect(session_token_matches(token, hash));
    cr_expect_not(session_token_matches(other, hash));
    cr_expect_not(session_token_matches("", hash));
    cr_expect_not(session_token_matches(NULL, hash));
    snprintf(longer, sizeof longer, "%sx", token);
    cr_expect_not(session_token_matches(longer, hash));
    token[5] = token[5] == 'A' ? 'B' : 'A';
    cr_expect_not(session_token_matches(token, hash));
}
