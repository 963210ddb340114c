/* Topic patterns with named levels ("tele/{name}/SENSOR"), templates that are filled with what they caught
 * ("tasmota-{name}"), and the check that a topic is one that anybody should look at. */
#pragma once
#include <stddef.h>

#include "fieldline/caps.h"
#include "fieldline/result.h"

enum {
    PATTERN_LEVELS_MAX = 16,    /* of a pattern and of any foreign topic */
    PATTERN_NAMES_MAX = 6,      /* in one pattern */
    PATTERN_NAME_BYTES = 15,    /* [a-z][a-z0-9_]* */
    PATTERN_TEMPLATE_BYTES = 95 /* of a template's text */
};

/* What a topic said; points into the topic. */
struct capture {
    const char *name; /* of the pattern */
    const char *text;
    size_t chars;
};
struct captures {
    struct capture items[PATTERN_NAMES_MAX];
    size_t count;
};

enum level_kind { LEVEL_TEXT, LEVEL_ANY, LEVEL_NAME };
struct pattern {
    size_t level_count;
    struct pattern_level {
        enum level_kind kind;
        char text[CAP_TOPIC_BYTES + 1]; /* literal, or the name */
    } levels[PATTERN_LEVELS_MAX];
};
/* "a/{b}/+/c". Refuses '#', names given twice, a first level that begins with '$', and topics of agents ("fl/..."). */
FL_CHECK enum result pattern_parse(const char *text, struct pattern *out, struct fault *fault);
/* The subscription: {name} becomes +. */
void pattern_filter(const struct pattern *p, char out[CAP_TOPIC_BYTES + 1]);
bool pattern_match(const struct pattern *p, const char *topic, size_t chars, struct captures *out);
/* Only the first levels; *rest is behind the '/' after them. */
bool pattern_match_root(const struct pattern *p, const char *topic, size_t chars, struct captures *out,
                        const char **rest);
void captures_add(struct captures *c, const char *name, const char *text, size_t chars);

/* Text with {names} in it. */
struct pattern_template {
    size_t piece_count;
    struct template_piece {
        bool is_name;
        char text[PATTERN_TEMPLATE_BYTES + 1];
    } pieces[2 * PATTERN_NAMES_MAX + 1];
};
/* Refuses names that the pattern does not have; `pattern` NULL: any name. */
FL_CHECK enum result template_parse(const char *text, const struct pattern *pattern, struct pattern_template *out,
                                    struct fault *fault);
/* Fills in what was caught, cut at room - 1 bytes; out is terminated. Returns its length. */
size_t template_fill(const struct pattern_template *t, const struct captures *captures, char *out, size_t room);

/* Any bytes: refused when longer than CAP_TOPIC_BYTES, not UTF-8, with control characters, wildcards, '$' in front, or
 * too many levels. */
FL_CHECK enum result foreign_topic_check(const char *topic, size_t bytes, struct fault *fault);
