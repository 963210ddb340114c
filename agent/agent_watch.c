/* What the agent does every few seconds: it looks at its parts, adapts them to the budget, says when the disk fails,
 * and writes how it is into run_dir. Nothing here takes part in the way of a record. Loop thread. */
#include <stdio.h>
#include <unistd.h>

#include "agent_metrics.h"
#include "agent_private.h"
#include "fieldline/clock.h"
#include "status.h"

static struct status_report look(struct agent *a) {
    struct status_report report = {.device = a->config->device,
                                   .boot = a->boot,
                                   .wall_ms = wall_now_ms(&a->wall),
                                   .mono_ms = clock_mono_ms(),
                                   .start_mono_ms = a->start_mono_ms,
                                   .uplink = uplink_status(a->uplink),
                                   .packer = packer_counts(a->packer),
                                   .collectors = collectors_counts(a->collectors),
                                   .budget = budget_state(a->budget),
                                   .clock_step_count = a->wall.step_count,
                                   .clock_step_sum_ms = a->wall.step_sum_ms,
                                   .is_clock_held = a->wall.is_held,
                                   .bad_command_count = commands_bad_count(a->commands),
                                   .session_count = launcher_session_count(a->launcher),
                                   .owner_denied_count = owner_denied_count(a->owner)};
    report.is_disk_well = spool_disk_is_well(a->spool, &report.disk_trouble) && !a->is_in_memory;
    if (a->is_in_memory) {
        report.disk_trouble = "data_dir cannot be written";
    }
    report.pulls = pulls_counts(a->pulls);
    if (a->recorder != NULL) {
        report.recorder = recorder_span(a->recorder);
    }
    for (int lane = 0; lane < SPOOL_LANES; lane++) {
        report.lanes[lane] = spool_stats(a->spool, (enum spool_lane)lane);
    }
    for (int why = 0; why < LOSS_COUNT; why++) {
        report.lost[why] = losses_total(a->losses, (enum loss)why);
    }
    return report;
}

void agent_write_status(struct agent *a) {
    struct fault fault;
    struct status_report report = look(a);
    if (status_write(a->config->run_dir, &report, &fault) != RESULT_OK) {
        log_warn("agent.status", "status_unwritten", "why=%s", log_text(fault.text));
    }
}

void agent_write_metrics(struct agent *a) {
    struct fault fault;
    struct status_report report = look(a);
    for (int lane = 0; lane < SPOOL_LANES; lane++) {
        report.oldest_ms[lane] = spool_oldest_ms(a->spool, (enum spool_lane)lane, wall_now(&a->wall));
    }
    if (agent_metrics_write(a->config->run_dir, &report, &fault) != RESULT_OK) {
        log_warn("agent.metrics", "metrics_unwritten", "why=%s", log_text(fault.text));
    }
}

/* What the budget's level asks for, and what the sieve has held long enough. */
static void adapt(struct agent *a) {
    const struct budget_pace *pace = budget_pace(budget_level(a->budget));
    sieve_sweep(a->sieve, clock_mono_ms());
    if (pace != a->pace) {
        a->pace = pace;
        sieve_set_pace(a->sieve, pace);
        packer_set_wait(a->packer, a->config->batch_max_wait_ms * pace->wait_factor);
        uplink_wake(a->uplink);
    }
}

/* Tells when the disk begins and stops to fail. An agent that began without a disk ends when there is one and nothing
 * waits in memory: it is started again, with its real spool. */
static void watch_disk(struct agent *a) {
    const char *why;
    bool is_well = spool_disk_is_well(a->spool, &why) && !a->is_in_memory;
    struct event_message event = {.event_ms = wall_now_ms(&a->wall), .kind = EVENT_INFO};
    event.severity = is_well ? SEVERITY_NOTICE : SEVERITY_ERROR;
    if (is_well != a->was_disk_well) {
        snprintf(event.text, sizeof event.text,
                 is_well ? "the disk takes records again" : "the disk takes no records, they are kept in memory: %s",
                 why);
        a->was_disk_well = is_well;
        packer_event(a->packer, &event);
    }
    if (a->is_in_memory && access(a->config->data_dir, W_OK) == 0 &&
        spool_acked_seq(a->spool, SPOOL_BULK) == spool_last_seq(a->spool, SPOOL_BULK) &&
        spool_acked_seq(a->spool, SPOOL_URGENT) == spool_last_seq(a->spool, SPOOL_URGENT)) {
        log_info("agent", "disk_is_back", "folder=%s", log_text(a->config->data_dir));
        agent_stop(a);
    }
}

static void on_status(void *self) {
    struct agent *a = self;
    wall_look(&a->wall);
    watch_disk(a);
    collectors_look(a->collectors);
    adapt(a);
    losses_save(a->losses);
    agent_write_status(a);
    loop_arm(a->loop, &a->status_timer, STATUS_EVERY_MS, on_status, a);
}

static void on_metrics(void *self) {
    struct agent *a = self;
    agent_write_metrics(a);
    loop_arm(a->loop, &a->metrics_timer, METRICS_EVERY_MS, on_metrics, a);
}

void agent_watch_begin(struct agent *a) {
    on_status(a);
    on_metrics(a);
}

void agent_watch_end(struct agent *a) {
    loop_disarm(a->loop, &a->status_timer);
    loop_disarm(a->loop, &a->metrics_timer);
}
