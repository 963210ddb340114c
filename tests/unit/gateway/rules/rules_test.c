#include <criterion/criterion.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rules/check.h"
#include "rules/test_series.h"

Test(rules_test, series_names) {
    static const struct {
        const char *text, *metric, *part, *device; /* metric NULL: refused */
    } rows[] = {
        {"air_temperature", "air_temperature", "", ""},
        {"a{}", "a", "", ""},
        {"a{part=\"left\"}", "a", "left", ""},
        {"a{device='d-1',part=\"left\",}", "a", "left", "d-1"},
        {"", NULL, NULL, NULL},
        {"5", NULL, NULL, NULL},
        {"a{job=\"x\"}", NULL, NULL, NULL},
        {"a{part=~\"x\"}", NULL, NULL, NULL},
        {"a{part=x}", NULL, NULL, NULL},
        {"a{part=\"x\"", NULL, NULL, NULL},
        {"a b", NULL, NULL, NULL},
        {"a{part=\"a-part-with-a-name-of-many-more-than-the-sixty-three-bytes-that-it-may-have\"}", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct test_series s = {0};
        struct fault fault;
        size_t at;
        enum result result = test_series_parse_name(rows[i].text, &s, &at, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].metric != NULL, "row %zu \"%s\"", i, rows[i].text);
        if (result != RESULT_OK || !rows[i].metric)
            continue;
        cr_expect_str_eq(s.metric, rows[i].metric);
        cr_expect_str_eq(s.part, rows[i].part);
        cr_expect_str_eq(s.device, rows[i].device);
    }
}

Test(rules_test, series_values) {
    static const struct {
        const char *text;
        size_t count; /* 0: refused */
        double values[8];
    } rows[] = {
        {"1", 1, {1}},
        {"1 2.5 -3", 3, {1, 2.5, -3}},
        {"1+2x3", 4, {1, 3, 5, 7}},
        {"1-0.5x2", 3, {1, 0.5, 0}},
        {"-20+1x1", 2, {-20, -19}},
        {"5x2", 3, {5, 5, 5}},
        {"1e3 1e-2x1", 3, {1000, 0.01, 0.01}},
        {"1e+2+1x1", 2, {100, 101}},
        {"_ 1 _x2 stale", 5, {NAN, 1, NAN, NAN, NAN}},
        {"NaN Inf 1", 3, {NAN, NAN, 1}},
        {"  1\n 2\t3 ", 3, {1, 2, 3}},
        {"x", 0, {0}},
        {"1+2", 0, {0}},
        {"1+2x", 0, {0}},
        {"1x-3", 0, {0}},
        {"1,2", 0, {0}},
        {"1 2 three", 0, {0}},
        {"_y", 0, {0}},
        {"1x999999999", 0, {0}},
        {"1x400000 1x400000", 0, {0}},
        {"++1", 0, {0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct test_series s = {0};
        struct fault fault;
        size_t at = 0;
        enum result result = test_series_parse_values(rows[i].text, &s, &at, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].count > 0, "row %zu \"%s\"", i, rows[i].text);
        if (result == RESULT_OK && rows[i].count > 0) {
            cr_assert_eq(s.count, rows[i].count, "row %zu \"%s\": %zu", i, rows[i].text, s.count);
            for (size_t k = 0; k < s.count; k++)
                cr_expect(isnan(rows[i].values[k]) ? isnan(s.values[k]) : s.values[k] == rows[i].values[k],
                          "row %zu \"%s\": value %zu is %g", i, rows[i].text, k, s.values[k]);
        }
        test_series_fini(&s);
    }
}

/* ---- whole files ---- */

static char folder[] = "/tmp/fieldline-rules-XXXXXX";
static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}
static void put(const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static const char rules[] = "groups:\n- name: g\n  rules:\n"
                            "  - alert: High\n    expr: level > 5\n    for: 2m\n    labels: {severity: major}\n"
                            "    annotations: {summary: 'level {{ $value }} of {{ $labels.part }}'}\n"
                            "  - {alert: Busy, expr: 'rate(jobs_total[5m]) > 1', labels: {severity: warning}}\n"
                            "  - {alert: Gone, expr: absent(level), for: 5m, labels: {severity: minor}}\n"
                            "  - {alert: Unlike, expr: fleet_zscore(wear) > 3, labels: {severity: minor}}\n";

#define TEST_FILE(series, tests)                                                                                       \
    "rule_files: [r.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n" series                   \
    "  alert_rule_test:\n" tests
#define WEAR(device, values) "  - {series: 'wear{device=\"" device "\"}', values: '" values "'}\n"
#define LEVEL                "  - {series: 'level{part=\"x\"}', values: '1x4 6x5 1x5'}\n"

/* Runs `text` as a test file of the rules above; the report is in `out`. */
static enum result run(const char *text, struct buf *out, int *passed, int *failed) {
    char path[300];
    strcpy(folder, "/tmp/fieldline-rules-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    put("r.yml", rules);
    put("t.yml", text);
    snprintf(path, sizeof path, "%s/t.yml", folder);
    enum result result = rules_test(path, out, passed, failed);
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return result;
}

Test(rules_test, verdicts) {
    static const struct {
        const char *text;
        int passed, failed;
        const char *says;
    } rows[] = {
        {TEST_FILE(LEVEL, "  - {eval_time: 6m, alertname: High}\n"), 1, 0, ""},
        {TEST_FILE(LEVEL,
                   "  - {eval_time: 7m, alertname: High, exp_alerts: [{exp_labels: {severity: major, part: x}}]}\n"),
         1, 0, ""},
        {TEST_FILE(LEVEL, "  - {eval_time: 7m, alertname: High, exp_alerts: [{exp_labels: {severity: major, part: x}, "
                          "exp_annotations: {summary: level 6 of x}}]}\n"),
         1, 0, ""},
        {TEST_FILE(LEVEL, "  - {eval_time: 11m, alertname: High}\n  - {eval_time: 8m, alertname: High, exp_alerts: "
                          "[{exp_labels: {severity: major, part: x}}]}\n"),
         2, 0, ""},
        {TEST_FILE(LEVEL, "  - {eval_time: 8m, alertname: High}\n"), 0, 1, "t.yml:8: FAILED: High at 8m\n"},
        {TEST_FILE(LEVEL, "  - {eval_time: 8m, alertname: High}\n"), 0, 1, "fired: {severity=\"major\", part=\"x\"}"},
        {TEST_FILE(LEVEL,
                   "  - {eval_time: 2m, alertname: High, exp_alerts: [{exp_labels: {severity: major, part: x}}]}\n"),
         0, 1, "expected this alert, it did not fire with these labels"},
        {TEST_FILE(LEVEL, "  - {eval_time: 8m, alertname: High, exp_alerts: [{exp_labels: {severity: major}}]}\n"), 0,
         1, "did not fire with these labels"},
        {TEST_FILE(LEVEL,
                   "  - {eval_time: 8m, alertname: High, exp_alerts: [{exp_labels: {severity: major, part: y}}]}\n"),
         0, 1, "did not fire with these labels"},
        {TEST_FILE(LEVEL,
                   "  - {eval_time: 8m, alertname: High, exp_alerts: [{exp_labels: {severity: major, part: x, more: "
                   "y}}]}\n"),
         0, 1, "did not fire with these labels"},
        {TEST_FILE(LEVEL, "  - {eval_time: 8m, alertname: High, exp_alerts: [{exp_labels: {severity: major, part: x}, "
                          "exp_annotations: {summary: other}}]}\n"),
         0, 1, "summary is \"level 6 of x\", expected \"other\""},
        {TEST_FILE(LEVEL, "  - {eval_time: 8m, alertname: High, exp_alerts: [{exp_labels: {severity: major, part: x}, "
                          "exp_annotations: {runbook: other}}]}\n"),
         0, 1, "the rule has no annotation 'runbook'"},
        {TEST_FILE(
             "  - {series: 'jobs_total{device=\"a\"}', values: '0+60x10'}\n  - {series: 'jobs_total{device=\"b\"}', "
             "values: '0+120x10'}\n",
             "  - {eval_time: 9m, alertname: Busy, exp_alerts: [{exp_labels: {severity: warning, device: b}}]}\n"),
         1, 0, ""},
        {TEST_FILE(
             "  - {series: level, values: '1x3 _x20'}\n",
             "  - {eval_time: 12m, alertname: Gone}\n  - {eval_time: 15m, alertname: Gone, exp_alerts: [{exp_labels: "
             "{severity: minor}}]}\n"),
         2, 0, ""},
        {TEST_FILE(
             WEAR("a", "1x9") WEAR("b", "2x9") WEAR("c", "3x9") WEAR("d", "4x9") WEAR("e", "5x9") WEAR("f", "6x9")
                 WEAR("g", "7x9") WEAR("h", "8x9") WEAR("i", "50x9"),
             "  - {eval_time: 9m, alertname: Unlike, exp_alerts: [{exp_labels: {severity: minor, device: i}}]}\n"),
         1, 0, ""},
        {TEST_FILE(WEAR("a", "1x9") WEAR("b", "2x9") WEAR("c", "3x9") WEAR("d", "4x9") WEAR("e", "5x9") WEAR("f", "6x9")
                       WEAR("g", "7x9") WEAR("i", "50x9"),
                   "  - {eval_time: 9m, alertname: Unlike}\n"), /* seven others are too few */
         1, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        int passed = -1, failed = -1;
        buf_init(&out, 10000);
        cr_expect_eq(run(rows[i].text, &out, &passed, &failed), RESULT_OK, "row %zu: %s", i, buf_text(&out));
        cr_expect_eq(passed, rows[i].passed, "row %zu: %d passed: %s", i, passed, buf_text(&out));
        cr_expect_eq(failed, rows[i].failed, "row %zu: %d failed: %s", i, failed, buf_text(&out));
        cr_expect_not_null(strstr(buf_text(&out), rows[i].says), "row %zu says \"%s\", expected \"%s\"", i,
                           buf_text(&out), rows[i].says);
        buf_fini(&out);
    }
}

Test(rules_test, refusals) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"tests: []\n", "'rule_files' is missing in the test file"},
        {"rule_files: [r.yml]\n", "'tests' is missing"},
        {"rule_files: [none.yml]\ntests: []\n", "none.yml: cannot be opened"},
        {"rule_files: [t.yml]\ntests: []\n", "unknown key 'rule_files' in the file"},
        {"rule_files: [r.yml]\nevaluation_interval: x\ntests: []\n", "'evaluation_interval' is \"x\""},
        {"rule_files: [r.yml]\ngroup_order: []\ntests: []\n", "unknown key 'group_order'"},
        {TEST_FILE("  - {series: 'level{job=\"x\"}', values: '1'}\n", "  - {eval_time: 1m, alertname: High}\n"),
         "t.yml:6:21: expected the label part or device"},
        {TEST_FILE("  - {series: level, values: '1 2 three'}\n", "  - {eval_time: 1m, alertname: High}\n"),
         "t.yml:6:34: expected numbers, runs such as"},
        {TEST_FILE(LEVEL, "  - {eval_time: 1m, alertname: Other}\n"), "t.yml:8:32: there is no alert 'Other'"},
        {TEST_FILE(LEVEL, "  - {eval_time: never, alertname: High}\n"),
         "'eval_time' is \"never\", expected a duration"},
        {TEST_FILE(LEVEL, "  - {alertname: High}\n"), "'eval_time' is missing"},
        {TEST_FILE(LEVEL, "  - {eval_time: 1m, alertname: High, exp_samples: []}\n"), "unknown key 'exp_samples'"},
        {TEST_FILE(LEVEL, "  - {eval_time: 8m, alertname: High, exp_alerts: [{exp_labels: [x]}]}\n"),
         "exp_labels is a list"},
        {"[", "not YAML"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        int passed, failed;
        buf_init(&out, 10000);
        cr_expect_eq(run(rows[i].text, &out, &passed, &failed), RESULT_BAD_INPUT, "row %zu was accepted", i);
        cr_expect_not_null(strstr(buf_text(&out), rows[i].says), "row %zu says \"%s\", expected \"%s\"", i,
                           buf_text(&out), rows[i].says);
        buf_fini(&out);
    }
    struct buf out;
    int passed, failed;
    buf_init(&out, 10000);
    cr_expect_eq(rules_test("/nowhere/at/all", &out, &passed, &failed), RESULT_BAD_INPUT);
    buf_fini(&out);
}
