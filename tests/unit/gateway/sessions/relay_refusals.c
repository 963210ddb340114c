/* Everything that a relay must deny: who may come in, what a product may say, what people may do. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

Test(relay_refusals, who_may_dial_in) {
    static const struct {
        const char *what, *device;
        bool has_token;
        int64_t after_ms;
        enum result result;
    } rows[] = {{"a wrong token", "freezer-7", false, 0, RESULT_NOT_FOUND},
                {"another product's certificate", "washer-1", true, 0, RESULT_DENIED},
                {"too late", "freezer-7", true, 60001, RESULT_EXPIRED}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        struct fault fault = {""};
        stage_open(&s);
        const char *token = rows[i].has_token ? s.token : "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        cr_expect_eq(relay_attach_product(s.relay, token, rows[i].device, NULL, &leg_ops, &s.product,
                                          s.now + rows[i].after_ms, &s.product.leg, &fault),
                     rows[i].result, "%s", rows[i].what);
        cr_expect_str_not_empty(fault.text, "%s", rows[i].what);
        stage_close(&s);
    }
}

Test(relay_refusals, a_token_works_once) {
    struct stage s;
    struct fault fault;
    struct leg again;
    stage_open(&s);
    leg_init(&again);
    cr_assert_eq(stage_dial(&s, &fault), RESULT_OK);
    cr_expect_eq(relay_attach_product(s.relay, s.token, "freezer-7", NULL, &leg_ops, &again, s.now, &again.leg, &fault),
                 RESULT_CONFLICT);
    relay_detach(s.product.leg, s.now);
    cr_expect_eq(relay_attach_product(s.relay, s.token, "freezer-7", NULL, &leg_ops, &again, s.now, &again.leg, &fault),
                 RESULT_CONFLICT);
    stage_close(&s);
}

Test(relay_refusals, nobody_dials_in) {
    struct stage s;
    stage_open(&s);
    stage_tick(&s, 60000);
    cr_expect_eq(s.over.kind, SESSION_EVENT_FAILED);
    cr_expect_str_eq(s.over.why, "no_product");
    stage_close(&s);
}

Test(relay_refusals, a_product_that_says_nothing) {
    struct stage s;
    struct fault fault;
    stage_open(&s);
    cr_assert_eq(stage_dial(&s, &fault), RESULT_OK);
    stage_tick(&s, 10001);
    cr_expect_str_eq(s.over.why, "no_product");
    cr_expect_str_eq(s.product.closed, "no_product");
    stage_close(&s);
}

#define RPC(method, params) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}"

/* Each is the first message of a product that has not said hello. */
Test(relay_refusals, what_is_no_hello) {
    static const char *const rows[] = {"hello",
                                       "[]",
                                       "{}",
                                       "{\"jsonrpc\":\"2.0\"}",
                                       RPC("observe.sample", "{}"),
                                       RPC("session.ended", "{}"),
                                       RPC("session.hello", "{}"),
                                       "{\"jsonrpc\":\"1.0\",\"method\":\"session.hello\",\"params\":{}}",
                                       "{\"jsonrpc\":\"2.0\",\n\"method\":\"session.hello\",\"params\":{}}",
                                       "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        struct fault fault;
        stage_open(&s);
        cr_assert_eq(stage_dial(&s, &fault), RESULT_OK);
        product_text(&s, rows[i]);
        cr_expect_eq(s.over_count, 1, "%s", rows[i]);
        cr_expect_eq(s.over.kind, SESSION_EVENT_FAILED, "%s", rows[i]);
        cr_expect_str_eq(s.over.why, "product_protocol", "%s", rows[i]);
        stage_close(&s);
    }
}

Test(relay_refusals, a_hello_that_claims_more_than_was_granted) {
    static const char *const rows[] = {"\"observe\",\"files\"", "\"root\"", "", "7"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        struct fault fault;
        stage_open(&s);
        cr_assert_eq(stage_dial(&s, &fault), RESULT_OK);
        stage_hello(&s, rows[i]);
        cr_expect_eq(s.live_count, 0, "%s", rows[i]);
        cr_expect_str_eq(s.over.why, "product_protocol", "%s", rows[i]);
        stage_close(&s);
    }
}

/* Each breaks a session that is live, has no terminal open, and observes nothing. */
Test(relay_refusals, what_a_product_may_not_say) {
    static const struct {
        const char *what;
        bool is_text;
        const char *bytes;
    } rows[] = {
        {"a second hello", true, RPC("session.hello", "{}")},
        {"an unknown method", true, RPC("shell.run", "{}")},
        {"a method of the gateway", true, RPC("session.end", "{\"reason\":\"x\"}")},
        {"samples that nobody asked for", true, RPC("observe.sample", "{\"t\":1,\"values\":{}}")},
        {"a log that nobody asked for", true, RPC("observe.log", "{\"t\":1}")},
        {"echo without a terminal", true, RPC("terminal.echo", "{\"on\":false}")},
        {"a terminal closed that was not open", true, RPC("terminal.closed", "{\"exit\":0,\"signal\":0}")},
        {"an end without a reason", true, RPC("session.ended", "{}")},
        {"a countersignature too early", true, RPC("session.countersign", "{\"text\":\"\",\"signature\":\"\"}")},
        {"a request of its own", true, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"observe.log\",\"params\":{}}"},
        {"no params", true, "{\"jsonrpc\":\"2.0\",\"method\":\"session.ended\"}"},
        {"an answer with both", true, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}"},
        {"an answer with neither", true, "{\"jsonrpc\":\"2.0\",\"id\":1}"},
        {"broken JSON", true, "{\"jsonrpc\""},
        {"broken UTF-8", true, "\"\xff\""},
        {"terminal bytes without a terminal", false, "\001hello"},
        {"a secret from below", false, "\0020123456789abcdefx"},
        {"an unknown channel", false, "\007x"},
        {"a credit for an unknown channel", false, "\377\007\001\001\001\001"},
        {"half a credit", false, "\377\001\001"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        stage_open(&s);
        stage_live(&s);
        size_t before = s.engineer.count;
        leg_message(&s, &s.product, rows[i].is_text, rows[i].bytes, strlen(rows[i].bytes));
        cr_expect_eq(s.over_count, 1, "%s", rows[i].what);
        cr_expect_str_eq(s.over.why, "product_protocol", "%s", rows[i].what);
        cr_expect_not(s.over.is_complete, "%s", rows[i].what);
        cr_expect(leg_got(&s.engineer, before, "product_protocol"), "%s: the engineer is told", rows[i].what);
        stage_close(&s);
    }
}

Test(relay_refusals, after_the_last_frame_up_only_the_countersignature) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    product_text(&s, RPC("session.ended", "{\"reason\":\"idle\",\"children_left\":0}"));
    product_text(&s, RPC("session.ended", "{\"reason\":\"idle\",\"children_left\":0}"));
    cr_expect_eq(s.over_count, 1);
    cr_expect_not(s.over.is_countersigned);
    stage_close(&s);
}

Test(relay_refusals, a_countersignature_over_other_frames_is_not_one) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    product_text(&s, RPC("session.ended", "{\"reason\":\"idle\",\"children_left\":0}"));
    chain_add(&s.up, &(struct frame){.channel = 1, .bytes = (const uint8_t *)"x", .count = 1});
    product_countersigns(&s);
    cr_expect_eq(s.over_count, 1);
    cr_expect_not(s.over.is_countersigned);
    cr_expect(s.over.is_complete);
    stage_close(&s);
}

struct refusal {
    const char *what;
    const char *granted; /* in hello */
    bool is_text;
    const char *bytes;
    const char *code; /* in the answer */
};

static const struct refusal refusals[] = {
    {"no shell", "\"observe\"", true, RPC("terminal.open", "{\"cols\":80,\"rows\":24}"), "\"denied\""},
    {"no shell, but typed", "\"observe\"", false, "\001ls\r", "\"denied\""},
    {"no diagnose", "\"observe\"", true, RPC("diagnose.run", "{\"name\":\"disk\"}"), "\"denied\""},
    {"no observe", "\"shell\"", true, RPC("observe.start", "{}"), "\"denied\""},
    {"typed without a terminal", "\"shell\"", false, "\001ls\r", "\"conflict\""},
    {"resize without a terminal", "\"shell\"", true, RPC("terminal.resize", "{\"cols\":1,\"rows\":1}"), "\"conflict\""},
    {"close without a terminal", "\"shell\"", true, RPC("terminal.close", "{}"), "\"conflict\""},
    {"a secret from above", "\"shell\"", false, "\0020123456789abcdefx", "\"denied\""},
    {"an unknown channel", "\"shell\"", false, "\007x", "\"bad_input\""},
    {"cut inside a character", "\"shell\"", false, "\001\xe6\xb8", "\"bad_input\""},
    {"no columns", "\"shell\"", true, RPC("terminal.open", "{\"rows\":24}"), "\"bad_input\""},
    {"a thousand and one columns", "\"shell\"", true, RPC("terminal.open", "{\"cols\":1001,\"rows\":24}"),
     "\"bad_input\""},
    {"a strange terminal", "\"shell\"", true, RPC("terminal.open", "{\"cols\":80,\"rows\":24,\"term\":\"a b\"}"),
     "\"bad_input\""},
    {"no name", "\"diagnose\"", true, RPC("diagnose.run", "{}"), "\"bad_input\""},
    {"a long name", "\"diagnose\"", true, RPC("diagnose.run", "{\"name\":\"12345678901234567890123456789012\"}"),
     "\"too_big\""},
    {"args no object", "\"diagnose\"", true, RPC("diagnose.run", "{\"name\":\"disk\",\"args\":[]}"), "\"bad_input\""},
    {"no params", "\"diagnose\"", true, "{\"jsonrpc\":\"2.0\",\"method\":\"diagnose.run\"}", "\"bad_input\""},
    {"params no object", "\"diagnose\"", true, "{\"jsonrpc\":\"2.0\",\"method\":\"diagnose.run\",\"params\":[1]}",
     "\"bad_input\""},
    {"an unknown method", "\"shell\"", true, RPC("shell.run", "{}"), "\"unknown_method\""},
    {"a method of the product", "\"shell\"", true, RPC("session.ended", "{}"), "\"unknown_method\""},
    {"no JSON", "\"shell\"", true, "ls", "\"bad_json\""},
    {"no object", "\"shell\"", true, "[]", "\"bad_input\""},
    {"an old JSON-RPC", "\"shell\"", true, "{\"jsonrpc\":\"1.0\",\"method\":\"observe.start\"}", "\"bad_input\""},
    {"an object for an id", "\"shell\"", true, "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"observe.start\"}",
     "\"bad_input\""},
};

Test(relay_refusals, what_an_engineer_may_not_do) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *row = &refusals[i];
        struct stage s;
        struct fault fault;
        stage_open(&s);
        cr_assert_eq(stage_dial(&s, &fault), RESULT_OK);
        stage_hello(&s, row->granted);
        stage_join(&s);
        size_t before = s.engineer.count, product_before = s.product.count;
        leg_message(&s, &s.engineer, row->is_text, row->bytes, strlen(row->bytes));
        cr_expect(leg_got(&s.engineer, before, row->code), "%s: %s", row->what, leg_last(&s.engineer));
        cr_expect_eq(s.product.count, product_before, "%s: the product heard of it", row->what);
        cr_expect_eq(s.over_count, 0, "%s", row->what);
        stage_close(&s);
    }
}

Test(relay_refusals, a_watcher_may_do_nothing) {
    static const struct {
        bool is_text;
        const char *bytes;
    } rows[] = {{true, RPC("terminal.open", "{\"cols\":80,\"rows\":24}")},
                {true, RPC("session.end", "{}")},
                {true, RPC("diagnose.run", "{\"name\":\"disk\"}")},
                {false, "\001rm -rf /\r"}};
    struct stage s;
    struct fault fault;
    stage_open(&s);
    stage_live(&s);
    cr_assert_eq(relay_attach_person(s.relay, &(struct relay_person){.name = "bob"}, &leg_ops, &s.watcher, s.now,
                                     &s.watcher.leg, &fault),
                 RESULT_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t before = s.watcher.count, product_before = s.product.count;
        leg_message(&s, &s.watcher, rows[i].is_text, rows[i].bytes, strlen(rows[i].bytes));
        cr_expect(leg_got(&s.watcher, before, "\"denied\""), "%s", rows[i].bytes);
        cr_expect_eq(s.product.count, product_before, "%s", rows[i].bytes);
    }
    cr_expect(relay_is_live(s.relay));
    stage_close(&s);
}

Test(relay_refusals, twenty_refusals_close_a_leg) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    for (int i = 0; i < RELAY_STRIKES; i++) {
        cr_assert_str_empty(s.engineer.closed);
        engineer_text(&s, "nonsense");
    }
    cr_expect_str_eq(s.engineer.closed, "too_many_errors");
    cr_expect(relay_is_live(s.relay));
    stage_close(&s);
}

Test(relay_refusals, sixteen_requests_may_wait) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    for (int i = 0; i <= RELAY_CALLS; i++) {
        char text[128];
        snprintf(text, sizeof text,
                 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"diagnose.run\",\"params\":{\"name\":\"disk\"}}", i);
        engineer_text(&s, text);
        cr_expect_eq(leg_got(&s.engineer, 0, "\"busy\""), i == RELAY_CALLS, "request %d", i);
    }
    stage_tick(&s, 5 * 60000 + 1);
    cr_expect(leg_got(&s.engineer, 0, "\"timed_out\""));
    stage_close(&s);
}

Test(relay_refusals, more_input_than_may_wait_is_dropped_and_said) {
    struct stage s;
    size_t count;
    stage_open(&s);
    stage_live(&s);
    engineer_text(&s,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.open\",\"params\":{\"cols\":80,\"rows\":24}}");
    char block[8193];
    memset(block, 'k', 8192);
    block[8192] = '\0';
    for (int i = 0; i < RELAY_INPUT_BYTES / 8192; i++) {
        engineer_types(&s, block);
    }
    cr_expect_not(leg_got(&s.engineer, 0, "\"full\""));
    engineer_types(&s, "x");
    cr_expect(leg_got(&s.engineer, 0, "\"full\""));
    char *jsonl = stage_read(&s, ".jsonl", &count);
    cr_expect_null(strstr(jsonl, "kkkk"), "what was not relayed is not in the transcript");
    free(jsonl);
    stage_close(&s);
}

Test(relay_refusals, nothing_is_done_while_it_ends) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    relay_end(s.relay, "ended_by_owner", "owner", s.now);
    size_t before = s.product.count;
    engineer_text(&s, RPC("diagnose.run", "{\"name\":\"disk\"}"));
    engineer_types(&s, "x");
    cr_expect_eq(s.product.count, before, "session.end is the last frame down");
    cr_expect(leg_got(&s.engineer, 0, "\"not_live\""));
    stage_close(&s);
}

Test(relay_refusals, nobody_joins_what_is_over) {
    struct stage s;
    struct fault fault;
    stage_open(&s);
    stage_live(&s);
    relay_detach(s.product.leg, s.now);
    cr_expect_eq(relay_attach_person(s.relay, &(struct relay_person){.name = "bob"}, &leg_ops, &s.watcher, s.now,
                                     &s.watcher.leg, &fault),
                 RESULT_CLOSED);
    cr_expect_str_empty(s.watcher.closed, "a leg that was refused is not closed too");
    stage_close(&s);
}
