/* A parameter of a product: its type, its bounds, its value. The pack states them on the gateway and agent.conf on the
 * product; both check with these functions, and the product's word is the last. Pure; any thread.
 *
 *   type      JSON      as the product reads and prints it        bounds
 *   int       number    -18                                       min max step
 *   number    number    -18.5                                     min max step
 *   bool      boolean   true or false (on/off, yes/no, 1/0 read)  none
 *   enum      string    one of its choices                        choices
 *   text      string    UTF-8 on one line                         max_bytes pattern
 *   duration  number    seconds (1h30m is read as well)           min max step */
#pragma once
#include "fieldline/caps.h"
#include "fieldline/json.h"

enum {
    PARAMETERS_MAX = 64,           /* of one product */
    PARAMETER_CHOICES_MAX = 32,    /* of one enum */
    PARAMETER_RULES_MAX = 16,      /* between parameters, of one product or pack */
    PARAMETER_BYTES = 255,         /* a value as text */
    CHANGE_VALUES_MAX = 16,        /* set by one change */
    CONFIRM_SECONDS_MAX = 60 * 60, /* a change waits no longer for its confirmation */
    PARAMETER_PATTERN_BYTES = 200
};

enum parameter_type {
    PARAMETER_INT,
    PARAMETER_NUMBER,
    PARAMETER_BOOL,
    PARAMETER_ENUM,
    PARAMETER_TEXT,
    PARAMETER_DURATION,
    PARAMETER_TYPES
};
const char *parameter_type_name(enum parameter_type type); /* "int", ... */
FL_CHECK bool parameter_type_parse(const char *text, enum parameter_type *out);
bool parameter_type_is_number(enum parameter_type type); /* min, max and step mean something */
/* [a-z][a-z0-9_]*, at most CAP_CODE_BYTES. */
bool parameter_name_valid(const char *text);

struct parameter_form {
    enum parameter_type type;
    bool has_min, has_max, has_step;
    double min, max, step; /* step counts from min, without one from 0; durations in seconds */
    char **choices;        /* ends with NULL; NULL unless an enum */
    size_t max_bytes;      /* 0: PARAMETER_BYTES */
    char *pattern;         /* POSIX extended, about the whole text; NULL: none */
};
void parameter_form_fini(struct parameter_form *form);
/* Do the bounds fit the type and each other? */
FL_CHECK enum result parameter_form_check(const struct parameter_form *form, struct fault *fault);
/* Members of the object under way: type, min, max, step, choices, max_bytes, pattern; and back. What was read is
 * checked; free with parameter_form_fini, also after a failure. */
void parameter_form_write(const struct parameter_form *form, struct json_out *out);
FL_CHECK enum result parameter_form_read(const struct json *object, struct parameter_form *out, struct fault *fault);
/* "a, b, c" -> choices. */
FL_CHECK enum result parameter_choices_parse(const char *text, char ***out, struct fault *fault);
void parameter_choices_free(char **choices);

struct parameter_value {
    enum parameter_type type;
    double number;                  /* int, number, duration (s), bool (0 or 1) */
    char text[PARAMETER_BYTES + 1]; /* enum, text */
};
/* What a product printed, or a person wrote: blanks around it do not count. Of the form's type, not yet of its bounds.
 */
FL_CHECK enum result parameter_value_parse(const struct parameter_form *form, const char *text, size_t chars,
                                           struct parameter_value *out, struct fault *fault);
FL_CHECK enum result parameter_value_read(const struct parameter_form *form, const struct json *node,
                                          struct parameter_value *out, struct fault *fault);
/* Within the form's bounds? RESULT_BAD_INPUT, naming the bound. */
FL_CHECK enum result parameter_value_check(const struct parameter_form *form, const struct parameter_value *value,
                                           struct fault *fault);
enum { PARAMETER_PRINT_BYTES = PARAMETER_BYTES + 1 };
/* As the product gets it; reads back as the same. */
void parameter_value_print(const struct parameter_value *value, char out[PARAMETER_PRINT_BYTES]);
void parameter_value_write(const struct parameter_value *value, const char *key, struct json_out *out);
bool parameter_value_equal(const struct parameter_value *a, const struct parameter_value *b);

/* What must hold between two values: NAME OP NAME, NAME OP NAME + NUMBER (or -), NAME OP NUMBER (30m is 1800),
 * NAME OP true, NAME OP "text". OP: < <= > >= == != ; of texts only the last two. */
struct parameter_rule {
    char source[PARAMETER_BYTES + 1];
    char left[CAP_CODE_BYTES + 1], right[CAP_CODE_BYTES + 1]; /* right: "" when it is a constant */
    uint8_t op;                                               /* a row of the operators' table */
    bool is_text;
    double offset; /* added to `right`, or the constant */
    char text[PARAMETER_BYTES + 1];
};
/* *at: the byte of the source that the fault is about; may be NULL. */
FL_CHECK enum result parameter_rule_parse(const char *source, struct parameter_rule *out, size_t *at,
                                          struct fault *fault);
/* The value of a name, or NULL when it is not known. */
typedef const struct parameter_value *parameter_lookup_fn(const void *self, const char *name);
/* RESULT_CONFLICT with the rule and both values: it does not hold. RESULT_NOT_FOUND: a value is not known, so nobody
 * can say that it holds. RESULT_BAD_INPUT: a number is compared with a text. */
FL_CHECK enum result parameter_rule_check(const struct parameter_rule *rule, parameter_lookup_fn *lookup,
                                          const void *self, struct fault *fault);
bool parameter_rule_names(const struct parameter_rule *rule, const char *name);
