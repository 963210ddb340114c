/* Interning. Two rules that say avg_over_time(x[5m]) and max_over_time(x[5m]) share one ring of samples: the windows of
 * a pack are listed here by (metric, range), and what they must keep is the union of what their users need. Likewise a
 * test such as part=~"disk.*" is answered once, when a device first names a part, and is a bit from then on: no string
 * is compared while rules run. Linear searches: this is load time. */
#include "rules/plan.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "rules/derived.h"
#include "rules/detect/life_library.h"
#include "rules/logs/watch.h"

struct part_test {
    enum part_test_kind kind;
    char *text;
    bool has_regex;
    regex_t regex;
};

int64_t plan_stale_ms(int64_t interval_ms) {
    int64_t bound = interval_ms * PLAN_STALE_INTERVALS;
    int64_t most = interval_ms * 5 / 2 > PLAN_STALE_MAX_MS ? interval_ms * 5 / 2 : PLAN_STALE_MAX_MS;
    if (interval_ms == 0)
        return PLAN_STALE_MAX_MS;
    return bound < PLAN_STALE_MIN_MS ? PLAN_STALE_MIN_MS : bound > most ? most : bound;
}

struct plan *plan_new(const struct pack_metric *metrics, size_t count) {
    struct plan *plan = mem_alloc(sizeof *plan);
    plan->is_open = metrics == NULL;
    plan->logs = log_watches_new();
    plan->metrics = mem_alloc(PLAN_SERIES_MAX * sizeof *plan->metrics);
    if (!metrics)
        return plan;
    for (size_t i = 0; i < count && i < PLAN_METRICS_MAX; i++) {
        struct plan_metric *m = &plan->metrics[plan->metric_count++];
        strncpy(m->name, metrics[i].name, CAP_METRIC_BYTES);
        m->kind = metrics[i].kind;
        m->has_kind = true;
        m->interval_ms = metrics[i].interval_ms;
        m->stale_ms = plan_stale_ms(metrics[i].interval_ms);
    }
    return plan;
}

void plan_free(struct plan *plan) {
    if (!plan)
        return;
    for (size_t i = 0; i < plan->metric_count; i++)
        free(plan->metrics[i].windows);
    free(plan->metrics);
    for (size_t i = 0; i < plan->derived_count; i++)
        derived_free(plan->derived[i]);
    log_watches_free(plan->logs);
    life_library_free(plan->lives);
    for (size_t i = 0; i < plan->test_count; i++) {
        if (plan->tests[i]->has_regex)
            regfree(&plan->tests[i]->regex);
        free(plan->tests[i]->text);
        free(plan->tests[i]);
    }
    free(plan);
}

static int find(const struct plan *plan, const char *name, size_t chars) {
    for (size_t i = 0; i < plan->metric_count; i++)
        if (strlen(plan->metrics[i].name) == chars && memcmp(plan->metrics[i].name, name, chars) == 0)
            return (int)i;
    return -1;
}

int plan_find(const struct plan *plan, const char *name) {
    return find(plan, name, strlen(name));
}

int plan_metric(struct plan *plan, const char *name, size_t chars) {
    const int found = find(plan, name, chars);
    if (found >= 0)
        return found;
    if (!plan->is_open || plan->metric_count - plan->derived_count == PLAN_METRICS_MAX || chars > CAP_METRIC_BYTES)
        return -1;
    struct plan_metric *m = &plan->metrics[plan->metric_count];
    memcpy(m->name, name, chars);
    m->stale_ms = PLAN_STALE_MAX_MS;
    return (int)plan->metric_count++;
}

/* Where the windows of a metric lie in a series, one behind the other. */
static void lay_out(struct plan *plan, struct plan_metric *m) {
    m->windows_bytes = 0;
    for (size_t i = 0; i < m->window_count; i++) {
        struct plan_window *w = &plan->windows[m->windows[i]];
        w->offset = m->windows_bytes;
        m->windows_bytes += (uint32_t)window_size(&w->spec);
    }
    m->derived_offset = m->windows_bytes;
    if (m->derived)
        m->windows_bytes += (uint32_t)sizeof(struct derived_series);
}

/* Everything that an input reads feeds it. */
static void link_inputs(struct plan *plan, const struct derived *d, size_t index) {
    const uint64_t bit = UINT64_C(1) << (index % 64);
    for (size_t m = 0; m < plan->metric_count; m++) {
        bool is_read = d->kind == DERIVED_DELAY && d->source == m;
        for (int i = 0; i < d->input_count; i++)
            is_read |= expression_reads(d->inputs[i], m);
        if (is_read)
            plan->metrics[m].feeds[index / 64] |= bit;
    }
}

int plan_add_derived(struct plan *plan, struct derived *derived) {
    if (plan->derived_count == PLAN_DERIVED_MAX) {
        derived_free(derived);
        return -1;
    }
    link_inputs(plan, derived, plan->derived_count);
    struct plan_metric *m = &plan->metrics[plan->metric_count];
    m->derived = derived;
    m->stale_ms = derived->stale_ms;
    derived->metric = (uint16_t)plan->metric_count;
    plan->derived[plan->derived_count++] = derived;
    if (derived->kind == DERIVED_DELAY)
        plan->metrics[derived->source].is_delayed = true;
    lay_out(plan, m);
    return (int)plan->metric_count++;
}

int plan_window(struct plan *plan, int metric, int64_t range_ms, uint32_t needs) {
    struct plan_metric *m = &plan->metrics[metric];
    for (size_t i = 0; i < m->window_count; i++) {
        struct plan_window *w = &plan->windows[m->windows[i]];
        if (w->spec.range_ms == range_ms) {
            w->spec.needs |= needs;
            lay_out(plan, m);
            return m->windows[i];
        }
    }
    if (plan->window_count == PLAN_WINDOWS_MAX)
        return -1;
    size_t index = plan->window_count++;
    plan->windows[index] = (struct plan_window){
        .spec = {.range_ms = range_ms,
                 .needs = needs,
                 .is_dense = m->interval_ms > 0 && range_ms / m->interval_ms > WINDOW_POINTS_MAX},
        .metric = (uint16_t)metric,
    };
    m->windows = mem_realloc(m->windows, (m->window_count + 1u) * sizeof *m->windows);
    m->windows[m->window_count++] = (uint16_t)index;
    lay_out(plan, m);
    return (int)index;
}

static enum result compile(struct part_test *test, struct fault *fault) {
    struct buf whole;
    buf_init(&whole, 1024);
    buf_printf(&whole, "^(%s)$", test->text);
    int error = regcomp(&test->regex, buf_text(&whole), REG_EXTENDED | REG_NOSUB);
    buf_fini(&whole);
    if (error == 0) {
        test->has_regex = true;
        return RESULT_OK;
    }
    char why[128];
    regerror(error, NULL, why, sizeof why);
    return fault_set(fault, RESULT_BAD_INPUT, "is not a regular expression: %s", why);
}

enum result plan_test(struct plan *plan, enum part_test_kind kind, const char *text, size_t chars, uint64_t *bit,
                      struct fault *fault) {
    for (size_t i = 0; i < plan->test_count; i++) {
        const struct part_test *test = plan->tests[i];
        if (test->kind == kind && strlen(test->text) == chars && memcmp(test->text, text, chars) == 0) {
            *bit = UINT64_C(1) << i;
            return RESULT_OK;
        }
    }
    if (plan->test_count == PLAN_TESTS_MAX)
        return fault_set(fault, RESULT_FULL, "is one test on 'part' too many: a pack may have %d", PLAN_TESTS_MAX);
    struct part_test *test = mem_alloc(sizeof *test);
    test->kind = kind;
    test->text = mem_strndup(text, chars);
    enum result result = RESULT_OK;
    if (kind == PART_MATCHES || kind == PART_MATCHES_NOT)
        result = compile(test, fault);
    if (result != RESULT_OK) {
        free(test->text);
        free(test);
        return result;
    }
    *bit = UINT64_C(1) << plan->test_count;
    plan->tests[plan->test_count++] = test;
    return RESULT_OK;
}

static bool passes(const struct part_test *test, const char *part) {
    switch (test->kind) {
    case PART_IS: return strcmp(test->text, part) == 0;
    case PART_IS_NOT: return strcmp(test->text, part) != 0;
    case PART_MATCHES: return regexec(&test->regex, part, 0, NULL, 0) == 0;
    case PART_MATCHES_NOT: return regexec(&test->regex, part, 0, NULL, 0) != 0;
    }
    return false;
}

uint64_t plan_tests_passed(const struct plan *plan, const char *part) {
    uint64_t bits = 0;
    for (size_t i = 0; i < plan->test_count; i++)
        if (passes(plan->tests[i], part))
            bits |= UINT64_C(1) << i;
    return bits;
}
