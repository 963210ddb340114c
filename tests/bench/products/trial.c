/* The trial's clock, the fault's growth, and the counting.
 *
 * The fault's wear goes from 0 to 1 in its days; the individual fails then, or before, when its physics say so. Gaps
 * come every four days on average and last a quarter of an hour on average, never more than six hours; a restart comes
 * every two weeks and takes two minutes. During both, physics goes on. A third kind of trouble, messages that come late
 * or twice, is the flow tests' (tests/integration/repeats.test.mjs). */
#include "trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"

#define DAY_S      86400.0
#define START_S    1767225600.0 /* 2026-01-01 */
#define GAP_EVERY  (4 * DAY_S)
#define GAP_MEAN_S 900.0
#define GAP_MAX_S  21600.0
#define RESTART_S  120.0

struct run {
    const struct trial *trial;
    struct trial_outcome *out;
    struct rule_device *device;
    struct firings firings;
    void *self;
    struct dice dice; /* of the line and the mains, not of the product */
    double silent_s;  /* until data comes again */
    int metrics[SPECIMEN_SERIES_MAX], parts[SPECIMEN_SERIES_MAX];
    uint64_t reports;
    FILE *dump;
};

static void resolve(struct run *r) {
    const struct specimen_kind *kind = r->trial->kind;
    for (size_t i = 0; i < kind->series_count; i++) {
        r->metrics[i] = pack_metric_find(r->trial->pack, kind->series[i].metric);
        r->parts[i] = rule_device_part(r->device, kind->series[i].part);
        if (r->metrics[i] < 0 || r->parts[i] < 0)
            die("bench.products", "%s: the pack has no metric '%s'", kind->model, kind->series[i].metric);
    }
}

static void dump_row(struct run *r, const double *values) {
    if (!r->dump)
        return;
    const struct specimen_kind *kind = r->trial->kind;
    fprintf(r->dump, "%.0f", ((struct specimen *)r->self)->at_s);
    for (size_t i = 0; i < kind->series_count; i++)
        fprintf(r->dump, isnan(values[i]) ? "," : ",%.6g", values[i]);
    fputc('\n', r->dump);
}

static void dump_head(struct run *r) {
    if (!r->trial->dump_to)
        return;
    r->dump = fopen(r->trial->dump_to, "we");
    if (!r->dump)
        die("bench.products", "%s: cannot be written", r->trial->dump_to);
    fputs("timestamp", r->dump);
    for (size_t i = 0; i < r->trial->kind->series_count; i++) {
        const struct specimen_series *s = &r->trial->kind->series[i];
        fprintf(r->dump, s->part[0] ? ",%s[%s]" : ",%s", s->metric, s->part);
    }
    fputc('\n', r->dump);
}

static void report(struct run *r) {
    const struct specimen_kind *kind = r->trial->kind;
    double values[SPECIMEN_SERIES_MAX];
    struct sample samples[SPECIMEN_SERIES_MAX];
    size_t count = 0;
    kind->read(r->self, values);
    for (size_t i = 0; i < kind->series_count; i++) {
        if (r->reports % (uint64_t)kind->series[i].every != 0)
            values[i] = NAN;
        if (!isnan(values[i]))
            samples[count++] = (struct sample){.metric = r->metrics[i],
                                               .part = r->parts[i],
                                               .event_ms = (int64_t)(((struct specimen *)r->self)->at_s * 1000),
                                               .value = values[i]};
    }
    r->reports++;
    r->out->samples += count;
    dump_row(r, values);
    if (count > 0)
        rule_device_samples(r->device, samples, count, &r->firings);
}

static void tell(struct trial_outcome *out, const char *alarm, double at_s) {
    for (size_t i = 0; i < out->told_count; i++)
        if (strcmp(out->told[i].alarm, alarm) == 0) {
            out->told[i].count++;
            return;
        }
    if (out->told_count < TRIAL_TOLD_MAX)
        out->told[out->told_count++] = (struct trial_told){.alarm = alarm, .at_s = at_s, .count = 1};
}

static void judge(struct run *r, double passed_s) {
    const struct trial *t = r->trial;
    struct trial_outcome *out = r->out;
    for (size_t i = 0; i < r->firings.count; i++) {
        const struct firing *f = &r->firings.items[i];
        if (f->kind != FIRING_RAISE || !f->opens_ticket)
            continue;
        tell(out, f->alarm, passed_s);
        if (passed_s <= out->onset_s) {
            out->false_alarms++;
            continue;
        }
        if (out->first_s < 0)
            out->first_s = passed_s;
        if (out->named_s < 0 && t->fault < t->kind->fault_count &&
            strcmp(f->alarm, t->kind->faults[t->fault].alarm) == 0)
            out->named_s = passed_s;
    }
    firings_reset(&r->firings);
}

/* What the line and the mains do: false when nothing arrives. */
static bool is_heard(struct run *r, double dt_s) {
    if (r->silent_s > 0) {
        r->silent_s -= dt_s;
        return false;
    }
    if (dice_happens(&r->dice, dt_s, GAP_EVERY))
        r->silent_s = fmin(dice_wait(&r->dice, GAP_MEAN_S), GAP_MAX_S);
    if (dice_happens(&r->dice, dt_s, 14 * DAY_S)) {
        r->silent_s = RESTART_S;
        if (r->trial->kind->restart)
            r->trial->kind->restart(r->self);
    }
    return true;
}

static double wear(const struct specimen_fault *fault, double days) {
    double t = fmax(0, fmin(1, days / fault->days));
    return fault->steepness > 0 ? expm1(fault->steepness * t) / expm1(fault->steepness) : t;
}

static void live(struct run *r) {
    const struct trial *t = r->trial;
    const struct specimen_fault *fault = t->fault < t->kind->fault_count ? &t->kind->faults[t->fault] : NULL;
    const double dt_s = t->kind->interval_s;
    const double end_s = (t->healthy_days + (fault ? fault->days : 0)) * DAY_S;
    struct specimen *base = r->self;
    const double start_s = base->at_s;
    for (double passed_s = dt_s; passed_s <= end_s; passed_s += dt_s) {
        base->at_s = start_s + passed_s;
        if (fault)
            base->wear[t->fault] = wear(fault, passed_s / DAY_S - t->healthy_days);
        t->kind->step(r->self);
        if (is_heard(r, dt_s))
            report(r);
        judge(r, passed_s);
        if (fault && t->kind->has_failed && passed_s > r->out->onset_s && t->kind->has_failed(r->self, t->fault)) {
            r->out->failed_s = passed_s;
            return;
        }
    }
    r->out->failed_s = end_s;
}

void trial_run(const struct trial *t, struct trial_outcome *out) {
    struct run r = {.trial = t, .out = out, .dice = dice_of(~t->seed)};
    *out = (struct trial_outcome){.onset_s = t->healthy_days * DAY_S, .first_s = -1, .named_s = -1};
    r.device = rule_device_new(t->pack, "specimen");
    r.self = calloc(1, t->kind->bytes);
    if (!r.device || !r.self)
        die("bench.products", "out of memory");
    *(struct specimen *)r.self = (struct specimen){.dice = dice_of(t->seed), .at_s = START_S + t->day * DAY_S};
    firings_init(&r.firings);
    resolve(&r);
    dump_head(&r);
    t->kind->init(r.self);
    live(&r);
    if (r.dump)
        (void)fclose(r.dump);
    firings_fini(&r.firings);
    free(r.self);
    rule_device_free(r.device);
}
