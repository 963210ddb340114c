/* Live metrics and log lines: observe.start, observe.stop. */
#include "session/visit_inside.h"

static enum result start_observing(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    (void)params;
    enum result result = observe_start(v->observe, fault);
    if (result == RESULT_OK) {
        visit_answer_nothing(v, id);
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
