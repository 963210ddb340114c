/* What a recording lacks at its end is said in it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sessions/report.h"
#include "sessions/verify.h"
#include "stage.h"

enum { GRACE_MS = 30 * 1000 };

/* Live, with a product that can come back. */
static void go_live(struct stage *s, bool resumes) {
    struct fault fault = {""};
    char text[600];
    stage_open(s);
    cr_assert_eq(stage_dial(s, &fault), RESULT_OK, "%s", fault.text);
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"method\":\"session.hello\",\"params\":{\"session\":\"%s\",\"agent\":\"1.0.0\","
             "\"capabilities\":[\"observe\",\"shell\"],\"consent\":{\"method\":\"code\",\"by\":\"owner\","
             "\"at_ms\":1700000000000,\"until_ms\":1700001800000},\"deadline_s\":1800,\"resume\":%s}}",
             s->options.session, resumes ? "true" : "false");
    product_text(s, text);
    stage_join(s);
}

static size_t count_holes(const struct stage *s) {
    size_t bytes, holes = 0;
    char *jsonl = stage_read(s, ".jsonl", &bytes);
    for (const char *at = jsonl; (at = strstr(at, "\"transcript.hole\"")) != NULL; at++) {
        holes++;
    }
    free(jsonl);
    return holes;
}

static void expect_verified(const struct stage *s) {
    struct verdict verdict;
    struct fault fault = {""};
    char path[256];
    stage_path(s, ".seal", path);
    cr_assert_eq(transcript_verify(path, &(struct verify_options){0}, &verdict, &fault), RESULT_OK, "%s", fault.text);
    cr_expect(verdict.is_ok, "%s", verdict.text);
}

Test(hole, promise_37_a_product_that_does_not_come_back_leaves_a_hole) {
    struct stage s;
    struct buf out;
    struct fault fault = {""};
    go_live(&s, true);
    stage_tick(&s, 4000);
    relay_detach(s.product.leg, s.now);
    stage_tick(&s, 1000);
    cr_expect_eq(s.over_count, 0, "it is given time");
    stage_tick(&s, GRACE_MS);
    cr_expect_eq(s.over_count, 1);
    cr_expect_str_eq(s.over.why, "agent_gone");
    cr_expect_not(s.over.is_complete);
    cr_expect_eq(count_holes(&s), 1);
    expect_verified(&s);
    struct session row = {.device = "freezer-7", .engineer = "ann", .state = SESSION_ENDED};
    snprintf(row.id, sizeof row.id, "%s", s.options.session);
    buf_init(&out, 64 * 1024);
    cr_assert_eq(session_report(NULL, NULL, &row, s.dir, "x", &out, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_not_null(strstr(buf_text(&out), "| 00:04 | 31 s | The link to the product was lost"), "%s",
                       buf_text(&out));
    buf_fini(&out);
    stage_close(&s);
}

Test(hole, an_end_in_order_leaves_none) {
    struct stage s;
    stage_open(&s);
    stage_session(&s);
    cr_expect_eq(count_holes(&s), 0);
    stage_close(&s);
}

Test(hole, one_that_cannot_come_back_ends_the_session_at_once_and_nothing_is_missed) {
    struct stage s;
    go_live(&s, false);
    relay_detach(s.product.leg, s.now);
    stage_tick(&s, 1);
    cr_expect_eq(s.over_count, 1);
    cr_expect_eq(count_holes(&s), 0);
    stage_close(&s);
}

Test(hole, a_gateway_that_stops_while_the_product_is_away_says_so) {
    struct stage s;
    go_live(&s, true);
    relay_detach(s.product.leg, s.now);
    stage_tick(&s, 2000);
    relay_free(s.relay);
    s.relay = NULL;
    cr_expect_eq(count_holes(&s), 1);
    expect_verified(&s);
    stage_close(&s);
}
