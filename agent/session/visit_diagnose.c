/* Named diagnostics: diagnose.list, diagnose.run, diagnose.cancel, diagnose.bundle. */
#include "session/visit_inside.h"

enum { BUSY_BYTES = 64 * 1024 /* queued on the link: output waits */ };

static void on_answer(void *self, int64_t id, const char *result_json, size_t bytes) {
    visit_answer(self, id, result_json, bytes);
}

static void on_output(void *self, const char *params_json, size_t bytes) {
    visit_notify(self, "diagnose.output", params_json, bytes);
}

static bool is_busy(const void *self) {
    return visit_pending(self) > BUSY_BYTES;
}

const struct diagnose_owner visit_diagnose_owner = {.answer = on_answer, .output = on_output, .is_busy = is_busy};

static enum result list(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    struct buf out;
    (void)params;
    buf_init(&out, CAP_FRAME_BYTES - 128);
    diagnose_list(v->diagnose, &out);
    bool fits = !out.overflow;
    if (fits) {
        visit_answer(v, id, buf_text(&out), out.count);
    }
    buf_fini(&out);
    return fits ? RESULT_OK : fault_set(fault, RESULT_TOO_BIG, "the list of diagnostics is too long for one answer");
}

static enum result run_diagnostic(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    return diagnose_run(v->diagnose, id, params, fault);
}

static enum result cancel_diagnostic(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    int64_t number;
    enum result result = json_integer(params, "run", 1, DIAGNOSE_RUN_MOST, &number, fault);
    if (result == RESULT_OK) {
        result = diagnose_cancel(v->diagnose, number, fault);
    }
    if (result == RESULT_OK) {
        visit_answer_nothing(v, id);
    }
    return result;
}

/* ---- the bundle -------------------------------------------------------------------------------------------------- */

static void on_ready(void *self, const char *result_json, size_t bytes) {
    struct visit *v = self;
    visit_answer(v, v->bundle_id, result_json, bytes);
}

static void on_failed(void *self, const char *why) {
    struct visit *v = self;
    if (v->phase == VISIT_LIVE) {
        visit_answer_error(v, v->bundle_id, RESULT_CLOSED, why);
    }
}

static void on_over(void *self) {
    ((struct visit *)self)->bundle_id = 0;
}

static const struct bundle_owner bundle_owner = {.ready = on_ready, .failed = on_failed, .over = on_over};

static enum result make_bundle(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    int64_t number;
    enum result result = json_integer(params, "stream", 1, UINT16_MAX, &number, fault);
    if (result == RESULT_OK && v->bundle_id != 0) {
        return fault_set(fault, RESULT_BUSY, "a bundle is being made already");
    }
    if (result == RESULT_OK) {
        result = bundle_start(v->loop, v->options.grant, v->streams, number, &bundle_owner, v, fault);
    }
    if (result == RESULT_OK) {
        v->bundle_id = id;
    }
    return result;
}

static const struct visit_verb rows[] = {
    {"diagnose.list", CAPABILITY_DIAGNOSE, true, list},
    {"diagnose.run", CAPABILITY_DIAGNOSE, true, run_diagnostic},
    {"diagnose.cancel", CAPABILITY_DIAGNOSE, false, cancel_diagnostic},
    {"diagnose.bundle", CAPABILITY_DIAGNOSE, true, make_bundle},
};
const struct visit_verbs visit_diagnose = {rows, sizeof rows / sizeof *rows};
