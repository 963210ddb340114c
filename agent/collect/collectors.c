/* The collectors together: sockets to decoders to sink, and their timers.
 *
 * Each decoder is pure and knows no socket; here they meet. What a program sends wrongly is counted by reason and
 * logged at most once in TELL_MS with the line that broke it, because the program will send it again in a second.
 * Nothing here blocks but statvfs in host.c. Owned by agent.c, loop thread. */
#include "collect/collectors.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/clean_text.h"
#include "collect/host.h"
#include "collect/intake.h"
#include "collect/meters.h"
#include "collect/syslog.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"

enum { TELL_MS = 10 * 1000, SHOWN_BYTES = 80 };

struct collectors {
    struct loop *loop;
    const struct agent_config *config;
    struct wall *wall;
    struct sink sink;
    struct intake *statsd, *syslog;
    struct meters *meters;
    struct tail *tail;
    struct host *host, *live_host; /* live_host: measured for who observes; rates need a past of their own */
    int64_t live_ms;               /* 0: nobody observes */
    struct loop_timer flush_timer, host_timer, live_timer;
    struct senml_record raw; /* the newest of the datagram, not handed on yet */
    bool has_raw;
    struct collectors_counts counts, told; /* told: of losses, to the sink */
    bool has_told;
    int64_t told_mono_ms;
};

static bool may_tell(struct collectors *c) {
    int64_t now = clock_mono_ms();
    if (c->has_told && now - c->told_mono_ms < TELL_MS) {
        return false;
    }
    c->has_told = true;
    c->told_mono_ms = now;
    return true;
}

/* ---- statsd ---- */

static void on_refused(void *self, enum statsd_refusal why, const char *line, size_t chars) {
    struct collectors *c = self;
    c->counts.statsd_refused[why]++;
    if (may_tell(c)) {
        char shown[SHOWN_BYTES + 1];
        clean_text(line, chars, shown, SHOWN_BYTES);
        log_warn("agent.statsd", "line_refused", "why=%s line=%s", statsd_refusal_name(why), log_text(shown));
    }
}

static void hand_on_raw(struct collectors *c) {
    if (c->has_raw) {
        c->sink.raw(c->sink.self, &c->raw);
        if (c->live_ms > 0) {
            c->sink.live(c->sink.self, &c->raw);
        }
    }
    c->has_raw = false;
}

/* A gauge below zero comes in two lines, "x:0|g" and "x:-18|g": the zero was never measured. */
static void take_raw(struct collectors *c, const struct statsd_value *value, int64_t event_ms, double level) {
    bool is_correction = value->kind == STATSD_GAUGE_DELTA && c->has_raw && strcmp(value->metric, c->raw.metric) == 0 &&
                         strcmp(value->part, c->raw.part) == 0;
    if (!is_correction) {
        hand_on_raw(c);
    }
    c->raw = (struct senml_record){.event_ms = event_ms, .value = level};
    memcpy(c->raw.metric, value->metric, sizeof c->raw.metric);
    memcpy(c->raw.part, value->part, sizeof c->raw.part);
    c->has_raw = true;
}

static void on_value(void *self, const struct statsd_value *value) {
    struct collectors *c = self;
    struct moment now = wall_look(c->wall);
    struct statsd_value believed = *value;
    believed.event_ms = wall_believe(c->wall, value->event_ms);
    double level;
    enum result result = meters_take(c->meters, &believed, &now, &level);
    if (result == RESULT_OK) {
        take_raw(c, value, believed.has_event_ms ? believed.event_ms : now.wall_ms, level);
    } else {
        c->counts.statsd_unfit++;
        if (result == RESULT_FULL) {
            c->sink.lost(c->sink.self, LOSS_SERIES, 1);
        }
        if (may_tell(c)) {
            log_warn("agent.statsd", "value_unfit", "metric=%s part=%s why=%s", value->metric, value->part,
                     result_name(result));
        }
    }
}

static void on_event(void *self, const struct event_message *event) {
    struct collectors *c = self;
    struct event_message believed = *event;
    believed.event_ms = wall_believe(c->wall, event->event_ms);
    c->sink.event(c->sink.self, &believed);
}

static void on_statsd(void *self, const void *datagram, size_t bytes) {
    struct collectors *c = self;
    struct statsd_handler handler = {.self = c, .value = on_value, .event = on_event, .refused = on_refused};
    c->counts.statsd_datagrams++;
    statsd_decode(datagram, bytes, wall_look(c->wall).wall_ms, &handler);
    hand_on_raw(c);
}

static void on_flush(void *self) {
    struct collectors *c = self;
    meters_flush(c->meters, wall_look(c->wall).wall_ms, &c->sink);
    loop_arm(c->loop, &c->flush_timer, c->config->statsd_flush_ms, on_flush, c);
}

/* ---- syslog and host ---- */

static void on_syslog(void *self, const void *datagram, size_t bytes) {
    struct collectors *c = self;
    struct log_record record;
    c->counts.syslog_datagrams++;
    if (syslog_decode(datagram, bytes, wall_look(c->wall).wall_ms, &record)) {
        record.event_ms = wall_believe(c->wall, record.event_ms);
        c->sink.log(c->sink.self, &record);
    }
}

/* What the host measures is as it came in already. */
static void on_host_sample(void *self, const struct senml_record *record) {
    struct collectors *c = self;
    c->sink.raw(c->sink.self, record);
    c->sink.sample(c->sink.self, record);
}

static void on_host(void *self) {
    struct collectors *c = self;
    struct sink both = {.self = c, .sample = on_host_sample};
    host_measure(c->host, clock_mono_ms(), wall_look(c->wall).wall_ms, &both);
    loop_arm(c->loop, &c->host_timer, c->config->host_interval_ms, on_host, c);
}

/* ---- for who observes ---- */

static void on_live_sample(void *self, const struct senml_record *record) {
    struct collectors *c = self;
    c->sink.live(c->sink.self, record);
}

static void on_live(void *self) {
    struct collectors *c = self;
    struct sink only = {.self = c, .sample = on_live_sample};
    host_measure(c->live_host, clock_mono_ms(), wall_look(c->wall).wall_ms, &only);
    loop_arm(c->loop, &c->live_timer, c->live_ms, on_live, c);
}

void collectors_watch(struct collectors *c, int64_t interval_ms) {
    c->live_ms = c->sink.live != NULL ? interval_ms : 0;
    bool wants_host = c->live_ms > 0 && c->host != NULL && c->live_ms < c->config->host_interval_ms;
    if (wants_host && c->live_host == NULL) {
        c->live_host = host_new("", c->config->host_mounts);
    }
    if (wants_host) {
        loop_arm(c->loop, &c->live_timer, 0, on_live, c);
        return;
    }
    loop_disarm(c->loop, &c->live_timer);
    host_free(c->live_host);
    c->live_host = NULL;
}

/* ---- all ---- */

static enum result open_intakes(struct collectors *c, struct fault *fault) {
    const struct agent_config *config = c->config;
    enum result result = RESULT_OK;
    if (config->statsd_socket != NULL || config->statsd_port != 0) {
        result =
            intake_open(c->loop, "statsd", config->statsd_socket, config->statsd_port, on_statsd, c, &c->statsd, fault);
        loop_arm(c->loop, &c->flush_timer, config->statsd_flush_ms, on_flush, c);
    }
    if (result == RESULT_OK && (config->syslog_socket != NULL || config->syslog_port != 0)) {
        result =
            intake_open(c->loop, "syslog", config->syslog_socket, config->syslog_port, on_syslog, c, &c->syslog, fault);
    }
    return result;
}

enum result collectors_new(struct loop *loop, const struct agent_config *config, struct wall *wall,
                           const struct sink *sink, const struct tail_spool *spool, struct collectors **out,
                           struct fault *fault) {
    char state[PATH_MAX];
    struct collectors *c = mem_alloc(sizeof *c);
    *c = (struct collectors){.loop = loop, .config = config, .wall = wall, .sink = *sink, .meters = meters_new()};
    enum result result = open_intakes(c, fault);
    if (result != RESULT_OK) {
        collectors_free(c);
        return result;
    }
    snprintf(state, sizeof state, "%s/tail.json", config->data_dir);
    c->tail = tail_new(loop, config->tails, state, spool, wall, &c->sink);
    if (config->host_enabled) {
        c->host = host_new("", config->host_mounts);
        loop_arm(loop, &c->host_timer, 0, on_host, c);
    }
    *out = c;
    return RESULT_OK;
}

void collectors_free(struct collectors *c) {
    if (c == NULL) {
        return;
    }
    loop_disarm(c->loop, &c->flush_timer);
    loop_disarm(c->loop, &c->host_timer);
    loop_disarm(c->loop, &c->live_timer);
    intake_close(c->statsd);
    intake_close(c->syslog);
    tail_free(c->tail);
    host_free(c->host);
    host_free(c->live_host);
    meters_free(c->meters);
    free(c);
}

void collectors_checkpoint(struct collectors *c, const char *stream, uint64_t seq) {
    tail_checkpoint(c->tail, stream, seq);
}

void collectors_flush(struct collectors *c) {
    meters_flush(c->meters, wall_now_ms(c->wall), &c->sink);
}

void collectors_look(struct collectors *c) {
    struct collectors_counts now = collectors_counts(c);
    const struct {
        enum loss why;
        uint64_t count;
    } rows[] = {{LOSS_STATSD_FLOOD, now.statsd_dropped - c->told.statsd_dropped},
                {LOSS_SYSLOG_FLOOD, now.syslog_dropped - c->told.syslog_dropped},
                {LOSS_TOO_LONG, now.oversize - c->told.oversize}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].count > 0) {
            c->sink.lost(c->sink.self, rows[i].why, rows[i].count);
        }
    }
    c->told = now;
}

struct collectors_counts collectors_counts(const struct collectors *c) {
    struct collectors_counts counts = c->counts;
    counts.series = meters_count(c->meters);
    counts.statsd_dropped = c->statsd == NULL ? 0 : intake_dropped_count(c->statsd);
    counts.syslog_dropped = c->syslog == NULL ? 0 : intake_dropped_count(c->syslog);
    counts.oversize = (c->statsd == NULL ? 0 : intake_oversize_count(c->statsd)) +
                      (c->syslog == NULL ? 0 : intake_oversize_count(c->syslog));
    return counts;
}
