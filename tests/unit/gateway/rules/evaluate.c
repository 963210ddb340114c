#include "rules/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "rig.h"

/* "left=3 right=?": value, - for filtered, ? for unknown; parts in the order in which they were first said. */
static void show(const struct vector *v, const struct series_set *set, char *out, size_t room) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->items[i];
        char value[32];
        snprintf(value, sizeof value, "%.6g", e->value);
        used += (size_t)snprintf(out + used, room - used, "%s%s=%s", i ? " " : "", set->parts[e->part].name,
                                 e->state == ELEMENT_PRESENT    ? value
                                 : e->state == ELEMENT_FILTERED ? "-"
                                                                : "?");
    }
}

static const struct pack_metric metrics[] = {
    {.name = "a", .interval_ms = 1000},
    {.name = "b", .interval_ms = 1000},
    {.name = "v", .interval_ms = 1000},
    {.name = "w", .interval_ms = 1000},
    {.name = "old", .interval_ms = 1000},
    {.name = "never", .interval_ms = 1000},
    {.name = "c", .kind = METRIC_COUNTER, .interval_ms = 1000},
};
enum { A, B, V, W, OLD, NEVER, C };

/* At second 100: a=7 b=2, v{left}=3 v{right}=5, w{left}=1 w{gone}=9 (stale), old=4 (stale), c=100 since 10 s. */
static void fill(struct series_set *set) {
    static const struct {
        int metric;
        const char *part;
        int64_t at_s;
        double value;
    } rows[] = {{A, "", 100, 7},    {B, "", 100, 2},  {V, "left", 100, 3}, {V, "right", 100, 5}, {W, "left", 100, 1},
                {W, "gone", 20, 9}, {OLD, "", 30, 4}, {C, "", 90, 90},     {C, "", 95, 95},      {C, "", 100, 100}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sample s = {.metric = rows[i].metric,
                           .part = series_part(set, rows[i].part),
                           .event_ms = rows[i].at_s * 1000,
                           .value = rows[i].value};
        series_add(set, &s);
    }
}

static void expect(const char *source, const char *expected) {
    struct plan *plan = plan_new(metrics, sizeof metrics / sizeof *metrics);
    struct expression_error error;
    struct expression *e = expression_compile(source, plan, &error);
    cr_assert_not_null(e, "\"%s\": %s", source, error.text);
    struct series_set set;
    series_set_init(&set, plan);
    fill(&set);
    struct vector v;
    char out[500];
    evaluate(e, &set, 100 * 1000, &v);
    show(&v, &set, out, sizeof out);
    cr_expect_str_eq(out, expected, "\"%s\" gives \"%s\", expected \"%s\"", source, out, expected);
    series_set_fini(&set);
    expression_free(e);
    plan_free(plan);
}

struct row {
    const char *source, *expected;
};
static void expect_rows(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        expect(rows[i].source, rows[i].expected);
}
#define EXPECT_ROWS(rows) expect_rows(rows, sizeof rows / sizeof *rows)

Test(evaluate, selectors) {
    static const struct row rows[] = {
        {"a", "=7"},
        {"v", "left=3 right=5"},
        {"w", "left=1 gone=?"},
        {"old", "=?"},
        {"never", ""},
        {"v{part=\"left\"}", "left=3"},
        {"v{part!=\"left\"}", "right=5"},
        {"v{part=~\"l.*|x\"}", "left=3"},
        {"v{part=~\"lef\"}", ""}, /* the whole name must match */
        {"v{part!~\"lef.\"}", "right=5"},
        {"v{part=\"\"}", ""},
        {"a{part=\"\"}", "=7"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, arithmetic) {
    static const struct row rows[] = {
        {"a + 1", "=8"},
        {"10 - a", "=3"},
        {"a - b", "=5"},
        {"a * b", "=14"},
        {"a / b", "=3.5"},
        {"a % 4", "=3"},
        {"a ^ b", "=49"},
        {"-a", "=-7"},
        {"-a ^ 2", "=-49"},
        {"v * 2", "left=6 right=10"},
        {"v - w", "left=2"}, /* no counterpart, no answer */
        {"v + a", "left=10 right=12"},
        {"a + v", "left=10 right=12"},
        {"a / 0", "=?"},
        {"0 * (a / 0)", "=?"},
        {"a + old", "=?"},
        {"a + never", ""},
        {"(a > 10) + 1", "=-"},
        {"(a > 10) + old", "=-"},
        {"2 * 3 + a", "=13"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, functions_of_each_value_and_of_the_moment) {
    static const struct row rows[] = {
        {"log2(b)", "=1"},
        {"log10(a * 0 + 1000)", "=3"},
        {"sgn(-a)", "=-1"},
        {"sgn(a - 7)", "=0"},
        {"deg(a * 0 + pi())", "=180"},
        {"acos(a)", "=?"}, /* outside of its domain */
        {"timestamp(a)", "=100"},
        {"timestamp(v)", "left=100 right=100"},
        {"time() - timestamp(c)", "=0"},
        {"vector(time())", "=100"},
        {"scalar(a) + b", "=9"},
        {"scalar(v) + b", "=?"}, /* two values are no number */
        {"scalar(never) + b", "=?"},
        {"clamp_max(a, scalar(never))", "=?"},
        {"minute(vector(3661))", "=1"},
        {"hour(vector(3661 + 86400 * 3))", "=1"},
        {"day_of_week(vector(0))", "=4"}, /* 1 January 1970 was a Thursday */
        {"day_of_month(vector(951782400))", "=29"},
        {"day_of_year(vector(951782400))", "=60"},
        {"days_in_month(vector(951782400))", "=29"},  /* February 2000 */
        {"days_in_month(vector(4105123200))", "=28"}, /* and 2100 */
        {"month(vector(951782400))", "=2"},
        {"year(vector(951782400))", "=2000"},
        {"hour()", "=0"},
        {"year(vector(1e300))", "=?"},
        {"absent_over_time(never[1m])", "=1"},
        {"absent_over_time(a[1m])", "=-"},
        {"absent_over_time(old[1m])", "=1"},
        {"absent_over_time(old[71s])", "=-"}, /* measured at 30 s */
        {"absent_over_time(v{part='gone'}[1m])", "=1"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, aggregations) {
    static const struct row rows[] = {
        {"group(v)", "=1"},
        {"stddev(v)", "=1"},
        {"stdvar(v * 2)", "=4"},
        {"quantile(0.5, v)", "=4"},
        {"quantile(0, v)", "=3"},
        {"quantile(1.5, v)", "=?"},
        {"topk(1, v)", "left=- right=5"},
        {"bottomk(1, v)", "left=3 right=-"},
        {"topk(5, v)", "left=3 right=5"},
        {"topk(0, v)", "left=- right=-"},
        {"stddev by (part) (v)", "left=0 right=0"},
        {"quantile by (part) (0.9, v)", "left=3 right=5"},
        {"stddev(never)", ""},
        {"stddev(old)", "=?"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, comparisons) {
    static const struct row rows[] = {
        {"a > 5", "=7"},
        {"a > 7", "=-"},
        {"a >= 7", "=7"},
        {"a < 5", "=-"},
        {"a <= 7", "=7"},
        {"a == 7", "=7"},
        {"a != 7", "=-"},
        {"5 < a", "=7"}, /* the metric's value is kept */
        {"v > 4", "left=- right=5"},
        {"v > bool 4", "left=0 right=1"},
        {"a > b", "=7"},
        {"v > b", "left=3 right=5"},
        {"a > v", "left=7 right=7"},
        {"old > 1", "=?"},
        {"old > bool 1", "=?"},
        {"a > NaN", "=?"},
        {"a < Inf", "=7"},
        {"1 > bool 2 == bool a", "=0"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, and_or_unless) {
    static const struct row rows[] = {
        {"a > 5 and b > 1", "=7"},
        {"a > 5 and b > 3", "=-"},
        {"a > 9 and b > 1", "=-"},
        {"a > 5 and old", "=?"},
        {"a > 9 and old", "=-"}, /* false, whatever the other is */
        {"old and a > 9", "=-"},
        {"old and a > 5", "=?"},
        {"a > 5 and never", "=?"},
        {"v > 2 and w > 0", "left=3 right=?"},
        {"v > 4 and a > 5", "left=- right=5"}, /* the device's one belongs to every part */
        {"a > 5 and v > 4", "=7"},             /* any part will do */
        {"a > 5 and v > 9", "=-"},
        {"a > 9 or b > 1", "=2"},
        {"a > 5 or b > 1", "=7"},
        {"a > 9 or b > 9", "=-"},
        {"old or a", "=7"},
        {"a > 9 or old", "=?"},
        {"old or a > 9", "=?"},
        {"never or a", "=7"},
        {"v > 4 or w", "left=1 right=5 gone=?"},
        {"v or a", "=7 left=3 right=5"},
        {"a unless b > 9", "=7"},
        {"a unless b > 1", "=-"},
        {"a unless old", "=?"},
        {"a unless never", "=7"},
        {"v unless v > 4", "left=3 right=-"},
        {"a > 9 unless old", "=-"},
        {"old unless b > 1", "=-"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, matching) {
    static const struct row rows[] = {
        {"v > on(device) a", "=?"}, /* two against one: which? */
        {"v < on(device) group_left a", "left=3 right=5"},
        {"a > on(device) group_right v", "left=7 right=7"},
        {"v{part=\"left\"} + on(device) w{part=\"left\"}", "=4"},
        {"v + on(part) w", "left=4"},
        {"v + on(part) a", ""},
        {"v and on(device) b > 1", "left=3 right=5"},
        {"v and on(device) b > 5", "left=- right=-"},
        {"v and on(part) a", "left=? right=?"},
        {"a and on(device) v > 4", "=7"},
        {"v unless on(device) w", "left=- right=-"},
        {"a > 9 or on(device) v", "=- left=3 right=5"},
        {"a > 5 or on(device) v", "=7"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, aggregates) {
    static const struct row rows[] = {
        {"sum(v)", "=8"},
        {"avg(v)", "=4"},
        {"min(v)", "=3"},
        {"max(v)", "=5"},
        {"count(v)", "=2"},
        {"sum(w)", "=1"}, /* a part that is gone does not count */
        {"count(w)", "=1"},
        {"sum(old)", "=?"},
        {"sum(never)", ""},
        {"sum(v > 4)", "=5"},
        {"sum(v > 9)", "=-"},
        {"count(v > 9)", "=-"},
        {"sum by (part) (v)", "left=3 right=5"},
        {"count by (part) (v)", "left=1 right=1"},
        {"max(v) - min(v) > 1", "=2"},
        {"v - on(device) group_left min(v)", "left=0 right=2"},
        {"max(-v)", "=-3"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, functions_of_a_value) {
    static const struct row rows[] = {
        {"abs(-a)", "=7"},
        {"ceil(a / 2)", "=4"},
        {"floor(a / 2)", "=3"},
        {"round(a / 2)", "=4"},
        {"round(-a / 2)", "=-3"}, /* halves go up, as in Prometheus */
        {"round(a, 5)", "=5"},
        {"round(a, 0.5)", "=7"},
        {"sqrt(a + 2)", "=3"},
        {"sqrt(-a)", "=?"},
        {"exp(a - 7)", "=1"},
        {"ln(a - 6)", "=0"},
        {"ln(a - 7)", "=?"},
        {"clamp(v, 4, 9)", "left=4 right=5"},
        {"clamp(v, 9, 4)", "left=? right=?"},
        {"clamp(v, -Inf, 4)", "left=3 right=4"},
        {"clamp_min(v, 4)", "left=4 right=5"},
        {"clamp_max(v, 4)", "left=3 right=4"},
        {"abs(a > 9)", "=-"},
        {"abs(old)", "=?"},
        {"absent(a)", "=-"},
        {"absent(old)", "=1"},
        {"absent(never)", "=1"},
        {"absent(a > 9)", "=1"},
        {"absent(w)", "=-"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, functions_of_a_range) {
    static const struct row rows[] = {
        {"count_over_time(c[5s])", "=1"}, /* left-open: the sample of 95 s is out */
        {"count_over_time(c[6s])", "=2"},
        {"count_over_time(c[1m])", "=3"},
        {"increase(c[10s])", "=10"},
        {"rate(c[10s])", "=1"},
        {"increase(c[5s])", "=?"}, /* one sample makes no difference */
        {"avg_over_time(v[1m])", "left=3 right=5"},
        {"avg_over_time(v{part=\"right\"}[1m])", "right=5"},
        {"avg_over_time(old[5m])", "=?"}, /* stale, although the window has a sample */
        {"last_over_time(old[5m])", "=4"},
        {"count_over_time(old[5m])", "=1"},
        {"count_over_time(old[1m])", "=?"},
        {"present_over_time(old[5m])", "=1"},
        {"avg_over_time(never[5m])", ""},
        {"deriv(a[1m])", "=?"},
        {"stddev_over_time(a[1m])", "=0"},
    };
    EXPECT_ROWS(rows);
}

Test(evaluate, holds_until_the_oldest_input_is_stale) {
    struct plan *plan = plan_new(metrics, sizeof metrics / sizeof *metrics);
    struct expression_error error;
    struct series_set set;
    struct vector v;
    struct expression *e = expression_compile("a > 5 and b > 1", plan, &error);
    series_set_init(&set, plan);
    fill(&set);
    series_add(&set, &(struct sample){.metric = A, .part = 0, .event_ms = 130 * 1000, .value = 8});
    evaluate(e, &set, 130 * 1000, &v);
    cr_assert_eq(v.count, 1);
    cr_expect_eq(v.items[0].state, ELEMENT_PRESENT);
    cr_expect_eq(v.items[0].until_ms, (100 + 60) * 1000, "b is stale a minute after second 100");
    evaluate(e, &set, 160 * 1000, &v);
    cr_expect_eq(v.items[0].state, ELEMENT_PRESENT, "the bound itself still counts");
    evaluate(e, &set, 160 * 1000 + 1, &v);
    cr_expect_eq(v.items[0].state, ELEMENT_UNKNOWN);
    expression_free(e);
    series_set_fini(&set);
    plan_free(plan);
}
