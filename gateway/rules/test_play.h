/* A test of a test file while it is played: its series and lines against its questions, through the real engine.
 * Between rules_test.c, which reads files, and the clock. */
#pragma once
#include "rules/pack.h"
#include "rules/test_logs.h"
#include "rules/test_series.h"

struct expression;
struct test_run {
    const struct document *doc;
    const char *path;
    struct problems *problems;
    struct buf *report;
    int *passed, *failed;
    struct pack *pack;
    int64_t evaluation_ms;
    /* of the test under way */
    struct test_series *series;
    size_t series_count;
    int64_t interval_ms;
    struct test_logs logs;
};
/* An entry of alert_rule_test or promql_expr_test, ready to be asked at its time. */
struct test_question {
    int64_t eval_ms;
    const char *alert, *eval_text; /* alert: the expression's text when there is one */
    struct expression *expr;       /* NULL: an alert */
    yaml_at at, expected;          /* expected: a list, or 0 */
};

/* Asks every question at its time and counts the verdicts; `questions` by time. */
void test_play(struct test_run *run, const struct test_question *questions, size_t count);
