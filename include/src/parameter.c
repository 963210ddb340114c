/* A value of a parameter: from text and JSON and back, and held against its form.
 *
 * A value is of the type when it could be parsed, and allowed when it was checked: two steps, because what a product
 * has now may lie outside of bounds that were narrowed since, and must still be known to be put back. Numbers are
 * doubles everywhere; whole ones are exact up to 2^53, and beyond that they are refused. */
#include "fieldline/parameter.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"

#define WHOLE_MAX  9007199254740992.0 /* 2^53 */
#define STEP_SLACK 1e-6               /* of a step: 0.1 is no binary fraction */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum result take_text(const struct parameter_form *form, const char *text, size_t chars,
                             struct parameter_value *out, struct fault *fault) {
    if (chars > PARAMETER_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "it has %zu bytes, expected at most %d", chars, PARAMETER_BYTES);
    }
    if (!utf8_valid(text, chars)) {
        return fault_set(fault, RESULT_BAD_INPUT, "it is not valid UTF-8");
    }
    for (size_t i = 0; i < chars; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return fault_set(fault, RESULT_BAD_INPUT, "it has a line break or control character in it");
        }
    }
    *out = (struct parameter_value){.type = form->type};
    memcpy(out->text, text, chars);
    return RESULT_OK;
}

static enum result take_number(const struct parameter_form *form, double number, struct parameter_value *out,
                               struct fault *fault) {
    if (!isfinite(number)) {
        return fault_set(fault, RESULT_BAD_INPUT, "it is no finite number");
    }
    if (form->type == PARAMETER_INT && number != floor(number)) {
        return fault_set(fault, RESULT_BAD_INPUT, "it is no whole number");
    }
    if (fabs(number) > WHOLE_MAX && form->type != PARAMETER_NUMBER) {
        return fault_set(fault, RESULT_BAD_INPUT, "it is beyond 2^53");
    }
    if (form->type == PARAMETER_DURATION && number < 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "a duration is not below 0");
    }
    *out = (struct parameter_value){.type = form->type, .number = number == 0 ? 0 : number}; /* no negative zero */
    return RESULT_OK;
}

static bool parse_bool(const char *text, size_t chars, double *out) {
    static const struct {
        const char *text;
        double value;
    } rows[] = {{"true", 1}, {"on", 1}, {"yes", 1}, {"1", 1}, {"false", 0}, {"off", 0}, {"no", 0}, {"0", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strlen(rows[i].text) == chars && memcmp(rows[i].text, text, chars) == 0) {
            *out = rows[i].value;
            return true;
        }
    }
    return false;
}

/* A plain number, or for a duration also "1h30m". */
static bool parse_number(enum parameter_type type, const char *text, size_t chars, double *out) {
    int64_t ms;
    if (number_double(text, chars, out)) {
        return true;
    }
    if (type == PARAMETER_DURATION && number_duration_ms(text, chars, &ms)) {
        *out = (double)ms / 1000;
        return true;
    }
    return false;
}

enum result parameter_value_parse(const struct parameter_form *form, const char *text, size_t chars,
                                  struct parameter_value *out, struct fault *fault) {
    double number;
    while (chars > 0 && is_blank(*text)) {
        text++, chars--;
    }
    while (chars > 0 && is_blank(text[chars - 1])) {
        chars--;
    }
    if (form->type == PARAMETER_ENUM || form->type == PARAMETER_TEXT) {
        return take_text(form, text, chars, out, fault);
    }
    bool is_read = form->type == PARAMETER_BOOL ? parse_bool(text, chars, &number)
                                                : parse_number(form->type, text, chars, &number);
    if (!is_read) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%.*s' is no %s", chars > 60 ? 60 : (int)chars, text,
                         parameter_type_name(form->type));
    }
    return take_number(form, number, out, fault);
}

enum result parameter_value_read(const struct parameter_form *form, const struct json *node,
                                 struct parameter_value *out, struct fault *fault) {
    const char *text;
    double number;
    bool flag;
    switch (form->type) {
    case PARAMETER_INT:
    case PARAMETER_NUMBER:
    case PARAMETER_DURATION:
        if (json_as_number(node, &number)) {
            return take_number(form, number, out, fault);
        }
        return fault_set(fault, RESULT_BAD_INPUT, "it must be a number%s",
                         form->type == PARAMETER_DURATION ? " of seconds" : "");
    case PARAMETER_BOOL:
        if (json_as_bool(node, &flag)) {
            return take_number(form, flag, out, fault);
        }
        return fault_set(fault, RESULT_BAD_INPUT, "it must be true or false");
    case PARAMETER_ENUM:
    case PARAMETER_TEXT:
        if (json_as_string(node, &text)) {
            return take_text(form, text, strlen(text), out, fault);
        }
        return fault_set(fault, RESULT_BAD_INPUT, "it must be a string");
    case PARAMETER_TYPES: break;
    }
    return fault_set(fault, RESULT_BAD_INPUT, "it has no type");
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

static enum result check_number(const struct parameter_form *f, double number, struct fault *fault) {
    char shown[32], bound[32];
    number_print(number, shown);
    if (f->has_min && number < f->min) {
        number_print(f->min, bound);
        return fault_set(fault, RESULT_BAD_INPUT, "%s is below the least, %s", shown, bound);
    }
    if (f->has_max && number > f->max) {
        number_print(f->max, bound);
        return fault_set(fault, RESULT_BAD_INPUT, "%s is above the most, %s", shown, bound);
    }
    double steps = f->has_step ? (number - (f->has_min ? f->min : 0)) / f->step : 0;
    if (fabs(steps - nearbyint(steps)) > STEP_SLACK) {
        number_print(f->step, bound);
        return fault_set(fault, RESULT_BAD_INPUT, "%s is no whole number of steps of %s%s", shown, bound,
                         f->has_min ? " from the least" : "");
    }
    return RESULT_OK;
}

static enum result check_choice(const struct parameter_form *f, const char *text, struct fault *fault) {
    struct buf known;
    buf_init(&known, 120);
    for (char **at = f->choices; *at != NULL; at++) {
        if (strcmp(*at, text) == 0) {
            buf_fini(&known);
            return RESULT_OK;
        }
        if (known.count + strlen(*at) + 2 <= known.cap) {
            buf_printf(&known, "%s%s", known.count > 0 ? ", " : "", *at);
        }
    }
    enum result result =
        fault_set(fault, RESULT_BAD_INPUT, "'%.60s' is no choice, expected one of: %s", text, buf_text(&known));
    buf_fini(&known);
    return result;
}

static enum result check_text(const struct parameter_form *f, const char *text, struct fault *fault) {
    regex_t expression;
    regmatch_t match;
    size_t chars = strlen(text), most = f->max_bytes > 0 ? f->max_bytes : PARAMETER_BYTES;
    if (chars > most) {
        return fault_set(fault, RESULT_BAD_INPUT, "it has %zu bytes, expected at most %zu", chars, most);
    }
    if (f->pattern == NULL) {
        return RESULT_OK;
    }
    if (regcomp(&expression, f->pattern, REG_EXTENDED) != 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "its pattern cannot be used");
    }
    bool is_whole = regexec(&expression, text, 1, &match, 0) == 0 && match.rm_so == 0 && (size_t)match.rm_eo == chars;
    regfree(&expression);
    return is_whole ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "'%.60s' does not match %.100s", text, f->pattern);
}

enum result parameter_value_check(const struct parameter_form *form, const struct parameter_value *value,
                                  struct fault *fault) {
    if (value->type != form->type) {
        return fault_set(fault, RESULT_BAD_INPUT, "it is of type %s, expected %s", parameter_type_name(value->type),
                         parameter_type_name(form->type));
    }
    switch (form->type) {
    case PARAMETER_INT:
    case PARAMETER_NUMBER:
    case PARAMETER_DURATION: return check_number(form, value->number, fault);
    case PARAMETER_ENUM: return check_choice(form, value->text, fault);
    case PARAMETER_TEXT: return check_text(form, value->text, fault);
    case PARAMETER_BOOL:
    case PARAMETER_TYPES: break;
    }
    return RESULT_OK;
}

/* ---- out --------------------------------------------------------------------------------------------------------- */

void parameter_value_print(const struct parameter_value *value, char out[PARAMETER_PRINT_BYTES]) {
    if (value->type == PARAMETER_BOOL) {
        text_copy(out, PARAMETER_PRINT_BYTES, value->number != 0 ? "true" : "false");
    } else if (parameter_type_is_number(value->type)) {
        char digits[32];
        number_print(value->number, digits);
        text_copy(out, PARAMETER_PRINT_BYTES, digits);
    } else {
        text_copy(out, PARAMETER_PRINT_BYTES, value->text);
    }
}

void parameter_value_write(const struct parameter_value *value, const char *key, struct json_out *out) {
    if (value->type == PARAMETER_BOOL) {
        jo_bool(out, key, value->number != 0);
    } else if (parameter_type_is_number(value->type)) {
        jo_num(out, key, value->number);
    } else {
        jo_str(out, key, value->text);
    }
}

bool parameter_value_equal(const struct parameter_value *a, const struct parameter_value *b) {
    bool is_text = a->type == PARAMETER_ENUM || a->type == PARAMETER_TEXT;
    return a->type == b->type && (is_text ? strcmp(a->text, b->text) == 0 : a->number == b->number);
}
