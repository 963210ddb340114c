/* The parameters of this product, as agent.conf names them: what a session with `configure` may see and set, how each
 * is read and written, and what the product asks before a change is kept. Handed to the session process with its grant.
 */
#pragma once
#include "fieldline/parameter.h"

enum { PARAM_ARGS = 32, PARAM_PATH_BYTES = 1024 };

/* Read by a program that prints the value, or from a file that holds it; written by a program that gets the value and a
 * newline on its standard input, or by replacing the file. Never through a shell. */
struct param {
    char *name, *unit; /* unit: "" unless given */
    struct parameter_form form;
    char **read, **write; /* argv, ends with NULL, argv[0] an absolute path; NULL: the file */
    char *file;           /* NULL: the programs */
    bool is_writable;
    int64_t limit_ms; /* of either program */
};
struct param_set {
    struct param *items;
    size_t count;
    struct parameter_rule *rules;
    size_t rule_count;
    char *folder;  /* the journal's: data_dir */
    char **health; /* argv; exit status 0 is good; NULL: nothing is asked */
    int64_t health_limit_ms;
    int64_t health_after_ms, health_every_ms; /* while a change waits */
    int64_t confirm_min_ms, confirm_max_ms;   /* how long a change may wait */
};
const struct param *param_find(const struct param_set *set, const char *name); /* NULL: there is none */
/* Does something here say that a name of a rule is no parameter, or that two sides cannot be compared? */
FL_CHECK enum result param_set_check(const struct param_set *set, struct fault *fault);
/* One JSON object, for the grant, and back; everything is checked. Free with param_set_fini, also after a failure. */
void param_set_print(const struct param_set *set, struct json_out *out, const char *key);
FL_CHECK enum result param_set_read(const struct json *object, struct param_set *out, struct fault *fault);
void param_set_fini(struct param_set *set);
