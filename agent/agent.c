/* The agent: every part, built in the order in which data flows and freed in reverse.
 *
 *   collectors --samples, logs--> sieve --> packer --messages--> spool --windows--> uplink --MQTT--> gateway
 *        |  '------- events ----------------^ ^                    ^                 |
 *        |--live lines--> launcher --replies--'                    '------ acks -----+--> commands
 *        '--as it came in--> recorder --evidence, when asked for--> uplink
 *
 * This file only connects: it hands what one part found to the next and knows what none of them knows (that a new
 * metric makes a new birth message, that sessions may want to watch). Parts do not know each other but downstream.
 * Sessions keep running when the agent ends: their processes are their own. One thread, the loop's. */
#include "agent.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "agent_private.h"
#include "notify.h"
#include "recall.h"
#include "tap.h"
#include "version.h"

enum { BIRTH_AGAIN_MS = 3000 };

/* ---- birth ---- */

static void introduce(struct agent *a) {
    buf_reset(&a->text);
    birth_write(a->birth, wall_now_ms(&a->wall), &a->text);
    uplink_introduce(a->uplink, a->text.data, a->text.count);
}

static uint64_t send_birth(struct agent *a) {
    buf_reset(&a->text);
    birth_write(a->birth, wall_now_ms(&a->wall), &a->text);
    a->birth_is_old = false;
    a->birth_seq = packer_urgent(a->packer, TOPIC_UP_BIRTH, a->text.data, a->text.count);
    snprintf(a->birth_stream, sizeof a->birth_stream, "%s", spool_stream(a->spool, SPOOL_URGENT));
    return a->birth_seq;
}

/* One birth for each connection; but one that still waits and says the same will do, or a flapping link would fill the
 * lane with them. */
static uint64_t on_connected(void *self) {
    struct agent *a = self;
    introduce(a);
    bool is_waiting = a->birth_seq > spool_acked_seq(a->spool, SPOOL_URGENT) &&
                      strcmp(a->birth_stream, spool_stream(a->spool, SPOOL_URGENT)) == 0;
    return is_waiting && !a->birth_is_old ? a->birth_seq : send_birth(a);
}

static void on_birth_due(void *self) {
    struct agent *a = self;
    if (a->birth_is_old && uplink_status(a->uplink).state == UPLINK_UP) {
        send_birth(a);
    }
}

/* ---- what collectors find ---- */

static void on_sample(void *self, const struct senml_record *record) {
    struct agent *a = self;
    sieve_sample(a->sieve, record, clock_mono_ms());
    if (birth_saw(a->birth, record->metric)) {
        a->birth_is_old = true;
        if (!a->birth_timer.is_armed) {
            loop_arm(a->loop, &a->birth_timer, BIRTH_AGAIN_MS, on_birth_due, a);
        }
    }
    if (launcher_wants_tap(a->launcher)) {
        tap_sample(record, &a->text);
        launcher_tap(a->launcher, buf_text(&a->text), a->text.count);
    }
}

static void on_raw(void *self, const struct senml_record *record) {
    struct agent *a = self;
    if (a->recorder != NULL) {
        recorder_sample(a->recorder, record);
    }
}

static void on_live(void *self, const struct senml_record *record) {
    struct agent *a = self;
    tap_sample(record, &a->text);
    launcher_tap(a->launcher, buf_text(&a->text), a->text.count);
}

static void on_pace(void *self, int64_t interval_ms) {
    struct agent *a = self;
    collectors_watch(a->collectors, interval_ms);
}

static void on_recall(void *self, int64_t count, void (*line)(void *line_self, const char *text, size_t bytes),
                      void *line_self) {
    struct agent *a = self;
    if (a->recorder != NULL) {
        recall_logs(a->recorder, wall_now_ms(&a->wall) - TAP_LAST_MS, (size_t)count, line, line_self);
    }
}

static void on_log(void *self, const struct log_record *record) {
    struct agent *a = self;
    if (a->recorder != NULL) {
        recorder_log(a->recorder, record);
    }
    sieve_log(a->sieve, record);
    if (launcher_wants_tap(a->launcher)) {
        tap_log(record, &a->text);
        launcher_tap(a->launcher, buf_text(&a->text), a->text.count);
    }
}

static void on_event(void *self, const struct event_message *event) {
    struct agent *a = self;
    packer_event(a->packer, event);
}

static void on_lost(void *self, enum loss why, uint64_t count) {
    struct agent *a = self;
    int64_t now_ms = wall_now_ms(&a->wall);
    losses_add(a->losses, why, count, now_ms, now_ms);
}

static void on_sifted_sample(void *self, const struct senml_record *record) {
    struct agent *a = self;
    packer_sample(a->packer, record);
}

static void on_sifted_log(void *self, const struct log_record *record) {
    struct agent *a = self;
    packer_log(a->packer, record);
}

static void on_appended(void *self) {
    struct agent *a = self;
    uplink_wake(a->uplink);
}

static void on_before_logs(void *self, const char *stream, uint64_t seq) {
    struct agent *a = self;
    collectors_checkpoint(a->collectors, stream, seq);
}

/* Everything that is being added up, held back or gathered, into the spool. */
static void flush(struct agent *a) {
    collectors_flush(a->collectors);
    sieve_flush(a->sieve);
    packer_flush(a->packer);
}

/* ---- the wall clock ---- */

/* Nothing that was measured by the old clock may travel with a stamp of the new one. */
static void on_before_step(void *self) {
    struct agent *a = self;
    if (a->collectors != NULL) {
        flush(a);
    }
}

static void on_stepped(void *self, int64_t by_ms) {
    struct agent *a = self;
    struct event_message event = {.event_ms = wall_now_ms(&a->wall), .kind = EVENT_INFO, .severity = SEVERITY_NOTICE};
    snprintf(event.text, sizeof event.text, "clock stepped by %+.1f s", (double)by_ms / 1000);
    log_warn("agent.wall", "clock_stepped", "by_ms=%lld", (long long)by_ms);
    if (a->recorder != NULL) {
        recorder_step(a->recorder, by_ms);
        pulls_step(a->pulls, by_ms);
    }
    if (a->packer != NULL) {
        packer_event(a->packer, &event);
    }
}

/* ---- commands ---- */

static void run_ping(void *self, const struct command_message *command) {
    struct agent *a = self;
    struct buf result, reply;
    buf_init(&result, CAP_PAYLOAD_BYTES);
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    struct json_out j = json_out(&result);
    jo_object(&j, NULL);
    jo_str(&j, "agent", AGENT_VERSION);
    jo_str(&j, "boot", a->boot);
    jo_int(&j, "uptime_s", (clock_mono_ms() - a->start_mono_ms) / 1000);
    jo_end(&j);
    reply_encode_ok(command->id, buf_text(&result), &reply);
    commands_reply(a->commands, reply.data, reply.count);
    buf_fini(&reply);
    buf_fini(&result);
}

static void run_birth(void *self, const struct command_message *command) {
    struct agent *a = self;
    struct buf reply;
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    introduce(a);
    reply_encode_ok(command->id, NULL, &reply);
    commands_reply(a->commands, reply.data, reply.count);
    buf_fini(&reply);
}

static void run_session(void *self, const struct command_message *command) {
    struct agent *a = self;
    launcher_command(a->launcher, command);
}

static void run_evidence(void *self, const struct command_message *command) {
    struct agent *a = self;
    pulls_command(a->pulls, command);
}

static const struct command_row command_rows[] = {
    {"agent.ping", run_ping}, {"agent.birth", run_birth}, {"session.", run_session}, {EVIDENCE_VERB, run_evidence}};

static void on_command(void *self, const void *payload, size_t bytes) {
    struct agent *a = self;
    commands_take(a->commands, payload, bytes);
}

static void on_launcher_reply(void *self, const char *reply, size_t bytes) {
    struct agent *a = self;
    commands_reply(a->commands, reply, bytes);
}

static void on_pull_reply(void *self, const char *id, const void *payload, size_t bytes) {
    struct agent *a = self;
    commands_forget(a->commands, id);
    uplink_say(a->uplink, TOPIC_UP_REPLY, payload, bytes);
}

static void send_reply(void *self, const void *payload, size_t bytes) {
    struct agent *a = self;
    packer_urgent(a->packer, TOPIC_UP_REPLY, payload, bytes);
}

/* ---- changes of parameters ---- */

static int64_t on_guard_now(void *self) {
    struct agent *a = self;
    return wall_now_ms(&a->wall);
}

static void on_guard_next(void *self, char stream[CAP_UUID_BYTES + 1], uint64_t *seq) {
    struct agent *a = self;
    snprintf(stream, CAP_UUID_BYTES + 1, "%s", spool_stream(a->spool, SPOOL_URGENT));
    *seq = spool_last_seq(a->spool, SPOOL_URGENT) + 1;
}

static bool on_guard_has(void *self, const char *stream, uint64_t seq) {
    struct agent *a = self;
    return strcmp(stream, spool_stream(a->spool, SPOOL_URGENT)) == 0 && spool_last_seq(a->spool, SPOOL_URGENT) >= seq;
}

/* ---- status and life ---- */

/* Runs on the loop, so a loop that hangs feeds nobody. */
static void on_watchdog(void *self) {
    struct agent *a = self;
    if (uplink_is_alive(a->uplink)) {
        notify_send("WATCHDOG=1");
    }
    loop_arm(a->loop, &a->watchdog_timer, notify_watchdog_ms(), on_watchdog, a);
}

static void on_stopped(void *self) {
    struct agent *a = self;
    agent_write_status(a);
    agent_write_metrics(a);
    loop_stop(a->loop);
}

/* On the disk; on a disk that cannot be written, all of it in memory until it can. */
static enum result open_spool(struct agent *a, struct fault *fault) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s/spool", a->config->data_dir);
    enum result result = spool_open(folder, a->boot, a->config->spool_bytes, &a->spool, fault);
    if (result == RESULT_IO) {
        log_error("agent.spool", "disk_failing", "why=%s", log_text(fault->text));
        a->is_in_memory = true;
        snprintf(folder, sizeof folder, "%s/spool", a->config->run_dir);
        return spool_open(folder, a->boot, SPOOL_SPARE_BYTES, &a->spool, fault);
    }
    if (result == RESULT_OK) {
        snprintf(folder, sizeof folder, "%s/spare", a->config->run_dir);
        spool_set_spare(a->spool, folder);
        spool_keep(a->spool, a->config->spool_keep);
    }
    return result;
}

static enum result build(struct agent *a, struct fault *fault) {
    const struct agent_config *config = a->config;
    struct uplink_owner uplink_owner = {
        .self = a, .connected = on_connected, .command = on_command, .stopped = on_stopped};
    struct packer_owner packer_owner = {.self = a, .appended = on_appended, .before_logs = on_before_logs};
    struct sink sink = {.self = a,
                        .sample = on_sample,
                        .raw = on_raw,
                        .live = on_live,
                        .log = on_log,
                        .event = on_event,
                        .lost = on_lost};
    struct sink sifted = {.self = a, .sample = on_sifted_sample, .log = on_sifted_log};

    enum result result = open_spool(a, fault);
    if (result != RESULT_OK) {
        return result;
    }
    wall_init(&a->wall, wall_machine(), spool_found_wall_ms(a->spool));
    wall_tell(&a->wall, (struct wall_owner){.self = a, .before_step = on_before_step, .stepped = on_stepped});
    a->budget = budget_new(config->data_dir, config->bytes_per_day, &a->wall);
    result = uplink_new(a->loop, config, a->spool, &a->wall, a->budget, &uplink_owner, &a->uplink, fault);
    if (result != RESULT_OK) {
        return result;
    }
    a->packer = packer_new(a->loop, config, a->spool, &a->wall, &packer_owner);
    a->losses = losses_new(a->loop, &a->wall, config->run_dir, a, on_event);
    a->sieve = sieve_new(&sifted, a->losses);
    a->birth = birth_new(config, a->boot);
    a->commands = commands_new(command_rows, sizeof command_rows / sizeof command_rows[0], a, send_reply);
    a->recorder = config->evidence_enabled ? recorder_new(config->evidence_bytes) : NULL;
    a->pulls =
        pulls_new(a->loop, a->recorder, &a->wall, a->budget, &(struct pulls_owner){.self = a, .reply = on_pull_reply});
    a->param_guard = param_guard_new(
        a->loop, &config->parameters,
        &(struct param_guard_owner){
            .self = a, .now_ms = on_guard_now, .event = on_event, .next = on_guard_next, .has = on_guard_has});
    a->launcher = launcher_new(a->loop, config, on_launcher_reply, a);
    launcher_watch(a->launcher, &(struct launcher_watcher){.self = a, .pace = on_pace, .recall = on_recall});
    struct tail_spool tail_spool = {.stream = spool_stream(a->spool, SPOOL_BULK),
                                    .found_seq = spool_found_seq(a->spool, SPOOL_BULK)};
    return collectors_new(a->loop, config, &a->wall, &sink, &tail_spool, &a->collectors, fault);
}

enum result agent_new(const struct agent_config *config, struct agent **out, struct fault *fault) {
    struct agent *a = mem_alloc(sizeof *a);
    a->config = config;
    a->loop = loop_new();
    a->start_mono_ms = clock_mono_ms();
    a->was_disk_well = true;
    clock_boot_id(a->boot);
    buf_init(&a->text, CAP_PAYLOAD_BYTES);
    enum result result = build(a, fault);
    if (result != RESULT_OK) {
        agent_free(a);
        return result;
    }
    *out = a;
    return RESULT_OK;
}

void agent_free(struct agent *a) {
    if (a == NULL) {
        return;
    }
    agent_watch_end(a);
    loop_disarm(a->loop, &a->birth_timer);
    loop_disarm(a->loop, &a->watchdog_timer);
    collectors_free(a->collectors);
    if (a->launcher != NULL) {
        launcher_free(a->launcher, false);
    }
    param_guard_free(a->param_guard);
    pulls_free(a->pulls);
    recorder_free(a->recorder);
    commands_free(a->commands);
    birth_free(a->birth);
    sieve_free(a->sieve);
    losses_free(a->losses);
    packer_free(a->packer);
    uplink_free(a->uplink);
    budget_free(a->budget);
    spool_close(a->spool);
    buf_fini(&a->text);
    loop_free(a->loop);
    free(a);
}

struct loop *agent_loop(struct agent *a) {
    return a->loop;
}

enum result agent_run(struct agent *a) {
    log_info("agent", "started", "device=%s version=%s", a->config->device, AGENT_VERSION);
    param_guard_look(a->param_guard); /* before anything else: what an earlier life left behind */
    uplink_start(a->uplink);
    agent_watch_begin(a);
    if (notify_watchdog_ms() > 0) {
        on_watchdog(a);
    }
    notify_send("READY=1");
    return loop_run(a->loop);
}

void agent_stop(struct agent *a) {
    if (a->is_stopping) {
        return;
    }
    a->is_stopping = true;
    log_info("agent", "stopping", "device=%s", a->config->device);
    notify_send("STOPPING=1");
    flush(a);
    losses_flush(a->losses);
    uplink_stop(a->uplink);
}
