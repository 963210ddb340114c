/* What gets a series of its own, while an expression is compiled. The text of the inner expression is compiled once
 * more into an expression that the derived series owns: so it can be shared by all rules that say the same, and
 * outlives any of them. The same thing said twice is found by its key: kind and text, words separated by one blank. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/logs/watch.h"
#include "rules/parser.h"

enum { KEY_BYTES_MAX = 2 * EXPRESSION_BYTES_MAX };

/* A record's name stands for what it records: its own key, in short, tells one edit of it from another. */
static void put_word(struct buf *key, const struct plan *plan, const char *source, const struct token *t) {
    buf_add(key, source + t->at, t->count);
    for (size_t m = 0; t->kind == TOKEN_NAME && m < plan->metric_count; m++) {
        const struct plan_metric *metric = &plan->metrics[m];
        if (!metric->derived || metric->derived->kind != DERIVED_RECORD || !token_is(source, t, metric->name))
            continue;
        buf_printf(key, "#%08x", hash_text(HASH_START, metric->derived->key));
    }
}

static void put_words(struct buf *key, const struct plan *plan, const char *source, size_t at, size_t end) {
    for (struct token t = token_next(source, at); t.kind != TOKEN_END && t.at < end;
         t = token_next(source, t.at + t.count)) {
        if (key->count > 0 && key->data[key->count - 1] != ' ')
            buf_str(key, " ");
        put_word(key, plan, source, &t);
    }
}

static int find(const struct plan *plan, struct buf *key) {
    for (size_t i = 0; i < plan->derived_count; i++)
        if (strcmp(plan->derived[i]->key, buf_text(key)) == 0)
            return plan->derived[i]->metric;
    return -1;
}

static struct derived *begin(enum derived_kind kind, struct buf *key) {
    struct derived *d = mem_alloc(sizeof *d);
    d->kind = kind;
    d->key = mem_strdup(buf_text(key));
    d->stale_ms = PLAN_STALE_MAX_MS;
    return d;
}

/* One more input; what it reads says when the answer is stale, and how far back it looks. */
static bool add_input(struct parser *p, struct derived *d, struct span source) {
    struct expression_error error;
    struct expression *e = expression_compile_value(p->source + source.at, source.end - source.at, p->plan, &error);
    if (!e) {
        parser_fail(p, source.at + error.at, "%s", error.text);
        return false;
    }
    d->is_condition[d->input_count] = expression_is_condition(e);
    d->inputs[d->input_count++] = e;
    if (e->longest_range_ms > d->reach_ms)
        d->reach_ms = e->longest_range_ms;
    for (size_t m = 0; m < p->plan->metric_count; m++)
        if (expression_reads(e, m) && p->plan->metrics[m].stale_ms > d->stale_ms &&
            p->plan->metrics[m].stale_ms < PLAN_STALE_NEVER_MS)
            d->stale_ms = p->plan->metrics[m].stale_ms;
    p->e->sees_gaps |= e->sees_gaps;
    return true;
}

static int finish(struct parser *p, size_t at, struct derived *d) {
    if (p->has_failed) {
        derived_free(d);
        return -1;
    }
    int metric = plan_add_derived(p->plan, d);
    if (metric < 0)
        parser_fail(p, at, "is one subquery, offset or detector too many: a pack may have %d", PLAN_DERIVED_MAX);
    return metric;
}

static void note_read(struct parser *p, int metric) {
    if (metric >= 0)
        p->e->metrics[metric / 64] |= UINT64_C(1) << (metric % 64);
}

int parser_derive_steps(struct parser *p, size_t at, size_t end, int64_t range_ms, int64_t step_ms) {
    struct buf key;
    buf_init(&key, KEY_BYTES_MAX);
    buf_printf(&key, "steps %lld ", (long long)step_ms);
    put_words(&key, p->plan, p->source, at, end);
    int metric = find(p->plan, &key);
    if (metric < 0) {
        struct derived *d = begin(DERIVED_STEPS, &key);
        d->step_ms = step_ms;
        if (add_input(p, d, (struct span){at, end}) && plan_stale_ms(step_ms) > d->stale_ms)
            d->stale_ms = plan_stale_ms(step_ms);
        metric = finish(p, at, d);
    }
    buf_fini(&key);
    if (metric >= 0 && range_ms > p->plan->metrics[metric].derived->range_ms)
        p->plan->metrics[metric].derived->range_ms = range_ms;
    note_read(p, metric);
    return metric;
}

int parser_derive_delay(struct parser *p, size_t at, uint16_t source, int64_t offset_ms) {
    const struct plan_metric *m = &p->plan->metrics[source];
    struct buf key;
    buf_init(&key, KEY_BYTES_MAX);
    buf_printf(&key, "offset %lld %s", (long long)offset_ms, m->derived ? m->derived->key : m->name);
    int metric = find(p->plan, &key);
    if (metric < 0) {
        struct derived *d = begin(DERIVED_DELAY, &key);
        const enum metric_kind kind = m->kind;
        const bool has_kind = m->has_kind;
        d->source = source;
        d->offset_ms = offset_ms;
        d->stale_ms = m->stale_ms;
        if (plan_stale_ms(derived_apart_ms(d)) > d->stale_ms)
            d->stale_ms = plan_stale_ms(derived_apart_ms(d));
        d->reach_ms = offset_ms + (m->derived ? m->derived->reach_ms : 0);
        metric = finish(p, at, d);
        if (metric >= 0) {
            p->plan->metrics[metric].kind = kind;
            p->plan->metrics[metric].has_kind = has_kind;
        }
    }
    buf_fini(&key);
    note_read(p, metric);
    if (metric >= 0 && p->plan->metrics[metric].derived->reach_ms > p->e->longest_range_ms)
        p->e->longest_range_ms = p->plan->metrics[metric].derived->reach_ms;
    return metric;
}

static void add_watch(struct parser *p, size_t at, struct derived *d) {
    static const enum log_watch_kind kinds[] = {
        [DERIVED_EVENT] = WATCH_CODE, [DERIVED_LOG] = WATCH_LINES, [DERIVED_NOVELTY] = WATCH_NOVELTY};
    struct fault fault;
    d->watch = log_watch_add(p->plan->logs, kinds[d->kind], d->text, d->severity, &fault);
    if (!d->watch)
        parser_fail(p, at, "%s", fault.text);
}

int parser_derive_text(struct parser *p, size_t at, enum derived_kind kind, const char *text, int severity) {
    static const char *const words[] = {
        [DERIVED_EVENT] = "event", [DERIVED_LOG] = "log", [DERIVED_NOVELTY] = "novelty"};
    struct buf key;
    buf_init(&key, KEY_BYTES_MAX);
    buf_printf(&key, "%s %d %s", words[kind], severity, text);
    int metric = find(p->plan, &key);
    if (metric < 0) {
        struct derived *d = begin(kind, &key);
        d->text = mem_strdup(text);
        d->severity = severity;
        d->stale_ms = PLAN_STALE_NEVER_MS; /* nothing came: that is known */
        add_watch(p, at, d);
        metric = finish(p, at, d);
        if (metric >= 0)
            p->plan->metrics[metric].derived->watch->metric = metric;
    }
    p->e->sees_gaps = true;
    buf_fini(&key);
    note_read(p, metric);
    return metric;
}

static bool check_detector(struct parser *p, size_t at, struct derived *d) {
    char why[160] = "";
    if (!d->detector->check || d->detector->check(&d->spec, why, sizeof why))
        return true;
    parser_fail(p, at, "%s(): %s", d->detector->name, why);
    return false;
}

/* Of the first metric that an input reads. */
static int64_t interval_of(const struct plan *plan, const struct expression *e) {
    for (size_t m = 0; m < plan->metric_count; m++)
        if (expression_reads(e, m) && plan->metrics[m].interval_ms > 0)
            return plan->metrics[m].interval_ms;
    return 0;
}

int parser_derive_detector(struct parser *p, size_t at, const struct detector_row *row, const struct span *inputs,
                           int input_count, const double *numbers, int number_count) {
    struct buf key;
    buf_init(&key, KEY_BYTES_MAX);
    buf_str(&key, row->name);
    parser_put_library(p, row, &key);
    for (int i = 0; i < input_count; i++) {
        buf_str(&key, i > 0 ? " , " : " ");
        put_words(&key, p->plan, p->source, inputs[i].at, inputs[i].end);
    }
    for (int i = 0; i < number_count; i++)
        buf_printf(&key, " , %.17g", numbers[i]);
    int metric = find(p->plan, &key);
    if (metric < 0) {
        struct derived *d = begin(DERIVED_DETECTOR, &key);
        d->detector = row;
        for (int i = 0; i < input_count && add_input(p, d, inputs[i]);)
            i++;
        d->spec.input_count = input_count;
        d->spec.number_count = number_count;
        memcpy(d->spec.numbers, numbers, (size_t)number_count * sizeof *numbers);
        if (!p->has_failed) {
            d->spec.interval_ms = input_count > 0 ? interval_of(p->plan, d->inputs[0]) : 0;
            if (parser_take_library(p, at, d, inputs))
                check_detector(p, at, d);
        }
        metric = finish(p, at, d);
    }
    buf_fini(&key);
    note_read(p, metric);
    return metric;
}

int plan_record(struct plan *plan, const char *name, const char *source, struct expression_error *error) {
    struct expression outer = {.metrics = mem_alloc(EXPRESSION_METRIC_WORDS * sizeof *outer.metrics)};
    struct parser p = {.source = source, .plan = plan, .e = &outer, .error = error};
    struct buf key;
    *error = (struct expression_error){0};
    buf_init(&key, KEY_BYTES_MAX);
    buf_printf(&key, "record %s =", name);
    put_words(&key, plan, source, 0, strlen(source));
    struct derived *d = begin(DERIVED_RECORD, &key);
    add_input(&p, d, (struct span){0, strlen(source)});
    int metric = finish(&p, 0, d);
    if (metric >= 0)
        memcpy(plan->metrics[metric].name, name, strlen(name) + 1);
    buf_fini(&key);
    free(outer.metrics);
    return metric;
}
