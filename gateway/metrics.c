/* Tables of rows: one for figures that stand alone, one for histograms, and families that have a label. Names follow
 * Prometheus' conventions (unit suffix, base units, _total for counters) and are a contract: deploy/README.md says what
 * each means, and a test compares the two. Nothing here has a label whose values grow with the fleet. */
#include "metrics.h"

#include <stdio.h>

#include "fieldline/clock.h"
#include "fieldline/exposition.h"
#include "foreign.h"
#include "gateway.h"
#include "process_figures.h"

struct figure {
    const char *name, *type, *help;
    double value;
};

static double age_s(int64_t since_ms, int64_t now_ms) {
    return since_ms == 0 || since_ms > now_ms ? 0 : (double)(now_ms - since_ms) / 1000;
}

static void print_rows(const struct figure *rows, size_t count, struct buf *out) {
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "# HELP fieldline_%s %s\n# TYPE fieldline_%s %s\nfieldline_%s %.17g\n", rows[i].name,
                   rows[i].help, rows[i].name, rows[i].type, rows[i].name, rows[i].value);
}

/* What came from products, and what was made of it. */
static void print_service(const struct core *core, struct buf *out) {
    const struct figures *f = &core->figures;
    const struct figure rows[] = {
        {"messages_total", "counter", "MQTT messages taken from the inbox", (double)f->messages},
        {"samples_total", "counter", "samples accepted", (double)f->samples},
        {"log_lines_total", "counter", "log lines accepted", (double)f->logs},
        {"log_patterns_off_total", "counter", "log patterns of rules switched off for taking too long",
         (double)f->patterns_off},
        {"events_total", "counter", "events accepted", (double)f->events},
        {"repeated_messages_total", "counter", "messages that were committed before", (double)f->repeats},
        {"gap_messages_total", "counter", "messages refused because one before them is missing", (double)f->gaps},
        {"rejected_records_total", "counter", "records rejected in messages that were otherwise fine",
         (double)f->rejected_records},
        {"clock_jumps_total", "counter", "times that the clock of a product went wrong, or right",
         (double)f->clock_jumps},
        {"clock_rebased_total", "counter", "messages whose times were corrected", (double)f->clock_rebased},
        {"own_clock_steps_total", "counter", "times that the gateway's own wall clock was set",
         (double)f->own_clock_steps},
        {"identity_switches_total", "counter", "times that a stream came back after another had taken its place",
         (double)f->identity_switches},
        {"flapping_total", "counter", "times that a device began to flap", (double)f->flapping_begun},
        {"doubted_total", "counter", "devices that did not return after the broker was lost", (double)f->doubted},
        {"alarms_raised_total", "counter", "alarms raised", (double)f->alarms_raised},
        {"alarms_cleared_total", "counter", "alarms cleared", (double)f->alarms_cleared},
        {"alarms_silenced_total", "counter", "alarms that opened no ticket for now, and why is in their rows",
         (double)f->alarms_silenced},
        {"alarms_surfaced_total", "counter", "silent alarms that were told later", (double)f->alarms_surfaced},
        {"incidents_opened_total", "counter", "faults of many products at once", (double)f->incidents_opened},
        {"tickets_opened_total", "counter", "tickets opened", (double)f->tickets_opened},
        {"rules_version", "gauge", "version of the rules in use", (double)f->rules_version},
        {"rules_reloads_total", "counter", "times that the rules were exchanged", (double)f->rules_reloads},
        {"rules_refused_total", "counter", "times that new rules were refused", (double)f->rules_refused},
        {"sessions_asked_total", "counter", "remote sessions asked for", (double)f->sessions_asked},
        {"sessions_emergency_total", "counter", "emergency sessions", (double)f->sessions_emergency},
        {"commands_sent_total", "counter", "commands published, repeats too", (double)f->commands_sent},
        {"replies_total", "counter", "replies of devices", (double)f->replies},
        {"evidence_asked_total", "counter", "times that a product was asked for evidence", (double)f->evidence_asked},
        {"evidence_attached_total", "counter", "of these, attached to their tickets", (double)f->evidence_attached},
        {"evidence_failed_total", "counter", "of these, without anything to attach", (double)f->evidence_failed},
    };
    print_rows(rows, sizeof rows / sizeof *rows, out);
}

/* Turns, the store and what is in it. */
static void print_store(const struct core *core, struct buf *out) {
    const struct figures *f = &core->figures;
    const int64_t now_ms = clock_wall_ms(), mono_us = clock_mono_us();
    const struct figure rows[] = {
        {"changes_total", "counter", "changes asked for by people and the edge", (double)f->changes},
        {"changes_waiting", "gauge", "changes that wait for the next turn", (double)f->changes_waiting},
        {"changes_oldest_seconds", "gauge", "how long the first of them has waited",
         age_s(f->changes_oldest_mono_us / 1000, mono_us / 1000)},
        {"turns_total", "counter", "transactions of the pipeline", (double)f->turns},
        {"turns_failed_total", "counter", "transactions that were rolled back", (double)f->turns_failed},
        {"put_off_messages_total", "counter", "telemetry and log messages not taken while the disk was full",
         (double)f->put_off},
        {"disk_short", "gauge", "1 while the disk is full and telemetry waits with the products",
         f->is_short_of_disk ? 1 : 0},
        {"acks_sent_total", "counter", "acknowledgements published", (double)acks_sent(core->acks)},
        {"store_log_bytes", "gauge", "write-ahead log that is not yet in the file", (double)f->wal_bytes},
        {"store_file_bytes", "gauge", "size of the database", (double)f->store_file_bytes},
        {"store_wal_file_bytes", "gauge", "size of the write-ahead log's file", (double)f->store_wal_file_bytes},
        {"disk_free_bytes", "gauge", "room on the disk of data_dir", (double)core->health.disk_free_bytes},
        {"journal_rows", "gauge", "messages in the journal", (double)f->journal_rows},
        {"journal_oldest_seconds", "gauge", "age of the oldest of them", age_s(core->health.journal_oldest_ms, now_ms)},
        {"outbox_depth", "gauge", "commands to devices that are not answered yet", (double)f->outbox_rows},
        {"outbox_oldest_seconds", "gauge", "age of the oldest of them", age_s(f->outbox_oldest_ms, now_ms)},
        {"devices", "gauge", "devices known", (double)f->devices},
        {"strangers", "gauge", "devices heard of that have not introduced themselves", (double)f->strangers},
        {"history_open_bytes", "gauge", "memory of open chunks", (double)f->history_bytes},
        {"history_open_samples", "gauge", "samples in open chunks", (double)f->open_samples},
        {"history_chunks_total", "counter", "chunks written", (double)f->chunks},
        {"history_chunk_bytes_total", "counter", "bytes of chunks written, merged ones again", (double)f->chunk_bytes},
        {"history_tier_blocks_total", "counter", "days of series that were down-sampled", (double)f->tier_days},
        {"history_damaged_total", "counter", "chunks found damaged while down-sampling", (double)f->history_damaged},
    };
    print_rows(rows, sizeof rows / sizeof *rows, out);
}

/* The inbox and the connections behind it. */
static void print_links(const struct core *core, struct buf *out) {
    const struct inbox_figures inbox = inbox_read_figures(core->inbox);
    const struct mqtt_figures mqtt = mqtt_read_figures(core->mqtt);
    const int64_t mono_us = clock_mono_us();
    const struct foreign_figures foreign = foreign_read_figures(core->foreign);
    const struct mqtt_figures second = mqtt_read_figures(foreign_mqtt(core->foreign));
    const struct figure rows[] = {
        {"inbox_received_total", "counter", "messages offered to the inbox", (double)inbox.received},
        {"inbox_dropped_total", "counter", "messages refused because the inbox was full", (double)inbox.dropped},
        {"inbox_waited_total", "counter", "messages that had to wait for room", (double)inbox.waited},
        {"inbox_throttled_total", "counter", "messages refused because their device sends too much",
         (double)inbox.throttled},
        {"inbox_urgent", "gauge", "urgent messages waiting", (double)inbox.urgent},
        {"inbox_depth", "gauge", "messages waiting", (double)inbox.depth},
        {"inbox_depth_max", "gauge", "most messages that ever waited", (double)inbox.depth_max},
        {"inbox_bytes", "gauge", "bytes waiting", (double)inbox.bytes},
        {"inbox_oldest_seconds", "gauge", "how long the first of them has waited",
         age_s(inbox.oldest_mono_us / 1000, mono_us / 1000)},
        {"broker_connected", "gauge", "1 while the broker's connection is up", mqtt.is_connected ? 1 : 0},
        {"broker_connects_total", "counter", "connections made to the broker", (double)mqtt.connects},
        {"broker_losses_total", "counter", "connections to the broker that were lost", (double)mqtt.losses},
        {"published_total", "counter", "messages published", (double)mqtt.published},
        {"adapter_messages_total", "counter", "messages of foreign devices taken", (double)foreign.messages},
        {"adapter_refused_total", "counter", "of these, refused (see the quarantine)", (double)foreign.refused},
        {"adapter_dropped_total", "counter", "messages of foreign devices lost because their inbox was full",
         (double)foreign.dropped},
        {"adapter_inbox_depth", "gauge", "messages of foreign devices waiting", (double)foreign.waiting},
        {"adapter_devices", "gauge", "devices that adapters have introduced", (double)foreign.devices},
        {"adapter_rebirths_asked_total", "counter", "Sparkplug births asked for", (double)foreign.rebirths_asked},
        {"adapter_sequence_gaps_total", "counter", "Sparkplug messages that did not follow the one before",
         (double)foreign.gaps},
        {"adapter_broker_connected", "gauge", "1 while the adapters' connection is up", second.is_connected ? 1 : 0},
        {"publish_failed_total", "counter", "messages that could not be published", (double)mqtt.publish_failed},
    };
    print_rows(rows, sizeof rows / sizeof *rows, out);
}

static void print_histograms(const struct core *core, struct buf *out) {
    const struct timing *t = &core->timing;
    const struct {
        const char *name, *help;
        const struct histogram *histogram;
    } rows[] = {
        {"fieldline_turn_seconds", "a turn, from its first statement to its end", &t->turn},
        {"fieldline_batch_messages", "messages in a turn that had any", &t->batch},
        {"fieldline_commit_seconds", "the commit of a turn", &t->commit},
        {"fieldline_inbox_wait_seconds", "a message, from receiving to the begin of its turn", &t->inbox_wait},
        {"fieldline_alarm_latency_seconds", "a message that changed an alarm, from receiving to its commit",
         &t->landings[LANDING_ALARM]},
        {"fieldline_ack_delay_seconds", "from the first thing to acknowledge to the acknowledgement",
         acks_delay(core->acks)},
        {"fieldline_checkpoint_seconds", "moving the write-ahead log into the file, beside the turns",
         store_checkpoint_seconds(core->store)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expose_family(out, rows[i].name, EXPOSE_HISTOGRAM, rows[i].help);
        expose_histogram(out, rows[i].name, NULL, NULL, rows[i].histogram);
    }
}

static void print_families(const struct core *core, struct buf *out) {
    static const char latency[] = "fieldline_commit_latency_seconds", drops[] = "fieldline_messages_dropped_total",
                      quarantined[] = "fieldline_quarantined_total";
    const struct figures *f = &core->figures;
    const struct {
        const char *reason;
        uint64_t count;
    } rows[] = {
        {"inbox_full", inbox_read_figures(core->inbox).dropped},
        {"store_failed", f->dropped_store_failed},
        {"unknown_device", f->dropped_unknown_device},
        {"gap", f->gaps},
    };
    expose_family(out, latency, EXPOSE_HISTOGRAM, "a message, from receiving to its commit");
    expose_histogram(out, latency, "lane", "bulk", &core->timing.landings[LANDING_BULK]);
    expose_histogram(out, latency, "lane", "urgent", &core->timing.landings[LANDING_URGENT]);
    expose_family(out, drops, EXPOSE_COUNTER, "messages not taken and not acknowledged: their devices send them again");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expose_value(out, drops, "reason", rows[i].reason, (double)rows[i].count);
    expose_family(out, quarantined, EXPOSE_COUNTER, "messages put in quarantine, whole or in part");
    for (enum quarantine_cause cause = 0; cause < QUARANTINE_CAUSES; cause++)
        expose_value(out, quarantined, "cause", quarantine_cause_name(cause), (double)f->quarantined_by[cause]);
    expose_family(out, "fieldline_build_info", EXPOSE_GAUGE, "always 1; what runs");
    expose_value(out, "fieldline_build_info", "version", GATEWAY_VERSION, 1);
}

void metrics_print(const struct core *core, struct buf *out) {
    print_service(core, out);
    print_store(core, out);
    print_links(core, out);
    print_histograms(core, out);
    print_families(core, out);
    process_figures_print(out);
}
