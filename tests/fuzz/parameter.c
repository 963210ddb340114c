/* What a product prints, a rule of a pack, a form of a grant: the first byte says which. A value that is accepted
 * prints as itself; a rule that is accepted reads the same again. */
#include "fieldline/parameter.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void try_value(enum parameter_type type, const char *text, size_t chars) {
    struct parameter_form form = {.type = type};
    struct parameter_value value, again;
    char printed[PARAMETER_PRINT_BYTES];
    if (parameter_value_parse(&form, text, chars, &value, NULL) != RESULT_OK) {
        return;
    }
    parameter_value_print(&value, printed);
    if (parameter_value_parse(&form, printed, strlen(printed), &again, NULL) != RESULT_OK ||
        !parameter_value_equal(&value, &again)) {
        abort();
    }
}

static void try_rule(const char *text) {
    struct parameter_rule rule, again;
    size_t at = 0;
    if (parameter_rule_parse(text, &rule, &at, NULL) == RESULT_OK &&
        (parameter_rule_parse(rule.source, &again, NULL, NULL) != RESULT_OK || again.op != rule.op)) {
        abort();
    }
    if (at > strlen(text)) {
        abort();
    }
}

static void try_form(const char *text, size_t chars) {
    struct parameter_form form = {0};
    struct json *object = NULL;
    if (json_parse(text, chars, &object, NULL) == RESULT_OK && json_is_object(object)) {
        (void)!parameter_form_read(object, &form, NULL);
        parameter_form_fini(&form);
    }
    json_free(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) {
        return 0;
    }
    char *text = mem_strndup((const char *)bytes + 1, strnlen((const char *)bytes + 1, count - 1));
    unsigned kind = bytes[0] % (PARAMETER_TYPES + 2u);
    if (kind < PARAMETER_TYPES) {
        try_value((enum parameter_type)kind, text, strlen(text));
    } else if (kind == PARAMETER_TYPES) {
        try_rule(text);
    } else {
        try_form(text, strlen(text));
    }
    free(text);
    return 0;
}
