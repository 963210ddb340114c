/* The agent's figures in Prometheus' text format (version 0.0.4): run_dir/metrics.prom.
 *
 * A file, because the product opens no port: node_exporter's textfile collector takes it, or `fieldline-agent metrics`
 * prints it. Names are a contract, listed in the operations handbook; counters begin anew with the agent unless the
 * help says otherwise. */
#pragma once
#include "status.h"

enum { METRICS_EVERY_MS = 15 * 1000 };
void agent_metrics_encode(const struct status_report *report, struct buf *out);
/* Replaces the file; a reader sees the old or the new. */
FL_CHECK enum result agent_metrics_write(const char *run_dir, const struct status_report *report, struct fault *fault);
/* The file as it is, into `out`. */
FL_CHECK enum result agent_metrics_read(const char *run_dir, struct buf *out, struct fault *fault);
