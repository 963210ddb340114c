/* Typed arguments: a declaration, and values held against it.
 *
 * A type is a row with two functions: one reads what stands in its brackets, one says whether a value will do. The
 * declaration travels as its own text (configuration -> grant), so both ends read it with this file. What a value
 * becomes is a whole element of argv; there is no quoting because there is nothing that would take quotes apart.
 * Free text of any form was left: `text` is one printable line, because programs print their arguments into terminals
 * and logs. */
#include "diagnostic_args.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "argv.h"
#include "fieldline/number.h"

#define LOWER    "abcdefghijklmnopqrstuvwxyz"
#define UPPER    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS   "0123456789"
#define INT_MOST (INT64_C(1) << 53)
enum { WORD_BYTES = 63, HOST_BYTES = 253, LABEL_BYTES = 63, ARGV_SPARE = 1 };

/* ---- types ------------------------------------------------------------------------------------------------------- */

static bool is_of(const char *text, const char *set, size_t max_bytes) {
    size_t bytes = strlen(text);
    return bytes > 0 && bytes <= max_bytes && strspn(text, set) == bytes;
}

static bool read_nothing(struct diagnostic_arg *arg, const char *inside) {
    (void)arg;
    return inside == NULL;
}

static bool read_range(struct diagnostic_arg *arg, const char *inside) {
    const char *dots = inside == NULL ? NULL : strstr(inside, "..");
    return dots != NULL && number_i64(inside, (size_t)(dots - inside), -INT_MOST, INT_MOST, &arg->least) &&
           number_i64(dots + 2, strlen(dots + 2), -INT_MOST, INT_MOST, &arg->most) && arg->least <= arg->most;
}

static bool is_printable(const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return utf8_valid(text, bytes);
}

static bool read_choices(struct diagnostic_arg *arg, const char *inside) {
    for (const char *at = inside; at != NULL;) {
        const char *bar = strchr(at, '|');
        size_t chars = bar != NULL ? (size_t)(bar - at) : strlen(at);
        if (chars == 0 || chars > WORD_BYTES || arg->choice_count == DIAGNOSTIC_ARG_CHOICES ||
            !is_printable(at, chars)) {
            return false;
        }
        arg->choices[arg->choice_count++] = mem_strndup(at, chars);
        at = bar != NULL ? bar + 1 : NULL;
    }
    return arg->choice_count > 0;
}

static bool read_length(struct diagnostic_arg *arg, const char *inside) {
    return inside != NULL && number_i64(inside, strlen(inside), 1, DIAGNOSTIC_ARG_VALUE_BYTES, &arg->most);
}

/* RFC 1123 labels; an IPv6 address has colons and is looked at as characters alone: the program will know. */
static bool fits_host(const struct diagnostic_arg *arg, const char *value) {
    (void)arg;
    if (strchr(value, ':') != NULL) {
        return is_of(value, DIGITS "abcdefABCDEF:.", 45);
    }
    if (!is_of(value, LOWER UPPER DIGITS ".-", HOST_BYTES)) {
        return false;
    }
    for (const char *at = value; at != NULL;) {
        const char *dot = strchr(at, '.');
        size_t chars = dot != NULL ? (size_t)(dot - at) : strlen(at);
        if (chars == 0 || chars > LABEL_BYTES || at[0] == '-' || at[chars - 1] == '-') {
            return false;
        }
        at = dot != NULL ? dot + 1 : NULL;
    }
    return true;
}

static bool fits_int(const struct diagnostic_arg *arg, const char *value) {
    int64_t number;
    return number_i64(value, strlen(value), arg->least, arg->most, &number);
}

static bool fits_choice(const struct diagnostic_arg *arg, const char *value) {
    for (size_t i = 0; i < arg->choice_count; i++) {
        if (strcmp(value, arg->choices[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool fits_word(const struct diagnostic_arg *arg, const char *value) {
    (void)arg;
    return value[0] != '-' && is_of(value, LOWER UPPER DIGITS "._:/@+-", WORD_BYTES);
}

static bool fits_text(const struct diagnostic_arg *arg, const char *value) {
    size_t bytes = strlen(value);
    return bytes > 0 && value[0] != '-' && (int64_t)bytes <= arg->most && is_printable(value, bytes);
}

static const struct {
    const char *name;
    bool (*read)(struct diagnostic_arg *arg, const char *inside); /* inside: NULL without brackets */
    bool (*fits)(const struct diagnostic_arg *arg, const char *value);
    const char *form, *expected;
} kinds[] = {
    [DIAGNOSTIC_ARG_HOSTNAME] = {"hostname", read_nothing, fits_host, "hostname", "a host's name or address"},
    [DIAGNOSTIC_ARG_INT] = {"int", read_range, fits_int, "int(A..B)", "a whole number within its bounds"},
    [DIAGNOSTIC_ARG_CHOICE] = {"choice", read_choices, fits_choice, "choice(a|b)", "one of its choices"},
    [DIAGNOSTIC_ARG_WORD] = {"word", read_nothing, fits_word, "word",
                             "letters, digits and . _ : / @ + -, at most 63, not beginning with '-'"},
    [DIAGNOSTIC_ARG_TEXT] = {"text", read_length, fits_text, "text(N)",
                             "one printable line within its length, not beginning with '-'"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- the declaration --------------------------------------------------------------------------------------------- */

static bool take_name(const char **at, char out[DIAGNOSTIC_ARG_NAME_BYTES + 1]) {
    size_t chars = strspn(*at, LOWER DIGITS "_");
    if (chars == 0 || chars > DIAGNOSTIC_ARG_NAME_BYTES || (*at)[0] < 'a') {
        return false;
    }
    memcpy(out, *at, chars);
    out[chars] = '\0';
    *at += chars;
    return true;
}

static enum result bad_type(const struct diagnostic_arg *arg, struct fault *fault) {
    return fault_set(fault, RESULT_BAD_INPUT,
                     "the type of '%s' is none of hostname, int(A..B), choice(a|b), word, text(N)", arg->name);
}

/* "int(1..3)" */
static enum result take_type(const char **at, struct diagnostic_arg *arg, struct fault *fault) {
    size_t chars = strspn(*at, LOWER), kind = 0;
    while (kind < KINDS && (strlen(kinds[kind].name) != chars || strncmp(*at, kinds[kind].name, chars) != 0)) {
        kind++;
    }
    if (kind == KINDS) {
        return bad_type(arg, fault);
    }
    *at += chars;
    arg->kind = (enum diagnostic_arg_kind)kind;
    char *inside = NULL;
    if (**at == '(') {
        const char *end = strchr(*at, ')');
        if (end == NULL) {
            return fault_set(fault, RESULT_BAD_INPUT, "a bracket is left open in '%s'", arg->name);
        }
        inside = mem_strndup(*at + 1, (size_t)(end - *at - 1));
        *at = end + 1;
    }
    bool is_good = kinds[kind].read(arg, inside);
    free(inside);
    return is_good ? RESULT_OK
                   : fault_set(fault, RESULT_BAD_INPUT, "'%s' must be declared as %s", arg->name, kinds[kind].form);
}

static enum result take_initial(const char **at, struct diagnostic_arg *arg, struct fault *fault) {
    if (**at != '=') {
        return RESULT_OK;
    }
    size_t chars = strcspn(++*at, ",");
    size_t trimmed = chars;
    while (trimmed > 0 && (*at)[trimmed - 1] == ' ') {
        trimmed--;
    }
    arg->initial = mem_strndup(*at, trimmed);
    *at += chars;
    return kinds[arg->kind].fits(arg, arg->initial)
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "the default of '%s' is not %s", arg->name,
                           kinds[arg->kind].expected);
}

static const struct diagnostic_arg *find(const struct diagnostic_args *args, const char *name) {
    for (size_t i = 0; i < args->count; i++) {
        if (strcmp(args->rows[i].name, name) == 0) {
            return &args->rows[i];
        }
    }
    return NULL;
}

static enum result take_arg(const char **at, struct diagnostic_args *out, struct fault *fault) {
    char name[DIAGNOSTIC_ARG_NAME_BYTES + 1];
    *at += strspn(*at, " ");
    if (!take_name(at, name) || **at != ':') {
        return fault_set(fault, RESULT_BAD_INPUT,
                         "expected NAME:TYPE, a name of at most %d of a-z, 0-9 and '_', a letter first",
                         DIAGNOSTIC_ARG_NAME_BYTES);
    }
    ++*at;
    if (find(out, name) != NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is declared twice", name);
    }
    if (out->count == DIAGNOSTIC_ARGS) {
        return fault_set(fault, RESULT_BAD_INPUT, "more than %d arguments", DIAGNOSTIC_ARGS);
    }
    struct diagnostic_arg *arg = &out->rows[out->count++];
    memcpy(arg->name, name, sizeof name);
    enum result result = take_type(at, arg, fault);
    if (result == RESULT_OK) {
        result = take_initial(at, arg, fault);
    }
    *at += strspn(*at, " ");
    return result;
}

enum result diagnostic_args_parse(const char *text, struct diagnostic_args *out, struct fault *fault) {
    const char *at = text + strspn(text, " ");
    *out = (struct diagnostic_args){0};
    if (strlen(text) > DIAGNOSTIC_ARGS_TEXT_BYTES || !is_printable(text, strlen(text))) {
        return fault_set(fault, RESULT_BAD_INPUT, "longer than %d bytes, or with control characters",
                         DIAGNOSTIC_ARGS_TEXT_BYTES);
    }
    while (*at != '\0') {
        enum result result = take_arg(&at, out, fault);
        if (result != RESULT_OK) {
            return result;
        }
        if (*at == ',' && at[1] != '\0') {
            at++;
        } else if (*at != '\0') {
            return fault_set(fault, RESULT_BAD_INPUT, "expected a comma after '%s'", out->rows[out->count - 1].name);
        }
    }
    return RESULT_OK;
}

void diagnostic_args_fini(struct diagnostic_args *args) {
    for (size_t i = 0; i < args->count; i++) {
        for (size_t c = 0; c < args->rows[i].choice_count; c++) {
            free(args->rows[i].choices[c]);
        }
        free(args->rows[i].initial);
    }
    *args = (struct diagnostic_args){0};
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* "{host}" -> "host"; NULL: it is no place for a value. */
static const char *place_of(const char *word, char out[DIAGNOSTIC_ARG_NAME_BYTES + 1]) {
    const char *at = word + 1;
    return word[0] == '{' && take_name(&at, out) && strcmp(at, "}") == 0 ? out : NULL;
}

static enum result check_word(const struct diagnostic_args *args, const char *word, bool used[DIAGNOSTIC_ARGS],
                              struct fault *fault) {
    char name[DIAGNOSTIC_ARG_NAME_BYTES + 1], part[DIAGNOSTIC_ARG_NAME_BYTES + 3];
    if (place_of(word, name) != NULL) {
        const struct diagnostic_arg *arg = find(args, name);
        if (arg == NULL) {
            return fault_set(fault, RESULT_BAD_INPUT, "{%s} is not declared in args", name);
        }
        used[arg - args->rows] = true;
        return RESULT_OK;
    }
    for (size_t i = 0; i < args->count; i++) {
        snprintf(part, sizeof part, "{%s}", args->rows[i].name);
        if (strstr(word, part) != NULL) {
            return fault_set(fault, RESULT_BAD_INPUT, "%s must be an argument of its own, not a part of '%.60s'", part,
                             word);
        }
    }
    return RESULT_OK;
}

enum result diagnostic_args_check(const struct diagnostic_args *args, char *const *argv, struct fault *fault) {
    bool used[DIAGNOSTIC_ARGS] = {false};
    for (size_t i = 1; argv[i] != NULL; i++) {
        enum result result = check_word(args, argv[i], used, fault);
        if (result != RESULT_OK) {
            return result;
        }
    }
    for (size_t i = 0; i < args->count; i++) {
        if (!used[i]) {
            return fault_set(fault, RESULT_BAD_INPUT, "the command has no {%s}", args->rows[i].name);
        }
    }
    return RESULT_OK;
}

bool diagnostic_args_are_optional(const struct diagnostic_args *args) {
    for (size_t i = 0; i < args->count; i++) {
        if (args->rows[i].initial == NULL) {
            return false;
        }
    }
    return true;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* An integer may come as a number or as text. */
static enum result take_value(const struct diagnostic_arg *arg, const struct json *values,
                              char out[DIAGNOSTIC_ARG_VALUE_BYTES + 1], struct fault *fault) {
    const struct json *node = values != NULL ? json_get(values, arg->name) : NULL;
    const char *text = arg->initial;
    double number;
    int64_t whole;
    if (node == NULL && text == NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "the argument '%s' is missing", arg->name);
    }
    if (node != NULL && json_as_number(node, &number)) {
        enum result result = json_integer(values, arg->name, -INT_MOST, INT_MOST, &whole, fault);
        if (result != RESULT_OK) {
            return result;
        }
        snprintf(out, DIAGNOSTIC_ARG_VALUE_BYTES + 1, "%lld", (long long)whole);
    } else if (node != NULL && !json_as_string(node, &text)) {
        return fault_set(fault, RESULT_BAD_INPUT, "the argument '%s' is neither a text nor a number", arg->name);
    } else {
        if (strlen(text) > DIAGNOSTIC_ARG_VALUE_BYTES) {
            return fault_set(fault, RESULT_TOO_BIG, "the argument '%s' is longer than %d bytes", arg->name,
                             DIAGNOSTIC_ARG_VALUE_BYTES);
        }
        snprintf(out, DIAGNOSTIC_ARG_VALUE_BYTES + 1, "%s", text);
    }
    return kinds[arg->kind].fits(arg, out) ? RESULT_OK
                                           : fault_set(fault, RESULT_BAD_INPUT, "the argument '%s' is not %s",
                                                       arg->name, kinds[arg->kind].expected);
}

static enum result refuse_unknown(const struct diagnostic_args *args, const struct json *values, struct fault *fault) {
    for (const struct json *at = values != NULL ? json_first(values) : NULL; at != NULL; at = json_next(at)) {
        if (find(args, json_key(at)) == NULL) {
            return fault_set(fault, RESULT_BAD_INPUT, "this diagnostic has no argument '%.60s'", json_key(at));
        }
    }
    return RESULT_OK;
}

enum result diagnostic_args_bind(const struct diagnostic_args *args, char *const *argv, const struct json *values,
                                 char ***out, struct fault *fault) {
    char name[DIAGNOSTIC_ARG_NAME_BYTES + 1], value[DIAGNOSTIC_ARG_VALUE_BYTES + 1];
    size_t count = 0;
    while (argv[count] != NULL) {
        count++;
    }
    enum result result = refuse_unknown(args, values, fault);
    char **bound = mem_alloc((count + ARGV_SPARE) * sizeof *bound);
    for (size_t i = 0; result == RESULT_OK && i < count; i++) {
        const struct diagnostic_arg *arg = place_of(argv[i], name) != NULL ? find(args, name) : NULL;
        if (arg == NULL) {
            bound[i] = mem_strdup(argv[i]);
        } else if ((result = take_value(arg, values, value, fault)) == RESULT_OK) {
            bound[i] = mem_strdup(value);
        }
    }
    if (result != RESULT_OK) {
        argv_free(bound);
        return result;
    }
    *out = bound;
    return RESULT_OK;
}

void diagnostic_args_describe(const struct diagnostic_args *args, struct json_out *j) {
    jo_array(j, "args");
    for (size_t i = 0; i < args->count; i++) {
        const struct diagnostic_arg *arg = &args->rows[i];
        jo_object(j, NULL);
        jo_str(j, "name", arg->name);
        jo_str(j, "type", kinds[arg->kind].name);
        if (arg->kind == DIAGNOSTIC_ARG_INT) {
            jo_int(j, "least", arg->least);
        }
        if (arg->kind == DIAGNOSTIC_ARG_INT || arg->kind == DIAGNOSTIC_ARG_TEXT) {
            jo_int(j, "most", arg->most);
        }
        if (arg->kind == DIAGNOSTIC_ARG_CHOICE) {
            jo_array(j, "choices");
            for (size_t c = 0; c < arg->choice_count; c++) {
                jo_str(j, NULL, arg->choices[c]);
            }
            jo_end(j);
        }
        if (arg->initial != NULL) {
            jo_str(j, "initial", arg->initial);
        }
        jo_end(j);
    }
    jo_end(j);
}
