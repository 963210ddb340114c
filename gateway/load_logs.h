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
/* After it: who waits for telemetry goes on waiting. */
void load_logs_wait(struct core *core);
