/* Log lines and events in rules: when they are evaluated, what silence means, what a restart keeps. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/message.h"
#include "rig.h"
#include "rules/logs/feed.h"

static void say(struct rule_device *d, double at_s, int severity, const char *text, struct firings *out) {
    struct log_record line = {.event_ms = (int64_t)(at_s * 1000), .severity = severity};
    snprintf(line.app, sizeof line.app, "kernel");
    snprintf(line.text, sizeof line.text, "%s", text);
    rule_device_log(d, &line, out);
}

/* A story of words, each at a second: "10 a=1" a sample; "10 log:TEXT" and "10 err:TEXT" lines of severity info and
 * err; "10 code:E17"; "pass" and "save" (into a fresh device). */
static struct rule_device *again(struct rule_device *d, const struct pack *pack) {
    struct rule_device *fresh = rule_device_new(pack, "pump-1");
    struct buf state;
    buf_init(&state, 1 << 20);
    rule_device_save(d, &state);
    cr_assert_eq(rule_device_load(fresh, state.data, state.count), RESULT_OK);
    buf_fini(&state);
    rule_device_free(d);
    return fresh;
}

static void tell(const char *expr, const char *hold, const char *story, const char *want) {
    struct pack *pack = rig_rule(expr, hold, NULL, NULL);
    struct rule_device *d = rule_device_new(pack, "pump-1");
    struct firings firings;
    char *copy = strdup(story), *save = NULL;
    firings_init(&firings);
    for (char *word = strtok_r(copy, ";", &save); word; word = strtok_r(NULL, ";", &save)) {
        char *rest = NULL;
        const double at_s = strtod(word, &rest);
        while (*rest == ' ')
            rest++;
        if (strncmp(rest, "log:", 4) == 0)
            say(d, at_s, SEVERITY_INFO, rest + 4, &firings);
        else if (strncmp(rest, "err:", 4) == 0)
            say(d, at_s, SEVERITY_ERROR, rest + 4, &firings);
        else if (strncmp(rest, "code:", 5) == 0)
            rule_device_code(d, rest + 5, (int64_t)(at_s * 1000), &firings);
        else if (strcmp(rest, "pass") == 0)
            (void)rule_device_pass(d, &firings);
        else if (strcmp(rest, "save") == 0)
            d = again(d, pack);
        else
            rig_feed(d, pack, word, &firings);
    }
    cr_expect_str_eq(rig_firings(&firings), want, "%s\n  %s\n  gave %s", expr, story, rig_firings(&firings));
    firings_fini(&firings);
    free(copy);
    rule_device_free(d);
    pack_free(pack);
}

Test(logs, stories) {
    static const struct {
        const char *expr, *hold, *story, *want;
    } rows[] = {
        /* when */
        {"log_rate(\"fire\"[1m]) > 0", NULL, "0 a=1;10 log:fire;20 a=1", "RAISE X@10"},
        {"log_rate(\"fire\"[1m]) > 0", NULL, "0 a=1;10 log:fire", ""},
        {"log_rate(\"fire\"[1m]) > 0", NULL, "0 a=1;10 log:fire;0 pass", "RAISE X@10"},
        {"log_rate(\"fire\"[1m]) > 0", NULL, "10 log:fire;0 pass", "RAISE X@10"},
        {"log_rate(\"fire\"[1m]) > 0", NULL, "0 a=1;10 log:fire;0 pass;69 a=1;70 a=1", "RAISE X@10 CLEAR X@70"},
        {"log_rate(\"fire\"[1m]) > 0", NULL, "0 a=1;10 log:fire;0 pass;0 a=1;69 a=1", "RAISE X@10"},
        {"log_rate(\"fire\"[1m]) > 0", NULL, "60 a=1;10 log:fire;61 a=1", "RAISE X@61"},
        {"log_rate(\"fire\"[1m]) > 0", "20s", "0 a=1;10 log:fire;20 a=1;29 a=1;31 a=1", "RAISE X@10"},
        /* how many */
        {"log_rate(\"x\"[10s]) == 0.3", NULL, "0 log:x;0 log:x;0 log:x;0 pass", "RAISE X@0"},
        {"log_rate(\"x\"[10s]) == 0.3", NULL, "0 log:x;0 pass;0 log:x;0 pass;0 log:x;0 pass", "RAISE X@0.002"},
        {"log_rate(\"x\"[10s]) == 0.2", NULL, "5 log:x;4 log:x;20 a=1;21 a=1", "RAISE X@5 CLEAR X@20"},
        {"log_rate(\"x\"[10s], \"err\") == 0.1", NULL, "0 log:x;1 err:x;0 pass", "RAISE X@1"},
        {"log_rate(`x \\d+`[10s]) > 0", NULL, "0 log:x y;1 log:x 17;0 pass", "RAISE X@1"},
        {"log_rate(\"kernel: x\"[10s]) > 0", NULL, "0 log:x y;0 pass", "RAISE X@0"},
        /* silence */
        {"log_rate(\"fire\"[1m]) == 0", NULL, "0 a=1;10 a=1", ""},
        {"log_rate(\"fire\"[1m]) == 0", NULL, "0 a=1;5 log:all is well;10 a=1", "RAISE X@10"},
        {"count_over_time(events(\"E17\")[1h]) == 0", NULL, "0 a=1", "RAISE X@0"},
        {"max_over_time(log_novelty()[10m]) == 0", NULL, "0 a=1;1 log:x;2 a=1", ""},
        /* events */
        {"count_over_time(events(\"E17\")[1h]) >= 3", NULL, "0 code:E17;9 code:E17;9 code:W1;0 pass", ""},
        {"count_over_time(events(\"E17\")[1h]) >= 3", NULL, "0 code:E17;9 code:E17;9 code:E17;0 pass", "RAISE X@9.001"},
        {"count_over_time(events(\"E17\")[1h]) >= 3", NULL, "0 code:E17;0 pass;0 code:E17;0 pass;0 code:E17;0 pass",
         "RAISE X@0.002"},
        {"count_over_time(events(\"E17\")[1m]) > 0 and count_over_time(events(\"W1\")[1m]) > 0", NULL,
         "0 a=1;10 code:E17;20 a=1;50 code:W1;60 a=1;70 a=1", "RAISE X@50 CLEAR X@70"},
        {"count_over_time(events(\"E17\")[1m]) > 0 and a > 5", NULL, "0 a=1;10 code:E17;20 a=6;30 a=1",
         "RAISE X@20 CLEAR X@30"},
        /* an event overtakes a backlog: it is evaluated as if it had come in time */
        {"count_over_time(events(\"E17\")[1m]) > 0 and a > 5", NULL,
         "0 a=1;500 code:E17;100 a=6;200 a=6;300 a=1;400 a=1;500 a=6;510 a=1", "RAISE X@500 CLEAR X@510"},
        {"a > 5", NULL, "0 a=1;500 code:E17;100 a=6;150 a=1;500 a=1", "RAISE X@100 CLEAR X@150"},
        /* a restart */
        {"log_rate(\"fire\"[1m]) > 0", NULL, "0 a=1;10 log:fire;0 save;20 a=1", "RAISE X@10"},
        {"log_rate(\"x\"[1m]) * 60 >= 3", NULL, "0 log:x;0 pass;0 save;0 log:x;0 save;0 log:x;0 save;0 pass",
         "RAISE X@0.001"},
        {"count_over_time(events(\"E17\")[1h]) >= 3", NULL,
         "0 code:E17;0 pass;0 save;5 code:E17;0 save;9 code:E17;10 a=1", "RAISE X@9"},
        {"log_rate(\"fire\"[1m]) == 0", NULL, "0 log:ok;0 save;10 a=1", "RAISE X@10"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        tell(rows[i].expr, rows[i].hold, rows[i].story, rows[i].want);
}

/* Off is not silent: what depends on the pattern is unknown, and its alarm stays. */
Test(logs, promise_20_a_pattern_that_is_off_neither_raises_nor_clears) {
    struct pack *pack = rig_rule("log_rate(`^kernel: (a|aa)+$`[1m]) > 0", NULL, NULL, NULL);
    struct rule_device *d = rule_device_new(pack, "pump-1");
    struct firings firings;
    firings_init(&firings);
    rig_feed(d, pack, "0 a=1", &firings);
    say(d, 1, SEVERITY_INFO, "aa", &firings);
    rig_feed(d, pack, "2 a=1", &firings);
    cr_expect_str_eq(rig_firings(&firings), "RAISE X@1");
    for (int i = 0; i < LOG_PATTERN_STRIKES; i++)
        say(d, 3 + i, SEVERITY_INFO, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-", &firings);
    cr_expect_str_eq(pack_pattern_off(pack), "^kernel: (a|aa)+$");
    cr_expect_null(pack_pattern_off(pack));
    rig_feed(d, pack, "10 a=1;100 a=1;1000 a=1", &firings);
    cr_expect_str_eq(rig_firings(&firings), "RAISE X@1 UNKNOWN X@10");
    firings_fini(&firings);
    rule_device_free(d);
    pack_free(pack);
}

/* More than may wait: counted all the same, though the oldest of them enter before their time. */
Test(logs, what_waits_is_bounded) {
    struct pack *pack = rig_rule("count_over_time(events(\"E17\")[10m]) == 200", NULL, NULL, NULL);
    struct rule_device *d = rule_device_new(pack, "pump-1");
    struct firings firings;
    firings_init(&firings);
    rig_feed(d, pack, "0 a=1", &firings);
    const size_t before = rule_device_bytes(d);
    for (int i = 0; i < 200; i++)
        rule_device_code(d, "E17", 1000 + i * 1000, &firings);
    cr_expect_lt(rule_device_bytes(d), before + 8 * 1024);
    cr_expect_eq(rule_device_waiting_ms(d), 1000 + (200 - FEED_WAITING_MAX) * 1000);
    rig_feed(d, pack, "300 a=1", &firings);
    cr_expect_str_eq(rig_firings(&firings), "RAISE X@200");
    cr_expect_eq(rule_device_waiting_ms(d), INT64_MAX);
    firings_fini(&firings);
    rule_device_free(d);
    pack_free(pack);
}

Test(logs, what_cannot_be_said) {
    static const struct {
        const char *expr, *says;
        size_t at;
    } rows[] = {
        {"log_rate(\"(\"[5m]) > 1", "is not a regular expression: missing closing parenthesis", 9},
        {"log_rate(\"a*\"[5m]) > 1", "fits every line", 9},
        {"log_rate(a[5m]) > 1", "quotes", 9},
        {"log_rate(\"x\") > 1", "range", 12},
        {"log_rate(\"x\"[5m], \"bad\") > 1", "expected a severity", 18},
        {"events(\"\") > 1", "fault code", 0},
        {"rate(log_rate(\"x\"[5m])) > 1", "expected a range", 5},
        {"log_novelty(a) > 1", "expected ')'", 12},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pack_metric a = {.name = "a", .interval_ms = 1000};
        struct plan *plan = plan_new(&a, 1);
        struct expression_error error = {0};
        struct expression *e = expression_compile(rows[i].expr, plan, &error);
        cr_expect_null(e, "%s", rows[i].expr);
        cr_expect(strstr(error.text, rows[i].says), "%s: %s", rows[i].expr, error.text);
        cr_expect_eq(error.at, rows[i].at, "%s: at %zu", rows[i].expr, error.at);
        expression_free(e);
        plan_free(plan);
    }
}

/* ---- the feed's state ---- */

Test(feed, goes_on_from_its_state_and_from_an_edited_pack) {
    struct log_watches *old = log_watches_new(), *new = log_watches_new();
    struct fault fault;
    struct buf state;
    struct sample s;
    buf_init(&state, 1 << 16);
    cr_assert(log_watch_add(old, WATCH_CODE, "E17", 7, &fault) && log_watch_add(old, WATCH_LINES, "gone", 7, &fault) &&
              log_watch_add(old, WATCH_NOVELTY, "", 7, &fault));
    cr_assert(log_watch_add(new, WATCH_LINES, "fresh", 7, &fault) && log_watch_add(new, WATCH_CODE, "E17", 7, &fault));
    new->items[1].metric = 3;
    struct feed *f = feed_new(old), *g = feed_new(new);
    feed_event(f, "E17", 100);
    feed_event(f, "E17", 50);
    feed_line(f, &(struct log_record){.event_ms = 70, .text = "gone"});
    feed_save(f, &state);
    struct cursor in = cursor_of(state.data, state.count);
    cr_assert(feed_load(g, &in) && in.left == 0);
    cr_assert(feed_take(g, 1000, &s) && s.event_ms == 50 && s.metric == 3);
    cr_assert(feed_take(g, 1000, &s) && s.event_ms == 100);
    cr_expect_not(feed_take(g, INT64_MAX - 1, &s));
    for (size_t cut = 0; cut < state.count; cut++) {
        struct feed *bad = feed_new(old);
        in = cursor_of(state.data, cut);
        cr_expect_not(feed_load(bad, &in), "%zu bytes", cut);
        feed_free(bad);
    }
    feed_free(f);
    feed_free(g);
    log_watches_free(old);
    log_watches_free(new);
    buf_fini(&state);
}
