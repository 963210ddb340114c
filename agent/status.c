/* The status file: written by the running agent, read by whoever asks.
 *
 * A file and not a socket: it can be read when the agent hangs, by any monitoring, and shows when it was written, which
 * is the proof of life. Ages are given in seconds at the time of writing, so that nobody has to compare clocks. The
 * members are a contract (README of deploy); new ones may come, none changes its meaning. */
#include "status.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "file.h"
#include "version.h"

enum { STATUS_BYTES = 16 * 1024 };

static void path_of(const char *run_dir, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%s/status.json", run_dir);
}

static void encode_lane(struct json_out *j, enum spool_lane lane, const struct spool_stats *s) {
    jo_object(j, spool_lane_name(lane));
    jo_int(j, "last_seq", (int64_t)s->next_seq - 1);
    jo_int(j, "acked_seq", (int64_t)s->acked_seq);
    jo_int(j, "waiting", (int64_t)(s->next_seq - 1 - s->acked_seq));
    jo_int(j, "bytes", s->bytes);
    jo_int(j, "dropped", (int64_t)s->dropped_count);
    jo_int(j, "payload_bytes", (int64_t)s->payload_bytes);
    jo_int(j, "written_bytes", (int64_t)s->written_bytes);
    jo_end(j);
}

static void encode_uplink(struct json_out *j, const struct status_report *r) {
    const struct uplink_status *u = &r->uplink;
    jo_object(j, "uplink");
    jo_str(j, "state", uplink_state_name(u->state));
    jo_int(j, "state_s", (r->mono_ms - u->state_mono_ms) / 1000);
    if (u->has_ack) {
        jo_int(j, "last_ack_s", (r->mono_ms - u->ack_mono_ms) / 1000);
    } else {
        jo_null(j, "last_ack_s");
    }
    jo_str(j, "trouble", u->trouble);
    if (u->state == UPLINK_OFFLINE && u->retry_mono_ms > r->mono_ms) {
        jo_int(j, "retry_s", (u->retry_mono_ms - r->mono_ms + 999) / 1000);
    } else {
        jo_null(j, "retry_s");
    }
    jo_int(j, "taken_over", (int64_t)u->taken_count);
    jo_int(j, "connections", (int64_t)u->connection_count);
    jo_int(j, "sent", (int64_t)u->sent_count);
    jo_int(j, "sent_bytes", (int64_t)u->sent_bytes);
    jo_int(j, "resent", (int64_t)u->resent_count);
    jo_int(j, "acks", (int64_t)u->ack_count);
    jo_int(j, "bad_messages", (int64_t)(u->bad_message_count + r->bad_command_count));
    jo_int(j, "dropped_messages", (int64_t)u->dropped_message_count);
    jo_end(j);
}

static void encode_collected(struct json_out *j, const struct status_report *r) {
    jo_object(j, "collected");
    jo_int(j, "samples", (int64_t)r->packer.samples);
    jo_int(j, "logs", (int64_t)r->packer.logs);
    jo_int(j, "events", (int64_t)r->packer.events);
    jo_int(j, "refused", (int64_t)r->packer.refused);
    jo_int(j, "lost", (int64_t)r->packer.lost);
    jo_int(j, "statsd_datagrams", (int64_t)r->collectors.statsd_datagrams);
    jo_int(j, "statsd_series", (int64_t)r->collectors.series);
    jo_int(j, "statsd_unfit", (int64_t)r->collectors.statsd_unfit);
    jo_int(j, "syslog_datagrams", (int64_t)r->collectors.syslog_datagrams);
    jo_int(j, "oversize_datagrams", (int64_t)r->collectors.oversize);
    jo_object(j, "statsd_refused");
    for (int why = STATSD_FINE + 1; why < STATSD_REFUSAL_COUNT; why++) {
        if (r->collectors.statsd_refused[why] > 0) {
            jo_int(j, statsd_refusal_name((enum statsd_refusal)why), (int64_t)r->collectors.statsd_refused[why]);
        }
    }
    jo_end(j);
    jo_end(j);
}

static void encode_losses(struct json_out *j, const struct status_report *r) {
    jo_object(j, "lost");
    for (int why = 0; why < LOSS_COUNT; why++) {
        if (r->lost[why] > 0) {
            jo_int(j, loss_name((enum loss)why), (int64_t)r->lost[why]);
        }
    }
    jo_end(j);
}

static void encode_budget(struct json_out *j, const struct status_report *r) {
    jo_object(j, "budget");
    jo_int(j, "link_bytes", r->budget.ever_used);
    jo_int(j, "bytes_per_day", r->budget.limit);
    if (r->budget.limit > 0) {
        jo_int(j, "used_today", r->budget.used);
        jo_str(j, "level", budget_pace(r->budget.level)->name);
    }
    jo_end(j);
}

void status_encode(const struct status_report *r, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "device", r->device);
    jo_str(&j, "agent", AGENT_VERSION);
    jo_str(&j, "boot", r->boot);
    jo_int(&j, "pid", getpid());
    jo_int(&j, "t", r->wall_ms);
    jo_int(&j, "uptime_s", (r->mono_ms - r->start_mono_ms) / 1000);
    encode_uplink(&j, r);
    jo_str(&j, "disk", r->is_disk_well ? "ok" : r->disk_trouble);
    jo_object(&j, "spool");
    for (int lane = 0; lane < SPOOL_LANES; lane++) {
        encode_lane(&j, (enum spool_lane)lane, &r->lanes[lane]);
    }
    jo_end(&j);
    encode_collected(&j, r);
    encode_losses(&j, r);
    encode_budget(&j, r);
    jo_object(&j, "clock");
    jo_bool(&j, "is_set", !r->is_clock_held);
    jo_int(&j, "steps", (int64_t)r->clock_step_count);
    jo_int(&j, "stepped_ms", r->clock_step_sum_ms);
    jo_end(&j);
    jo_int(&j, "sessions", (int64_t)r->session_count);
    jo_end(&j);
}

enum result status_write(const char *run_dir, const struct status_report *report, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    path_of(run_dir, path);
    buf_init(&text, STATUS_BYTES);
    status_encode(report, &text);
    enum result result = file_replace(path, text.data, text.count, 0644, fault);
    buf_fini(&text);
    return result;
}

/* Prints a tree of objects as "spool.bulk.bytes  4096" lines. */
static void print_members(const struct json *object, const char *prefix, struct buf *out) {
    for (const struct json *node = json_first(object); node != NULL; node = json_next(node)) {
        char name[128];
        const char *text;
        snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", json_key(node));
        if (json_is_object(node)) {
            print_members(node, name, out);
            continue;
        }
        buf_printf(out, "  %-28s ", name);
        if (json_as_string(node, &text)) {
            buf_str(out, text[0] == '\0' ? "-" : text);
        } else {
            json_print(node, out);
        }
        buf_str(out, "\n");
    }
}

static enum result print_parsed(const struct json *root, int64_t now_ms, struct buf *out, bool *is_up,
                                struct fault *fault) {
    int64_t t;
    const char *device, *state;
    char when[32];
    const struct json *uplink = json_get(root, "uplink");
    if (json_integer(root, "t", 0, INT64_MAX, &t, fault) != RESULT_OK ||
        json_string(root, "device", CAP_DEVICE_ID_BYTES, &device, fault) != RESULT_OK) {
        return RESULT_BAD_INPUT;
    }
    if (uplink == NULL || json_string(uplink, "state", 16, &state, fault) != RESULT_OK) {
        return fault_set(fault, RESULT_BAD_INPUT, "'uplink.state' is missing");
    }
    bool is_alive = now_ms - t < STATUS_STALE_MS;
    *is_up = is_alive && strcmp(state, uplink_state_name(UPLINK_UP)) == 0;
    clock_print(t, when);
    buf_printf(out, "%s: %s\n", device,
               *is_up     ? "connected"
               : is_alive ? "not connected"
                          : "the agent does not run, or hangs: its last status is old");
    buf_printf(out, "  %-28s %s\n", "written", when);
    print_members(root, "", out);
    return RESULT_OK;
}

enum result status_print(const char *run_dir, int64_t now_ms, struct buf *out, bool *is_up, struct fault *fault) {
    char path[PATH_MAX];
    struct json *root = NULL;
    struct buf text;
    *is_up = false;
    path_of(run_dir, path);
    buf_init(&text, STATUS_BYTES);
    enum result result = file_read(path, &text, fault);
    if (result == RESULT_OK) {
        result = json_parse(buf_text(&text), text.count, &root, fault);
    }
    if (result == RESULT_OK) {
        result = print_parsed(root, now_ms, out, is_up, fault);
    }
    if (result != RESULT_OK) {
        fault_prefix(fault, "%s", path);
    }
    json_free(root);
    buf_fini(&text);
    return result;
}
