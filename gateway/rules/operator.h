/* The binary operators as rows, with Prometheus' precedence and meaning. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum operator_class { OPERATOR_ARITHMETIC, OPERATOR_COMPARISON, OPERATOR_SET };
enum operator_set { SET_OR, SET_AND, SET_UNLESS };

struct operator_row {
    const char *text;
    int precedence; /* higher binds tighter */
    bool is_right;  /* a ^ b ^ c is a ^ (b ^ c) */
    enum operator_class class;
    enum operator_set set;           /* of OPERATOR_SET */
    double (*apply)(double, double); /* of OPERATOR_ARITHMETIC */
    bool (*compare)(double, double); /* of OPERATOR_COMPARISON */
};

enum { OPERATOR_PRECEDENCE_UNARY = 5, OPERATOR_NONE = 255 };
extern const struct operator_row operator_rows[];
extern const size_t operator_row_count;
