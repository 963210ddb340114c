/* Named diagnostics: diagnose.run. */
#include "session/visit_inside.h"

static enum result run_diagnostic(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    const char *name;
    const struct json *args = json_get(params, "args");
    enum result result = json_string(params, "name", CAP_CODE_BYTES, &name, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (args != NULL && json_first(args) != NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "the diagnostic '%s' takes no arguments", name);
    }
    return diagnose_run(v->diagnose, id, name, fault);
}

static const struct visit_verb rows[] = {{"diagnose.run", CAPABILITY_DIAGNOSE, true, run_diagnostic}};
const struct visit_verbs visit_diagnose = {rows, sizeof rows / sizeof *rows};
