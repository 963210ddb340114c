/* Figures for monitoring.
 *
 * The same report as status.json, in the form that scrapers read. A row names a figure once; figures of lanes and of
 * reasons carry a label and come from small loops. No library: the format is three kinds of line. Loop thread. */
#include "agent_metrics.h"

#include <limits.h>
#include <stdio.h>

#include "file.h"
#include "version.h"

enum { METRICS_BYTES = 32 * 1024 };
#define PREFIX "fieldline_agent_"

struct figure {
    const char *name, *type, *help;
    double value;
};

static void head(struct buf *out, const char *name, const char *type, const char *help) {
    buf_printf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void add_figures(const struct figure *rows, size_t count, struct buf *out) {
    for (size_t i = 0; i < count; i++) {
        head(out, rows[i].name, rows[i].type, rows[i].help);
        buf_printf(out, PREFIX "%s %.17g\n", rows[i].name, rows[i].value);
    }
}

/* A label's value: backslash, quote and line feed are escaped. */
static void add_label(struct buf *out, const char *name, const char *value) {
    buf_printf(out, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            buf_str(out, "\\n");
            continue;
        }
        buf_str(out, *value == '\\' || *value == '"' ? "\\" : "");
        buf_add(out, value, 1);
    }
    buf_str(out, "\"");
}

static void add_info(const struct status_report *r, struct buf *out) {
    head(out, "info", "gauge", "which agent this is; always 1");
    buf_str(out, PREFIX "info{");
    add_label(out, "device", r->device);
    buf_str(out, ",");
    add_label(out, "version", AGENT_VERSION);
    buf_str(out, ",");
    add_label(out, "boot", r->boot);
    buf_str(out, "} 1\n");
}

static void add_uplink(const struct status_report *r, struct buf *out) {
    const struct uplink_status *u = &r->uplink;
    const struct figure rows[] = {
        {"uptime_seconds", "gauge", "since the agent started", (double)(r->mono_ms - r->start_mono_ms) / 1000},
        {"connected", "gauge", "1 while the broker's connection is up", u->state == UPLINK_UP},
        {"connections_total", "counter", "connections made", (double)u->connection_count},
        {"sessions_taken_over", "gauge", "times in a row that another machine came with this certificate",
         (double)u->taken_count},
        {"sent_messages_total", "counter", "messages of both lanes, repeats too", (double)u->sent_count},
        {"sent_payload_bytes_total", "counter", "their payloads", (double)u->sent_bytes},
        {"resent_messages_total", "counter", "messages sent more than once", (double)u->resent_count},
        {"acks_total", "counter", "acknowledgements that moved a window", (double)u->ack_count},
        {"bad_messages_total", "counter", "messages from the broker that could not be used",
         (double)(u->bad_message_count + r->bad_command_count)},
        {"dropped_messages_total", "counter", "messages from the broker that found no room",
         (double)u->dropped_message_count},
        {"link_bytes_total", "counter", "estimated bytes on the link, both directions", (double)r->budget.ever_used},
        {"budget_bytes", "gauge", "bytes_per_day; 0 is unlimited", (double)r->budget.limit},
        {"budget_used_bytes", "gauge", "of it, today (UTC)", r->budget.limit > 0 ? (double)r->budget.used : 0},
        {"budget_level", "gauge", "0 free, 1 slow, 2 thin, 3 thinner, 4 spent", (double)r->budget.level},
        {"clock_steps_total", "counter", "times that the wall clock was stepped", (double)r->clock_step_count},
        {"clock_unset", "gauge", "1 while the machine's clock is not set", r->is_clock_held},
        {"disk_failing", "gauge", "1 while the disk takes no records and memory does", !r->is_disk_well},
        {"live_sessions", "gauge", "remote sessions now", (double)r->session_count},
        {"owner_refused_total", "counter", "statements in an owner's name that were refused",
         (double)r->owner_denied_count},
    };
    add_figures(rows, sizeof rows / sizeof rows[0], out);
}

static void add_collected(const struct status_report *r, struct buf *out) {
    const struct figure rows[] = {
        {"samples_total", "counter", "samples put into messages", (double)r->packer.samples},
        {"logs_total", "counter", "log lines put into messages", (double)r->packer.logs},
        {"events_total", "counter", "events put into messages", (double)r->packer.events},
        {"refused_records_total", "counter", "samples and lines that no message can hold", (double)r->packer.refused},
        {"unspooled_records_total", "counter", "messages that the disk did not take", (double)r->packer.lost},
        {"statsd_datagrams_total", "counter", "datagrams read", (double)r->collectors.statsd_datagrams},
        {"statsd_series", "gauge", "series held now", (double)r->collectors.series},
        {"statsd_unfit_values_total", "counter", "values of the wrong kind, or of too many series",
         (double)r->collectors.statsd_unfit},
        {"syslog_datagrams_total", "counter", "datagrams read", (double)r->collectors.syslog_datagrams},
        {"recorder_bytes", "gauge", "held as it came in, for evidence", (double)r->recorder.bytes},
        {"recorder_seconds", "gauge", "how far back that goes",
         (double)(r->recorder.to_ms - r->recorder.from_ms) / 1000},
        {"evidence_parts_total", "counter", "parts of evidence given to the gateway", (double)r->pulls.parts},
        {"evidence_refused_total", "counter", "pulls of evidence that were refused", (double)r->pulls.refused},
    };
    add_figures(rows, sizeof rows / sizeof rows[0], out);
    head(out, "statsd_refused_lines_total", "counter", "lines that are not statsd");
    for (int why = STATSD_FINE + 1; why < STATSD_REFUSAL_COUNT; why++) {
        buf_printf(out, PREFIX "statsd_refused_lines_total{reason=\"%s\"} %llu\n",
                   statsd_refusal_name((enum statsd_refusal)why),
                   (unsigned long long)r->collectors.statsd_refused[why]);
    }
    head(out, "lost_records_total", "counter", "what was not taken, by reason; told to the gateway as gaps");
    for (int why = 0; why < LOSS_COUNT; why++) {
        buf_printf(out, PREFIX "lost_records_total{reason=\"%s\"} %llu\n", loss_name((enum loss)why),
                   (unsigned long long)r->lost[why]);
    }
}

static void add_lanes(const struct status_report *r, struct buf *out) {
    static const struct {
        const char *name, *type, *help;
    } rows[] = {
        {"spool_waiting_records", "gauge", "records that are not acknowledged"},
        {"spool_bytes", "gauge", "on disk"},
        {"spool_oldest_seconds", "gauge", "how long the oldest of them has waited"},
        {"spool_records_total", "counter", "records that ever got a number in this stream"},
        {"spool_acked_records_total", "counter", "those that the gateway has committed"},
        {"spool_dropped_records_total", "counter", "those that had to be dropped, since the spool was made"},
        {"spool_payload_bytes_total", "counter", "taken in"},
        {"spool_written_bytes_total", "counter", "written to files; most is overwritten before it reaches the disk"},
        {"spool_syncs_total", "counter", "times that something was forced to the disk"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        head(out, rows[i].name, rows[i].type, rows[i].help);
        for (int lane = 0; lane < SPOOL_LANES; lane++) {
            const struct spool_stats *s = &r->lanes[lane];
            const double values[] = {(double)(s->next_seq - 1 - s->acked_seq),
                                     (double)s->bytes,
                                     (double)r->oldest_ms[lane] / 1000,
                                     (double)(s->next_seq - 1),
                                     (double)s->acked_seq,
                                     (double)s->dropped_count,
                                     (double)s->payload_bytes,
                                     (double)s->written_bytes,
                                     (double)s->sync_count};
            buf_printf(out, PREFIX "%s{lane=\"%s\"} %.17g\n", rows[i].name, spool_lane_name((enum spool_lane)lane),
                       values[i]);
        }
    }
}

static void add_ack_times(const struct ack_times *h, struct buf *out) {
    uint64_t sum = 0;
    head(out, "ack_seconds", "histogram", "from sending a message to its acknowledgement; one at a time is timed");
    for (size_t i = 0; i < ACK_TIMES_BUCKETS; i++) {
        sum += h->buckets[i];
        buf_printf(out, PREFIX "ack_seconds_bucket{le=\"%g\"} %llu\n", (double)ack_times_bound_ms(i) / 1000,
                   (unsigned long long)sum);
    }
    buf_printf(out, PREFIX "ack_seconds_bucket{le=\"+Inf\"} %llu\n", (unsigned long long)h->count);
    buf_printf(out, PREFIX "ack_seconds_sum %.3f\n", (double)h->sum_ms / 1000);
    buf_printf(out, PREFIX "ack_seconds_count %llu\n", (unsigned long long)h->count);
}

void agent_metrics_encode(const struct status_report *r, struct buf *out) {
    buf_reset(out);
    add_info(r, out);
    add_uplink(r, out);
    add_ack_times(&r->uplink.ack_times, out);
    add_lanes(r, out);
    add_collected(r, out);
}

static void path_of(const char *run_dir, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%s/metrics.prom", run_dir);
}

enum result agent_metrics_write(const char *run_dir, const struct status_report *report, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    path_of(run_dir, path);
    buf_init(&text, METRICS_BYTES);
    agent_metrics_encode(report, &text);
    enum result result = file_replace(path, text.data, text.count, 0644, fault);
    buf_fini(&text);
    return result;
}

enum result agent_metrics_read(const char *run_dir, struct buf *out, struct fault *fault) {
    char path[PATH_MAX];
    path_of(run_dir, path);
    enum result result = file_read(path, out, fault);
    if (result != RESULT_OK) {
        fault_prefix(fault, "%s", path);
    }
    return result;
}
