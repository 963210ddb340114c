/* A recorded file (ingest/recording.h) through the rule engine: one device a file. The rules are a product pack's, or
 * there is one expression over the file's own columns. */
#pragma once
#include "backtest.h"

struct replay_options {
    const struct pack *pack; /* NULL: `expr` */
    const char *expr;
    const char *lives;   /* for `expr`: a folder of recorded lives, which rul() learns from; NULL: none */
    const char *device;  /* NULL: the file's name without .csv */
    int64_t interval_ms; /* of the columns of `expr`; 0: what the file's first rows let expect */
    FILE *scores;        /* the file's rows with a column for each result behind them; NULL: nowhere */
};
/* Results: for an expression its value, one column for each part (named after the outermost function, or "score"; empty
 * where it is unknown or filtered out, and in rows that are older than one before); for a pack one for each alert, the
 * number of parts that it is raised for.
 *
 * `notes` gets a line for each column that was renamed or is not looked at. RESULT_BAD_INPUT: the file or the
 * expression; the fault says where: "FILE:LINE:COLUMN: what", "--expr:COLUMN: what". */
FL_CHECK enum result replay_file(const char *path, const struct replay_options *options, struct backtest *backtest,
                                 struct buf *notes, struct fault *fault);
