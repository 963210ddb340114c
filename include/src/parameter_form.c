/* The form of a parameter: types and bounds, as configuration, pack and wire write them down. What a value may be is
 * asked in parameter.c; nothing here looks at one.
 *
 * One form serves both ends, so that the pack cannot mean another "step" than the product. A pattern is a POSIX
 * expression of the C library: it is asked of at most PARAMETER_BYTES and comes from the maker, never from the
 * wire of an engineer, which is why a slow one is no attack. */
#include "fieldline/parameter.h"

#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[PARAMETER_TYPES] = {
    [PARAMETER_INT] = "int",   [PARAMETER_NUMBER] = "number", [PARAMETER_BOOL] = "bool",
    [PARAMETER_ENUM] = "enum", [PARAMETER_TEXT] = "text",     [PARAMETER_DURATION] = "duration"};

const char *parameter_type_name(enum parameter_type type) {
    return type_names[type];
}

bool parameter_type_parse(const char *text, enum parameter_type *out) {
    for (int i = 0; i < PARAMETER_TYPES; i++) {
        if (strcmp(text, type_names[i]) == 0) {
            *out = (enum parameter_type)i;
            return true;
        }
    }
    return false;
}

bool parameter_type_is_number(enum parameter_type type) {
    return type == PARAMETER_INT || type == PARAMETER_NUMBER || type == PARAMETER_DURATION;
}

bool parameter_name_valid(const char *text) {
    size_t chars = strlen(text);
    return chars > 0 && chars <= CAP_CODE_BYTES && text[0] >= 'a' && text[0] <= 'z' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == chars;
}

/* ---- choices ----------------------------------------------------------------------------------------------------- */

void parameter_choices_free(char **choices) {
    for (char **at = choices; at != NULL && *at != NULL; at++) {
        free(*at);
    }
    free(choices);
}

/* Takes one choice at the end of a list of `count`; refuses what no value could be. */
static enum result choice_add(char **choices, size_t *count, const char *text, size_t chars, struct fault *fault) {
    if (*count >= PARAMETER_CHOICES_MAX) {
        return fault_set(fault, RESULT_TOO_BIG, "more than %d choices", PARAMETER_CHOICES_MAX);
    }
    if (chars == 0 || chars > PARAMETER_BYTES || !utf8_valid(text, chars)) {
        return fault_set(fault, RESULT_BAD_INPUT, "a choice is empty, too long, or no UTF-8");
    }
    for (size_t i = 0; i < chars; i++) {
        if ((unsigned char)text[i] < 0x20) {
            return fault_set(fault, RESULT_BAD_INPUT, "a choice has a control character in it");
        }
    }
    char *choice = mem_strndup(text, chars);
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(choices[i], choice) == 0) {
            free(choice);
            return fault_set(fault, RESULT_BAD_INPUT, "the choice '%s' is there twice", choices[i]);
        }
    }
    choices[(*count)++] = choice;
    return RESULT_OK;
}

enum result parameter_choices_parse(const char *text, char ***out, struct fault *fault) {
    char **choices = mem_alloc((PARAMETER_CHOICES_MAX + 1) * sizeof *choices);
    size_t count = 0;
    enum result result = RESULT_OK;
    for (const char *at = text; result == RESULT_OK && at != NULL;) {
        const char *comma = strchr(at, ',');
        const char *end = comma != NULL ? comma : at + strlen(at);
        while (at < end && *at == ' ') {
            at++;
        }
        while (end > at && end[-1] == ' ') {
            end--;
        }
        result = choice_add(choices, &count, at, (size_t)(end - at), fault);
        at = comma != NULL ? comma + 1 : NULL;
    }
    if (result != RESULT_OK) {
        parameter_choices_free(choices);
        return result;
    }
    *out = choices;
    return RESULT_OK;
}

/* ---- the form ---------------------------------------------------------------------------------------------------- */

void parameter_form_fini(struct parameter_form *form) {
    parameter_choices_free(form->choices);
    free(form->pattern);
    *form = (struct parameter_form){0};
}

static enum result check_pattern(const struct parameter_form *f, struct fault *fault) {
    regex_t expression;
    if (strlen(f->pattern) > PARAMETER_PATTERN_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "'pattern' has more than %d bytes", PARAMETER_PATTERN_BYTES);
    }
    int wrong = regcomp(&expression, f->pattern, REG_EXTENDED | REG_NOSUB);
    if (wrong != 0) {
        char text[100];
        regerror(wrong, &expression, text, sizeof text);
        return fault_set(fault, RESULT_BAD_INPUT, "'pattern' is no POSIX extended expression: %s", text);
    }
    regfree(&expression);
    return RESULT_OK;
}

enum result parameter_form_check(const struct parameter_form *f, struct fault *fault) {
    const char *type = type_names[f->type];
    if ((f->has_min || f->has_max || f->has_step) && !parameter_type_is_number(f->type)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'min', 'max' and 'step' do not go with type %s", type);
    }
    if (f->has_min && f->has_max && f->min > f->max) {
        return fault_set(fault, RESULT_BAD_INPUT, "'min' is above 'max'");
    }
    if (f->has_step && !(f->step > 0)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'step' is not above 0");
    }
    bool has_fraction = (f->has_min && f->min != floor(f->min)) || (f->has_max && f->max != floor(f->max)) ||
                        (f->has_step && f->step != floor(f->step));
    if (f->type == PARAMETER_INT && has_fraction) {
        return fault_set(fault, RESULT_BAD_INPUT, "a bound of type int is no whole number");
    }
    if ((f->type == PARAMETER_ENUM) != (f->choices != NULL)) {
        return fault_set(fault, RESULT_BAD_INPUT,
                         f->choices != NULL ? "'choices' do not go with type %s" : "type %s needs 'choices'", type);
    }
    if ((f->max_bytes > 0 || f->pattern != NULL) && f->type != PARAMETER_TEXT) {
        return fault_set(fault, RESULT_BAD_INPUT, "'max_bytes' and 'pattern' do not go with type %s", type);
    }
    if (f->max_bytes > PARAMETER_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "'max_bytes' is above %d", PARAMETER_BYTES);
    }
    return f->pattern != NULL ? check_pattern(f, fault) : RESULT_OK;
}

void parameter_form_write(const struct parameter_form *f, struct json_out *out) {
    jo_str(out, "type", type_names[f->type]);
    if (f->has_min) {
        jo_num(out, "min", f->min);
    }
    if (f->has_max) {
        jo_num(out, "max", f->max);
    }
    if (f->has_step) {
        jo_num(out, "step", f->step);
    }
    if (f->choices != NULL) {
        jo_array(out, "choices");
        for (char **at = f->choices; *at != NULL; at++) {
            jo_str(out, NULL, *at);
        }
        jo_end(out);
    }
    if (f->max_bytes > 0) {
        jo_int(out, "max_bytes", (int64_t)f->max_bytes);
    }
    if (f->pattern != NULL) {
        jo_str(out, "pattern", f->pattern);
    }
}

static enum result read_bound(const struct json *object, const char *key, bool *has, double *out, struct fault *fault) {
    if (json_get(object, key) == NULL) {
        return RESULT_OK;
    }
    enum result result = json_number(object, key, out, fault);
    *has = result == RESULT_OK;
    return result;
}

static enum result read_choices(const struct json *object, struct parameter_form *out, struct fault *fault) {
    const struct json *list;
    size_t count = 0;
    if (json_get(object, "choices") == NULL) {
        return RESULT_OK;
    }
    enum result result = json_array(object, "choices", PARAMETER_CHOICES_MAX, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    out->choices = mem_alloc((PARAMETER_CHOICES_MAX + 1) * sizeof *out->choices);
    for (const struct json *item = json_first(list); item != NULL && result == RESULT_OK; item = json_next(item)) {
        const char *text;
        result = json_as_string(item, &text)
                     ? choice_add(out->choices, &count, text, strlen(text), fault)
                     : fault_set(fault, RESULT_BAD_INPUT, "'choices' has a member that is no string");
    }
    return result;
}

enum result parameter_form_read(const struct json *object, struct parameter_form *out, struct fault *fault) {
    const char *type, *pattern;
    int64_t max_bytes = 0;
    enum result result;
    *out = (struct parameter_form){0};
    if ((result = json_string(object, "type", 15, &type, fault)) != RESULT_OK) {
        return result;
    }
    if (!parameter_type_parse(type, &out->type)) {
        return fault_set(fault, RESULT_BAD_INPUT,
                         "'type' is \"%s\", expected int, number, bool, enum, text or duration", type);
    }
    if ((result = read_bound(object, "min", &out->has_min, &out->min, fault)) != RESULT_OK ||
        (result = read_bound(object, "max", &out->has_max, &out->max, fault)) != RESULT_OK ||
        (result = read_bound(object, "step", &out->has_step, &out->step, fault)) != RESULT_OK ||
        (result = read_choices(object, out, fault)) != RESULT_OK ||
        (result = json_optional_string(object, "pattern", PARAMETER_PATTERN_BYTES, &pattern, fault)) != RESULT_OK ||
        (json_get(object, "max_bytes") != NULL &&
         (result = json_integer(object, "max_bytes", 1, PARAMETER_BYTES, &max_bytes, fault)) != RESULT_OK)) {
        return result;
    }
    out->pattern = pattern != NULL ? mem_strdup(pattern) : NULL;
    out->max_bytes = (size_t)max_bytes;
    return parameter_form_check(out, fault);
}
