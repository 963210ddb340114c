/* Do the samples of an expression match what a test file expects (exp_samples of a promql_expr_test)? */
#pragma once
#include "rules/verdict.h"

struct sample_is {
    const char *metric; /* "" when the expression is more than a selection: then a name is not compared */
    const char *part, *device;
    double value;
    bool is_expected;
};
/* `at` is the list, or 0 for none. Labels are written as in promtool: 'metric{part="a"}' or '{part="a"}' or '{}'; with
 * one device its label may be missing. Values may differ in the twelfth digit. What is amiss is appended to `why`. */
bool samples_match(const struct verdict_file *file, yaml_at at, struct sample_is *is, size_t count, struct buf *why);
