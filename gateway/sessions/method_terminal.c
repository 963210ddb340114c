/* The shell: what a terminal may be asked. */
#include <string.h>

#include "sessions/method.h"

enum { SIZE_MAX_CELLS = 1000, TERM_BYTES = 32 };

static enum result check_size(const struct relay *r, const struct json *params, struct fault *fault) {
    int64_t cells;
    (void)r;
    enum result result = json_integer(params, "cols", 1, SIZE_MAX_CELLS, &cells, fault);
    return result == RESULT_OK ? json_integer(params, "rows", 1, SIZE_MAX_CELLS, &cells, fault) : result;
}

static enum result check_open(const struct relay *r, const struct json *params, struct fault *fault) {
    const char *term;
    enum result result = check_size(r, params, fault);
    if (result == RESULT_OK) {
        result = json_optional_string(params, "term", TERM_BYTES, &term, fault);
    }
    if (result == RESULT_OK && term != NULL && term[strspn(term, "abcdefghijklmnopqrstuvwxyz0123456789+-.")] != '\0') {
        return fault_set(fault, RESULT_BAD_INPUT, "'term' is no terminal's name");
    }
    return result;
}

static const struct method rows[] = {
    {"terminal.open", CAPABILITY_SHELL, METHOD_NEEDS_PARAMS | METHOD_HAS_SIZE | METHOD_OPENS_TERMINAL, check_open},
    {"terminal.resize", CAPABILITY_SHELL, METHOD_NEEDS_PARAMS | METHOD_HAS_SIZE | METHOD_ON_TERMINAL, check_size},
    {"terminal.close", CAPABILITY_SHELL, METHOD_ON_TERMINAL, NULL},
};
const struct methods method_terminal = {rows, sizeof rows / sizeof *rows};
