/* The inside of the compiler: the state of one run, and what its two files ask of each other. expression.c has
 * operators and the way in, terms.c what stands between operators. Every function that fails has said why; it returns
 * NO_NODE. */
#pragma once
#include "rules/expression.h"
#include "rules/token.h"

enum { NO_NODE = UINT16_MAX };
struct parser {
    const char *source;
    struct plan *plan;
    struct expression *e;
    struct expression_error *error;
    struct token token;
    size_t end; /* of the token before */
    int depth;
    bool has_failed;
};

/* The first failure counts; `at` is a byte of the source. */
uint16_t parser_fail(struct parser *p, size_t at, const char *format, ...) FL_PRINTF(3, 4);
uint16_t parser_unexpected(struct parser *p, const char *expected); /* the token that is next */
void parser_advance(struct parser *p);
bool parser_at(const struct parser *p, const char *what); /* is it next? */
bool parser_accept(struct parser *p, const char *what);
bool parser_expect(struct parser *p, const char *what);
/* Appends a node whose arguments are there already. */
uint16_t parser_add(struct parser *p, struct node node, size_t at);
enum value_type node_type(const struct parser *p, uint16_t node);
/* A range stands alone only as the argument of a function. true: it was refused, or something was before. */
bool parser_refuse_range(struct parser *p, uint16_t node);

/* Everything whose operators bind at least as tightly as `least`. */
uint16_t parser_expression(struct parser *p, int least);

/* terms.c */
uint16_t parser_name(struct parser *p);                     /* a metric, call or aggregation */
uint16_t parser_range(struct parser *p, uint16_t selector); /* [5m] behind a metric */
/* The window that this call's range stands for. */
bool parser_open_window(struct parser *p, const struct function_row *f, uint16_t range);
bool parser_labels(struct parser *p); /* "(part, device)": true when `part` is among them */
