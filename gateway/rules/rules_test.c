/* `rules test`: promtool's unit tests of rules and expressions, run through the real engine.
 *
 * A test's series become samples of one device for each value of the label `device` (without it there is one,
 * nameless). They are fed in the order of time; after each evaluation interval the clock is told as well, so that
 * missing data and holds that end are seen as they would be when other data arrives. Beside the rule file lies the pack
 * that says what the metrics are; a rule file without one is taken with every metric that it names.
 *
 * Differences to promtool, on purpose: rules are evaluated when a sample arrives, not only at the interval; missing
 * data is unknown instead of "resolved"; annotations that exp_annotations does not mention are not compared. */
#include "rules/check.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "rules/folder.h"
#include "rules/pack_parts.h"
#include "rules/plan.h"
#include "rules/rule.h"
#include "rules/test_play.h"

enum { FILES_MAX = 50, TESTS_MAX = 1000, SERIES_MAX = 1000, EXPECTED_MAX = 1000, NAME_BYTES = 200 };

/* ---- reading a test ---- */

static void read_one_series(struct test_run *run, yaml_at at) {
    enum { SERIES, VALUES, FIELDS };
    struct yaml_field f[FIELDS] = {{"series", true, 0}, {"values", true, 0}};
    const char *name, *values;
    struct fault fault;
    size_t offset = 0;
    struct test_series *s = &run->series[run->series_count];
    if (!document_fields(run->doc, at, "a series", f, FIELDS, run->problems) || !f[SERIES].at || !f[VALUES].at)
        return;
    if (!document_text(run->doc, f[SERIES].at, "series", NAME_BYTES, &name, run->problems) ||
        !document_text(run->doc, f[VALUES].at, "values", DOCUMENT_BYTES_MAX, &values, run->problems))
        return;
    if (test_series_parse_name(name, s, &offset, &fault) != RESULT_OK) {
        document_problem_inside(run->doc, f[SERIES].at, offset, run->problems, fault.text);
    } else if (plan_metric(run->pack->plan, s->metric, strlen(s->metric)) < 0) {
        document_problem(run->doc, f[SERIES].at, run->problems, "'%s' is not a metric of this pack", s->metric);
    } else if (test_series_parse_values(values, s, &offset, &fault) != RESULT_OK) {
        document_problem_inside(run->doc, f[VALUES].at, offset, run->problems, fault.text);
    } else {
        run->series_count++;
        return;
    }
    test_series_fini(s);
}

static bool read_time(struct test_run *run, yaml_at at, struct test_question *q) {
    if (!document_text(run->doc, at, "eval_time", NAME_BYTES, &q->eval_text, run->problems))
        return false;
    if (strcmp(q->eval_text, "0") != 0 && strcmp(q->eval_text, "0s") != 0 && strcmp(q->eval_text, "0m") != 0 &&
        !document_duration(run->doc, at, "eval_time", &q->eval_ms, run->problems))
        return false;
    if (q->eval_ms / run->evaluation_ms <= 1000000)
        return true;
    document_problem(run->doc, at, run->problems, "'eval_time' is more than a million evaluations away");
    return false;
}

static bool read_alert_question(struct test_run *run, yaml_at at, struct test_question *q) {
    enum { TIME, ALERT, EXPECTED, FIELDS };
    struct yaml_field f[FIELDS] = {{"eval_time", true, 0}, {"alertname", true, 0}, {"exp_alerts", false, 0}};
    if (!document_fields(run->doc, at, "an alert test", f, FIELDS, run->problems) || !f[TIME].at || !f[ALERT].at)
        return false;
    *q = (struct test_question){.at = at, .expected = f[EXPECTED].at};
    if (!document_text(run->doc, f[ALERT].at, "alertname", NAME_BYTES, &q->alert, run->problems) ||
        !read_time(run, f[TIME].at, q))
        return false;
    if (pack_has_alert(run->pack, q->alert))
        return true;
    document_problem(run->doc, f[ALERT].at, run->problems, "there is no alert '%s' in the rule files", q->alert);
    return false;
}

static bool read_value_question(struct test_run *run, yaml_at at, struct test_question *q) {
    enum { EXPR, TIME, EXPECTED, FIELDS };
    struct yaml_field f[FIELDS] = {{"expr", true, 0}, {"eval_time", true, 0}, {"exp_samples", false, 0}};
    struct expression_error error;
    if (!document_fields(run->doc, at, "an expression test", f, FIELDS, run->problems) || !f[EXPR].at || !f[TIME].at)
        return false;
    *q = (struct test_question){.at = at, .expected = f[EXPECTED].at};
    if (!document_text(run->doc, f[EXPR].at, "expr", EXPRESSION_BYTES_MAX, &q->alert, run->problems) ||
        !read_time(run, f[TIME].at, q))
        return false;
    q->expr = expression_compile(q->alert, run->pack->plan, &error);
    if (!q->expr)
        document_problem_inside(run->doc, f[EXPR].at, error.at, run->problems, error.text);
    return q->expr != NULL;
}

/* Appends the questions of a list, 0: none. */
static void read_questions(struct test_run *run, yaml_at list, const char *key,
                           bool (*read)(struct test_run *run, yaml_at at, struct test_question *q),
                           struct test_question **q, size_t *count) {
    size_t items = 0;
    if (!list || !document_list(run->doc, list, key, EXPECTED_MAX, &items, run->problems))
        return;
    *q = mem_realloc(*q, (*count + items + 1) * sizeof **q);
    for (size_t i = 0; i < items; i++)
        *count += read(run, document_item(run->doc, list, i), &(*q)[*count]);
}

static int earlier_first(const void *a, const void *b) {
    const struct test_question *x = a, *y = b;
    if (x->eval_ms != y->eval_ms)
        return x->eval_ms < y->eval_ms ? -1 : 1;
    return x->at - y->at;
}

static void read_all_series(struct test_run *run, yaml_at list) {
    size_t series = 0;
    run->series = NULL;
    run->series_count = 0;
    if (!list || !document_list(run->doc, list, "input_series", SERIES_MAX, &series, run->problems))
        return;
    run->series = mem_alloc((series + 1) * sizeof *run->series);
    for (size_t i = 0; i < series; i++)
        read_one_series(run, document_item(run->doc, list, i));
}

static void run_test(struct test_run *run, yaml_at at) {
    enum { NAME, INTERVAL, SERIES, LINES, EVENTS, ALERTS, VALUES, LABELS, URL, FIELDS };
    /* external_labels and external_url are for texts that promtool renders, and mean nothing to a device. */
    struct yaml_field f[FIELDS] = {{"name", false, 0},
                                   {"interval", false, 0},
                                   {"input_series", false, 0},
                                   {"input_logs", false, 0},
                                   {"input_events", false, 0},
                                   {"alert_rule_test", false, 0},
                                   {"promql_expr_test", false, 0},
                                   {"external_labels", false, 0},
                                   {"external_url", false, 0}};
    size_t count = 0;
    const size_t problems_before = run->problems->count;
    struct test_question *q = NULL;
    if (!document_fields(run->doc, at, "a test", f, FIELDS, run->problems))
        return;
    run->interval_ms = run->evaluation_ms;
    if (f[INTERVAL].at && !document_duration(run->doc, f[INTERVAL].at, "interval", &run->interval_ms, run->problems))
        return;
    read_all_series(run, f[SERIES].at);
    test_logs_read(&run->logs, run->doc, f[LINES].at, f[EVENTS].at, run->problems);
    read_questions(run, f[ALERTS].at, "alert_rule_test", read_alert_question, &q, &count);
    read_questions(run, f[VALUES].at, "promql_expr_test", read_value_question, &q, &count);
    if (count > 0)
        qsort(q, count, sizeof *q, earlier_first);
    if (run->problems->count == problems_before && count > 0)
        test_play(run, q, count);
    for (size_t i = 0; i < run->series_count; i++)
        test_series_fini(&run->series[i]);
    test_logs_fini(&run->logs);
    for (size_t i = 0; i < count; i++)
        expression_free(q[i].expr);
    free(run->series);
    free(q);
}

/* ---- rule files ---- */

/* The pack that the rule files belong to: the folder's, or one made of what the files say. */
static struct pack *load_rules(struct test_run *run, yaml_at files, const char *dir) {
    struct pack *pack = NULL;
    size_t count, problems_before = run->problems->count;
    char *file = path_join(dir, "pack.yaml");
    bool has_pack = path_is_file(file);
    free(file);
    if (!document_list(run->doc, files, "rule_files", FILES_MAX, &count, run->problems))
        return NULL;
    if (!has_pack) {
        pack = mem_alloc(sizeof *pack);
        pack->plan = plan_new(NULL, 0);
    } else if (pack_load(dir, &pack, run->problems->to) != RESULT_OK) {
        document_problem(run->doc, files, run->problems, "the pack in this folder is not sound");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        yaml_at at = document_item(run->doc, files, i);
        const char *name;
        if (!document_text(run->doc, at, "rule_files", NAME_BYTES, &name, run->problems))
            continue;
        if (has_pack && strcmp(name, "alerts.yaml") != 0)
            document_problem(run->doc, at, run->problems, "a pack's rules are in alerts.yaml");
        if (has_pack)
            continue;
        char *path = *name == '/' ? mem_strdup(name) : path_join(dir, name);
        struct document *doc = document_open(path, run->problems);
        if (doc)
            pack_read_alerts(pack, doc, run->problems);
        document_free(doc);
        free(path);
    }
    if (run->problems->count > problems_before) {
        pack_free(pack);
        return NULL;
    }
    return pack;
}

static void run_document(struct test_run *run, const char *dir) {
    enum { FILES, EVALUATION, TESTS, ORDER, FIELDS };
    /* group_eval_order: rules here read samples, not each other's order. */
    struct yaml_field f[FIELDS] = {
        {"rule_files", true, 0}, {"evaluation_interval", false, 0}, {"tests", true, 0}, {"group_eval_order", false, 0}};
    size_t tests;
    if (!document_fields(run->doc, document_root(run->doc), "the test file", f, FIELDS, run->problems))
        return;
    run->evaluation_ms = 60 * 1000;
    if (f[EVALUATION].at &&
        !document_duration(run->doc, f[EVALUATION].at, "evaluation_interval", &run->evaluation_ms, run->problems))
        return;
    if (!f[FILES].at || !f[TESTS].at ||
        !document_list(run->doc, f[TESTS].at, "tests", TESTS_MAX, &tests, run->problems))
        return;
    run->pack = load_rules(run, f[FILES].at, dir);
    for (size_t i = 0; run->pack && i < tests; i++)
        run_test(run, document_item(run->doc, f[TESTS].at, i));
    pack_free(run->pack);
}

static enum result run_file(const char *path, struct buf *report, int *passed, int *failed) {
    struct problems problems = {.to = report};
    struct test_run run = {.path = path, .problems = &problems, .report = report, .passed = passed, .failed = failed};
    struct document *doc = document_open(path, &problems);
    if (!doc)
        return RESULT_BAD_INPUT;
    run.doc = doc;
    char *copy = mem_strdup(path);
    run_document(&run, dirname(copy));
    free(copy);
    document_free(doc);
    return problems.count == 0 ? RESULT_OK : RESULT_BAD_INPUT;
}

enum result rules_test(const char *path, struct buf *report, int *passed, int *failed) {
    struct pack_folders folders = {0};
    *passed = *failed = 0;
    if (!path_is_folder(path))
        return run_file(path, report, passed, failed);
    enum result result = pack_folders_list(path, &folders, report);
    for (size_t i = 0; i < folders.count; i++) {
        char *file = path_join(folders.paths[i], "tests.yaml");
        if (run_file(file, report, passed, failed) != RESULT_OK)
            result = RESULT_BAD_INPUT;
        free(file);
    }
    pack_folders_fini(&folders);
    return result;
}
