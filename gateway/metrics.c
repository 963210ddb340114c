/* One row a figure. Names follow Prometheus' conventions (unit suffix, _total for counters). */
#include "metrics.h"

#include "foreign.h"

struct figure {
    const char *name, *type, *help;
    double value;
};

void metrics_print(const struct core *core, struct buf *out) {
    const struct figures *f = &core->figures;
    const struct inbox_figures inbox = inbox_read_figures(core->inbox);
    const struct mqtt_figures mqtt = mqtt_read_figures(core->mqtt);
    const struct foreign_figures foreign = foreign_read_figures(core->foreign);
    const struct mqtt_figures second = mqtt_read_figures(foreign_mqtt(core->foreign));
    const struct figure rows[] = {
        {"messages_total", "counter", "MQTT messages taken from the inbox", (double)f->messages},
        {"samples_total", "counter", "samples accepted", (double)f->samples},
        {"log_lines_total", "counter", "log lines accepted", (double)f->logs},
        {"events_total", "counter", "events accepted", (double)f->events},
        {"repeated_messages_total", "counter", "messages that were committed before", (double)f->repeats},
        {"gap_messages_total", "counter", "messages refused because one before them is missing", (double)f->gaps},
        {"quarantined_total", "counter", "messages put in quarantine, whole or in part", (double)f->quarantined},
        {"rejected_records_total", "counter", "records rejected in messages that were otherwise fine",
         (double)f->rejected_records},
        {"alarms_raised_total", "counter", "alarms raised", (double)f->alarms_raised},
        {"alarms_cleared_total", "counter", "alarms cleared", (double)f->alarms_cleared},
        {"alarm_latency_seconds", "gauge", "from receiving to deciding, of the last message that changed an alarm",
         (double)f->alarm_latency_us_last / 1e6},
        {"tickets_opened_total", "counter", "tickets opened", (double)f->tickets_opened},
        {"sessions_asked_total", "counter", "remote sessions asked for", (double)f->sessions_asked},
        {"commands_sent_total", "counter", "commands published, repeats too", (double)f->commands_sent},
        {"replies_total", "counter", "replies of devices", (double)f->replies},
        {"changes_total", "counter", "changes asked for by people and the edge", (double)f->changes},
        {"turns_total", "counter", "transactions of the pipeline", (double)f->turns},
        {"turns_failed_total", "counter", "transactions that were rolled back", (double)f->turns_failed},
        {"commits_total", "counter", "transactions committed", (double)f->commits},
        {"commit_seconds_total", "counter", "time that commits took", (double)f->commit_us_total / 1e6},
        {"commit_seconds_max", "gauge", "longest commit", (double)f->commit_us_max / 1e6},
        {"store_log_bytes", "gauge", "write-ahead log that is not yet in the file", (double)f->wal_bytes},
        {"devices", "gauge", "devices known", (double)f->devices},
        {"history_open_bytes", "gauge", "memory of open chunks", (double)f->history_bytes},
        {"history_open_samples", "gauge", "samples in open chunks", (double)f->open_samples},
        {"inbox_received_total", "counter", "messages offered to the inbox", (double)inbox.received},
        {"inbox_dropped_total", "counter", "messages refused because the inbox was full", (double)inbox.dropped},
        {"inbox_waited_total", "counter", "messages that had to wait for room", (double)inbox.waited},
        {"inbox_depth", "gauge", "messages waiting", (double)inbox.depth},
        {"inbox_depth_max", "gauge", "most messages that ever waited", (double)inbox.depth_max},
        {"inbox_bytes", "gauge", "bytes waiting", (double)inbox.bytes},
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
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        buf_printf(out, "# HELP fieldline_%s %s\n# TYPE fieldline_%s %s\nfieldline_%s %.17g\n", rows[i].name,
                   rows[i].help, rows[i].name, rows[i].type, rows[i].name, rows[i].value);
}
