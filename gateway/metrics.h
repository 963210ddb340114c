/* The gateway's own figures in Prometheus' text format. Any thread. */
#pragma once
#include "core.h"

void metrics_print(const struct core *core, struct buf *out);
