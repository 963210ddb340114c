/* [parameter NAME] and [configure] of agent.conf: what was written, made into a param_set. For agent_config alone. */
#pragma once
#include "param_set.h"

enum param_key {
    PARAM_KEY_TYPE,
    PARAM_KEY_UNIT,
    PARAM_KEY_MIN,
    PARAM_KEY_MAX,
    PARAM_KEY_STEP,
    PARAM_KEY_CHOICES,
    PARAM_KEY_MAX_BYTES,
    PARAM_KEY_PATTERN,
    PARAM_KEY_READ,
    PARAM_KEY_WRITE,
    PARAM_KEY_FILE,
    PARAM_KEY_WRITABLE,
    PARAM_KEY_LIMIT,
    PARAM_KEY_REQUIRE,
    PARAM_KEYS
};
/* One section as it was written. */
struct param_section {
    struct param_section *next;
    char *name;
    char *text[PARAM_KEYS]; /* NULL: not given */
};
/* Takes a key of a section, which is found by its name or made. RESULT_BAD_INPUT: there is no such key. */
FL_CHECK enum result param_section_key(struct param_section **list, const char *name, const char *key,
                                       const char *value, struct fault *fault);
/* Sections into items and rules of `out`; `health`: a command line or NULL. Problems are lines "FILE: [parameter NAME]
 * key: text"; false when there is one. */
FL_CHECK bool param_sections_complete(const struct param_section *list, const char *health, const char *data_dir,
                                      const char *file, struct param_set *out, struct buf *problems);
void param_sections_free(struct param_section *list);
