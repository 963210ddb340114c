/* Any bytes as an expression of the rule language. A refusal says what and where; what compiles can be evaluated over
 * data with gaps and late samples, and gives elements in the order of parts whose values are finite. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/evaluate.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

enum { METRICS = 5, SAMPLES = 200, EVERY_MS = 700 };

static const struct pack_metric metrics[METRICS] = {
    {.name = "a", .interval_ms = 1000},     {.name = "b", .interval_ms = 120000},
    {.name = "v", .interval_ms = 1000},     {.name = "c", .kind = METRIC_COUNTER, .interval_ms = 1000},
    {.name = "never", .interval_ms = 1000},
};

static void check(const struct vector *v) {
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i].state == ELEMENT_PRESENT && !isfinite(v->items[i].value))
            abort();
        if (i > 0 && v->items[i].part <= v->items[i - 1].part)
            abort();
    }
}

static void run(const struct expression *e, const struct plan *plan, uint64_t random) {
    static const char *const parts[] = {"", "left", "right", "x"};
    struct series_set set;
    struct vector v;
    int64_t now_ms = 0;
    series_set_init(&set, plan);
    for (int i = 0; i < SAMPLES; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        struct sample s = {.metric = (int)(random >> 60) % (METRICS - 1), .value = (double)(int32_t)(random >> 20)};
        s.part = series_part(&set, s.metric == 2 ? parts[random >> 50 & 3] : "");
        now_ms += (random >> 40 & 63) == 0 ? 400000 : EVERY_MS;
        s.event_ms = (random >> 30 & 15) == 0 ? now_ms - 20000 : now_ms;
        series_add(&set, &s);
        evaluate(e, &set, now_ms, &v);
        check(&v);
    }
    series_set_fini(&set);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count) {
    struct plan *plan = plan_new(metrics, METRICS);
    struct expression_error error;
    char *source = mem_strndup((const char *)bytes, count);
    struct expression *e = expression_compile(source, plan, &error);
    uint64_t random = count;
    for (size_t i = 0; i < count; i++)
        random = random * 31 + bytes[i];
    if (e)
        run(e, plan, random);
    else if (!error.text[0] || error.at > strlen(source))
        abort();
    expression_free(e);
    plan_free(plan);
    free(source);
    return 0;
}
