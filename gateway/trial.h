/* Rules tried on the stored past: what would they have done, and what is different from those in use? The dry run
 * before an activation, and `replay --store`. Blocks as long as past_replay does. */
#pragma once
#include "backtest_diff.h"
#include "past.h"

struct trial_options {
    const struct packs *packs, *against; /* against: NULL when there is nothing to compare */
    struct past_options past;            /* model: of both */
    FILE *alarms;                        /* of `packs`; NULL: nowhere */
    bool changed_only;                   /* packs that say the same in both are left out */
};
struct trial_verdict {
    int64_t tickets, ticket_devices, devices, samples;
    struct backtest_diff diff; /* all 0 without `against` */
};
/* Appends the report: a verdict, a line for each rule that raised something, the tickets that appear and vanish. */
FL_CHECK enum result trial_run(struct reader *reader, const struct trial_options *options,
                               struct trial_verdict *verdict, struct buf *report, struct fault *fault);
