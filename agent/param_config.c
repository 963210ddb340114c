/* Sections of agent.conf into parameters. A bound can be read only when the type is known, and the keys of a section
 * come in any order; so they are kept as they were written and made into a parameter at the end. */
#include "param_config.h"

#include <stdlib.h>
#include <string.h>

#include "argv.h"
#include "fieldline/number.h"

enum { LIMIT_MS = 10 * 1000, LIMIT_MIN_MS = 100, LIMIT_MAX_MS = 5 * 60 * 1000 };

static const char *const key_names[PARAM_KEYS] = {[PARAM_KEY_TYPE] = "type",
                                                  [PARAM_KEY_UNIT] = "unit",
                                                  [PARAM_KEY_MIN] = "min",
                                                  [PARAM_KEY_MAX] = "max",
                                                  [PARAM_KEY_STEP] = "step",
                                                  [PARAM_KEY_CHOICES] = "choices",
                                                  [PARAM_KEY_MAX_BYTES] = "max_bytes",
                                                  [PARAM_KEY_PATTERN] = "pattern",
                                                  [PARAM_KEY_READ] = "read",
                                                  [PARAM_KEY_WRITE] = "write",
                                                  [PARAM_KEY_FILE] = "file",
                                                  [PARAM_KEY_WRITABLE] = "writable",
                                                  [PARAM_KEY_LIMIT] = "limit",
                                                  [PARAM_KEY_REQUIRE] = "require"};

enum result param_section_key(struct param_section **list, const char *name, const char *key, const char *value,
                              struct fault *fault) {
    size_t row = 0;
    while (row < PARAM_KEYS && strcmp(key, key_names[row]) != 0) {
        row++;
    }
    if (row == PARAM_KEYS) {
        return fault_set(fault, RESULT_BAD_INPUT,
                         "unknown key '%s', expected type, unit, min, max, step, choices, max_bytes, pattern, read, "
                         "write, file, writable, limit or require",
                         key);
    }
    if (!parameter_name_valid(name)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not a name: 1 to %d of a-z, 0-9 and '_', a letter first",
                         name, CAP_CODE_BYTES);
    }
    while (*list != NULL && strcmp((*list)->name, name) != 0) {
        list = &(*list)->next;
    }
    if (*list == NULL) {
        *list = mem_alloc(sizeof **list);
        (*list)->name = mem_strdup(name);
    }
    free((*list)->text[row]);
    (*list)->text[row] = mem_strdup(value);
    return RESULT_OK;
}

void param_sections_free(struct param_section *list) {
    while (list != NULL) {
        struct param_section *next = list->next;
        for (size_t i = 0; i < PARAM_KEYS; i++) {
            free(list->text[i]);
        }
        free(list->name);
        free(list);
        list = next;
    }
}

/* ---- each key ---------------------------------------------------------------------------------------------------- */

static enum result take_type(const char *text, struct param *p, struct fault *fault) {
    return parameter_type_parse(text, &p->form.type)
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "'%s', expected int, number, bool, enum, text or duration", text);
}

static enum result take_unit(const char *text, struct param *p, struct fault *fault) {
    if (strlen(text) > CAP_UNIT_BYTES) {
        return fault_set(fault, RESULT_BAD_INPUT, "longer than %d bytes", CAP_UNIT_BYTES);
    }
    free(p->unit);
    p->unit = mem_strdup(text);
    return RESULT_OK;
}

static enum result take_bound(const struct param *p, const char *text, bool *has, double *out, struct fault *fault) {
    struct parameter_value value;
    struct parameter_form plain = {.type = p->form.type == PARAMETER_DURATION ? PARAMETER_DURATION : PARAMETER_NUMBER};
    enum result result = parameter_value_parse(&plain, text, strlen(text), &value, fault);
    if (result == RESULT_OK) {
        *has = true;
        *out = value.number;
    }
    return result;
}

static enum result take_min(const char *text, struct param *p, struct fault *fault) {
    return take_bound(p, text, &p->form.has_min, &p->form.min, fault);
}

static enum result take_max(const char *text, struct param *p, struct fault *fault) {
    return take_bound(p, text, &p->form.has_max, &p->form.max, fault);
}

static enum result take_step(const char *text, struct param *p, struct fault *fault) {
    return take_bound(p, text, &p->form.has_step, &p->form.step, fault);
}

static enum result take_choices(const char *text, struct param *p, struct fault *fault) {
    return parameter_choices_parse(text, &p->form.choices, fault);
}

static enum result take_max_bytes(const char *text, struct param *p, struct fault *fault) {
    int64_t n;
    if (!number_i64(text, strlen(text), 1, PARAMETER_BYTES, &n)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s', expected 1 to %d", text, PARAMETER_BYTES);
    }
    p->form.max_bytes = (size_t)n;
    return RESULT_OK;
}

static enum result take_pattern(const char *text, struct param *p, struct fault *fault) {
    (void)fault;
    p->form.pattern = mem_strdup(text);
    return RESULT_OK;
}

static enum result take_argv(const char *text, char ***out, struct fault *fault) {
    char **argv;
    if (argv_split(text, &argv, fault) != RESULT_OK) {
        return RESULT_BAD_INPUT;
    }
    if (argv[0][0] != '/') {
        fault_set(fault, RESULT_BAD_INPUT, "it starts with '%s', expected an absolute path", argv[0]);
        argv_free(argv);
        return RESULT_BAD_INPUT;
    }
    *out = argv;
    return RESULT_OK;
}

static enum result take_read(const char *text, struct param *p, struct fault *fault) {
    return take_argv(text, &p->read, fault);
}

static enum result take_write(const char *text, struct param *p, struct fault *fault) {
    return take_argv(text, &p->write, fault);
}

static enum result take_file(const char *text, struct param *p, struct fault *fault) {
    if (text[0] != '/' || strlen(text) > PARAM_PATH_BYTES) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s', expected an absolute path", text);
    }
    p->file = mem_strdup(text);
    return RESULT_OK;
}

static enum result take_writable(const char *text, struct param *p, struct fault *fault) {
    static const struct parameter_form form = {.type = PARAMETER_BOOL};
    struct parameter_value value;
    enum result result = parameter_value_parse(&form, text, strlen(text), &value, fault);
    p->is_writable = result == RESULT_OK && value.number != 0;
    return result;
}

static enum result take_limit(const char *text, struct param *p, struct fault *fault) {
    if (!number_duration_ms(text, strlen(text), &p->limit_ms) || p->limit_ms < LIMIT_MIN_MS ||
        p->limit_ms > LIMIT_MAX_MS) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not a time from 100ms to 5m", text);
    }
    return RESULT_OK;
}

/* In the order of the keys: the type comes before what depends on it. `require` is the set's. */
static enum result (*const takers[PARAM_KEYS])(const char *text, struct param *p,
                                               struct fault *fault) = {[PARAM_KEY_TYPE] = take_type,
                                                                       [PARAM_KEY_UNIT] = take_unit,
                                                                       [PARAM_KEY_MIN] = take_min,
                                                                       [PARAM_KEY_MAX] = take_max,
                                                                       [PARAM_KEY_STEP] = take_step,
                                                                       [PARAM_KEY_CHOICES] = take_choices,
                                                                       [PARAM_KEY_MAX_BYTES] = take_max_bytes,
                                                                       [PARAM_KEY_PATTERN] = take_pattern,
                                                                       [PARAM_KEY_READ] = take_read,
                                                                       [PARAM_KEY_WRITE] = take_write,
                                                                       [PARAM_KEY_FILE] = take_file,
                                                                       [PARAM_KEY_WRITABLE] = take_writable,
                                                                       [PARAM_KEY_LIMIT] = take_limit};

/* "a > b + 5, a < 3" */
static enum result take_rules(struct param_set *set, const char *text, struct fault *fault) {
    enum result result = RESULT_OK;
    for (const char *at = text; at != NULL && result == RESULT_OK;) {
        const char *comma = strchr(at, ',');
        char *one = mem_strndup(at, comma != NULL ? (size_t)(comma - at) : strlen(at));
        char *begin = one + strspn(one, " \t");
        if (set->rule_count == PARAMETER_RULES_MAX) {
            result = fault_set(fault, RESULT_TOO_BIG, "more than %d rules in all", PARAMETER_RULES_MAX);
        } else {
            result = parameter_rule_parse(begin, &set->rules[set->rule_count], NULL, fault);
            set->rule_count += result == RESULT_OK;
        }
        free(one);
        at = comma != NULL ? comma + 1 : NULL;
    }
    return result;
}

static bool complete_one(const struct param_section *s, const char *file, struct param_set *set, struct buf *problems) {
    struct param *p = &set->items[set->count++];
    struct fault fault;
    bool is_fine = true;
    *p = (struct param){.name = mem_strdup(s->name), .unit = mem_strdup(""), .limit_ms = LIMIT_MS};
    p->is_writable = s->text[PARAM_KEY_WRITE] != NULL || s->text[PARAM_KEY_FILE] != NULL;
    if (s->text[PARAM_KEY_TYPE] == NULL) {
        buf_printf(problems, "%s: [parameter %s] type: missing\n", file, s->name);
        return false;
    }
    for (size_t i = 0; i < PARAM_KEYS; i++) {
        if (s->text[i] == NULL) {
            continue;
        }
        enum result result = takers[i] != NULL ? takers[i](s->text[i], p, &fault) : take_rules(set, s->text[i], &fault);
        if (result != RESULT_OK) {
            buf_printf(problems, "%s: [parameter %s] %s: %s\n", file, s->name, key_names[i], fault.text);
            is_fine = false;
        }
    }
    return is_fine;
}

bool param_sections_complete(const struct param_section *list, const char *health, const char *data_dir,
                             const char *file, struct param_set *out, struct buf *problems) {
    struct fault fault;
    bool is_fine = true;
    out->items = mem_alloc(PARAMETERS_MAX * sizeof *out->items);
    out->rules = mem_alloc(PARAMETER_RULES_MAX * sizeof *out->rules);
    out->folder = mem_strdup(data_dir);
    if (health != NULL && take_argv(health, &out->health, &fault) != RESULT_OK) {
        buf_printf(problems, "%s: [configure] health: %s\n", file, fault.text);
        is_fine = false;
    }
    for (const struct param_section *s = list; s != NULL; s = s->next) {
        if (out->count == PARAMETERS_MAX) {
            buf_printf(problems, "%s: more than %d [parameter] sections\n", file, PARAMETERS_MAX);
            return false;
        }
        is_fine &= complete_one(s, file, out, problems);
    }
    if (is_fine && param_set_check(out, &fault) != RESULT_OK) {
        buf_printf(problems, "%s: [parameter]: %s\n", file, fault.text);
        is_fine = false;
    }
    return is_fine;
}
