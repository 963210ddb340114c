/* `rules test`: promtool's unit tests of alerting rules, run through the real engine.
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
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/fleet.h"
#include "rules/folder.h"
#include "rules/pack_parts.h"
#include "rules/test_logs.h"
#include "rules/test_series.h"
#include "rules/verdict.h"

enum { FILES_MAX = 50, TESTS_MAX = 1000, SERIES_MAX = 1000, EXPECTED_MAX = 1000, RAISED_MAX = 1000, NAME_BYTES = 200 };

struct run {
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
struct test_device {
    const char *name;
    struct rule_device *rules;
};
/* An alert_rule_test entry, ready to be asked at its time. */
struct question {
    int64_t eval_ms;
    const char *alert, *eval_text;
    yaml_at at, expected; /* expected: a list, or 0 */
};

/* ---- asking ---- */

static size_t collect(const struct test_device *devices, size_t device_count, const char *alert, struct fired *out) {
    struct rule_raised raised[RULE_PARTS_MAX * 4];
    size_t count = 0;
    for (size_t d = 0; d < device_count; d++) {
        size_t n = rule_device_raised(devices[d].rules, raised, sizeof raised / sizeof *raised);
        for (size_t i = 0; i < n && i < sizeof raised / sizeof *raised && count < RAISED_MAX; i++)
            if (strcmp(raised[i].rule->alert, alert) == 0)
                out[count++] = (struct fired){.raised = raised[i], .device = devices[d].name};
    }
    return count;
}

static void ask(struct run *run, const struct question *q, const struct test_device *devices, size_t device_count) {
    struct fired *fired = mem_alloc(RAISED_MAX * sizeof *fired);
    size_t fired_count = collect(devices, device_count, q->alert, fired), expected = 0;
    const struct verdict_file file = {.doc = run->doc, .path = run->path, .problems = run->problems};
    struct buf why;
    buf_init(&why, 64 * 1024);
    bool is_right = true;
    if (q->expected && !document_list(run->doc, q->expected, "exp_alerts", EXPECTED_MAX, &expected, run->problems))
        is_right = false;
    for (size_t i = 0; i < expected; i++)
        is_right &= verdict_match(&file, document_item(run->doc, q->expected, i), fired, fired_count, &why);
    for (size_t i = 0; i < fired_count; i++) {
        if (fired[i].is_expected)
            continue;
        is_right = false;
        buf_printf(&why, "%s:%d:   fired: ", run->path, document_line(run->doc, q->at));
        verdict_describe(&fired[i], &why);
        buf_printf(&why, "\n");
    }
    if (is_right) {
        ++*run->passed;
    } else {
        ++*run->failed;
        buf_printf(run->report, "%s:%d: FAILED: %s at %s\n%s", run->path, document_line(run->doc, q->at), q->alert,
                   q->eval_text, buf_text(&why));
    }
    buf_fini(&why);
    free(fired);
}

/* ---- feeding ---- */

static void note_device(const char *name, struct test_device *out, size_t *count) {
    for (size_t d = 0; d < *count; d++)
        if (strcmp(out[d].name, name) == 0)
            return;
    out[(*count)++] = (struct test_device){.name = name};
}

/* All of one fleet. */
static size_t find_devices(const struct run *run, struct fleets *fleets, struct test_device *out) {
    size_t count = 0;
    for (size_t i = 0; i < run->series_count; i++)
        note_device(run->series[i].device, out, &count);
    for (size_t i = 0; i < run->logs.count; i++)
        note_device(run->logs.items[i].device, out, &count);
    if (count == 0)
        out[count++] = (struct test_device){.name = ""}; /* absent() of everything */
    for (size_t d = 0; d < count; d++) {
        out[d].rules = rule_device_new(run->pack, out[d].name);
        rule_device_join(out[d].rules, fleet_enter(fleets, "", ""));
    }
    return count;
}

/* All samples of the moment number `step`. */
static void feed(const struct run *run, const struct test_device *device, size_t step, struct sample *scratch,
                 struct firings *firings) {
    size_t count = 0;
    for (size_t i = 0; i < run->series_count; i++) {
        const struct test_series *s = &run->series[i];
        if (step >= s->count || isnan(s->values[step]) || strcmp(s->device, device->name) != 0)
            continue;
        scratch[count++] = (struct sample){.metric = plan_metric(run->pack->plan, s->metric, strlen(s->metric)),
                                           .part = rule_device_part(device->rules, s->part),
                                           .event_ms = (int64_t)step * run->interval_ms,
                                           .value = s->values[step]};
    }
    if (count > 0)
        rule_device_samples(device->rules, scratch, count, firings);
}

/* The lines and events up to a moment; *next is the first that was not fed yet. */
static void feed_logs(const struct run *run, const struct test_device *devices, size_t device_count, int64_t until_ms,
                      size_t *next, struct firings *firings) {
    for (; *next < run->logs.count && run->logs.items[*next].at_ms <= until_ms; ++*next) {
        const struct test_log *log = &run->logs.items[*next];
        struct log_record record;
        size_t d = 0;
        while (d < device_count && strcmp(devices[d].name, log->device) != 0)
            d++;
        test_log_record(log, &record);
        if (!log->is_event)
            rule_device_log(devices[d].rules, &record, firings);
        else
            rule_device_code(devices[d].rules, log->text, log->at_ms, firings);
    }
}

/* Two clocks side by side: samples every interval, evaluations every evaluation interval; samples first. */
static void play(struct run *run, const struct question *questions, size_t question_count) {
    struct test_device *devices = mem_alloc((run->series_count + run->logs.count + 1) * sizeof *devices);
    struct sample *scratch = mem_alloc((run->series_count + 1) * sizeof *scratch);
    struct fleets *fleets = fleets_new();
    size_t device_count = find_devices(run, fleets, devices), asked = 0, step = 0, next_log = 0;
    struct firings firings;
    firings_init(&firings);
    for (int64_t now_ms = 0; asked < question_count; now_ms += run->evaluation_ms) {
        for (; (int64_t)step * run->interval_ms <= now_ms; step++) {
            feed_logs(run, devices, device_count, (int64_t)step * run->interval_ms, &next_log, &firings);
            for (size_t d = 0; d < device_count; d++)
                feed(run, &devices[d], step, scratch, &firings);
        }
        feed_logs(run, devices, device_count, now_ms, &next_log, &firings);
        for (size_t d = 0; d < device_count; d++)
            rule_device_time(devices[d].rules, now_ms, &firings);
        firings_reset(&firings);
        for (; asked < question_count && questions[asked].eval_ms < now_ms + run->evaluation_ms; asked++)
            ask(run, &questions[asked], devices, device_count);
    }
    firings_fini(&firings);
    for (size_t d = 0; d < device_count; d++)
        rule_device_free(devices[d].rules);
    fleets_free(fleets);
    free(devices);
    free(scratch);
}

/* ---- reading a test ---- */

static void read_one_series(struct run *run, yaml_at at) {
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

static bool has_alert(const struct pack *pack, const char *name) {
    for (size_t i = 0; i < pack->rule_count; i++)
        if (strcmp(pack->rules[i]->alert, name) == 0)
            return true;
    return false;
}

static bool read_question(struct run *run, yaml_at at, struct question *q) {
    enum { TIME, ALERT, EXPECTED, FIELDS };
    struct yaml_field f[FIELDS] = {{"eval_time", true, 0}, {"alertname", true, 0}, {"exp_alerts", false, 0}};
    if (!document_fields(run->doc, at, "an alert test", f, FIELDS, run->problems) || !f[TIME].at || !f[ALERT].at)
        return false;
    *q = (struct question){.at = at, .expected = f[EXPECTED].at};
    if (!document_text(run->doc, f[ALERT].at, "alertname", NAME_BYTES, &q->alert, run->problems) ||
        !document_text(run->doc, f[TIME].at, "eval_time", NAME_BYTES, &q->eval_text, run->problems))
        return false;
    if (strcmp(q->eval_text, "0s") != 0 && strcmp(q->eval_text, "0m") != 0 &&
        !document_duration(run->doc, f[TIME].at, "eval_time", &q->eval_ms, run->problems))
        return false;
    if (q->eval_ms / run->evaluation_ms > 1000000) {
        document_problem(run->doc, f[TIME].at, run->problems, "'eval_time' is more than a million evaluations away");
        return false;
    }
    if (!has_alert(run->pack, q->alert)) {
        document_problem(run->doc, f[ALERT].at, run->problems, "there is no alert '%s' in the rule files", q->alert);
        return false;
    }
    return true;
}

static int earlier_first(const void *a, const void *b) {
    const struct question *x = a, *y = b;
    if (x->eval_ms != y->eval_ms)
        return x->eval_ms < y->eval_ms ? -1 : 1;
    return x->at - y->at;
}

static void run_test(struct run *run, yaml_at at) {
    enum { NAME, INTERVAL, SERIES, LINES, EVENTS, ALERTS, FIELDS };
    struct yaml_field f[FIELDS] = {{"name", false, 0},       {"interval", false, 0},     {"input_series", false, 0},
                                   {"input_logs", false, 0}, {"input_events", false, 0}, {"alert_rule_test", true, 0}};
    size_t series = 0, questions = 0, question_count = 0, problems_before = run->problems->count;
    if (!document_fields(run->doc, at, "a test", f, FIELDS, run->problems) || !f[ALERTS].at)
        return;
    run->interval_ms = run->evaluation_ms;
    if (f[INTERVAL].at && !document_duration(run->doc, f[INTERVAL].at, "interval", &run->interval_ms, run->problems))
        return;
    if ((f[SERIES].at && !document_list(run->doc, f[SERIES].at, "input_series", SERIES_MAX, &series, run->problems)) ||
        !document_list(run->doc, f[ALERTS].at, "alert_rule_test", EXPECTED_MAX, &questions, run->problems))
        return;
    run->series = mem_alloc((series + 1) * sizeof *run->series);
    run->series_count = 0;
    struct question *q = mem_alloc((questions + 1) * sizeof *q);
    for (size_t i = 0; i < series; i++)
        read_one_series(run, document_item(run->doc, f[SERIES].at, i));
    test_logs_read(&run->logs, run->doc, f[LINES].at, f[EVENTS].at, run->problems);
    for (size_t i = 0; i < questions; i++)
        question_count += read_question(run, document_item(run->doc, f[ALERTS].at, i), &q[question_count]);
    qsort(q, question_count, sizeof *q, earlier_first);
    if (run->problems->count == problems_before)
        play(run, q, question_count);
    for (size_t i = 0; i < run->series_count; i++)
        test_series_fini(&run->series[i]);
    test_logs_fini(&run->logs);
    free(run->series);
    free(q);
}

/* ---- rule files ---- */

/* The pack that the rule files belong to: the folder's, or one made of what the files say. */
static struct pack *load_rules(struct run *run, yaml_at files, const char *dir) {
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

static void run_document(struct run *run, const char *dir) {
    enum { FILES, EVALUATION, TESTS, FIELDS };
    struct yaml_field f[FIELDS] = {{"rule_files", true, 0}, {"evaluation_interval", false, 0}, {"tests", true, 0}};
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
    struct run run = {.path = path, .problems = &problems, .report = report, .passed = passed, .failed = failed};
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
