/* How the agent is, as a file that `fieldline-agent status` and monitoring read: run_dir/status.json. */
#pragma once
#include "day_budget.h"
#include "collect/collectors.h"
#include "losses.h"
#include "packer.h"
#include "pulls.h"
#include "spool.h"
#include "uplink.h"

enum { STATUS_EVERY_MS = 2000, STATUS_STALE_MS = 15 * 1000 };

struct status_report {
    const char *device, *boot;
    int64_t wall_ms, mono_ms, start_mono_ms;
    struct uplink_status uplink;
    struct spool_stats lanes[SPOOL_LANES];
    bool is_disk_well;
    const char *disk_trouble; /* "": none */
    struct packer_counts packer;
    struct collectors_counts collectors;
    struct budget_state budget;
    uint64_t lost[LOSS_COUNT];
    int64_t oldest_ms[SPOOL_LANES]; /* looked at every METRICS_EVERY_MS only */
    uint64_t clock_step_count;
    int64_t clock_step_sum_ms;
    bool is_clock_held;
    uint64_t bad_command_count;
    size_t session_count;
    uint64_t owner_denied_count;   /* statements in an owner's name that were refused */
    struct recorder_span recorder; /* zeros: evidence is off */
    struct pulls_counts pulls;
};
void status_encode(const struct status_report *report, struct buf *out);
/* Replaces the file; a reader sees the old or the new. */
FL_CHECK enum result status_write(const char *run_dir, const struct status_report *report, struct fault *fault);
/* For people, one fact a line. *is_up: the agent that wrote it was alive at now_ms and connected. */
FL_CHECK enum result status_print(const char *run_dir, int64_t now_ms, struct buf *out, bool *is_up,
                                  struct fault *fault);
