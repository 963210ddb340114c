/* The typed arguments of a diagnostic: what `args =` of a [diagnostic NAME] section declares, and how values that an
 * engineer gives become whole arguments of its command line. A value is checked against its type, stands for exactly
 * one argument of argv, and never meets a shell.
 *
 *   command = /usr/bin/ping -c {count} {host}
 *   args = host:hostname, count:int(1..10)=3
 *
 * Types: hostname (a name or an IP address), int(A..B), choice(a|b|c), word (letters, digits and . _ : / @ + -; at most
 * 63), text(N) (one printable line of at most N bytes). A value that begins with '-' would be taken for an option: only
 * int and choice can declare one. `=VALUE` at the end makes it optional. Pure. */
#pragma once
#include "fieldline/json.h"

enum {
    DIAGNOSTIC_ARGS = 8,
    DIAGNOSTIC_ARG_NAME_BYTES = 31, /* [a-z][a-z0-9_]* */
    DIAGNOSTIC_ARG_CHOICES = 16,
    DIAGNOSTIC_ARG_VALUE_BYTES = 255,
    DIAGNOSTIC_ARGS_TEXT_BYTES = 2048 /* of the declaration */
};

enum diagnostic_arg_kind {
    DIAGNOSTIC_ARG_HOSTNAME,
    DIAGNOSTIC_ARG_INT,
    DIAGNOSTIC_ARG_CHOICE,
    DIAGNOSTIC_ARG_WORD,
    DIAGNOSTIC_ARG_TEXT
};
struct diagnostic_arg {
    char name[DIAGNOSTIC_ARG_NAME_BYTES + 1];
    enum diagnostic_arg_kind kind;
    int64_t least, most; /* of an int; most: bytes of a text */
    size_t choice_count;
    char *choices[DIAGNOSTIC_ARG_CHOICES];
    char *initial; /* NULL: it must be given */
};
struct diagnostic_args {
    size_t count;
    struct diagnostic_arg rows[DIAGNOSTIC_ARGS];
};
/* "" declares none. The fault names the argument. Free with diagnostic_args_fini, also after a failure. */
FL_CHECK enum result diagnostic_args_parse(const char *text, struct diagnostic_args *out, struct fault *fault);
void diagnostic_args_fini(struct diagnostic_args *args);
/* Do command and declaration fit: every {name} is declared and is a whole argument, every declared one is used. */
FL_CHECK enum result diagnostic_args_check(const struct diagnostic_args *args, char *const *argv, struct fault *fault);
/* All can be left out: it can run without anybody at hand. */
bool diagnostic_args_are_optional(const struct diagnostic_args *args);
/* The command with its values. `values` is an object of strings and integers; NULL: none is given. *out ends with NULL;
 * free with argv_free. Refuses missing, unknown and ill-typed ones by name. */
FL_CHECK enum result diagnostic_args_bind(const struct diagnostic_args *args, char *const *argv,
                                          const struct json *values, char ***out, struct fault *fault);
/* The member "args": [{"name","type","least"?,"most"?,"choices"?,"initial"?}], for a form. */
void diagnostic_args_describe(const struct diagnostic_args *args, struct json_out *out);
