/* `parameters:` and `configure:` of pack.yaml, and a change held against them.
 *
 * A pack's bound is a convenience and a policy, not the safety: the product has its own bounds and enforces them. That
 * a pack is not wider than some product of its model can be known only when one is there; the console then shows the
 * narrower of the two, and the product refuses. */
#include "rules/pack_parameters.h"

#include <stdlib.h>
#include <string.h>

#include "normalize/unit.h"
#include "rules/pack_parts.h"

enum { RISK_TEXT_BYTES = 15, CONFIRM_MIN_S = 60, CONFIRM_MAX_S = 30 * 60 };
static const char *const risk_names[] = {[RISK_LOW] = "low", [RISK_MEDIUM] = "medium", [RISK_HIGH] = "high"};

struct reader {
    struct pack *pack;
    struct pack_parameters *to;
    const struct document *doc;
    struct problems *problems;
};

const struct pack_parameter *pack_parameter_find(const struct pack_parameters *p, const char *name) {
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].name, name) == 0)
            return &p->items[i];
    return NULL;
}

void pack_parameters_fini(struct pack_parameters *p) {
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].name);
        free(p->items[i].title);
        free(p->items[i].title_zh);
        parameter_form_fini(&p->items[i].form);
    }
    free(p->items);
    free(p->depends);
    free(p->health);
    *p = (struct pack_parameters){0};
}

/* ---- pack.yaml ---- */

static char *read_line(struct reader *r, const struct yaml_field *field, size_t max_bytes) {
    const char *text;
    if (!field->at || !document_text(r->doc, field->at, field->key, max_bytes, &text, r->problems))
        return NULL;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ') {
            document_problem(r->doc, field->at, r->problems, "'%s' has a line break or control character in it",
                             field->key);
            return NULL;
        }
    return mem_strdup(text);
}

static void read_flag(struct reader *r, const struct yaml_field *field, bool initial, bool *out) {
    *out = initial;
    if (field->at && !document_bool(r->doc, field->at, field->key, out, r->problems))
        *out = initial;
}

static void read_type(struct reader *r, const struct yaml_field *field, struct parameter_form *form) {
    const char *text;
    if (!field->at || !document_text(r->doc, field->at, field->key, PACK_TITLE_BYTES, &text, r->problems))
        return;
    if (!parameter_type_parse(text, &form->type))
        document_problem(r->doc, field->at, r->problems,
                         "'type' is \"%s\", expected int, number, bool, enum, text or duration", text);
}

/* A text as a value of the type; of a duration "30m" too. */
static bool read_value(struct reader *r, const struct yaml_field *field, const struct parameter_form *form,
                       struct parameter_value *out) {
    const char *text;
    struct fault fault;
    if (!field->at || !document_text(r->doc, field->at, field->key, PARAMETER_BYTES, &text, r->problems))
        return false;
    if (parameter_value_parse(form, text, strlen(text), out, &fault) != RESULT_OK) {
        document_problem(r->doc, field->at, r->problems, "'%s': %s", field->key, fault.text);
        return false;
    }
    return true;
}

static void read_bound(struct reader *r, const struct yaml_field *field, const struct parameter_form *form, bool *has,
                       double *out) {
    struct parameter_value value;
    const struct parameter_form plain = {.type =
                                             form->type == PARAMETER_DURATION ? PARAMETER_DURATION : PARAMETER_NUMBER};
    *has = read_value(r, field, &plain, &value);
    if (*has)
        *out = value.number;
}

static void read_choices(struct reader *r, const struct yaml_field *field, struct parameter_form *form) {
    size_t count = 0;
    if (!field->at || !document_list(r->doc, field->at, field->key, PARAMETER_CHOICES_MAX, &count, r->problems))
        return;
    form->choices = mem_alloc((count + 1) * sizeof *form->choices);
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text;
        yaml_at at = document_item(r->doc, field->at, i);
        if (!document_text(r->doc, at, "choice", PARAMETER_BYTES, &text, r->problems))
            continue;
        for (size_t k = 0; k < taken; k++)
            if (strcmp(form->choices[k], text) == 0)
                document_problem(r->doc, at, r->problems, "the choice '%s' is there twice", text);
        form->choices[taken++] = mem_strdup(text);
    }
}

static void read_unit(struct reader *r, const struct yaml_field *field, char out[CAP_UNIT_BYTES + 1]) {
    const char *text;
    if (!field->at || !document_text_or_empty(r->doc, field->at, field->key, CAP_UNIT_BYTES, &text, r->problems))
        return;
    if (*text && !unit_is_registered(text)) {
        document_problem(r->doc, field->at, r->problems, "'unit' is \"%s\", expected a unit of the SenML registry",
                         text);
        return;
    }
    memcpy(out, text, strlen(text) + 1);
}

static void read_risk(struct reader *r, const struct yaml_field *field, enum pack_risk *out) {
    const char *text;
    *out = RISK_MEDIUM;
    if (!field->at || !document_text(r->doc, field->at, field->key, RISK_TEXT_BYTES, &text, r->problems))
        return;
    for (size_t i = 0; i < sizeof risk_names / sizeof *risk_names; i++)
        if (strcmp(text, risk_names[i]) == 0) {
            *out = (enum pack_risk)i;
            return;
        }
    document_problem(r->doc, field->at, r->problems, "'risk' is \"%s\", expected low, medium or high", text);
}

static void read_rules(struct reader *r, const struct yaml_field *field, struct parameter_rule *rules, size_t *count) {
    size_t items = 0;
    if (!field->at || !document_list(r->doc, field->at, field->key, PARAMETER_RULES_MAX, &items, r->problems))
        return;
    for (size_t i = 0; i < items; i++) {
        yaml_at at = document_item(r->doc, field->at, i);
        const char *text;
        size_t offset;
        struct fault fault;
        if (!document_text(r->doc, at, field->key, PARAMETER_BYTES, &text, r->problems))
            continue;
        if (*count == PARAMETER_RULES_MAX)
            document_problem(r->doc, at, r->problems, "more than %d rules in all", PARAMETER_RULES_MAX);
        else if (parameter_rule_parse(text, &rules[*count], &offset, &fault) != RESULT_OK)
            document_problem_inside(r->doc, at, offset, r->problems, fault.text);
        else
            ++*count;
    }
}

static void read_form(struct reader *r, yaml_at at, const struct yaml_field *bounds, struct parameter_form *form) {
    enum { MIN, MAX, STEP, CHOICES, MAX_BYTES, PATTERN };
    struct fault fault;
    double bytes = 0;
    read_bound(r, &bounds[MIN], form, &form->has_min, &form->min);
    read_bound(r, &bounds[MAX], form, &form->has_max, &form->max);
    read_bound(r, &bounds[STEP], form, &form->has_step, &form->step);
    read_choices(r, &bounds[CHOICES], form);
    form->pattern = read_line(r, &bounds[PATTERN], PARAMETER_PATTERN_BYTES);
    if (bounds[MAX_BYTES].at &&
        document_number(r->doc, bounds[MAX_BYTES].at, bounds[MAX_BYTES].key, &bytes, r->problems)) {
        if (bytes < 1 || bytes > PARAMETER_BYTES)
            document_problem(r->doc, bounds[MAX_BYTES].at, r->problems, "'max_bytes' is not from 1 to %d",
                             PARAMETER_BYTES);
        else
            form->max_bytes = (size_t)bytes;
    }
    if (parameter_form_check(form, &fault) != RESULT_OK)
        document_problem(r->doc, at, r->problems, "%s", fault.text);
}

static void read_initial(struct reader *r, const struct yaml_field *field, struct pack_parameter *p) {
    struct fault fault;
    p->has_initial = read_value(r, field, &p->form, &p->initial);
    if (p->has_initial && parameter_value_check(&p->form, &p->initial, &fault) != RESULT_OK)
        document_problem(r->doc, field->at, r->problems, "'default': %s", fault.text);
}

static void read_parameter(struct reader *r, yaml_at at) {
    enum {
        NAME,
        TITLE,
        TITLE_ZH,
        TYPE,
        UNIT,
        MIN,
        MAX,
        STEP,
        CHOICES,
        MAX_BYTES,
        PATTERN,
        DEFAULT,
        WRITABLE,
        RISK,
        RESTARTS,
        DEPENDS,
        HEALTH,
        FIELDS
    };
    struct yaml_field f[FIELDS] = {{"name", true, 0},       {"title", true, 0},    {"title_zh", false, 0},
                                   {"type", true, 0},       {"unit", false, 0},    {"min", false, 0},
                                   {"max", false, 0},       {"step", false, 0},    {"choices", false, 0},
                                   {"max_bytes", false, 0}, {"pattern", false, 0}, {"default", false, 0},
                                   {"writable", false, 0},  {"risk", false, 0},    {"restarts", false, 0},
                                   {"depends", false, 0},   {"health", false, 0}};
    if (!document_fields(r->doc, at, "a parameter", f, FIELDS, r->problems))
        return;
    struct pack_parameter *p = &r->to->items[r->to->count];
    char *name = read_line(r, &f[NAME], CAP_CODE_BYTES);
    p->name = name ? name : mem_strdup("");
    if (name && !parameter_name_valid(name))
        document_problem(r->doc, f[NAME].at, r->problems, "'name' is \"%s\", expected [a-z][a-z0-9_]*", name);
    p->title = read_line(r, &f[TITLE], PACK_TITLE_BYTES);
    p->title_zh = read_line(r, &f[TITLE_ZH], PACK_TITLE_BYTES);
    read_type(r, &f[TYPE], &p->form);
    read_unit(r, &f[UNIT], p->unit);
    read_form(r, at, &f[MIN], &p->form);
    read_initial(r, &f[DEFAULT], p);
    read_flag(r, &f[WRITABLE], true, &p->is_writable);
    read_risk(r, &f[RISK], &p->risk);
    read_flag(r, &f[RESTARTS], false, &p->restarts);
    read_rules(r, &f[DEPENDS], r->to->depends, &r->to->depends_count);
    read_rules(r, &f[HEALTH], r->to->health, &r->to->health_count);
    if (pack_parameter_find(r->to, p->name))
        document_problem(r->doc, at, r->problems, "the parameter '%s' is there twice", p->name);
    r->to->count++;
}

static bool is_text(const struct pack_parameter *p) {
    return p->form.type == PARAMETER_ENUM || p->form.type == PARAMETER_TEXT;
}

/* Every name of every rule is one of ours, and a text is compared with a text. */
static void check_depends(struct reader *r, yaml_at at) {
    for (size_t i = 0; i < r->to->depends_count; i++) {
        const struct parameter_rule *rule = &r->to->depends[i];
        const struct pack_parameter *left = pack_parameter_find(r->to, rule->left);
        const struct pack_parameter *right = *rule->right ? pack_parameter_find(r->to, rule->right) : NULL;
        if (!left || (*rule->right && !right))
            document_problem(r->doc, at, r->problems, "'%s': there is no parameter '%s'", rule->source,
                             !left ? rule->left : rule->right);
        else if (is_text(left) != (right ? is_text(right) : rule->is_text))
            document_problem(r->doc, at, r->problems, "'%s' compares a text with a number", rule->source);
    }
}

static void check_health(struct reader *r, yaml_at at, bool (*has_metric)(const struct pack *, const char *)) {
    for (size_t i = 0; i < r->to->health_count; i++) {
        const struct parameter_rule *rule = &r->to->health[i];
        const char *wrong = !has_metric(r->pack, rule->left)                    ? rule->left
                            : *rule->right && !has_metric(r->pack, rule->right) ? rule->right
                                                                                : NULL;
        if (wrong || rule->is_text)
            document_problem(r->doc, at, r->problems, "'%s': '%s' is no metric of this pack", rule->source,
                             wrong ? wrong : rule->text);
    }
}

static bool has_metric(const struct pack *pack, const char *name) {
    for (size_t i = 0; i < pack->metric_count; i++)
        if (strcmp(pack->metrics[i].name, name) == 0)
            return true;
    return false;
}

static void read_limits(struct reader *r, yaml_at at) {
    enum { MIN, MAX, FIELDS };
    struct yaml_field f[FIELDS] = {{"confirm_min", false, 0}, {"confirm_max", false, 0}};
    int64_t *to[FIELDS] = {&r->to->confirm_min_s, &r->to->confirm_max_s};
    if (!document_fields(r->doc, at, "configure", f, FIELDS, r->problems))
        return;
    for (int i = 0; i < FIELDS; i++) {
        int64_t ms;
        if (!f[i].at || !document_duration(r->doc, f[i].at, f[i].key, &ms, r->problems))
            continue;
        if (ms < 1000 || ms > CONFIRM_SECONDS_MAX * 1000LL || ms % 1000 != 0)
            document_problem(r->doc, f[i].at, r->problems, "'%s' is not from 1s to 1h in whole seconds", f[i].key);
        else
            *to[i] = ms / 1000;
    }
    if (r->to->confirm_min_s > r->to->confirm_max_s)
        document_problem(r->doc, at, r->problems, "'confirm_min' is above 'confirm_max'");
}

void pack_read_parameters(struct pack *pack, const struct document *doc, yaml_at list, yaml_at limits,
                          struct problems *problems) {
    struct reader r = {.pack = pack, .to = &pack->parameters, .doc = doc, .problems = problems};
    size_t count = 0;
    r.to->confirm_min_s = CONFIRM_MIN_S;
    r.to->confirm_max_s = CONFIRM_MAX_S;
    if (limits)
        read_limits(&r, limits);
    if (!list || !document_list(doc, list, "parameters", PARAMETERS_MAX, &count, problems))
        return;
    r.to->items = mem_alloc((count ? count : 1) * sizeof *r.to->items);
    r.to->depends = mem_alloc(PARAMETER_RULES_MAX * sizeof *r.to->depends);
    r.to->health = mem_alloc(PARAMETER_RULES_MAX * sizeof *r.to->health);
    for (size_t i = 0; i < count; i++)
        read_parameter(&r, document_item(doc, list, i));
    check_depends(&r, list);
    check_health(&r, list, has_metric);
    if (count > 0 && !(pack->capabilities & CAPABILITY_BIT(CAPABILITY_CONFIGURE)))
        document_problem(doc, list, problems, "'parameters' are there, but 'capabilities' has no configure");
}

/* ---- a change ---- */

struct values {
    const struct pack_parameters *parameters;
    const struct json *object;
    struct parameter_value found; /* of the last look-up of each side */
    struct parameter_value other;
    bool is_other;
};

static const struct parameter_value *lookup(const void *self, const char *name) {
    struct values *v = (struct values *)self; /* its own scratch */
    const struct pack_parameter *p = pack_parameter_find(v->parameters, name);
    const struct json *node = json_get(v->object, name);
    struct parameter_value *slot = v->is_other ? &v->other : &v->found;
    v->is_other = !v->is_other;
    return p && node && parameter_value_read(&p->form, node, slot, NULL) == RESULT_OK ? slot : NULL;
}

static enum result check_value(const struct pack_parameters *parameters, const struct json *node, struct fault *fault) {
    struct parameter_value value;
    const struct pack_parameter *p = pack_parameter_find(parameters, json_key(node));
    if (!p)
        return fault_set(fault, RESULT_NOT_FOUND, "the pack has no parameter '%.40s'", json_key(node));
    if (!p->is_writable)
        return fault_set(fault, RESULT_DENIED, "%s can be read only", p->name);
    enum result result = parameter_value_read(&p->form, node, &value, fault);
    if (result == RESULT_OK)
        result = parameter_value_check(&p->form, &value, fault);
    if (result != RESULT_OK)
        fault_prefix(fault, "%s", p->name);
    return result;
}

enum result pack_parameters_check(const struct pack_parameters *parameters, const struct json *object,
                                  int64_t confirm_s, struct fault *fault) {
    size_t count = 0;
    enum result result;
    if (!object || !json_is_object(object) || !json_first(object))
        return fault_set(fault, RESULT_BAD_INPUT, "'values' must be an object with at least one parameter");
    if (confirm_s < parameters->confirm_min_s || confirm_s > parameters->confirm_max_s)
        return fault_set(fault, RESULT_BAD_INPUT, "'confirm_s' is %lld, expected %lld to %lld", (long long)confirm_s,
                         (long long)parameters->confirm_min_s, (long long)parameters->confirm_max_s);
    for (const struct json *node = json_first(object); node; node = json_next(node)) {
        if (++count > CHANGE_VALUES_MAX)
            return fault_set(fault, RESULT_TOO_BIG, "more than %d values in one change", CHANGE_VALUES_MAX);
        if ((result = check_value(parameters, node, fault)) != RESULT_OK)
            return result;
    }
    for (size_t i = 0; i < parameters->depends_count; i++) {
        const struct parameter_rule *rule = &parameters->depends[i];
        struct values values = {.parameters = parameters, .object = object};
        if (!json_get(object, rule->left) || (*rule->right && !json_get(object, rule->right)))
            continue;
        if ((result = parameter_rule_check(rule, lookup, &values, fault)) != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

/* ---- JSON ---- */

static void print_rules(struct json_out *j, const char *key, const struct parameter_rule *rules, size_t count) {
    jo_array(j, key);
    for (size_t i = 0; i < count; i++)
        jo_str(j, NULL, rules[i].source);
    jo_end(j);
}

void pack_parameters_print(const struct pack_parameters *parameters, struct json_out *j) {
    jo_array(j, "parameters");
    for (size_t i = 0; i < parameters->count; i++) {
        const struct pack_parameter *p = &parameters->items[i];
        jo_object(j, NULL);
        jo_str(j, "name", p->name);
        jo_str(j, "title", p->title);
        jo_str(j, "title_zh", p->title_zh);
        jo_str(j, "unit", p->unit);
        parameter_form_write(&p->form, j);
        if (p->has_initial)
            parameter_value_write(&p->initial, "default", j);
        jo_str(j, "risk", risk_names[p->risk]);
        jo_bool(j, "writable", p->is_writable);
        jo_bool(j, "restarts", p->restarts);
        jo_end(j);
    }
    jo_end(j);
    print_rules(j, "depends", parameters->depends, parameters->depends_count);
    print_rules(j, "health", parameters->health, parameters->health_count);
    jo_object(j, "confirm_s");
    jo_int(j, "min", parameters->confirm_min_s);
    jo_int(j, "max", parameters->confirm_max_s);
    jo_end(j);
}
