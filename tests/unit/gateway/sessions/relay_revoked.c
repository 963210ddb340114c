/* A product whose certificate is revoked, in each phase of a session; and tickets, which are for one certificate. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

#define HELLO_THAT_RESUMES                                                                                             \
    "{\"jsonrpc\":\"2.0\",\"method\":\"session.hello\",\"params\":{\"session\":\"%s\",\"agent\":\"1.0.0\","            \
    "\"capabilities\":[\"shell\"],\"consent\":{\"method\":\"code\",\"by\":\"owner\",\"at_ms\":1700000000000,"          \
    "\"until_ms\":1700001800000},\"deadline_s\":1800,\"resume\":true}}"

/* Live, of a product that can come back; *ticket: with what. */
static void live_with_ticket(struct stage *s, char ticket[64]) {
    struct fault fault;
    char hello[600];
    stage_open(s);
    cr_assert_eq(stage_dial(s, &fault), RESULT_OK, "%s", fault.text);
    snprintf(hello, sizeof hello, HELLO_THAT_RESUMES, s->options.session);
    product_text(s, hello);
    cr_assert_eq(s->live_count, 1);
    stage_join(s);
    for (size_t i = 0; i < s->product.count; i++) {
        const char *at = strstr(s->product.sent[i].bytes, "\"token\":\"");
        if (at != NULL) {
            cr_assert_eq(sscanf(at, "\"token\":\"%60[A-Za-z0-9_-]\"", ticket), 1);
            return;
        }
    }
    cr_assert_fail("no ticket");
}

static enum result come_back(struct stage *s, const char *ticket, const char *certificate, struct leg *leg) {
    struct fault fault;
    leg_init(leg);
    return relay_attach_product(s->relay, ticket, "freezer-7", certificate, &leg_ops, leg, s->now, &leg->leg, &fault);
}

Test(relay_revoked, while_it_is_waited_for) {
    struct stage s;
    stage_open(&s);
    cr_expect_null(relay_certificate(s.relay));
    cr_expect(relay_expects(s.relay, s.token, "freezer-7"));
    cr_expect_not(relay_expects(s.relay, s.token, "freezer-8"));
    cr_expect_not(relay_expects(s.relay, "another", "freezer-7"));
    relay_revoke(s.relay, s.now);
    cr_expect(relay_is_over(s.relay));
    cr_expect_eq(s.over.kind, SESSION_EVENT_FAILED);
    cr_expect_str_eq(s.over.why, "certificate_revoked");
    cr_expect_not(relay_expects(s.relay, s.token, "freezer-7"));
    stage_close(&s);
}

Test(relay_revoked, a_product_that_ends_when_it_is_asked_to) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    cr_expect_str_eq(relay_certificate(s.relay), s.certificate);
    cr_expect_not(relay_expects(s.relay, s.token, "freezer-7"));
    relay_revoke(s.relay, s.now);
    cr_expect(leg_got(&s.product, 0, "\"session.end\",\"params\":{\"reason\":\"certificate_revoked\""));
    product_ends(&s, "certificate_revoked");
    cr_expect(relay_is_over(s.relay));
    cr_expect_str_eq(s.over.why, "certificate_revoked");
    cr_expect_eq(s.over.kind, SESSION_EVENT_ENDED);
    cr_expect_str_eq(s.product.closed, "certificate_revoked");
    cr_expect_str_eq(s.engineer.closed, "certificate_revoked");
    stage_close(&s);
}

Test(relay_revoked, a_product_that_will_not_go) {
    struct stage s;
    struct leg back;
    char ticket[64];
    live_with_ticket(&s, ticket);
    relay_revoke(s.relay, s.now);
    cr_expect_eq(come_back(&s, ticket, s.certificate, &back), RESULT_NOT_FOUND, "its ticket is void at once");
    stage_tick(&s, 900);
    cr_expect_str_empty(s.product.closed);
    stage_tick(&s, 200);
    cr_expect(relay_is_over(s.relay));
    cr_expect_str_eq(s.over.why, "certificate_revoked");
    cr_expect_not(s.over.is_countersigned);
    cr_expect_str_not_empty(s.product.closed);
    cr_expect_eq(come_back(&s, ticket, s.certificate, &back), RESULT_NOT_FOUND);
    stage_close(&s);
}

Test(relay_revoked, a_product_that_says_nothing_at_all) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    relay_revoke(s.relay, s.now);
    stage_tick(&s, 999);
    cr_expect_not(relay_is_over(s.relay));
    stage_tick(&s, 1);
    cr_expect(relay_is_over(s.relay));
    cr_expect_str_eq(s.over.why, "certificate_revoked");
    stage_close(&s);
}

Test(relay_revoked, a_product_that_is_away) {
    struct stage s;
    struct leg back;
    char ticket[64];
    live_with_ticket(&s, ticket);
    relay_detach(s.product.leg, s.now);
    cr_expect_not(relay_is_over(s.relay), "it is given time");
    relay_revoke(s.relay, s.now);
    cr_expect(relay_is_over(s.relay), "and now it is not");
    cr_expect_str_eq(s.over.why, "certificate_revoked");
    cr_expect_eq(come_back(&s, ticket, s.certificate, &back), RESULT_NOT_FOUND);
    stage_close(&s);
}

Test(relay_revoked, a_session_that_is_ending_keeps_its_reason_and_has_no_more_time) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    relay_end(s.relay, "ended_by_owner", "otto", s.now);
    relay_revoke(s.relay, s.now);
    stage_tick(&s, 1000);
    cr_expect(relay_is_over(s.relay));
    cr_expect_str_eq(s.over.why, "ended_by_owner");
    stage_close(&s);
}

Test(relay_revoked, a_ticket_is_for_the_certificate_that_the_session_began_with) {
    struct stage s;
    struct leg back;
    char ticket[64];
    live_with_ticket(&s, ticket);
    relay_detach(s.product.leg, s.now);
    cr_expect_eq(come_back(&s, ticket, "-----BEGIN CERTIFICATE-----\nanother\n", &back), RESULT_DENIED);
    cr_expect_eq(come_back(&s, ticket, NULL, &back), RESULT_DENIED);
    cr_expect_eq(come_back(&s, ticket, s.certificate, &back), RESULT_OK);
    stage_close(&s);
    leg_fini(&back);
}
