/* The conditions of one device's rules: evaluated, stepped, and put into words. A condition exists only while it is
 * pending or firing, so that a healthy device holds none. A rule whose metrics are silent is left alone unless one of
 * its conditions has something due (a hold that ends, data that becomes stale); the earliest of those moments is one
 * number for the whole device. Nothing is allocated for a sample. */
#include "rules/device_state.h"

#include <stdlib.h>
#include <string.h>

#include "rules/evaluate.h"
#include "rules/explain.h"
#include "rules/firings.h"

enum { TEXT_EVERY_MS = 60 * 1000 /* how often a firing alarm's text is looked at for an update */ };

static struct hold hold_of(const struct rule *rule) {
    return (struct hold){.for_ms = rule->for_ms, .keep_firing_ms = rule->keep_firing_ms};
}

static size_t condition_place(const struct rule_state *state, uint16_t part) {
    size_t i = 0;
    while (i < state->count && state->items[i].part < part)
        i++;
    return i;
}

static struct condition *condition_add(struct rule_state *state, size_t at, uint16_t part) {
    if (state->count == state->room) {
        state->room = state->room ? (uint16_t)(state->room * 2) : 1;
        state->items = mem_realloc(state->items, state->room * sizeof *state->items);
    }
    struct condition *c = &state->items[at];
    memmove(c + 1, c, (state->count - at) * sizeof *c);
    state->count++;
    *c = (struct condition){.part = part, .until_ms = INT64_MAX};
    return c;
}

struct condition *device_condition(struct rule_device *d, size_t rule, uint16_t part) {
    struct rule_state *state = &d->rules[rule];
    size_t at = condition_place(state, part);
    bool is_there = at < state->count && state->items[at].part == part;
    return is_there ? &state->items[at] : condition_add(state, at, part);
}

static void conditions_sweep(struct rule_state *state) {
    uint16_t kept = 0;
    for (uint16_t i = 0; i < state->count; i++)
        if (state->items[i].phase != PHASE_IDLE)
            state->items[kept++] = state->items[i];
    state->count = kept;
}

/* ---- telling ---- */

static uint32_t text_hash(const struct firing *f) {
    return hash_text(hash_text(HASH_START, f->summary), f->description);
}

static void write_firing(const struct rule_device *d, const struct rule *rule, const struct condition *c,
                         struct firing *f) {
    const char *part = d->set.parts[c->part].name;
    struct template_values values = {.value = c->value, .device = d->name, .part = part};
    *f = (struct firing){
        .alarm = rule->alert,
        .part = part,
        .severity = rule->severity,
        .opens_ticket = rule->opens_ticket,
        .value = c->value,
    };
    if (rule->summary)
        template_render(rule->summary, &values, f->summary, sizeof f->summary);
    else
        text_copy(f->summary, sizeof f->summary, rule->alert);
    if (rule->description)
        template_render(rule->description, &values, f->description, sizeof f->description);
}

/* Of several rules with one alert: another one that fires for this part, the most severe. NULL: none. */
static const struct rule *other_rung(const struct rule_device *d, const struct rule *rule, uint16_t part,
                                     const struct condition **condition) {
    const struct rule *best = NULL;
    for (size_t r = 0; rule->has_rungs && r < d->pack->rule_count; r++) {
        const struct rule *other = d->pack->rules[r];
        const struct rule_state *state = &d->rules[r];
        if (other == rule || strcmp(other->alert, rule->alert) != 0 || (best && best->severity > other->severity))
            continue;
        const size_t at = condition_place(state, part);
        if (at == state->count || state->items[at].part != part || state->items[at].phase != PHASE_FIRING)
            continue;
        best = other;
        *condition = &state->items[at];
    }
    return best;
}

/* The alarm is what its most severe rule says: the others are silent meanwhile, and have their say when it ends. */
static void tell(const struct rule_device *d, const struct rule *rule, struct condition *c, struct transition t,
                 int64_t now_ms, struct firings *out) {
    const struct condition *of_other = NULL;
    const struct rule *other = other_rung(d, rule, c->part, &of_other);
    if (other && other->severity > rule->severity)
        return;
    const bool goes_on = other && t.kind == FIRING_CLEAR;
    struct firing *f = firings_add(out);
    write_firing(d, goes_on ? other : rule, goes_on ? of_other : c, f);
    f->kind = goes_on ? FIRING_UPDATE : t.kind;
    f->event_ms = t.event_ms;
    if (f->kind == FIRING_RAISE || f->kind == FIRING_UPDATE)
        explain(goes_on ? other->expr : rule->expr, &d->set, now_ms, c->part, f->explanation, sizeof f->explanation);
    c->told_ms = now_ms;
    c->told_hash = text_hash(f);
}

/* A firing alarm whose text says something else by now; looked at once a minute, not for each sample. */
static void tell_new_text(const struct rule_device *d, const struct rule *rule, struct condition *c, int64_t now_ms,
                          struct firings *out) {
    const struct condition *of_other = NULL;
    if (now_ms - c->told_ms < TEXT_EVERY_MS)
        return;
    c->told_ms = now_ms;
    const struct rule *other = other_rung(d, rule, c->part, &of_other);
    if (other && other->severity > rule->severity)
        return;
    struct firing now;
    write_firing(d, rule, c, &now);
    if (text_hash(&now) != c->told_hash)
        tell(d, rule, c, (struct transition){.kind = FIRING_UPDATE, .event_ms = now_ms}, now_ms, out);
}

/* ---- evaluation ---- */

/* What the recovery expression says about a part: its own element, or the device's. Where the condition is the device's
 * and recovery is told by part, all parts must have recovered. */
static struct element recovery_of(const struct vector *recover, uint16_t part) {
    const struct element *own = vector_find(recover, part);
    if (!own && part != 0)
        own = vector_find(recover, 0);
    if (own)
        return *own;
    struct element all = {.state = ELEMENT_UNKNOWN, .until_ms = INT64_MAX};
    for (size_t i = 0; part == 0 && i < recover->count; i++) {
        const struct element *e = &recover->items[i];
        bool is_worse =
            i == 0 || e->state == ELEMENT_FILTERED || (e->state == ELEMENT_UNKNOWN && all.state == ELEMENT_PRESENT);
        if (is_worse)
            all.state = e->state;
        all.until_ms = e->until_ms < all.until_ms ? e->until_ms : all.until_ms;
    }
    return all;
}

/* What the rule's two expressions say about one part; *until_ms is how long that holds. */
static enum reading read_part(const struct rule *rule, const struct element *expr, const struct vector *recover,
                              uint16_t part, int64_t *until_ms) {
    enum element_state is = expr ? (enum element_state)expr->state : ELEMENT_UNKNOWN;
    *until_ms = expr ? expr->until_ms : INT64_MAX;
    if (is == ELEMENT_PRESENT)
        return READING_TRUE;
    if (!rule->recover)
        return is == ELEMENT_FILTERED ? READING_OVER : READING_UNKNOWN;
    const struct element end = recovery_of(recover, part);
    if (end.state == ELEMENT_PRESENT) {
        *until_ms = end.until_ms;
        return READING_OVER;
    }
    *until_ms = end.until_ms < *until_ms ? end.until_ms : *until_ms;
    bool is_known = is == ELEMENT_FILTERED && end.state == ELEMENT_FILTERED;
    return is_known ? READING_BETWEEN : READING_UNKNOWN;
}

static bool has_firing(const struct rule_state *state) {
    for (uint16_t i = 0; i < state->count; i++)
        if (state->items[i].phase == PHASE_FIRING)
            return true;
    return false;
}

static bool has_present(const struct vector *v) {
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i].state == ELEMENT_PRESENT)
            return true;
    return false;
}

static void step(struct rule_device *d, const struct rule *rule, struct condition *c, enum reading reading,
                 double value, int64_t until_ms, int64_t now_ms, struct firings *out) {
    struct hold hold = hold_of(rule);
    struct transition t = condition_read(c, &hold, reading, value, now_ms, until_ms);
    if (t.is_told)
        tell(d, rule, c, t, now_ms, out);
    else if (c->phase == PHASE_FIRING && reading == READING_TRUE)
        tell_new_text(d, rule, c, now_ms, out);
}

static void evaluate_rule(struct rule_device *d, size_t index, int64_t now_ms, struct firings *out) {
    const struct rule *rule = d->pack->rules[index];
    struct rule_state *state = &d->rules[index];
    struct vector expr, recover;
    evaluate(rule->expr, &d->set, now_ms, &expr);
    if (state->count == 0 && !has_present(&expr))
        return;
    recover.count = 0;
    if (rule->recover && has_firing(state))
        evaluate(rule->recover, &d->set, now_ms, &recover);
    /* Parts with a condition, and parts for which the expression is true now, in one pass by part. */
    size_t k = 0;
    for (size_t i = 0; i < expr.count || k < state->count;) {
        const struct element *e = i < expr.count ? &expr.items[i] : NULL;
        if (e && (k == state->count || e->part < state->items[k].part)) {
            i++;
            if (e->state != ELEMENT_PRESENT)
                continue;
            condition_add(state, k, e->part);
        } else if (e && e->part == state->items[k].part) {
            i++;
        } else {
            e = NULL; /* a condition whose part the expression does not mention: nothing is known */
        }
        struct condition *c = &state->items[k++];
        int64_t until_ms;
        enum reading reading = read_part(rule, e, &recover, c->part, &until_ms);
        step(d, rule, c, reading, e ? e->value : 0, until_ms, now_ms, out);
    }
    conditions_sweep(state);
}

void device_close_gaps(struct rule_device *d, int64_t now_ms, struct firings *out) {
    for (size_t r = 0; r < d->pack->rule_count; r++) {
        struct rule_state *state = &d->rules[r];
        bool has_idle = false;
        for (uint16_t i = 0; i < state->count; i++) {
            struct condition *c = &state->items[i];
            if (c->until_ms >= now_ms)
                continue;
            struct transition t = condition_gap(c, c->until_ms);
            if (t.is_told)
                tell(d, d->pack->rules[r], c, t, now_ms, out);
            has_idle |= c->phase == PHASE_IDLE;
        }
        if (has_idle)
            conditions_sweep(state);
    }
}

void device_evaluate_absence(struct rule_device *d, int64_t now_ms, struct firings *out) {
    for (size_t r = 0; r < d->pack->rule_count; r++)
        if (rule_is_absence(d->pack->rules[r]))
            evaluate_rule(d, r, now_ms, out);
}

static int64_t rule_due_ms(const struct rule_device *d, size_t index) {
    int64_t due_ms = INT64_MAX;
    struct hold hold = hold_of(d->pack->rules[index]);
    for (uint16_t i = 0; i < d->rules[index].count; i++) {
        int64_t own_ms = condition_due_ms(&d->rules[index].items[i], &hold);
        due_ms = own_ms < due_ms ? own_ms : due_ms;
    }
    return due_ms;
}

void device_evaluate(struct rule_device *d, const uint64_t wanted[RULE_WORDS], int64_t now_ms, struct firings *out) {
    bool is_due = now_ms >= d->due_ms, has_conditions = d->due_ms != INT64_MAX;
    d->evaluated_ms = now_ms;
    for (size_t r = 0; r < d->pack->rule_count; r++) {
        const struct rule *rule = d->pack->rules[r];
        bool is_wanted = wanted[r / 64] >> (r % 64) & 1;
        is_wanted |= rule->expr->sees_gaps || (rule->recover && rule->recover->sees_gaps);
        if (!is_wanted && is_due)
            is_wanted = rule_due_ms(d, r) <= now_ms;
        if (is_wanted)
            evaluate_rule(d, r, now_ms, out);
        has_conditions |= d->rules[r].count > 0;
    }
    if (!has_conditions)
        return;
    d->due_ms = INT64_MAX;
    for (size_t r = 0; r < d->pack->rule_count; r++) {
        int64_t own_ms = rule_due_ms(d, r);
        d->due_ms = own_ms < d->due_ms ? own_ms : d->due_ms;
    }
}
