/* One device's rules at work: samples go into the series, time moves, and the rules that read what arrived are
 * evaluated (device_rules.c). All samples of one moment are applied before that, late ones without it.
 *
 * Owned by the gateway's device registry, touched by the pipeline thread only. */
#include "rules/device.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/device_derived.h"
#include "rules/fleet.h"
#include "rules/logs/feed.h"

enum { PREFETCH_MAX = 64 };

struct rule_device *rule_device_new(const struct pack *pack, const char *device) {
    struct rule_device *d = mem_alloc(sizeof *d);
    d->pack = pack;
    d->name = mem_strdup(device);
    series_set_init(&d->set, pack->plan);
    d->rules = mem_alloc((pack->rule_count ? pack->rule_count : 1) * sizeof *d->rules);
    fault_states_init(&d->faults, pack);
    d->evaluated_ms = INT64_MIN;
    d->due_ms = INT64_MAX;
    for (size_t w = 0; w < pack->plan->window_count; w++)
        d->cold[w / 64] |= UINT64_C(1) << (w % 64);
    return d;
}

void rule_device_free(struct rule_device *d) {
    if (!d)
        return;
    for (size_t i = 0; i < d->pack->rule_count; i++)
        free(d->rules[i].items);
    free(d->rules);
    fault_states_fini(&d->faults);
    series_set_fini(&d->set);
    feed_free(d->warm_feed);
    fleet_leave(d->fleet);
    free(d->name);
    free(d);
}

int rule_device_part(struct rule_device *d, const char *part) {
    return series_part(&d->set, part);
}

const char *rule_device_part_name(const struct rule_device *d, int part) {
    return part >= 0 && part < d->set.part_count ? d->set.parts[part].name : "";
}

/* Everything that happens at now_ms, which is not before what was evaluated: first what lies before it, then its
 * samples (fed by the caller in between), then what is derived from them and the rules. */
static void begin_moment(struct rule_device *d, int64_t now_ms, struct firings *out) {
    if (now_ms >= d->due_ms)
        device_close_gaps(d, now_ms, out);
    if (d->set.plan->derived_count > 0)
        device_derive_until(d, now_ms);
}

static void end_moment(struct rule_device *d, uint64_t wanted[RULE_WORDS], uint64_t fed[DERIVED_WORDS], int64_t now_ms,
                       struct firings *out) {
    if (d->set.plan->derived_count > 0)
        device_derive(d, fed, now_ms, wanted);
    device_evaluate(d, wanted, now_ms, out);
}

void rule_device_time(struct rule_device *d, int64_t now_ms, struct firings *out) {
    uint64_t wanted[RULE_WORDS] = {0}, fed[DERIVED_WORDS] = {0};
    if (now_ms < d->evaluated_ms)
        return;
    device_flush(d, now_ms, out);
    begin_moment(d, now_ms, out);
    end_moment(d, wanted, fed, now_ms, out);
}

/* ---- samples ---- */

static int compare(const void *a, const void *b) {
    const struct sample *x = a, *y = b;
    if (x->event_ms != y->event_ms)
        return x->event_ms < y->event_ms ? -1 : 1;
    if (x->metric != y->metric)
        return x->metric < y->metric ? -1 : 1;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static void sort(struct sample *samples, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (samples[i].event_ms < samples[i - 1].event_ms) {
            qsort(samples, count, sizeof *samples, compare);
            return;
        }
}

/* By samples from outside. */
static bool is_fed(const struct plan_metric *m) {
    return !m->derived || m->derived->watch;
}

/* Not a number, or of a magnitude that no sensor has: it would drown everything else in a window. */
static bool is_usable(const struct rule_device *d, const struct sample *s) {
    return fabs(s->value) <= WINDOW_VALUE_MAX && s->metric >= 0 && (size_t)s->metric < d->pack->plan->metric_count &&
           is_fed(&d->pack->plan->metrics[s->metric]) && s->part >= 0 && s->part < d->set.part_count;
}

size_t device_moment(struct rule_device *d, const struct sample *samples, size_t count, struct firings *out) {
    int64_t now_ms = samples[0].event_ms;
    bool is_late = now_ms < d->evaluated_ms;
    uint64_t wanted[RULE_WORDS] = {0}, fed[DERIVED_WORDS] = {0};
    size_t n = 0, words = (d->pack->rule_count + 63) / 64;
    if (!is_late)
        begin_moment(d, now_ms, out);
    for (; n < count && samples[n].event_ms == now_ms; n++) {
        if (!is_usable(d, &samples[n]))
            continue;
        const struct plan_metric *m = &d->pack->plan->metrics[samples[n].metric];
        for (size_t w = 0; w < words; w++)
            wanted[w] |= m->rules[w];
        for (size_t w = 0; w < DERIVED_WORDS; w++)
            fed[w] |= m->feeds[w];
        series_add(&d->set, &samples[n]);
    }
    if (!is_late)
        end_moment(d, wanted, fed, now_ms, out);
    return n;
}

void rule_device_samples(struct rule_device *d, struct sample *samples, size_t count, struct firings *out) {
    size_t first = 0; /* moment: the others are mostly of the same series */
    sort(samples, count);
    while (first < count && first < PREFETCH_MAX && samples[first].event_ms == samples[0].event_ms)
        first++;
    series_prefetch(&d->set, samples, first);
    for (size_t at = 0; at < count;) {
        device_flush(d, samples[at].event_ms, out);
        at += device_moment(d, samples + at, count - at, out);
    }
}

void rule_device_warm(struct rule_device *d, const struct sample *sample) {
    if (is_usable(d, sample))
        series_add_to(&d->set, sample, d->cold);
}

bool rule_device_is_cold(const struct rule_device *d) {
    for (size_t w = 0; w < d->pack->plan->window_count; w++)
        if ((d->cold[w / 64] >> (w % 64) & 1) && !d->pack->plan->metrics[d->pack->plan->windows[w].metric].derived)
            return true; /* what is derived is not in the history */
    return false;
}

void rule_device_wall(struct rule_device *d, int64_t now_ms, struct firings *out) {
    if (d->pack->has_absence && now_ms > d->evaluated_ms)
        device_evaluate_absence(d, now_ms, out);
}

/* ---- the rest of the contract ---- */

void rule_device_event(struct rule_device *d, const char *code, bool active, const char *text, int64_t event_ms,
                       struct firings *out) {
    fault_states_event(&d->faults, d->pack, code, active, text, event_ms, out);
}

void rule_device_settle(struct rule_device *d) {
    for (size_t r = 0; r < d->pack->rule_count; r++)
        for (uint16_t i = 0; i < d->rules[r].count; i++)
            d->rules[r].items[i].phase = PHASE_PENDING;
    fault_states_settle(&d->faults);
}

void rule_device_restore(struct rule_device *d, const char *alarm, const char *part, bool is_fault_code,
                         enum severity severity, int64_t since_ms) {
    if (is_fault_code) {
        fault_states_restore(&d->faults, d->pack, alarm);
        return;
    }
    size_t found = d->pack->rule_count;
    const int index = series_part(&d->set, part);
    for (size_t r = 0; r < d->pack->rule_count && index >= 0; r++) {
        const struct rule *rule = d->pack->rules[r];
        if (strcmp(rule->alert, alarm) == 0 && (found == d->pack->rule_count || rule->severity == severity))
            found = r;
    }
    if (found == d->pack->rule_count)
        return;
    struct condition *c = device_condition(d, found, (uint16_t)index);
    c->phase = PHASE_FIRING;
    c->since_ms = since_ms;
    c->is_over = c->is_unknown = false;
    c->told_ms = 0; /* what the store has of it may be older, or of another of its rules: it is told anew */
    c->told_hash = 0;
}

void rule_device_value(struct rule_device *d, const struct expression *e, int64_t now_ms, struct vector *out) {
    evaluate(e, &d->set, now_ms, out);
}

size_t rule_device_raised(const struct rule_device *d, struct rule_raised *out, size_t room) {
    size_t count = 0;
    for (size_t r = 0; r < d->pack->rule_count; r++)
        for (uint16_t i = 0; i < d->rules[r].count; i++) {
            const struct condition *c = &d->rules[r].items[i];
            if (c->phase != PHASE_FIRING)
                continue;
            if (count < room)
                out[count] = (struct rule_raised){.rule = d->pack->rules[r],
                                                  .part = d->set.parts[c->part].name,
                                                  .value = c->value,
                                                  .since_ms = c->since_ms};
            count++;
        }
    return count;
}

size_t rule_device_faults(const struct rule_device *d, const char **out, size_t room) {
    return fault_states_on(&d->faults, d->pack, out, room);
}

size_t rule_device_bytes(const struct rule_device *d) {
    size_t bytes = sizeof *d + strlen(d->name) + 1 + series_set_bytes(&d->set) + fault_states_bytes(&d->faults);
    bytes += d->pack->rule_count * sizeof *d->rules;
    for (size_t r = 0; r < d->pack->rule_count; r++)
        bytes += d->rules[r].room * sizeof(struct condition);
    return bytes;
}
