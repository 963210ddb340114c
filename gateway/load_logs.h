/* A part of load.c: log lines and events that rules have not seen, from the tables that keep them. */
#pragma once
#include "core.h"

struct load_logs {
    struct core *core;
    struct device *(*find)(const void *self, int64_t row); /* NULL: not known */
    const void *self;
    int64_t rows; /* that were given to rules */
};
/* After the rules' states, before the journal. */
FL_CHECK enum result load_logs(struct load_logs *l);
/* While it runs: windows over lines and codes that an edit of the pack has brought to this device. */
FL_CHECK enum result load_logs_of(struct core *core, const struct device *device);
/* After it: who waits for telemetry goes on waiting. */
void load_logs_wait(struct core *core);
