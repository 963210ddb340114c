#include "rules/expression.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rules/derived.h"
#include "rules/operator.h"

static const struct pack_metric metrics[] = {{.name = "a", .kind = METRIC_GAUGE, .interval_ms = 1000},
                                             {.name = "b", .kind = METRIC_GAUGE, .interval_ms = 1000},
                                             {.name = "c", .kind = METRIC_COUNTER, .interval_ms = 1000}};

static const char *name_of(const struct plan *plan, size_t metric, char out[200]) {
    const struct derived *derived = plan->metrics[metric].derived;
    snprintf(out, 200, derived ? "<%s>" : "%s", derived ? derived->key : plan->metrics[metric].name);
    return out;
}

/* The tree as it was understood, with all parentheses. */
static void show(const struct expression *e, const struct plan *plan, uint16_t at, struct buf *out) {
    static const char *const aggregates[] = {"sum",    "avg",    "min",      "max",  "count",  "group",
                                             "stddev", "stdvar", "quantile", "topk", "bottomk"};
    static const char *const matches[] = {"", "~part", "~device"};
    const struct node *n = &e->nodes[at];
    char name[200];
    switch ((enum node_kind)n->kind) {
    case NODE_NUMBER: buf_printf(out, "%g", n->number); break;
    case NODE_SELECT: buf_printf(out, "%s%s", name_of(plan, n->metric, name), n->tests ? "{}" : ""); break;
    case NODE_RANGE:
        buf_printf(out, "%s%s[%g]", name_of(plan, n->metric, name), n->tests ? "{}" : "",
                   (double)plan->windows[n->window].spec.range_ms / 1000);
        break;
    case NODE_GROUP: show(e, plan, n->args[0], out); break;
    case NODE_NEGATE:
        buf_str(out, "-");
        show(e, plan, n->args[0], out);
        break;
    case NODE_BINARY:
        buf_str(out, "(");
        show(e, plan, n->args[0], out);
        buf_printf(out, " %s%s%s%s ", operator_rows[n->row].text, n->gives_bool ? "?" : "", matches[n->match],
                   n->many == MANY_LEFT    ? "<"
                   : n->many == MANY_RIGHT ? ">"
                                           : "");
        show(e, plan, n->args[1], out);
        buf_str(out, ")");
        break;
    case NODE_CALL:
    case NODE_AGGREGATE:
        buf_printf(out, "%s%s(", n->kind == NODE_CALL ? function_rows[n->row].name : aggregates[n->row],
                   n->by_part ? "~part" : "");
        for (int i = 0; i < n->arg_count; i++) {
            buf_str(out, i ? ", " : "");
            show(e, plan, n->args[i], out);
        }
        buf_str(out, ")");
        break;
    }
}

Test(expression, what_binds_to_what) {
    static const struct {
        const char *source, *tree;
    } rows[] = {
        {"a > 5", "(a > 5)"},
        {"a + b * 2 > 1", "((a + (b * 2)) > 1)"},
        {"a - b - 1", "((a - b) - 1)"},
        {"a ^ 2 ^ 3", "(a ^ (2 ^ 3))"},
        {"-a ^ 2", "-(a ^ 2)"},
        {"-a * b", "(-a * b)"},
        {"2 ^ -a * 3", "((2 ^ -a) * 3)"},
        {"+a", "a"},
        {"(a + b) * 2", "((a + b) * 2)"},
        {"a % 2 == 0", "((a % 2) == 0)"},
        {"a > 1 and b > 2 or c > 3", "(((a > 1) and (b > 2)) or (c > 3))"},
        {"a > 1 or b > 2 and c > 3", "((a > 1) or ((b > 2) and (c > 3)))"},
        {"a unless b and c", "((a unless b) and c)"},
        {"a > bool 1", "(a >? 1)"},
        {"1 > bool 2 + a", "(1 >? (2 + a))"},
        {"a == b != c", "((a == b) != c)"},
        {"avg_over_time(a[5m]) > 3", "(avg_over_time(a[300]) > 3)"},
        {"avg_over_time(a[1h30m])", "avg_over_time(a[5400])"},
        {"avg_over_time(a[300])", "avg_over_time(a[300])"},
        {"rate(c{part=\"x\"}[30s])", "rate(c{}[30])"},
        {"clamp(a, 0, 2 * 5)", "clamp(a, 0, (2 * 5))"},
        {"round(a)", "round(a)"},
        {"round(a, 5)", "round(a, 5)"},
        {"a{}", "a"},
        {"a{part=\"x\",part!=\"y\",}", "a{}"},
        {"sum(a)", "sum(a)"},
        {"sum by (part) (a)", "sum~part(a)"},
        {"max(a) by (device)", "max(a)"},
        {"min without (part) (a)", "min(a)"},
        {"min without (device) (a)", "min~part(a)"},
        {"count by (device, part) (a)", "count~part(a)"},
        {"a > on(device) b", "(a >~device b)"},
        {"a > on(part) b", "(a >~part b)"},
        {"a > on(device, part) b", "(a >~part b)"},
        {"a and ignoring(part) b", "(a and~device b)"},
        {"a / ignoring(device) b", "(a /~part b)"},
        {"a / on(device) group_left b", "(a /~device< b)"},
        {"a / on(device) group_right() b", "(a /~device> b)"},
        {"a > 5m", "(a > 300)"},
        {"a > -Inf", "(a > -inf)"},
        {"a > 1 # and nothing else\n", "(a > 1)"},
        {"absent(a)", "absent(a)"},
        {"a atan2 b", "(a atan2 b)"},
        {"a > time() - 5", "(a > (time() - 5))"},
        {"topk(2, a)", "topk(a, 2)"},
        {"avg_over_time((a > 5)[5m:1m])", "avg_over_time(<steps 60000 ( a > 5 )>[300])"},
        {"avg_over_time(a[5m:])", "avg_over_time(<steps 60000 a>[300])"},
        {"max_over_time(rate(c[1m])[1h:1m]) > 2", "(max_over_time(<steps 60000 rate ( c [ 1m ] )>[3600]) > 2)"},
        {"a - a offset 1d", "(a - <offset 86400000 a>)"},
        {"rate(c[5m] offset 1h)", "rate(<offset 3600000 c>[300])"},
        {"count_over_time(events('E17')[1h]) >= 3", "(count_over_time(<event 7 E17>[3600]) >= 3)"},
        {"log_rate('out of memory'[5m]) > 0", "(log_rate(<log 7 out of memory>[300]) > 0)"},
        {"log_rate(`\\d+`[5m], 'err')", "log_rate(<log 3 \\d+>[300])"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct plan *plan = plan_new(metrics, 3);
        struct expression_error error;
        struct expression *e = expression_compile(rows[i].source, plan, &error);
        cr_expect_not_null(e, "\"%s\": %s", rows[i].source, error.text);
        if (e) {
            struct buf out;
            buf_init(&out, 4096);
            show(e, plan, e->root, &out);
            cr_expect_str_eq(buf_text(&out), rows[i].tree, "\"%s\" is %s, expected %s", rows[i].source, buf_text(&out),
                             rows[i].tree);
            buf_fini(&out);
        }
        expression_free(e);
        plan_free(plan);
    }
}

Test(expression, refusals_say_where_and_what) {
    static const struct {
        const char *source;
        size_t at;
        const char *says;
    } rows[] = {
        {"", 0, "ends here, expected a metric"},
        {"a >", 3, "ends here"},
        {"a > > 5", 4, "found '>', expected a metric"},
        {"a 5", 2, "expected an operator or the end"},
        {"nope > 5", 0, "'nope' is neither a metric of this pack nor a function"},
        {"a > nope", 4, "'nope'"},
        {"foo(a)", 0, "no function 'foo'"},
        {"(a > 5", 6, "expected ')'"},
        {"a > 5)", 5, "found ')'"},
        {"a[5m]", 0, "is a range, which only a function can take"},
        {"a[5m] > 3", 0, "is a range"},
        {"3 < a[5m]", 4, "is a range"},
        {"-a[5m]", 1, "is a range"},
        {"avg_over_time(a)", 14, "argument 1 of avg_over_time() is a metric"},
        {"avg_over_time(5)", 14, "is a number, expected a range"},
        {"avg_over_time()", 0, "has 0 arguments, expected 1"},
        {"avg_over_time(a[5m], 2)", 21, "takes 1 argument at most"},
        {"clamp(a, 1)", 0, "has 2 arguments, expected 3"},
        {"clamp(a, b, 1)", 9, "argument 2 of clamp() is a metric"},
        {"abs(5)", 4, "argument 1 of abs() is a number"},
        {"round(a, 1, 2)", 12, "takes 2 arguments at most"},
        {"avg_over_time((a > 5)[5m])", 21, "a range can follow a metric only"},
        {"avg_over_time(a[5m][5m])", 19, "a range can follow a metric only"},
        {"avg_over_time(a[])", 16, "expected a duration"},
        {"avg_over_time(a[5x])", 16, "neither a number nor a duration"},
        {"avg_over_time(a[0])", 16, "not a range between"},
        {"avg_over_time(a[400d])", 16, "not a range between"},
        {"avg_over_time(a[5m:1ms])", 19, "not a step between"},
        {"avg_over_time(a[5m:10m])", 15, "has 0 steps"},
        {"avg_over_time(a[30d:1s])", 15, "has 2592000 steps"},
        {"avg_over_time(a[5m][5m:1m])", 14, "is a range"},
        {"avg_over_time(a[5m)", 18, "expected ']'"},
        {"max_over_time(baseline_spread(a, 1w)[1h])", 36, "detector's first answer only"},
        {"a offset -5m > 1", 9, "an offset looks back"},
        {"a offset 60d > 1", 9, "not an offset between"},
        {"(a + b) offset 5m > 1", 8, "'offset' can follow a metric or a range only"},
        {"predict_linear(a[5m])", 0, "has 1 argument, expected 2"},
        {"predict_linear(3600, a[5m])", 15, "argument 1 of predict_linear() is a number"},
        {"timestamp(a + 1)", 10, "is an expression, expected a metric"},
        {"topk(a, a)", 5, "topk() wants a number here"},
        {"topk(3)", 6, "expected ','"},
        {"time() > 5", 7, "needs 'bool'"},
        {"events(E17)[1h]", 7, "a text in quotes"},
        {"log_rate(\"x\")", 12, "a range behind the text"},
        {"log_rate(\"x\"[5m], \"loud\")", 18, "expected a severity"},
        {"count_over_time(events(\"a\\q\")[1h])", 23, "an escape other than"},
        {"a @ 5", 2, "'@'"},
        {"rate(a[5m])", 5, "rate() needs a counter and 'a' is a gauge"},
        {"deriv(c[5m])", 6, "deriv() needs a gauge and 'c' is a counter"},
        {"5", 0, "the expression is a number"},
        {"5 > bool 3", 0, "the expression is a number"},
        {"5 > 3", 2, "needs 'bool'"},
        {"a and 5", 2, "'and' joins two conditions over metrics"},
        {"5 or a", 2, "'or' joins"},
        {"a + bool b", 4, "'bool' goes with comparisons only"},
        {"a > on(device) 5", 2, "on() and ignoring() go between two metrics"},
        {"a > on(host) b", 7, "expected a label: device or part"},
        {"a and on(device) group_left b", 17, "group_left and group_right come after"},
        {"a > group_left b", 4, "group_left and group_right come after"},
        {"a{instance=\"x\"}", 2, "found 'instance', expected the label 'part'"},
        {"a{part>\"x\"}", 6, "expected one of = != =~ !~"},
        {"a{part=x}", 7, "expected a text in quotes"},
        {"a{part=~\"(\"}", 8, "not a regular expression"},
        {"a{part=\"x\"", 10, "expected '}'"},
        {"a{5}", 2, "expected the label"},
        {"sum(5)", 4, "sum() wants a metric"},
        {"sum(a[5m])", 4, "sum() wants a metric"},
        {"sum by (host) (a)", 8, "expected a label: device or part"},
        {"sum by part (a)", 7, "expected '('"},
        {"a $ b", 2, "belongs to no word"},
        {"温度 > 5", 0, "belongs to no word"},
        {"a > \"5\"", 4, "expected a metric, a number"},
        {"a == == b", 5, "found '=='"},
        {"a,b", 1, "found ','"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct plan *plan = plan_new(metrics, 3);
        struct expression_error error;
        struct expression *e = expression_compile(rows[i].source, plan, &error);
        cr_expect_null(e, "\"%s\" was accepted", rows[i].source);
        cr_expect_eq(error.at, rows[i].at, "\"%s\": at %zu, expected %zu (%s)", rows[i].source, error.at, rows[i].at,
                     error.text);
        cr_expect_not_null(strstr(error.text, rows[i].says), "\"%s\": says \"%s\", expected \"%s\"", rows[i].source,
                           error.text, rows[i].says);
        expression_free(e);
        plan_free(plan);
    }
}

/* `what` so many times, then `last`. */
static void refuses_many(const char *what, size_t times, const char *last, const char *says) {
    struct plan *plan = plan_new(metrics, 3);
    struct expression_error error = {0};
    struct buf source;
    buf_init(&source, 1 << 20);
    for (size_t i = 0; i < times; i++)
        buf_str(&source, what);
    buf_str(&source, last);
    struct expression *e = expression_compile(buf_text(&source), plan, &error);
    cr_expect_null(e, "%zu times \"%s\" was accepted", times, what);
    cr_expect_not_null(strstr(error.text, says), "says \"%s\", expected \"%s\"", error.text, says);
    expression_free(e);
    plan_free(plan);
    buf_fini(&source);
}

Test(expression, what_is_too_deep_or_too_long) {
    refuses_many("(", 1000, "a", "within each other");
    refuses_many("-", 1000, "a", "within each other");
    refuses_many("abs(", 30, "a))))))))))))))))))))))))))))))", "within each other");
    refuses_many("a+", 30, "a", "within each other");
    refuses_many("a ", 3000, "a", "more than 4096 bytes");
}

Test(expression, windows_are_shared_and_know_what_they_must_keep) {
    struct plan *plan = plan_new(metrics, 3);
    struct expression_error error;
    struct expression *x = expression_compile("avg_over_time(a[5m]) > max_over_time(a[5m])", plan, &error);
    struct expression *y = expression_compile("stddev_over_time(a[5m]) > 1 and sum_over_time(a[1m]) > 2", plan, &error);
    struct expression *z = expression_compile("sum_over_time(b[5m]) > 2", plan, &error);
    cr_assert(x && y && z);
    cr_expect_eq(plan->window_count, 3);
    cr_expect_eq(plan->windows[0].spec.needs, (uint32_t)(WINDOW_SUM | WINDOW_HIGH | WINDOW_SPREAD));
    cr_expect_eq(plan->windows[1].spec.needs, (uint32_t)WINDOW_SUM);
    cr_expect_eq(plan->windows[1].offset, window_size(&plan->windows[0].spec), "one behind the other");
    cr_expect_eq(plan->windows[2].metric, 1);
    cr_expect_eq(x->longest_range_ms, 300 * 1000);
    cr_expect(expression_reads(x, 0));
    cr_expect_not(expression_reads(x, 1));
    expression_free(x);
    expression_free(y);
    expression_free(z);
    plan_free(plan);
}

Test(expression, a_window_too_many) {
    struct plan *plan = plan_new(metrics, 3);
    struct expression_error error;
    for (int i = 0; i <= PLAN_WINDOWS_MAX; i++) {
        char source[60];
        snprintf(source, sizeof source, "avg_over_time(a[%ds]) > 1", i + 1);
        struct expression *e = expression_compile(source, plan, &error);
        cr_expect_eq(e == NULL, i == PLAN_WINDOWS_MAX, "window %d", i);
        expression_free(e);
    }
    cr_expect_not_null(strstr(error.text, "one window too many"));
    plan_free(plan);
}

Test(expression, a_part_test_too_many) {
    struct plan *plan = plan_new(metrics, 3);
    struct expression_error error;
    for (int i = 0; i <= PLAN_TESTS_MAX; i++) {
        char source[60];
        snprintf(source, sizeof source, "a{part=\"p%d\"} > 1", i);
        struct expression *e = expression_compile(source, plan, &error);
        cr_expect_eq(e == NULL, i == PLAN_TESTS_MAX, "test %d", i);
        expression_free(e);
    }
    cr_expect_not_null(strstr(error.text, "one test on 'part' too many"));
    plan_free(plan);
}

Test(expression, an_open_plan_takes_up_metrics) {
    struct plan *plan = plan_new(NULL, 0);
    struct expression_error error;
    struct expression *e = expression_compile("rate(node_cpu_seconds_total[5m]) > 1 and up == 1", plan, &error);
    cr_assert_not_null(e, "%s", error.text);
    cr_expect_eq(plan->metric_count, 2);
    expression_free(e);
    plan_free(plan);
}
