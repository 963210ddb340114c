/* What is stored of a fleet, through rules: the samples and fault codes of devices in the order of their own time.
 * Reads only, beside a running gateway; may take long (some hundred thousand samples a second). */
#pragma once
#include "backtest.h"
#include "store/reader.h"

struct past_options {
    const char *model;      /* devices of this model; NULL: the pack's */
    const char *device;     /* this one alone; NULL: all */
    int devices_max;        /* at most so many; 0: all */
    int64_t from_ms, to_ms; /* what counts. Windows are filled with what was before */
};
/* Adds to `backtest`. RESULT_NOT_FOUND: the device that was asked for is not there; the store's failures. */
FL_CHECK enum result past_replay(struct reader *reader, const struct pack *pack, const struct past_options *options,
                                 struct backtest *backtest, struct fault *fault);
