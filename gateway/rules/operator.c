/* One row an operator; nothing else decides what an operator means. Division by zero and the like give what IEEE 754
 * gives; that such a result is neither true nor false is the evaluator's business. */
#include "rules/operator.h"

#include <math.h>

static double add(double a, double b) {
    return a + b;
}
static double subtract(double a, double b) {
    return a - b;
}
static double multiply(double a, double b) {
    return a * b;
}
static double divide(double a, double b) {
    return a / b;
}
static bool is_equal(double a, double b) {
    return a == b;
}
static bool is_different(double a, double b) {
    return a != b;
}
static bool is_less(double a, double b) {
    return a < b;
}
static bool is_at_most(double a, double b) {
    return a <= b;
}
static bool is_more(double a, double b) {
    return a > b;
}
static bool is_at_least(double a, double b) {
    return a >= b;
}

const struct operator_row operator_rows[] = {
    {.text = "or", .precedence = 1, .class = OPERATOR_SET, .set = SET_OR},
    {.text = "and", .precedence = 2, .class = OPERATOR_SET, .set = SET_AND},
    {.text = "unless", .precedence = 2, .class = OPERATOR_SET, .set = SET_UNLESS},
    {.text = "==", .precedence = 3, .class = OPERATOR_COMPARISON, .compare = is_equal},
    {.text = "!=", .precedence = 3, .class = OPERATOR_COMPARISON, .compare = is_different},
    {.text = "<", .precedence = 3, .class = OPERATOR_COMPARISON, .compare = is_less},
    {.text = "<=", .precedence = 3, .class = OPERATOR_COMPARISON, .compare = is_at_most},
    {.text = ">", .precedence = 3, .class = OPERATOR_COMPARISON, .compare = is_more},
    {.text = ">=", .precedence = 3, .class = OPERATOR_COMPARISON, .compare = is_at_least},
    {.text = "+", .precedence = 4, .class = OPERATOR_ARITHMETIC, .apply = add},
    {.text = "-", .precedence = 4, .class = OPERATOR_ARITHMETIC, .apply = subtract},
    {.text = "*", .precedence = 5, .class = OPERATOR_ARITHMETIC, .apply = multiply},
    {.text = "/", .precedence = 5, .class = OPERATOR_ARITHMETIC, .apply = divide},
    {.text = "%", .precedence = 5, .class = OPERATOR_ARITHMETIC, .apply = fmod},
    {.text = "atan2", .precedence = 5, .class = OPERATOR_ARITHMETIC, .apply = atan2},
    {.text = "^", .precedence = 6, .is_right = true, .class = OPERATOR_ARITHMETIC, .apply = pow},
};
const size_t operator_row_count = sizeof operator_rows / sizeof *operator_rows;
