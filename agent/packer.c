/* Batching, between collectors and spool.
 *
 * A pack is one message and one spool record, so its size decides what a sample costs in bytes, in fsync and at the
 * gateway; its age decides how late an alarm is. Both are configuration. A log pack is closed before the record that
 * does not fit and never after one that does: whoever handed a record over moves its position afterwards, so the
 * position that `before_logs` writes down covers exactly the closed pack (collect/tail.c). PACK_BYTES is far below the
 * wire's cap, because a window of messages may lie in Paho's memory at once. Loop thread. */
#include "packer.h"

#include <stdlib.h>

#include "fieldline/log.h"

enum { PACK_BYTES = 16 * 1024 };

struct packer {
    struct loop *loop;
    const struct agent_config *config;
    struct spool *spool;
    struct wall *wall;
    struct packer_owner owner;
    struct loop_timer flush_timer, sync_timer;
    struct senml_pack samples;
    struct logs_pack logs;
    struct buf payload;
    struct packer_counts counts;
    int64_t wait_ms;
};

static void arm_sync(struct packer *o);

static void on_sync(void *self) {
    struct packer *o = self;
    if (spool_tick(o->spool)) {
        arm_sync(o);
    }
}

static void arm_sync(struct packer *o) {
    if (!o->sync_timer.is_armed) {
        loop_arm(o->loop, &o->sync_timer, o->config->spool_sync_ms / 2, on_sync, o);
    }
}

struct packer *packer_new(struct loop *loop, const struct agent_config *config, struct spool *spool, struct wall *wall,
                          const struct packer_owner *owner) {
    struct packer *o = mem_alloc(sizeof *o);
    *o = (struct packer){.loop = loop,
                         .config = config,
                         .spool = spool,
                         .wall = wall,
                         .owner = *owner,
                         .wait_ms = config->batch_max_wait_ms};
    senml_pack_init(&o->samples, PACK_BYTES);
    logs_pack_init(&o->logs, PACK_BYTES);
    buf_init(&o->payload, CAP_PAYLOAD_BYTES);
    arm_sync(o);
    return o;
}

void packer_free(struct packer *o) {
    if (o == NULL) {
        return;
    }
    loop_disarm(o->loop, &o->flush_timer);
    loop_disarm(o->loop, &o->sync_timer);
    senml_pack_fini(&o->samples);
    logs_pack_fini(&o->logs);
    buf_fini(&o->payload);
    free(o);
}

static void append(struct packer *o, enum topic_kind kind, const void *payload, size_t bytes) {
    if (spool_append(o->spool, kind, wall_now(o->wall), payload, bytes) != RESULT_OK) {
        o->counts.lost++; /* logged by the spool; the number becomes a gap, which is to be sent */
    }
    arm_sync(o);
    o->owner.appended(o->owner.self);
}

static void flush_samples(struct packer *o) {
    if (o->samples.record_count > 0) {
        senml_pack_finish(&o->samples, &o->payload);
        append(o, TOPIC_UP_TELE, o->payload.data, o->payload.count);
    }
}

static void flush_logs(struct packer *o) {
    if (o->logs.record_count > 0) {
        logs_pack_finish(&o->logs, &o->payload);
        o->owner.before_logs(o->owner.self, spool_stream(o->spool, SPOOL_BULK),
                             spool_last_seq(o->spool, SPOOL_BULK) + 1);
        append(o, TOPIC_UP_LOG, o->payload.data, o->payload.count);
    }
}

void packer_flush(struct packer *o) {
    loop_disarm(o->loop, &o->flush_timer);
    flush_samples(o);
    flush_logs(o);
}

static void on_flush(void *self) {
    packer_flush(self);
}

static void arm_flush(struct packer *o) {
    if (!o->flush_timer.is_armed) {
        loop_arm(o->loop, &o->flush_timer, o->wait_ms, on_flush, o);
    }
}

void packer_sample(struct packer *o, const struct senml_record *record) {
    enum result result = senml_pack_add(&o->samples, record);
    if (result == RESULT_FULL) {
        flush_samples(o);
        result = senml_pack_add(&o->samples, record);
    }
    if (result != RESULT_OK) {
        if (o->counts.refused++ == 0) {
            log_warn("agent.packer", "sample_refused", "metric=%s event_ms=%lld why=%s", log_text(record->metric),
                     (long long)record->event_ms, result_name(result));
        }
        return;
    }
    o->counts.samples++;
    if (o->samples.record_count >= (size_t)o->config->batch_max_records) {
        flush_samples(o);
    } else {
        arm_flush(o);
    }
}

void packer_log(struct packer *o, const struct log_record *record) {
    enum result result = logs_pack_add(&o->logs, record);
    if (result == RESULT_FULL) {
        flush_logs(o);
        result = logs_pack_add(&o->logs, record);
    }
    if (result != RESULT_OK) {
        o->counts.refused++;
        return;
    }
    o->counts.logs++;
    arm_flush(o);
}

void packer_event(struct packer *o, const struct event_message *event) {
    o->counts.events++;
    buf_reset(&o->payload);
    event_encode(event, &o->payload);
    append(o, TOPIC_UP_EVENT, o->payload.data, o->payload.count);
}

uint64_t packer_urgent(struct packer *o, enum topic_kind kind, const void *payload, size_t bytes) {
    append(o, kind, payload, bytes);
    return spool_last_seq(o->spool, SPOOL_URGENT);
}

void packer_set_wait(struct packer *o, int64_t wait_ms) {
    o->wait_ms = wait_ms;
}

struct packer_counts packer_counts(const struct packer *o) {
    return o->counts;
}
