/* The compiler: a Pratt parser that writes typed nodes into an array as it goes, so that there is no tree to walk and
 * free and the evaluator needs no pointers. Types are checked where a node is made, because there the place of the
 * mistake is known. Every refusal says what was found and what was expected.
 *
 * Anything nested deeper than EXPRESSION_DEPTH_MAX or larger than EXPRESSION_NODES_MAX is refused: both the parser and
 * the evaluator recurse. */
#include "rules/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/operator.h"

uint16_t parser_fail(struct parser *p, size_t at, const char *format, ...) {
    if (p->has_failed)
        return NO_NODE;
    p->has_failed = true;
    p->error->at = at;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(p->error->text, sizeof p->error->text, format, args);
    va_end(args);
    if (n >= (int)sizeof p->error->text)
        p->error->text[utf8_cut(p->error->text, sizeof p->error->text - 1)] = '\0';
    return NO_NODE;
}

void parser_advance(struct parser *p) {
    p->end = p->token.at + p->token.count;
    p->token = token_next(p->source, p->end);
}
bool parser_at(const struct parser *p, const char *what) {
    return token_is(p->source, &p->token, what);
}
bool parser_accept(struct parser *p, const char *what) {
    bool is = parser_at(p, what);
    if (is)
        parser_advance(p);
    return is;
}
uint16_t parser_unexpected(struct parser *p, const char *expected) {
    const struct token *t = &p->token;
    if (t->kind == TOKEN_END)
        return parser_fail(p, t->at, "the expression ends here, expected %s", expected);
    int count = t->count > 40 ? 40 : (int)t->count;
    if (t->kind == TOKEN_BAD)
        return parser_fail(p, t->at, "'%.*s' %s", count, p->source + t->at, t->problem);
    return parser_fail(p, t->at, "found '%.*s', expected %s", count, p->source + t->at, expected);
}
bool parser_expect(struct parser *p, const char *what) {
    if (parser_accept(p, what))
        return true;
    char quoted[16];
    snprintf(quoted, sizeof quoted, "'%s'", what);
    parser_unexpected(p, quoted);
    return false;
}

uint16_t parser_add(struct parser *p, struct node node, size_t at) {
    if (p->has_failed)
        return NO_NODE;
    if (p->e->count == EXPRESSION_NODES_MAX)
        return parser_fail(p, at, "the expression has more than %d terms", EXPRESSION_NODES_MAX);
    for (int i = 0; i < node.arg_count; i++)
        if (p->e->nodes[node.args[i]].depth >= node.depth)
            node.depth = (uint8_t)(p->e->nodes[node.args[i]].depth + 1);
    if (node.depth > EXPRESSION_DEPTH_MAX)
        return parser_fail(p, at, "the expression has more than %d terms within each other", EXPRESSION_DEPTH_MAX);
    node.at = (uint32_t)at;
    node.end = (uint32_t)p->end;
    p->e->nodes[p->e->count] = node;
    return (uint16_t)p->e->count++;
}

void parser_take_back(struct parser *p, uint16_t first) {
    if (!p->has_failed)
        p->e->count = first;
}

enum value_type node_type(const struct parser *p, uint16_t node) {
    return (enum value_type)p->e->nodes[node].type;
}
bool parser_refuse_range(struct parser *p, uint16_t node) {
    if (p->has_failed || node_type(p, node) != TYPE_RANGE)
        return p->has_failed;
    parser_fail(p, p->e->nodes[node].at, "is a range, which only a function can take, such as avg_over_time(x[5m])");
    return true;
}

/* ---- operators ---- */

static uint16_t parse_negation(struct parser *p) {
    size_t at = p->token.at;
    bool is_minus = parser_at(p, "-");
    parser_advance(p);
    uint16_t arg = parser_expression(p, OPERATOR_PRECEDENCE_UNARY + 1); /* -a ^ b is -(a ^ b) */
    if (p->has_failed || parser_refuse_range(p, arg) || !is_minus)
        return p->has_failed ? NO_NODE : arg;
    struct node node = {.kind = NODE_NEGATE, .type = (uint8_t)node_type(p, arg), .arg_count = 1, .args = {arg}};
    return parser_add(p, node, at);
}

static uint16_t parse_primary(struct parser *p) {
    const struct token t = p->token;
    if (t.kind == TOKEN_NUMBER || t.kind == TOKEN_DURATION) {
        parser_advance(p);
        return parser_add(p, (struct node){.kind = NODE_NUMBER, .type = TYPE_SCALAR, .number = t.number}, t.at);
    }
    if (parser_at(p, "-") || parser_at(p, "+"))
        return parse_negation(p);
    if (parser_accept(p, "(")) {
        uint16_t inner = parser_expression(p, 0);
        if (p->has_failed || parser_refuse_range(p, inner) || !parser_expect(p, ")"))
            return NO_NODE;
        struct node node = {.kind = NODE_GROUP, .type = (uint8_t)node_type(p, inner), .arg_count = 1, .args = {inner}};
        return parser_add(p, node, t.at);
    }
    if (t.kind == TOKEN_NAME)
        return parser_name(p);
    return parser_unexpected(p, "a metric, a number, a function or '('");
}

static const struct operator_row *operator_next(const struct parser *p) {
    for (size_t i = 0; i < operator_row_count; i++)
        if (parser_at(p, operator_rows[i].text))
            return &operator_rows[i];
    return NULL;
}

static void parse_matching(struct parser *p, const struct operator_row *op, struct node *node) {
    if (parser_at(p, "on") || parser_at(p, "ignoring")) {
        bool is_on = parser_at(p, "on");
        parser_advance(p);
        bool has_part = parser_labels(p);
        node->match = has_part == is_on ? MATCH_PART : MATCH_DEVICE;
    }
    size_t at = p->token.at;
    if (parser_at(p, "group_left"))
        node->many = MANY_LEFT;
    else if (parser_at(p, "group_right"))
        node->many = MANY_RIGHT;
    else
        return;
    if (node->match == MATCH_LOOSE || op->class == OPERATOR_SET) {
        parser_fail(p, at,
                    "group_left and group_right come after on() or ignoring() of an arithmetic or comparison operator");
        return;
    }
    parser_advance(p);
    if (parser_at(p, "("))
        parser_labels(p);
}

static uint16_t parse_binary(struct parser *p, uint16_t left, const struct operator_row *op) {
    size_t at = p->token.at;
    struct node node = {.kind = NODE_BINARY, .type = TYPE_VECTOR, .arg_count = 2};
    node.row = (uint8_t)(op - operator_rows);
    parser_advance(p);
    if (parser_at(p, "bool")) {
        if (op->class != OPERATOR_COMPARISON)
            return parser_fail(p, p->token.at, "'bool' goes with comparisons only");
        node.gives_bool = true;
        parser_advance(p);
    }
    parse_matching(p, op, &node);
    uint16_t right = p->has_failed ? NO_NODE : parser_expression(p, op->is_right ? op->precedence : op->precedence + 1);
    if (p->has_failed || parser_refuse_range(p, left) || parser_refuse_range(p, right))
        return NO_NODE;
    node.args[0] = left;
    node.args[1] = right;
    bool left_is = node_type(p, left) == TYPE_VECTOR, right_is = node_type(p, right) == TYPE_VECTOR;
    if (op->class == OPERATOR_SET && !(left_is && right_is))
        return parser_fail(p, at, "'%s' joins two conditions over metrics; one side is a number", op->text);
    if (op->class == OPERATOR_COMPARISON && !left_is && !right_is && !node.gives_bool)
        return parser_fail(p, at, "two numbers are compared here: that needs 'bool', or a metric on one side");
    if (node.match != MATCH_LOOSE && !(left_is && right_is))
        return parser_fail(p, at, "on() and ignoring() go between two metrics; one side is a number");
    if (!left_is && !right_is)
        node.type = TYPE_SCALAR;
    return parser_add(p, node, p->e->nodes[left].at);
}

uint16_t parser_expression(struct parser *p, int least) {
    if (++p->depth > EXPRESSION_DEPTH_MAX * 2)
        return parser_fail(p, p->token.at, "the expression has too many terms within each other");
    uint16_t first = (uint16_t)p->e->count;
    size_t at = p->token.at;
    uint16_t left = parse_primary(p);
    left = parser_suffixes(p, left, first, at);
    while (!p->has_failed) {
        const struct operator_row *op = operator_next(p);
        if (!op || op->precedence < least)
            break;
        left = parse_binary(p, left, op);
    }
    p->depth--;
    return left;
}

/* ---- the way in ---- */

/* Nothing but absence of metrics, and what joins it. */
static bool is_absence(const struct expression *e, const struct plan *plan, uint16_t at) {
    const struct node *node = &e->nodes[at];
    switch ((enum node_kind)node->kind) {
    case NODE_NUMBER: return true;
    case NODE_GROUP:
    case NODE_NEGATE: return is_absence(e, plan, node->args[0]);
    case NODE_BINARY: return is_absence(e, plan, node->args[0]) && is_absence(e, plan, node->args[1]);
    case NODE_CALL: {
        const struct node *arg = node->arg_count ? &e->nodes[node->args[0]] : NULL;
        const enum function_shape shape = function_rows[node->row].shape;
        const bool is_measured =
            arg && (arg->kind == NODE_SELECT || arg->kind == NODE_RANGE) && !plan->metrics[arg->metric].derived;
        return is_measured && ((shape == SHAPE_ABSENT && arg->kind == NODE_SELECT) || shape == SHAPE_ABSENT_OVER);
    }
    default: return false;
    }
}

static struct expression *compile(const char *source, struct plan *plan, bool is_value,
                                  struct expression_error *error) {
    *error = (struct expression_error){0};
    struct expression *e = mem_alloc(sizeof *e);
    e->nodes = mem_alloc(EXPRESSION_NODES_MAX * sizeof *e->nodes);
    e->metrics = mem_alloc(EXPRESSION_METRIC_WORDS * sizeof *e->metrics);
    struct parser p = {.source = source, .plan = plan, .e = e, .error = error};
    if (strlen(source) > EXPRESSION_BYTES_MAX) {
        parser_fail(&p, 0, "the expression has more than %d bytes", EXPRESSION_BYTES_MAX);
    } else {
        p.token = token_next(source, 0);
        e->root = parser_expression(&p, 0);
        if (!p.has_failed && p.token.kind != TOKEN_END)
            parser_unexpected(&p, "an operator or the end");
        if (!p.has_failed && !parser_refuse_range(&p, e->root) && !is_value && node_type(&p, e->root) == TYPE_SCALAR)
            parser_fail(&p, 0, "the expression is a number, expected a condition over metrics");
    }
    if (p.has_failed) {
        expression_free(e);
        return NULL;
    }
    e->source = mem_strdup(source);
    e->nodes = mem_realloc(e->nodes, e->count * sizeof *e->nodes);
    e->is_absence = e->nodes[e->root].type == TYPE_VECTOR && is_absence(e, plan, e->root);
    return e;
}

struct expression *expression_compile(const char *source, struct plan *plan, struct expression_error *error) {
    return compile(source, plan, false, error);
}

struct expression *expression_compile_value(const char *source, size_t chars, struct plan *plan,
                                            struct expression_error *error) {
    char *copy = mem_strndup(source, chars);
    struct expression *e = compile(copy, plan, true, error);
    free(copy);
    return e;
}

bool expression_is_condition(const struct expression *e) {
    uint16_t at = e->root;
    while (e->nodes[at].kind == NODE_GROUP)
        at = e->nodes[at].args[0];
    const struct node *node = &e->nodes[at];
    return node->kind == NODE_BINARY && operator_rows[node->row].class != OPERATOR_ARITHMETIC && !node->gives_bool;
}

void expression_free(struct expression *e) {
    if (!e)
        return;
    free(e->source);
    free(e->nodes);
    free(e->metrics);
    free(e);
}

bool expression_reads(const struct expression *e, size_t metric) {
    return e->metrics[metric / 64] >> (metric % 64) & 1;
}
