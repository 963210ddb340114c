/* The inside of the compiler: the state of one run, and what its two files ask of each other. expression.c has
 * operators and the way in, terms.c what stands between operators, calls.c functions, derive.c what gets a series of
 * its own. Every function that fails has said why; it returns NO_NODE. */
#pragma once
#include "rules/derived.h"
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
/* Nodes from `first` on are taken back: what they say goes into a derived series. */
void parser_take_back(struct parser *p, uint16_t first);

/* terms.c */
uint16_t parser_name(struct parser *p); /* a metric, call or aggregation */
bool parser_labels(struct parser *p);   /* "(part, device)": true when `part` is among them */
/* What may stand behind a term that begins at `at` of the source and whose nodes begin at `first`: [5m] [5m:10s]
 * offset 5m. */
uint16_t parser_suffixes(struct parser *p, uint16_t term, uint16_t first, size_t at);
bool parser_string(struct parser *p, char *out, size_t room); /* a text in quotes, which is next */

/* calls.c */
uint16_t parser_call(struct parser *p, struct token name);               /* '(' is next */
uint16_t parser_aggregate(struct parser *p, struct token name, int row); /* what follows its name */
int aggregate_find(const char *name, size_t chars);                      /* enum aggregate, or -1 */

/* derive.c: metrics of the plan; -1 after a failure. `at` is where the reader would look for the mistake. */
int parser_derive_steps(struct parser *p, size_t at, size_t end, int64_t range_ms, int64_t step_ms);
int parser_derive_delay(struct parser *p, size_t at, uint16_t source, int64_t offset_ms);
int parser_derive_text(struct parser *p, size_t at, enum derived_kind kind, const char *text, int severity);
/* An argument of a detector, by its place in the source. */
struct span {
    size_t at, end;
};
int parser_derive_detector(struct parser *p, size_t at, const struct detector_row *row, const struct span *inputs,
                           int input_count, const double *numbers, int number_count);
/* What the pack has recorded for a detector (derive_library.c): its place in the key, and spec.library. */
void parser_put_library(const struct parser *p, const struct detector_row *row, struct buf *key);
bool parser_take_library(struct parser *p, size_t at, struct derived *d, const struct span *inputs);
