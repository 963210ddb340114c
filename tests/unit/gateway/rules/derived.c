/* What is derived: recording rules, subqueries, offsets, histograms, several severities of one alert, explanations and
 * absence. Subqueries are compared with what somebody would compute who keeps every sample. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "rules/device_state.h"
#include "rules/evaluate.h"

struct asked {
    struct pack *pack;
    struct rule_device *device;
    struct firings firings;
};

/* A pack of these rules (lines of alerts.yaml below `rules:`) and one device. */
static struct asked begin(const char *rules) {
    char text[4000];
    snprintf(text, sizeof text, "groups:\n- name: g\n  rules:\n%s", rules);
    struct asked a = {.pack = rig_pack(text)};
    a.device = rule_device_new(a.pack, "pump-1");
    firings_init(&a.firings);
    return a;
}
static void end(struct asked *a) {
    firings_fini(&a->firings);
    rule_device_free(a->device);
    pack_free(a->pack);
}
static void feed(struct asked *a, const char *text) {
    rig_feed(a->device, a->pack, text, &a->firings);
}
static void feed_one(struct asked *a, int metric, int64_t at_ms, double value) {
    rule_device_samples(a->device, &(struct sample){.metric = metric, .event_ms = at_ms, .value = value}, 1,
                        &a->firings);
}
/* The value of the only rule's expression, NAN when it has none. */
static double value_now(const struct asked *a, int64_t now_ms) {
    struct vector v;
    evaluate(a->pack->rules[a->pack->rule_count - 1]->expr, &a->device->set, now_ms, &v);
    return v.count == 1 && v.items[0].state == ELEMENT_PRESENT ? v.items[0].value : NAN;
}

#define ALERT(name, expr) "  - alert: " name "\n    expr: " expr "\n    labels: {severity: major}\n"

Test(derived, a_record_is_a_metric_to_those_after_it) {
    struct asked a = begin("  - record: ab:sum\n    expr: a + b\n"
                           "  - record: ab:mean\n    expr: avg_over_time(ab:sum[3s])\n" ALERT("X", "ab:mean > 10"));
    feed(&a, "0 a=1 b=2; 1 a=2 b=8; 2 a=10 b=10; 3 a=1 b=1");
    cr_expect_str_eq(rig_firings(&a.firings), "RAISE X@2", "%s", rig_firings(&a.firings)); /* 11, 10.7 */
    end(&a);
}

Test(derived, a_record_of_a_comparison_is_false_not_old) {
    struct asked a = begin("  - record: a:high\n    expr: a > 5\n" ALERT("X", "a:high > 0"));
    feed(&a, "0 a=6; 1 a=7; 2 a=1; 3 a=9");
    cr_expect_str_eq(rig_firings(&a.firings), "RAISE X@0 CLEAR X@2 RAISE X@3", "%s", rig_firings(&a.firings));
    end(&a);
}

Test(derived, records_keep_parts) {
    struct asked a = begin("  - record: v:twice\n    expr: v * 2\n" ALERT("X", "v:twice{part!='left'} > 5"));
    feed(&a, "0 v/left=9 v/right=1; 1 v/left=9 v/right=4");
    cr_expect_str_eq(rig_firings(&a.firings), "RAISE X/right@1", "%s", rig_firings(&a.firings));
    end(&a);
}

/* `max_over_time(avg_over_time(a[10s])[60s:7s])` and others, against every sample kept. */
static double mean_at(const double *at_s, const double *values, int count, double now_s, double range_s) {
    double sum = 0;
    int n = 0;
    for (int i = 0; i < count; i++)
        if (at_s[i] > now_s - range_s && at_s[i] <= now_s) {
            sum += values[i];
            n++;
        }
    return n ? sum / n : NAN;
}

Test(derived, a_subquery_is_what_its_steps_would_have_been) {
    enum { SAMPLES = 600 };
    static double at_s[SAMPLES], values[SAMPLES];
    struct asked a = begin("  - alert: X\n    expr: max_over_time(avg_over_time(a[10s])[60s:7s]) > -1\n"
                           "    labels: {severity: major}\n");
    uint32_t seed = 1;
    double now_s = 1000;
    for (int i = 0; i < SAMPLES; i++) {
        seed = seed * 1664525u + 1013904223u;
        now_s += 0.5 + (seed >> 24) % 4; /* never beside the steps by accident only */
        at_s[i] = now_s;
        values[i] = (double)((seed >> 8) % 1000) / 10;
        feed_one(&a, 0, (int64_t)(now_s * 1000), values[i]);
        double expected = NAN;
        for (double step_s = ceil((now_s - 60 + 1e-9) / 7) * 7; step_s <= now_s; step_s += 7) {
            double mean = mean_at(at_s, values, i + 1, step_s, 10);
            if (step_s >= at_s[0] && !isnan(mean))
                expected = isnan(expected) ? mean : fmax(expected, mean);
        }
        double got = value_now(&a, (int64_t)(now_s * 1000));
        cr_assert(isnan(got) ? isnan(expected) : fabs(got - expected) < 1e-9, "sample %d at %g s: %g, expected %g", i,
                  now_s, got, expected);
    }
    end(&a);
}

Test(derived, an_offset_is_what_was_then) {
    struct asked a = begin(ALERT("X", "a - a offset 10s > -1000"));
    for (int i = 0; i < 100; i++) {
        feed_one(&a, 0, i * 1000, i * i);
        double expected = i < 10 ? (double)NAN : (double)(i * i - (i - 10) * (i - 10)), got = value_now(&a, i * 1000);
        cr_assert(isnan(expected) ? isnan(got) : got == expected, "second %d: %g, expected %g", i, got, expected);
    }
    end(&a);
}

Test(derived, a_range_with_an_offset) {
    struct asked a = begin(ALERT("X", "rate(c[20s] offset 1m) >= 0"));
    for (int i = 0; i < 200; i++) {
        feed_one(&a, 4, i * 1000, i < 60 ? i * 5 : 300 + (i - 60) * 9);
        if (i == 90) /* 10 to 30 s */
            cr_expect_float_eq(value_now(&a, 90000), 5, 1e-9);
        if (i == 190)
            cr_expect_float_eq(value_now(&a, 190000), 9, 1e-9);
    }
    end(&a);
}

Test(derived, a_long_offset_is_thinned_and_bounded) {
    struct asked a = begin(ALERT("X", "a offset 1w > -1"));
    for (int64_t i = 0; i < 9 * 86400 / 60; i++)
        feed_one(&a, 0, i * 60000, (double)i);
    const double last = 9 * 1440 - 1, got = value_now(&a, (int64_t)last * 60000);
    cr_expect(got <= last - 7 * 1440 && got > last - 7 * 1440 - 11, "%g", got);
    cr_expect_lt(rule_device_bytes(a.device), 40000, "%zu bytes", rule_device_bytes(a.device));
    end(&a);
}

Test(derived, a_histogram_s_parts_are_its_bounds) {
    struct asked a = begin(ALERT("X", "histogram_quantile(0.9, rate(k[10s])) > 0"));
    for (int i = 0; i <= 10; i++) {
        char text[200];
        snprintf(text, sizeof text, "%d k/0.1=%d k/0.5=%d k/1=%d k/+Inf=%d", i, i * 10, i * 80, i * 95, i * 100);
        feed(&a, text);
    }
    cr_expect_float_eq(value_now(&a, 10000), 0.5 + 0.5 * (90 - 80) / 15.0, 1e-9);
    end(&a);
}

/* ---- several severities of one alert ---- */

static const char rungs[] = "  - alert: Hot\n    expr: a > 50\n    labels: {severity: minor}\n"
                            "    annotations: {summary: warm}\n"
                            "  - alert: Hot\n    expr: a > 70\n    labels: {severity: critical}\n"
                            "    annotations: {summary: hot}\n";

static const char *told(const struct firings *f) {
    static char out[2000];
    out[0] = 0;
    for (size_t i = 0; i < f->count; i++)
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%d %s %s", i ? ", " : "", (int)f->items[i].kind,
                 alarm_severity_name(f->items[i].severity), f->items[i].summary);
    return out;
}

Test(derived, one_alert_rises_and_falls) {
    static const struct {
        const char *samples, *told;
    } rows[] = {
        {"0 a=55", "0 minor warm"},
        {"0 a=55; 1 a=75", "0 minor warm, 0 critical hot"},
        {"0 a=55; 1 a=75; 2 a=60", "0 minor warm, 0 critical hot, 1 minor warm"},
        {"0 a=55; 1 a=75; 2 a=60; 3 a=1", "0 minor warm, 0 critical hot, 1 minor warm, 3 minor warm"},
        {"0 a=55; 1 a=75; 2 a=1", "0 minor warm, 0 critical hot, 3 critical hot"},
        {"0 a=75", "0 minor warm, 0 critical hot"},
        {"0 a=40", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asked a = begin(rungs);
        feed(&a, rows[i].samples);
        cr_expect_str_eq(told(&a.firings), rows[i].told, "row %zu: %s", i, told(&a.firings));
        end(&a);
    }
}

/* ---- why ---- */

Test(derived, a_raise_says_which_term_had_which_value_when) {
    struct asked a = begin(ALERT("X", "avg_over_time(a[2s])   - b > 3 and c < 100"));
    feed(&a, "10 a=1 b=1 c=1; 11 a=10 b=1; 12 a=10");
    cr_assert_eq(a.firings.count, 1);
    cr_expect_str_eq(a.firings.items[0].explanation,
                     "[{\"term\":\"avg_over_time(a[2s]) - b\",\"value\":4.5,\"at\":11000},"
                     "{\"term\":\"avg_over_time(a[2s])\",\"value\":5.5,\"at\":11000},"
                     "{\"term\":\"b\",\"value\":1,\"at\":11000},{\"term\":\"c\",\"value\":1,\"at\":10000}]",
                     "%s", a.firings.items[0].explanation);
    end(&a);
}

Test(derived, an_explanation_is_of_its_part_and_never_too_long) {
    char expr[2000] = "v{part=~\".*\"} > 3";
    for (int i = 0; i < 20; i++)
        snprintf(expr + strlen(expr), sizeof expr - strlen(expr), " and v > %d.25", -i);
    char rule[3000];
    snprintf(rule, sizeof rule, ALERT("X", "%s"), expr);
    struct asked a = begin(rule);
    feed(&a, "5 v/left=1 v/right=7");
    cr_assert_eq(a.firings.count, 1);
    const char *text = a.firings.items[0].explanation;
    cr_expect_lt(strlen(text), FIRING_EXPLANATION_BYTES);
    cr_expect_str_eq(text,
                     "[{\"term\":\"v{part=~\\\".*\\\"}\",\"value\":7,\"at\":5000},"
                     "{\"term\":\"v\",\"value\":7,\"at\":5000}]",
                     "%s", text);
    end(&a);
}

/* ---- absence, on the wall clock ---- */

Test(derived, absence_is_told_of_a_silent_device_and_of_nothing_else) {
    struct asked a = begin(ALERT("Gone", "absent(a)") ALERT("Long", "absent_over_time(b[10m])") ALERT("High", "b > 5")
                               ALERT("Mixed", "absent(a) or b > 5"));
    cr_expect(a.pack->has_absence);
    feed(&a, "0 a=1 b=1");
    rule_device_wall(a.device, 59 * 1000, &a.firings);
    cr_expect_eq(a.firings.count, 0, "%s", rig_firings(&a.firings));
    rule_device_wall(a.device, 61 * 1000, &a.firings);
    cr_expect_str_eq(rig_firings(&a.firings), "RAISE Gone@61", "%s", rig_firings(&a.firings));
    rule_device_wall(a.device, 600 * 1000, &a.firings);
    firings_reset(&a.firings);
    feed(&a, "30 a=1; 400 a=1 b=1"); /* had been on its way: seen in its own time */
    cr_expect_str_eq(rig_firings(&a.firings), "CLEAR Gone@400", "%s", rig_firings(&a.firings));
    firings_reset(&a.firings);
    feed(&a, "601 a=1 b=9");
    cr_expect_str_eq(rig_firings(&a.firings), "CLEAR Long@601 RAISE High@601 RAISE Mixed@601", "%s",
                     rig_firings(&a.firings));
    end(&a);
}

/* ---- what a review found ---- */

Test(derived, a_moment_in_two_messages_is_one_moment) {
    struct asked a = begin("  - record: ab:gap\n    expr: a - b\n" ALERT("X", "ab:gap > 4"));
    feed(&a, "10 a=5 b=5");
    feed(&a, "11 a=9");
    feed(&a, "11 b=8"); /* a and b belong together: 1, and 4 of the first message alone must not stay */
    cr_expect(isnan(value_now(&a, 11000)));
    struct vector v;
    evaluate(a.pack->rules[0]->expr, &a.device->set, 11000, &v);
    cr_expect_eq(v.items[0].state, ELEMENT_FILTERED);
    end(&a);
}

Test(derived, a_detector_keeps_its_answer_over_the_rest_of_a_moment) {
    struct asked a = begin(ALERT("X", "starts(a > b, 1h) >= 1"));
    feed(&a, "10 a=1 b=2; 11 a=3 b=2; 12 a=1 b=2");
    feed(&a, "13 a=3");
    feed(&a, "13 b=2");
    cr_expect_float_eq(value_now(&a, 13000), 2, 1e-9, "%g", value_now(&a, 13000));
    end(&a);
}

Test(derived, one_part_is_not_fed_with_anothers_samples) {
    struct asked a = begin(ALERT("X", "anomaly_score(v) > 2"));
    for (int i = 0; i < 40; i++) {
        char text[100];
        snprintf(text, sizeof text, "%d v/left=%d", 10 + 2 * i, i);
        feed(&a, text);
        snprintf(text, sizeof text, "%d v/right=%d", 11 + 2 * i, i);
        feed(&a, text);
    }
    const struct plan *plan = a.pack->plan;
    for (size_t d = 0; d < plan->derived_count; d++)
        for (size_t i = 0; i < a.device->set.metrics[plan->derived[d]->metric].count; i++) {
            const struct series *series = series_at(&a.device->set.metrics[plan->derived[d]->metric], i);
            const struct derived_series *own = series_derived(series, &plan->metrics[plan->derived[d]->metric]);
            const char *part = a.device->set.parts[series->part].name;
            cr_expect_eq(own->fed_ms, strcmp(part, "left") == 0 ? 88000 : 89000, "%s was fed at %lld", part,
                         (long long)own->fed_ms);
        }
    end(&a);
}

Test(derived, steps_that_are_false_are_known_and_clear) {
    struct asked a = begin(ALERT("X", "max_over_time((a > 5)[10m:1m]) > 0"));
    char text[40];
    for (int s = 0; s < 120; s++) {
        snprintf(text, sizeof text, "%d a=6", 600 + s);
        feed(&a, text);
    }
    for (int s = 120; s < 1000; s++) {
        snprintf(text, sizeof text, "%d a=1", 600 + s);
        feed(&a, text);
    }
    cr_expect_str_eq(rig_firings(&a.firings), "RAISE X@600 CLEAR X@1260", "%s", rig_firings(&a.firings));
    end(&a);
}

Test(derived, an_edit_of_a_record_is_an_edit_of_what_is_built_on_it) {
    struct asked a = begin("  - record: t\n    expr: a\n" ALERT("X", "avg_over_time(t[10s:1s]) > 5"));
    struct asked b = begin("  - record: t\n    expr: a * 2\n" ALERT("X", "avg_over_time(t[10s:1s]) > 5"));
    cr_expect_neq(memcmp(a.pack->rules[0]->digest, b.pack->rules[0]->digest, RULE_DIGEST_BYTES), 0);
    cr_expect_str_neq(a.pack->plan->derived[1]->key, b.pack->plan->derived[1]->key);
    end(&a);
    end(&b);
}

Test(derived, either_of_two_holds_until_the_later_is_stale) {
    struct asked a = begin("  - alert: X\n    expr: a > 5 or b > 5\n    for: 2m\n    labels: {severity: major}\n");
    char text[40];
    feed(&a, "10 a=6 b=6");
    for (int s = 11; s < 140; s++) {
        snprintf(text, sizeof text, "%d b=6", s);
        feed(&a, text);
    }
    cr_expect_str_eq(rig_firings(&a.firings), "RAISE X@10", "%s", rig_firings(&a.firings));
    end(&a);
}

/* ---- no data is not "all is well", and no fault ---- */

Test(derived, promise_26_what_is_no_number_or_is_missing_neither_raises_nor_clears) {
    static const struct {
        const char *samples, *told;
    } rows[] = {
        {"10 a=nan; 11 a=inf; 12 a=-inf; 13 a=1e300", ""},
        {"10 a=6; 11 a=nan; 12 a=inf; 13 a=6", "RAISE X@10"},
        {"10 a=6; 11 a=1", "RAISE X@10 CLEAR X@11"},
        {"10 a=6; 60 b=1; 100 b=1; 200 b=1", "RAISE X@10 UNKNOWN X@70"},
        {"10 a=6; 60 b=1; 200 b=1; 300 a=6 b=1", "RAISE X@10 UNKNOWN X@70 UPDATE X@300"},
        {"10 a=6; 60 b=1; 200 b=1; 300 a=1 b=1", "RAISE X@10 UNKNOWN X@70 CLEAR X@300"},
        {"10 a=1; 60 b=1; 200 b=1", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asked a = begin(ALERT("X", "a > 5"));
        feed(&a, rows[i].samples);
        cr_expect_str_eq(rig_firings(&a.firings), rows[i].told, "row %zu: %s", i, rig_firings(&a.firings));
        end(&a);
    }
}
