/* A compiled expression of the rule language: a flat array of typed nodes, children before parents. Read-only and
 * shared by all devices of the model; what changes lives in the device's windows. */
#pragma once
#include "rules/function.h"
#include "rules/plan.h"

enum { EXPRESSION_BYTES_MAX = 4096, EXPRESSION_NODES_MAX = 256, EXPRESSION_DEPTH_MAX = 24 };

enum node_kind {
    NODE_NUMBER,    /* number */
    NODE_SELECT,    /* metric, tests; of a detector: output */
    NODE_RANGE,     /* metric, tests, window; only as the argument of a call */
    NODE_NEGATE,    /* args[0] */
    NODE_BINARY,    /* row: operator; args[0], args[1]; match, many, gives_bool */
    NODE_CALL,      /* row: function; args */
    NODE_AGGREGATE, /* row: enum aggregate; args[0]; by_part */
    NODE_GROUP      /* args[0], in parentheses: says nothing, keeps its place */
};
enum aggregate {
    AGGREGATE_SUM,
    AGGREGATE_AVG,
    AGGREGATE_MIN,
    AGGREGATE_MAX,
    AGGREGATE_COUNT,
    AGGREGATE_GROUP,
    AGGREGATE_STDDEV,
    AGGREGATE_STDVAR,
    AGGREGATE_QUANTILE, /* these three: args[1] is a number */
    AGGREGATE_TOPK,
    AGGREGATE_BOTTOMK
};
/* Which elements of two vectors belong together. */
enum match {
    MATCH_LOOSE, /* by part; an element without a part belongs to all of the other side */
    MATCH_PART,  /* by part alone: on(part), ignoring(device) */
    MATCH_DEVICE /* all of the device belong together: on(device), ignoring(part) */
};
enum many { MANY_NONE, MANY_LEFT, MANY_RIGHT }; /* group_left: several on the left may share one on the right */

struct node {
    uint8_t kind, type, row, match, many;
    bool gives_bool, by_part;
    uint8_t arg_count, depth, output;
    uint16_t args[FUNCTION_ARGS_MAX];
    uint16_t metric, window;
    uint64_t tests; /* all of these bits must be set for a part */
    double number;
    uint32_t at, end; /* bytes of the source */
};
struct expression {
    char *source;
    struct node *nodes;
    size_t count;
    uint16_t root;
    bool sees_gaps;  /* some function does: evaluate whenever time passes */
    bool is_absence; /* nothing but absent(), absent_over_time() and what joins them: can be asked of a silent device */
    int64_t longest_range_ms;
    uint64_t *metrics; /* those it reads, a bit each */
};
enum { EXPRESSION_METRIC_WORDS = (PLAN_SERIES_MAX + 63) / 64 };

struct expression_error {
    size_t at; /* byte of the source */
    char text[200];
};
/* The root is a vector: a number alone is not a condition. Windows, tests and what is derived are interned in `plan`.
 * NULL on an error.
 */
struct expression *expression_compile(const char *source, struct plan *plan, struct expression_error *error);
/* May be a number too: a recording rule, or what goes into a detector. */
struct expression *expression_compile_value(const char *source, size_t chars, struct plan *plan,
                                            struct expression_error *error);
void expression_free(struct expression *e);
/* true and false are told by there being a value (a comparison, and, or, unless), not by the value itself. */
bool expression_is_condition(const struct expression *e);
bool expression_reads(const struct expression *e, size_t metric);
