/* Parameters: configure.list, configure.set, configure.confirm, configure.revert. */
#include "session/visit_inside.h"

static void on_answer(void *self, int64_t id, const char *result_json, size_t bytes) {
    visit_answer(self, id, result_json, bytes);
}

static void on_refuse(void *self, int64_t id, enum result result, const char *text) {
    visit_answer_error(self, id, result, text);
}

static void on_notify(void *self, const char *method, const char *params_json, size_t bytes) {
    visit_notify(self, method, params_json, bytes);
}

static void on_idle(void *self) {
    struct visit *v = self;
    if (v->pty == NULL) {
        visit_pty_closed(v); /* the end can go on */
    }
}

struct configure *visit_configure_new(struct visit *v) {
    struct configure_owner owner = {
        .answer = on_answer, .refuse = on_refuse, .notify = on_notify, .idle = on_idle, .self = v};
    const struct session_grant *grant = v->options.grant;
    return configure_new(v->loop, &grant->parameters, grant->session, &owner);
}

static enum result list(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    (void)params;
    return configure_list(v->configure, id, fault);
}

static enum result set(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    return configure_set(v->configure, id, params, fault);
}

static enum result confirm(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    const char *change;
    enum result result = json_string(params, "change", CAP_UUID_BYTES, &change, fault);
    return result == RESULT_OK ? configure_confirm(v->configure, id, change, fault) : result;
}

static enum result revert(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    const char *change;
    enum result result = json_string(params, "change", CAP_UUID_BYTES, &change, fault);
    return result == RESULT_OK ? configure_revert(v->configure, id, change, fault) : result;
}

static const struct visit_verb rows[] = {{"configure.list", CAPABILITY_CONFIGURE, true, list},
                                         {"configure.set", CAPABILITY_CONFIGURE, true, set},
                                         {"configure.confirm", CAPABILITY_CONFIGURE, true, confirm},
                                         {"configure.revert", CAPABILITY_CONFIGURE, true, revert}};
const struct visit_verbs visit_configure = {rows, sizeof rows / sizeof *rows};
