/* The set of parameters and its way through the grant: written by the resident agent, read by the session process,
 * which checks it as if it came from anywhere. Whoever makes one by hand (agent_config) fills the struct. */
#include "param_set.h"

#include <stdlib.h>
#include <string.h>

#include "argv.h"

const struct param *param_find(const struct param_set *set, const char *name) {
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->items[i].name, name) == 0) {
            return &set->items[i];
        }
    }
    return NULL;
}

void param_set_fini(struct param_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        struct param *p = &set->items[i];
        free(p->name);
        free(p->unit);
        free(p->file);
        argv_free(p->read);
        argv_free(p->write);
        parameter_form_fini(&p->form);
    }
    free(set->items);
    free(set->rules);
    free(set->folder);
    argv_free(set->health);
    *set = (struct param_set){0};
}

/* ---- whole? ------------------------------------------------------------------------------------------------------ */

static bool is_textual(const struct param *p) {
    return p->form.type == PARAMETER_ENUM || p->form.type == PARAMETER_TEXT;
}

static enum result check_param(const struct param *p, struct fault *fault) {
    if (!parameter_name_valid(p->name)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is no name of a parameter", p->name);
    }
    if ((p->file != NULL) == (p->read != NULL)) {
        return fault_set(fault, RESULT_BAD_INPUT, "parameter %s: expected either 'file' or 'read'", p->name);
    }
    if (p->file != NULL && (p->file[0] != '/' || strlen(p->file) > PARAM_PATH_BYTES)) {
        return fault_set(fault, RESULT_BAD_INPUT, "parameter %s: 'file' must be an absolute path", p->name);
    }
    if (p->is_writable && p->file == NULL && p->write == NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "parameter %s: 'write' is missing", p->name);
    }
    enum result result = parameter_form_check(&p->form, fault);
    if (result != RESULT_OK) {
        fault_prefix(fault, "parameter %s", p->name);
    }
    return result;
}

static enum result check_rule(const struct param_set *set, const struct parameter_rule *rule, struct fault *fault) {
    const struct param *left = param_find(set, rule->left), *right = param_find(set, rule->right);
    if (left == NULL || (rule->right[0] != '\0' && right == NULL)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%.100s': there is no parameter '%s'", rule->source,
                         left == NULL ? rule->left : rule->right);
    }
    if (is_textual(left) != (right != NULL ? is_textual(right) : rule->is_text)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%.100s' compares a text with a number", rule->source);
    }
    return RESULT_OK;
}

enum result param_set_check(const struct param_set *set, struct fault *fault) {
    enum result result = RESULT_OK;
    for (size_t i = 0; i < set->count && result == RESULT_OK; i++) {
        result = check_param(&set->items[i], fault);
        if (result == RESULT_OK && param_find(set, set->items[i].name) != &set->items[i]) {
            result = fault_set(fault, RESULT_BAD_INPUT, "parameter %s is there twice", set->items[i].name);
        }
    }
    for (size_t i = 0; i < set->rule_count && result == RESULT_OK; i++) {
        result = check_rule(set, &set->rules[i], fault);
    }
    if (result == RESULT_OK && set->confirm_min_ms > set->confirm_max_ms) {
        return fault_set(fault, RESULT_BAD_INPUT, "the shortest wait for a confirmation is above the longest");
    }
    return result;
}

/* ---- out --------------------------------------------------------------------------------------------------------- */

static void print_argv(struct json_out *j, const char *key, char *const *argv) {
    if (argv != NULL) {
        jo_array(j, key);
        for (; *argv != NULL; argv++) {
            jo_str(j, NULL, *argv);
        }
        jo_end(j);
    }
}

void param_set_print(const struct param_set *set, struct json_out *j, const char *key) {
    jo_object(j, key);
    jo_str(j, "folder", set->folder);
    print_argv(j, "health", set->health);
    jo_int(j, "health_limit_ms", set->health_limit_ms);
    jo_int(j, "health_after_ms", set->health_after_ms);
    jo_int(j, "health_every_ms", set->health_every_ms);
    jo_int(j, "confirm_min_ms", set->confirm_min_ms);
    jo_int(j, "confirm_max_ms", set->confirm_max_ms);
    jo_array(j, "items");
    for (size_t i = 0; i < set->count; i++) {
        const struct param *p = &set->items[i];
        jo_object(j, NULL);
        jo_str(j, "name", p->name);
        jo_str(j, "unit", p->unit);
        parameter_form_write(&p->form, j);
        print_argv(j, "read", p->read);
        print_argv(j, "write", p->write);
        if (p->file != NULL) {
            jo_str(j, "file", p->file);
        }
        jo_bool(j, "writable", p->is_writable);
        jo_int(j, "limit_ms", p->limit_ms);
        jo_end(j);
    }
    jo_end(j);
    jo_array(j, "rules");
    for (size_t i = 0; i < set->rule_count; i++) {
        jo_str(j, NULL, set->rules[i].source);
    }
    jo_end(j);
    jo_end(j);
}

/* ---- in ---------------------------------------------------------------------------------------------------------- */

static enum result read_argv(const struct json *object, const char *key, char ***out, struct fault *fault) {
    const struct json *list;
    if (json_get(object, key) == NULL) {
        return RESULT_OK;
    }
    enum result result = json_array(object, key, PARAM_ARGS, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    char **argv = mem_alloc((json_count(list) + 1) * sizeof *argv);
    size_t count = 0;
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *text;
        if (!json_as_string(item, &text)) {
            argv_free(argv);
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' has a member that is no string", key);
        }
        argv[count++] = mem_strdup(text);
    }
    if (count == 0 || argv[0][0] != '/') {
        argv_free(argv);
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' must begin with the absolute path of a program", key);
    }
    *out = argv;
    return RESULT_OK;
}

static enum result read_item(const struct json *row, struct param *p, struct fault *fault) {
    const char *name, *unit, *file;
    enum result result;
    if (!json_is_object(row)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'items' has a member that is no object");
    }
    if ((result = json_string(row, "name", CAP_CODE_BYTES, &name, fault)) != RESULT_OK ||
        (result = json_string(row, "unit", CAP_UNIT_BYTES, &unit, fault)) != RESULT_OK ||
        (result = json_optional_string(row, "file", PARAM_PATH_BYTES, &file, fault)) != RESULT_OK) {
        return result;
    }
    p->name = mem_strdup(name);
    p->unit = mem_strdup(unit);
    p->file = file != NULL ? mem_strdup(file) : NULL;
    if ((result = parameter_form_read(row, &p->form, fault)) != RESULT_OK ||
        (result = read_argv(row, "read", &p->read, fault)) != RESULT_OK ||
        (result = read_argv(row, "write", &p->write, fault)) != RESULT_OK ||
        (result = json_bool(row, "writable", &p->is_writable, fault)) != RESULT_OK) {
        return result;
    }
    return json_integer(row, "limit_ms", 1, CAP_SESSION_SECONDS * 1000LL, &p->limit_ms, fault);
}

static enum result read_items(const struct json *object, struct param_set *out, struct fault *fault) {
    const struct json *list;
    enum result result = json_array(object, "items", PARAMETERS_MAX, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    out->items = mem_alloc((json_count(list) + 1) * sizeof *out->items);
    for (const struct json *row = json_first(list); row != NULL && result == RESULT_OK; row = json_next(row)) {
        struct param *p = &out->items[out->count++];
        result = read_item(row, p, fault);
        p->name = p->name != NULL ? p->name : mem_strdup("");
    }
    return result;
}

static enum result read_rules(const struct json *object, struct param_set *out, struct fault *fault) {
    const struct json *list;
    enum result result = json_array(object, "rules", PARAMETER_RULES_MAX, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    out->rules = mem_alloc((json_count(list) + 1) * sizeof *out->rules);
    for (const struct json *row = json_first(list); row != NULL && result == RESULT_OK; row = json_next(row)) {
        const char *text;
        result = json_as_string(row, &text) ? parameter_rule_parse(text, &out->rules[out->rule_count], NULL, fault)
                                            : fault_set(fault, RESULT_BAD_INPUT, "a rule is no string");
        out->rule_count += result == RESULT_OK;
    }
    return result;
}

enum result param_set_read(const struct json *o, struct param_set *out, struct fault *fault) {
    const int64_t most_ms = CAP_SESSION_SECONDS * 1000LL;
    const char *folder;
    enum result result;
    *out = (struct param_set){0};
    if ((result = json_string(o, "folder", PARAM_PATH_BYTES, &folder, fault)) != RESULT_OK) {
        return result;
    }
    out->folder = mem_strdup(folder);
    if ((result = read_argv(o, "health", &out->health, fault)) != RESULT_OK ||
        (result = json_integer(o, "health_limit_ms", 1, most_ms, &out->health_limit_ms, fault)) != RESULT_OK ||
        (result = json_integer(o, "health_after_ms", 0, most_ms, &out->health_after_ms, fault)) != RESULT_OK ||
        (result = json_integer(o, "health_every_ms", 1, most_ms, &out->health_every_ms, fault)) != RESULT_OK ||
        (result = json_integer(o, "confirm_min_ms", 1, most_ms, &out->confirm_min_ms, fault)) != RESULT_OK ||
        (result = json_integer(o, "confirm_max_ms", 1, most_ms, &out->confirm_max_ms, fault)) != RESULT_OK ||
        (result = read_items(o, out, fault)) != RESULT_OK || (result = read_rules(o, out, fault)) != RESULT_OK) {
        return result;
    }
    return param_set_check(out, fault);
}
