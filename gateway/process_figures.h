/* This process as the kernel sees it, under the names that Prometheus' own clients use (process_*), so that dashboards
 * made for any program fit. Any thread; reads /proc. */
#pragma once
#include "fieldline/bytes.h"

void process_figures_print(struct buf *out);
