/* Two backtests over the same data: what would be different with other rules. */
#pragma once
#include "backtest.h"

enum { BACKTEST_DIFF_LINES = 200 /* of each kind; further ones are counted */ };
struct backtest_diff {
    int64_t appear, vanish, stay; /* tickets */
};
/* A ticket stays when both open one for the same alarm of the same part of the same device within a day. */
void backtest_compare(const struct backtest *before, const struct backtest *after, struct backtest_diff *out,
                      struct buf *text);
/* A table: each rule's raises and tickets. */
void backtest_print_rules(const struct backtest *b, struct buf *out);
