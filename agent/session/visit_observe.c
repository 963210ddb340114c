/* Live metrics and log lines: observe.start, observe.stop. */
#include <stdio.h>

#include "session/visit_inside.h"

static enum result start_observing(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    struct observe_wish wish;
    int64_t interval_ms;
    char text[64];
    enum result result = observe_wish_read(params, &wish, fault);
    if (result == RESULT_OK) {
        result = observe_start(v->observe, &wish, &interval_ms, fault);
    }
    if (result == RESULT_OK && id > 0) {
        int chars = snprintf(text, sizeof text, "{\"interval_ms\":%lld}", (long long)interval_ms);
        visit_answer(v, id, text, (size_t)chars);
    }
    return result;
}

static enum result stop_observing(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    (void)params, (void)fault;
    observe_stop(v->observe);
    visit_answer_nothing(v, id);
    return RESULT_OK;
}

static const struct visit_verb rows[] = {
    {"observe.start", CAPABILITY_OBSERVE, false, start_observing},
    {"observe.stop", CAPABILITY_OBSERVE, false, stop_observing},
};
const struct visit_verbs visit_observe = {rows, sizeof rows / sizeof *rows};
