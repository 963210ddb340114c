/* Devices of a test are fed in the order of time: log lines and events first, then the samples of a moment, and after
 * each evaluation interval the clock is told as well, so that missing data and holds that end are seen as they would be
 * when other data arrives. An alert is asked after the last evaluation before its time, as promtool does, an expression
 * at its very time. */
#include "rules/test_play.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/device.h"
#include "rules/fleet.h"
#include "rules/plan.h"
#include "rules/samples_verdict.h"

enum { EXPECTED_MAX = 1000, RAISED_MAX = 1000 };

struct test_device {
    const char *name;
    struct rule_device *rules;
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

static void judge(struct test_run *run, const struct test_question *q, bool is_right, struct buf *why) {
    if (is_right) {
        ++*run->passed;
        return;
    }
    ++*run->failed;
    buf_printf(run->report, "%s:%d: FAILED: %s at %s\n%s", run->path, document_line(run->doc, q->at), q->alert,
               q->eval_text, buf_text(why));
}

static bool ask_alert(struct test_run *run, const struct test_question *q, const struct test_device *devices,
                      size_t device_count, struct buf *why) {
    struct fired *fired = mem_alloc(RAISED_MAX * sizeof *fired);
    size_t fired_count = collect(devices, device_count, q->alert, fired), expected = 0;
    const struct verdict_file file = {.doc = run->doc, .path = run->path, .problems = run->problems};
    bool is_right = true;
    if (q->expected && !document_list(run->doc, q->expected, "exp_alerts", EXPECTED_MAX, &expected, run->problems))
        is_right = false;
    for (size_t i = 0; i < expected; i++)
        is_right &= verdict_match(&file, document_item(run->doc, q->expected, i), fired, fired_count, why);
    for (size_t i = 0; i < fired_count; i++) {
        if (fired[i].is_expected)
            continue;
        is_right = false;
        buf_printf(why, "%s:%d:   fired: ", run->path, document_line(run->doc, q->at));
        verdict_describe(&fired[i], why);
        buf_printf(why, "\n");
    }
    free(fired);
    return is_right;
}

static bool ask_value(struct test_run *run, const struct test_question *q, const struct test_device *devices,
                      size_t device_count, struct buf *why) {
    const struct verdict_file file = {.doc = run->doc, .path = run->path, .problems = run->problems};
    const struct node *root = &q->expr->nodes[q->expr->root];
    struct sample_is *is = mem_alloc(RAISED_MAX * sizeof *is);
    struct vector *values = mem_alloc(sizeof *values);
    size_t count = 0;
    for (size_t d = 0; d < device_count; d++) {
        rule_device_value(devices[d].rules, q->expr, q->eval_ms, values);
        for (size_t i = 0; i < values->count && count < RAISED_MAX; i++)
            if (values->items[i].state == ELEMENT_PRESENT)
                is[count++] = (struct sample_is){
                    .metric = root->kind == NODE_SELECT ? run->pack->plan->metrics[root->metric].name : "",
                    .part = rule_device_part_name(devices[d].rules, values->items[i].part),
                    .device = devices[d].name,
                    .value = values->items[i].value};
    }
    const bool is_right = samples_match(&file, q->expected, is, count, why);
    free(values);
    free(is);
    return is_right;
}

static void ask(struct test_run *run, const struct test_question *q, const struct test_device *devices,
                size_t device_count) {
    struct buf why;
    buf_init(&why, 64 * 1024);
    judge(run, q,
          q->expr ? ask_value(run, q, devices, device_count, &why) : ask_alert(run, q, devices, device_count, &why),
          &why);
    buf_fini(&why);
}

/* ---- feeding ---- */

static void note_device(const char *name, struct test_device *out, size_t *count) {
    for (size_t d = 0; d < *count; d++)
        if (strcmp(out[d].name, name) == 0)
            return;
    out[(*count)++] = (struct test_device){.name = name};
}

/* All of one fleet. */
static size_t find_devices(const struct test_run *run, struct fleets *fleets, struct test_device *out) {
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
static void feed(const struct test_run *run, const struct test_device *device, size_t step, struct sample *scratch,
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
static void feed_logs(const struct test_run *run, const struct test_device *devices, size_t device_count,
                      int64_t until_ms, size_t *next, struct firings *firings) {
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

/* An expression is asked at its very time, with the samples up to then. */
static void ask_at(struct test_run *run, const struct test_question *q, const struct test_device *devices,
                   size_t device_count, size_t *step, struct sample *scratch, struct firings *firings) {
    for (; q->expr && (int64_t)*step * run->interval_ms <= q->eval_ms; ++*step)
        for (size_t d = 0; d < device_count; d++)
            feed(run, &devices[d], *step, scratch, firings);
    for (size_t d = 0; q->expr && d < device_count; d++)
        rule_device_time(devices[d].rules, q->eval_ms, firings);
    ask(run, q, devices, device_count);
}

/* Two clocks side by side: samples every interval, evaluations every evaluation interval; samples first. */
void test_play(struct test_run *run, const struct test_question *questions, size_t question_count) {
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
            ask_at(run, &questions[asked], devices, device_count, &step, scratch, &firings);
    }
    firings_fini(&firings);
    for (size_t d = 0; d < device_count; d++)
        rule_device_free(devices[d].rules);
    fleets_free(fleets);
    free(devices);
    free(scratch);
}
