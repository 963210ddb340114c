/* What is derived is computed in the order of the plan: inner before outer, so that one pass is enough. A recording
 * rule and a detector have an answer whenever something that they read has arrived; steps of a subquery lie on
 * multiples of the step and are computed before the first sample behind them is let in, so that they never see the
 * future.
 *
 * Late samples feed nothing here: an answer that was given stands. */
#include "rules/device_derived.h"

#include <math.h>
#include <string.h>

#include "rules/evaluate.h"

static const struct plan_metric *metric_of(const struct rule_device *d, const struct derived *derived) {
    return &d->set.plan->metrics[derived->metric];
}

/* An answer that is a number becomes a sample; another one is only remembered. */
static void answer(struct rule_device *d, const struct derived *derived, uint16_t part, const struct element *e,
                   int64_t now_ms) {
    struct series *series = series_find(&d->set, derived->metric, part);
    struct derived_series *own = series_derived(series, metric_of(d, derived));
    own->until_ms = e->until_ms;
    own->state = e->state == ELEMENT_PRESENT    ? DERIVED_PRESENT
                 : e->state == ELEMENT_FILTERED ? DERIVED_FILTERED
                                                : DERIVED_UNKNOWN;
    if (!derived->detector && e->state != ELEMENT_UNKNOWN)
        own->fed_ms = now_ms;
    if (e->state == ELEMENT_PRESENT && series->last_ms == now_ms && fabs(e->value) <= WINDOW_VALUE_MAX)
        series->value = e->value; /* the rest of a moment that came in two messages: what is newest counts */
    else if (e->state == ELEMENT_PRESENT && fabs(e->value) <= WINDOW_VALUE_MAX)
        series_add(&d->set,
                   &(struct sample){.metric = derived->metric, .part = part, .event_ms = now_ms, .value = e->value});
    else if (e->state == ELEMENT_PRESENT)
        own->state = DERIVED_UNKNOWN;
}

static void record(struct rule_device *d, const struct derived *derived, int64_t now_ms) {
    struct vector v;
    evaluate_value(derived->inputs[0], &d->set, now_ms, &v);
    for (size_t i = 0; i < v.count; i++)
        answer(d, derived, v.items[i].part, &v.items[i], now_ms);
}

/* ---- detectors ---- */

/* What one input says of the parts that are asked: known, and its value. */
struct asked {
    uint16_t parts[RULE_PARTS_MAX];
    bool is_known[RULE_PARTS_MAX];
    int64_t until_ms[RULE_PARTS_MAX];
    double values[RULE_PARTS_MAX][DETECTOR_INPUTS_MAX];
    size_t count;
};

static void ask(struct asked *all, int input, const struct vector *v, bool is_condition, bool wants_truth) {
    for (size_t i = 0; i < all->count; i++) {
        const struct element *e = vector_find(v, all->parts[i]);
        if (!e)
            e = vector_find(v, 0);
        bool is_known = e && (e->state == ELEMENT_PRESENT || (wants_truth && e->state == ELEMENT_FILTERED));
        all->is_known[i] &= is_known;
        if (!is_known)
            continue;
        if (e->until_ms < all->until_ms[i])
            all->until_ms[i] = e->until_ms;
        bool is_true = e->state == ELEMENT_PRESENT && (is_condition || e->value != 0);
        all->values[i][input] = wants_truth ? is_true : e->value;
    }
}

/* Parts are those of the first input that has any beside "". */
static void ask_inputs(struct rule_device *d, const struct derived *derived, int64_t now_ms, struct asked *all) {
    struct vector v;
    const bool wants_truth = derived->detector->input == DETECTOR_CONDITION;
    all->count = 0;
    for (int i = 0; i < derived->input_count && (all->count == 0 || (all->count == 1 && all->parts[0] == 0)); i++) {
        evaluate_value(derived->inputs[i], &d->set, now_ms, &v);
        all->count = v.count;
        for (size_t k = 0; k < v.count; k++)
            all->parts[k] = v.items[k].part;
    }
    for (size_t k = 0; k < all->count; k++) {
        all->is_known[k] = true;
        all->until_ms[k] = INT64_MAX;
    }
    for (int i = 0; i < derived->input_count; i++) {
        evaluate_value(derived->inputs[i], &d->set, now_ms, &v);
        ask(all, i, &v, derived->is_condition[i], wants_truth);
    }
}

/* Something that the inputs read was measured now, of this part or of the device as a whole. */
static bool is_fresh(const struct rule_device *d, const struct derived *derived, uint16_t part, int64_t now_ms) {
    for (size_t m = 0; m < d->set.plan->metric_count; m++) {
        const struct metric_series *all = &d->set.metrics[m];
        for (int i = 0; i < derived->input_count; i++)
            for (size_t k = 0; k < all->count && expression_reads(derived->inputs[i], m); k++) {
                const struct series *series = series_at(all, k);
                if (series->last_ms == now_ms && (series->part == part || series->part == 0))
                    return true;
            }
    }
    return false;
}

static void detect(struct rule_device *d, const struct derived *derived, int64_t now_ms) {
    struct asked all;
    ask_inputs(d, derived, now_ms, &all);
    for (size_t i = 0; i < all.count; i++) {
        if (all.count > 1 && !is_fresh(d, derived, all.parts[i], now_ms))
            continue; /* another part has arrived */
        struct series *series = series_find(&d->set, derived->metric, all.parts[i]);
        struct derived_series *own = series_derived(series, metric_of(d, derived));
        struct element e = {.state = ELEMENT_UNKNOWN, .part = all.parts[i], .until_ms = all.until_ms[i]};
        device_join_series(d, derived, series);
        if (all.is_known[i] && now_ms == own->fed_ms)
            continue; /* the rest of a moment that came in two messages: its answer stands */
        if (all.is_known[i] && now_ms > own->fed_ms) {
            own->fed_ms = now_ms;
            if (derived->detector->update(own->detector, &derived->spec, now_ms, all.values[i], own->outputs) &&
                isfinite(own->outputs[0])) {
                e.state = ELEMENT_PRESENT;
                e.value = own->outputs[0];
            }
        }
        answer(d, derived, all.parts[i], &e, now_ms);
    }
}

/* ---- what has waited ---- */

/* false: nothing was due. */
static bool release(struct rule_device *d, const struct derived *derived, int64_t now_ms) {
    bool is_any = false;
    const struct metric_series *all = &d->set.metrics[derived->metric];
    for (size_t i = 0; i < all->count; i++) {
        const struct series *series = series_at(all, i);
        struct points *waiting = &series_derived(series, metric_of(d, derived))->waiting;
        while (waiting->count > 0 && waiting->first_ms + derived->offset_ms <= now_ms) {
            const struct sample sample = {.metric = derived->metric,
                                          .part = series->part,
                                          .event_ms = waiting->first_ms + derived->offset_ms,
                                          .value = points_value(waiting, 0)};
            points_drop(waiting);
            series_add(&d->set, &sample);
            is_any = true;
        }
    }
    return is_any;
}

/* ---- steps ---- */

static int64_t next_multiple(int64_t after_ms, int64_t step_ms) {
    int64_t below = after_ms - (after_ms % step_ms + step_ms) % step_ms;
    return below + step_ms;
}

/* After a gap: what lies before all windows over the steps need not be computed any more. */
static int64_t next_step_ms(const struct rule_device *d, const struct derived *derived, int64_t now_ms) {
    int64_t after_ms = d->evaluated_ms;
    if (after_ms < now_ms - derived->range_ms - derived->step_ms)
        after_ms = now_ms - derived->range_ms - derived->step_ms;
    return next_multiple(after_ms, derived->step_ms);
}

void device_derive_until(struct rule_device *d, int64_t now_ms) {
    const struct plan *plan = d->set.plan;
    int64_t next[PLAN_DERIVED_MAX];
    if (d->evaluated_ms == INT64_MIN)
        return; /* nothing was measured before now */
    for (size_t i = 0; i < plan->derived_count; i++)
        next[i] = plan->derived[i]->kind == DERIVED_STEPS ? next_step_ms(d, plan->derived[i], now_ms) : INT64_MAX;
    for (;;) {
        int64_t at_ms = INT64_MAX;
        for (size_t i = 0; i < plan->derived_count; i++)
            at_ms = next[i] < at_ms ? next[i] : at_ms;
        if (at_ms >= now_ms)
            break;
        for (size_t i = 0; i < plan->derived_count; i++) {
            const struct derived *derived = plan->derived[i];
            if (derived->kind == DERIVED_DELAY)
                (void)release(d, derived, at_ms);
            if (next[i] != at_ms)
                continue;
            record(d, derived, at_ms);
            next[i] += derived->step_ms;
        }
    }
}

/* ---- a moment ---- */

void device_derive(struct rule_device *d, uint64_t fed[DERIVED_WORDS], int64_t now_ms, uint64_t wanted[RULE_WORDS]) {
    const struct plan *plan = d->set.plan;
    for (size_t i = 0; i < plan->derived_count; i++) {
        const struct derived *derived = plan->derived[i];
        const struct plan_metric *m = metric_of(d, derived);
        const bool is_fed = fed[i / 64] >> (i % 64) & 1;
        if (derived->kind == DERIVED_DELAY) {
            if (!release(d, derived, now_ms))
                continue;
        } else if (derived->kind == DERIVED_STEPS && now_ms % derived->step_ms == 0) {
            record(d, derived, now_ms);
        } else if (derived->kind == DERIVED_RECORD && is_fed) {
            record(d, derived, now_ms);
        } else if (derived->kind == DERIVED_DETECTOR && is_fed) {
            detect(d, derived, now_ms);
        } else {
            continue;
        }
        for (size_t w = 0; w < RULE_WORDS; w++)
            wanted[w] |= m->rules[w];
        for (size_t w = 0; w < DERIVED_WORDS; w++)
            fed[w] |= m->feeds[w];
    }
}
