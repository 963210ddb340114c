/* Built in the order of the data's flow: packs and store, then what the pipeline thread holds, then the edge (people
 * may ask once the store is read), last the broker (data may come once everything behind it is there). Freed in
 * reverse. */
#include "gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "evidence.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/service.h"
#include "folder_trial.h"
#include "foreign.h"
#include "metrics.h"
#include "pipeline.h"
#include "reporter.h"
#include "session_desk.h"
#include "sessions/mask.h"
#include "sessions/vault.h"
#include "turn.h"
#include "watchdog.h"

struct gateway {
    struct core core;
    struct turns *turns;
    struct key *seal_key;
    struct box_key *escrow;
    char *store_path, *reserve_path, *seal_path, *master_path, *transcript_dir;
};

static void print_metrics(void *self, struct buf *out) {
    const struct gateway *g = self;
    metrics_print(&g->core, out);
}

static int64_t ago(int64_t then_mono_ms, int64_t now_mono_ms) {
    return then_mono_ms == 0 ? -1 : then_mono_ms > now_mono_ms ? 0 : now_mono_ms - then_mono_ms;
}

/* Only looks at stamps: waits for nobody. */
static int print_health(void *self, bool only_live, bool is_detailed, struct buf *out) {
    const struct gateway *g = self;
    const struct health *h = &g->core.health;
    const int64_t now = clock_mono_ms(), oldest_ms = h->journal_oldest_ms;
    const struct health_facts facts = {
        .pipeline_silent_ms = ago(h->progress_mono_ms, now),
        .is_stopping = h->is_stopping,
        .is_broker_connected = mqtt_read_figures(g->core.mqtt).is_connected,
        .is_store_failing = h->is_store_failing,
        .commit_age_ms = ago(h->commit_mono_ms, now),
        .turn_failed_age_ms = ago(h->turn_failed_mono_ms, now),
        .journal_late_ms = oldest_ms == 0 ? 0 : clock_wall_ms() - oldest_ms - h->journal_keep_ms,
        .is_crl_stale = h->is_crl_stale,
        .disk_free_bytes = h->disk_free_bytes,
        .disk_low_bytes = g->core.settings->disk_low_bytes,
    };
    return health_print(&facts, only_live, is_detailed, out);
}

static void submit(void *self, struct change *change) {
    const struct gateway *g = self;
    turns_submit(g->turns, change);
}

static enum result try_folder(void *self, struct reader *reader, const struct packs *in_use, struct json_out *out,
                              struct fault *fault) {
    const struct gateway *g = self;
    return folder_trial(g->core.settings->rules_dir, reader, in_use, out, fault);
}

static enum result start_web(struct gateway *g, struct fault *fault) {
    const struct settings *s = g->core.settings;
    const struct web_options options = {.listen = s->web_listen,
                                        .port = (int)s->web_port,
                                        .session_listen = s->session_listen,
                                        .session_port = (int)s->session_port,
                                        .server_cert = s->web_cert,
                                        .server_key = s->web_key,
                                        .device_ca = s->device_ca,
                                        .device_crl = s->device_crl,
                                        .is_crl_stale = &g->core.health.is_crl_stale,
                                        .console_dir = s->console_dir,
                                        .store_path = g->store_path,
                                        .link_grace_ms = s->link_grace_ms,
                                        .moderator_grace_ms = s->moderator_grace_ms,
                                        .transcript_dir = g->transcript_dir,
                                        .seal_key = g->seal_path,
                                        .vault = g->core.vault,
                                        .escrow = g->escrow,
                                        .mask = g->core.mask,
                                        .holder = g->core.holder,
                                        .reader_threads = (int)s->reader_threads,
                                        .needs_qualification = s->session_needs_qualification,
                                        .login_idle_ms = s->login_idle_ms,
                                        .login_max_ms = s->login_max_ms,
                                        .ice = {s->call_stun, s->call_turn, s->call_turn_secret},
                                        .submit = submit,
                                        .connections_per_address = (int)s->connections_per_address,
                                        .metrics = print_metrics,
                                        .health = print_health,
                                        .trial = try_folder,
                                        .self = g};
    const enum result result = web_start(&options, &g->core.web, fault);
    if (result != RESULT_OK)
        return result;
    if (s->session_url)
        snprintf(g->core.session_url, sizeof g->core.session_url, "%s" SESSION_PATH, s->session_url);
    else
        snprintf(g->core.session_url, sizeof g->core.session_url, "wss://%s:%d" SESSION_PATH, s->session_listen,
                 web_session_port(g->core.web));
    return RESULT_OK;
}

/* data_dir/ports.json: where we listen, for whoever configured port 0. Written whole or not at all. */
static enum result write_ports(struct gateway *g, struct fault *fault) {
    char *path = settings_path(g->core.settings, "ports.json"),
         *part = settings_path(g->core.settings, "ports.json.part");
    enum result result = RESULT_OK;
    FILE *file = fopen(part, "we");
    if (!file ||
        fprintf(file, "{\"web\":%d,\"session\":%d}\n", web_port(g->core.web), web_session_port(g->core.web)) < 0)
        result = fault_set(fault, RESULT_IO, "%s: %s", part, strerror(errno));
    if (file && fclose(file) != 0 && result == RESULT_OK)
        result = fault_set(fault, RESULT_IO, "%s: %s", part, strerror(errno));
    if (result == RESULT_OK && rename(part, path) != 0)
        result = fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    free(path);
    free(part);
    return result;
}

static enum result start_parts(struct gateway *g, struct fault *fault) {
    struct core *core = &g->core;
    struct mqtt *client = NULL;
    const struct settings *s = core->settings;
    const struct mqtt_options mqtt = {.host = s->broker_host,
                                      .port = (int)s->broker_port,
                                      .ca = s->broker_ca,
                                      .cert = s->broker_cert,
                                      .key = s->broker_key,
                                      .keep_alive_s = (int)(s->broker_keep_alive_ms / 1000),
                                      .qos = (int)s->broker_qos};
    enum result result = key_read_private(g->seal_path, &g->seal_key, fault);
    if (result == RESULT_OK)
        result = vault_open(g->master_path, s->master_key_previous, &core->vault, fault);
    if (result == RESULT_OK && s->escrow_key)
        result = box_key_read_public(s->escrow_key, &g->escrow, fault);
    if (result == RESULT_OK)
        result = mask_new(s->mask_file, &core->mask, fault);
    if (result == RESULT_OK)
        result = evidence_place(s, fault);
    if (result == RESULT_OK)
        result = store_open(g->store_path, &core->store, fault);
    if (result == RESULT_OK)
        result = rule_versions_start(core, fault);
    if (result != RESULT_OK)
        return result;
    core->reserve = reserve_open(g->reserve_path, s->reserve_bytes);
    rule_keep_init(&core->rule_keep);
    core->normalizer = normalizer_new();
    core->storm = storm_new();
    core->inbox =
        inbox_new((size_t)s->inbox_messages, (size_t)s->inbox_bytes, s->inbox_wait_ms, s->unstamped_per_second);
    inbox_bound_batch(core->inbox, (size_t)s->batch_bytes);
    core->acks = acks_new(s->acks_per_second);
    timing_init(&core->timing);
    core->watchdog = watchdog_new(service_watchdog_ms());
    watchdog_beat(core->watchdog, core);
    core->effects = effects_new();
    firings_init(&core->firings);
    g->turns = turns_new(core);
    core->reporter = reporter_start(core->vault, core->mask, g->transcript_dir, submit, g);
    service_notify("STATUS=reading the store");
    result = foreign_start(core, &core->foreign, fault);
    if (result == RESULT_OK)
        result = pipeline_load(core, fault);
    if (result == RESULT_OK)
        result = session_desk_recover(core, g->transcript_dir, g->seal_key, fault);
    if (result == RESULT_OK)
        result = start_web(g, fault);
    if (result == RESULT_OK)
        result = write_ports(g, fault);
    if (result == RESULT_OK)
        result = mqtt_start(&mqtt, core->inbox, &client, fault);
    core->mqtt = client;
    return result == RESULT_OK ? foreign_connect(core, fault) : result;
}

enum result gateway_start(const struct settings *settings, struct gateway **out, struct fault *fault) {
    struct gateway *g = mem_alloc(sizeof *g);
    g->core.settings = settings;
    g->store_path = settings_path(settings, "gateway.db");
    g->reserve_path = settings_path(settings, "reserve");
    g->seal_path = settings_path(settings, "seal.key");
    g->master_path = settings_master_key(settings);
    g->transcript_dir = settings_path(settings, "transcripts");
    const enum result result = start_parts(g, fault);
    if (result != RESULT_OK) {
        gateway_free(g);
        return result;
    }
    log_info("gateway", "started", "web_port=%d session_port=%d packs=%zu", web_port(g->core.web),
             web_session_port(g->core.web), packs_count(g->core.packs));
    *out = g;
    return RESULT_OK;
}

void gateway_run(struct gateway *g) {
    turns_run(g->turns);
    log_info("gateway", "stopping", "turns=%llu", (unsigned long long)g->core.figures.turns);
    web_stop(g->core.web); /* live sessions end here and are sealed; what the edge says of them is the last turn's */
    foreign_disconnect(g->core.foreign);
    turns_last(g->turns);
}

void gateway_reload(struct gateway *g) {
    struct change *change = change_new(CHANGE_RULES_RELOAD);
    snprintf(change->by.name, sizeof change->by.name, "SIGHUP");
    turns_submit(g->turns, change);
}

void gateway_stop(struct gateway *g) {
    g->core.health.is_stopping = true;
    service_notify("STOPPING=1\nSTATUS=ending live sessions");
    turns_stop(g->turns);
}

void gateway_free(struct gateway *g) {
    if (!g)
        return;
    web_stop(g->core.web); /* whatever the start came to: it submits to parts that are freed below */
    foreign_disconnect(g->core.foreign);
    mqtt_stop(g->core.mqtt);
    reporter_stop(g->core.reporter);
    turns_free(g->turns);
    web_free(g->core.web);
    firings_fini(&g->core.firings);
    timing_fini(&g->core.timing);
    watchdog_free(g->core.watchdog);
    foreign_free(g->core.foreign);
    effects_free(g->core.effects);
    acks_free(g->core.acks);
    rule_keep_fini(&g->core.rule_keep);
    inbox_free(g->core.inbox);
    normalizer_free(g->core.normalizer);
    storm_free(g->core.storm);
    registry_free(g->core.registry);
    fleets_free(g->core.fleets);
    history_close(g->core.history);
    store_close(g->core.store);
    reserve_close(g->core.reserve);
    key_free(g->seal_key);
    vault_close(g->core.vault);
    box_key_free(g->escrow);
    mask_free(g->core.mask);
    pack_holder_free(g->core.holder);
    free(g->store_path);
    free(g->reserve_path);
    free(g->seal_path);
    free(g->master_path);
    free(g->transcript_dir);
    free(g);
}

static enum result make_dir(const char *path, struct fault *fault) {
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    return RESULT_OK;
}

enum result gateway_init(const struct settings *settings, struct fault *fault) {
    char *store_path = settings_path(settings, "gateway.db"), *transcripts = settings_path(settings, "transcripts");
    char *key_path = settings_path(settings, "seal.key"), *public_path = settings_path(settings, "seal.pub"),
         *master_path = settings_master_key(settings);
    struct store *store = NULL;
    enum result result = make_dir(settings->data_dir, fault);
    if (result == RESULT_OK)
        result = make_dir(transcripts, fault);
    if (result == RESULT_OK && access(key_path, F_OK) != 0)
        result = key_make_ed25519(key_path, public_path, fault);
    if (result == RESULT_OK && access(master_path, F_OK) != 0)
        result = vault_make_master(master_path, fault);
    if (result == RESULT_OK)
        result = store_open(store_path, &store, fault);
    store_close(store);
    free(store_path);
    free(transcripts);
    free(key_path);
    free(public_path);
    free(master_path);
    return result;
}
