/* What must hold between two parameters, or between a figure and a bound: one comparison.
 *
 * A language of its own, of one line, and not the rule language of the packs: that one speaks of series and windows and
 * lives in the gateway, while this one must hold on the product too, where nothing else is asked. Whoever needs an
 * "and" writes two rules. A value that is not known makes a rule fail: nobody can say that it holds. */
#include "fieldline/parameter.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"

static const struct operator_row {
    const char *text; /* longer ones before their beginnings */
    bool is_for_texts;
    bool less, equal, greater; /* what makes it true */
} operators[] = {{"<=", false, true, true, false}, {">=", false, false, true, true}, {"==", true, false, true, false},
                 {"!=", true, true, false, true},  {"<", false, true, false, false}, {">", false, false, false, true}};

struct reading {
    const char *start, *at;
    struct parameter_rule *rule;
    struct fault *fault;
};

static void skip_blanks(struct reading *r) {
    while (*r->at == ' ' || *r->at == '\t') {
        r->at++;
    }
}

/* The characters of a name or a number with a unit. */
static size_t word(const struct reading *r) {
    return strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
}

static enum result take_name(struct reading *r, char out[CAP_CODE_BYTES + 1]) {
    size_t chars = word(r);
    char name[CAP_CODE_BYTES + 1] = "";
    if (chars > 0 && chars < sizeof name) {
        memcpy(name, r->at, chars);
    }
    if (!parameter_name_valid(name)) {
        return fault_set(r->fault, RESULT_BAD_INPUT, "expected a name, such as setpoint, at '%.20s'", r->at);
    }
    memcpy(out, name, sizeof name);
    r->at += chars;
    return RESULT_OK;
}

static bool take_constant(struct reading *r, double *out) {
    int64_t ms;
    size_t sign = *r->at == '-' ? 1 : 0;
    size_t chars = sign + strspn(r->at + sign, "abcdefghijklmnopqrstuvwxyz0123456789.");
    if (number_double(r->at, chars, out)) {
        r->at += chars;
        return true;
    }
    if (number_duration_ms(r->at, chars, &ms)) {
        *out = (double)ms / 1000;
        r->at += chars;
        return true;
    }
    return false;
}

static bool take_truth(struct reading *r, double *out) {
    size_t chars = word(r);
    if ((chars == 4 && memcmp(r->at, "true", 4) == 0) || (chars == 5 && memcmp(r->at, "false", 5) == 0)) {
        *out = chars == 4;
        r->at += chars;
        return true;
    }
    return false;
}

static enum result take_operator(struct reading *r) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t chars = strlen(operators[i].text);
        if (strncmp(r->at, operators[i].text, chars) == 0) {
            r->rule->op = (uint8_t)i;
            r->at += chars;
            return RESULT_OK;
        }
    }
    return fault_set(r->fault, RESULT_BAD_INPUT, "expected one of < <= > >= == != at '%.20s'", r->at);
}

static enum result take_quoted(struct reading *r) {
    const char *end = strchr(r->at + 1, '"');
    if (end == NULL) {
        return fault_set(r->fault, RESULT_BAD_INPUT, "the text has no closing quote");
    }
    if (!operators[r->rule->op].is_for_texts) {
        return fault_set(r->fault, RESULT_BAD_INPUT, "texts are compared with == and != only");
    }
    memcpy(r->rule->text, r->at + 1, (size_t)(end - r->at - 1));
    r->rule->is_text = true;
    r->at = end + 1;
    return RESULT_OK;
}

/* "+ 5" or "- 5" behind a name. */
static enum result take_offset(struct reading *r) {
    skip_blanks(r);
    if (*r->at != '+' && *r->at != '-') {
        return RESULT_OK;
    }
    double sign = *r->at++ == '-' ? -1 : 1;
    skip_blanks(r);
    if (!take_constant(r, &r->rule->offset)) {
        return fault_set(r->fault, RESULT_BAD_INPUT, "expected a number at '%.20s'", r->at);
    }
    r->rule->offset *= sign;
    return RESULT_OK;
}

static enum result take_right(struct reading *r) {
    if (*r->at == '"') {
        return take_quoted(r);
    }
    if (take_constant(r, &r->rule->offset) || take_truth(r, &r->rule->offset)) {
        return RESULT_OK;
    }
    enum result result = take_name(r, r->rule->right);
    return result == RESULT_OK ? take_offset(r) : result;
}

enum result parameter_rule_parse(const char *source, struct parameter_rule *out, size_t *at, struct fault *fault) {
    struct parameter_rule rule = {.op = 0};
    struct reading r = {.start = source, .at = source, .rule = &rule, .fault = fault};
    enum result result;
    if (at != NULL) {
        *at = 0;
    }
    if (strlen(source) >= sizeof rule.source || !utf8_valid(source, strlen(source))) {
        return fault_set(fault, RESULT_TOO_BIG, "a rule has at most %zu bytes of UTF-8", sizeof rule.source - 1);
    }
    snprintf(rule.source, sizeof rule.source, "%s", source);
    skip_blanks(&r);
    if ((result = take_name(&r, rule.left)) == RESULT_OK) {
        skip_blanks(&r);
        result = take_operator(&r);
    }
    if (result == RESULT_OK) {
        skip_blanks(&r);
        result = take_right(&r);
    }
    skip_blanks(&r);
    if (result == RESULT_OK && *r.at != '\0') {
        result = fault_set(fault, RESULT_BAD_INPUT, "expected nothing more at '%.20s'", r.at);
    }
    if (result != RESULT_OK) {
        if (at != NULL) {
            *at = (size_t)(r.at - source);
        }
        return result;
    }
    *out = rule;
    return RESULT_OK;
}

bool parameter_rule_names(const struct parameter_rule *rule, const char *name) {
    return strcmp(rule->left, name) == 0 || strcmp(rule->right, name) == 0;
}

static bool is_text(const struct parameter_value *value) {
    return value->type == PARAMETER_ENUM || value->type == PARAMETER_TEXT;
}

static enum result compare_texts(const struct parameter_rule *rule, const char *left, const char *right,
                                 struct fault *fault) {
    bool is_equal = strcmp(left, right) == 0;
    if (is_equal == operators[rule->op].equal) {
        return RESULT_OK;
    }
    return fault_set(fault, RESULT_CONFLICT, "'%.100s' does not hold: %s is '%.60s'", rule->source, rule->left, left);
}

static enum result compare_numbers(const struct parameter_rule *rule, double left, double right, struct fault *fault) {
    const struct operator_row *row = &operators[rule->op];
    if ((left < right && row->less) || (left == right && row->equal) || (left > right && row->greater)) {
        return RESULT_OK;
    }
    char shown[32], beside[32];
    number_print(left, shown);
    number_print(right, beside);
    return fault_set(fault, RESULT_CONFLICT, "'%.100s' does not hold: %s is %s, the other side %s", rule->source,
                     rule->left, shown, beside);
}

enum result parameter_rule_check(const struct parameter_rule *rule, parameter_lookup_fn *lookup, const void *self,
                                 struct fault *fault) {
    const struct parameter_value *left = lookup(self, rule->left);
    const struct parameter_value *right = rule->right[0] != '\0' ? lookup(self, rule->right) : NULL;
    if (left == NULL || (rule->right[0] != '\0' && right == NULL)) {
        return fault_set(fault, RESULT_NOT_FOUND, "'%.100s' cannot be told: %s is not known", rule->source,
                         left == NULL ? rule->left : rule->right);
    }
    bool has_text = right != NULL ? is_text(right) : rule->is_text;
    if (is_text(left) != has_text || (has_text && !operators[rule->op].is_for_texts)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%.100s' compares what cannot be compared", rule->source);
    }
    if (has_text) {
        return compare_texts(rule, left->text, right != NULL ? right->text : rule->text, fault);
    }
    return compare_numbers(rule, left->number, (right != NULL ? right->number : 0) + rule->offset, fault);
}
