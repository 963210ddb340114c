/* bytes -> topic -> stream position -> records -> journal, history, rules -> alarms -> tickets, all in one transaction.
 *
 * The sender's fault never stops the turn: the message (or the record in it) goes to the quarantine with a reason, and
 * its seq counts as taken, because sending the same bytes again would not help. Two things are not taken and not
 * acknowledged: what does not fit the stream's position (the device goes back), and telemetry of a device that has not
 * introduced itself (its birth is asked for; taking the data would lose it, for nothing tells what it means). */
#include "pipeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "fieldline/log.h"
#include "foreign.h"
#include "outbox.h"
#include "reload.h"
#include "session_desk.h"
#include "store/devices.h"
#include "store/records.h"

enum { BIRTH_ASK_EVERY_MS = 10 * 1000, OLD_CHUNKS_PER_TURN = 50 };

enum result pipeline_quarantine(struct core *core, const struct inbound *m, const char *device, const char *format,
                                ...) {
    struct fault reason;
    va_list args;
    va_start(args, format);
    vsnprintf(reason.text, sizeof reason.text, format, args);
    va_end(args);
    core->figures.quarantined++;
    core->figures.quarantined_by[quarantine_cause_of(format)]++;
    inbox_note_waste(core->inbox, m);
    log_warn("gateway.pipeline", "quarantined", "device=%s topic=%s bytes=%zu reason=%s", device, log_text(m->topic),
             m->payload_bytes, log_text(reason.text));
    const struct quarantined q = {.at_ms = core->now_ms,
                                  .topic = m->topic,
                                  .device = device,
                                  .reason = reason.text,
                                  .payload = m->payload,
                                  .payload_bytes = m->payload ? m->payload_bytes : 0};
    effects_notify(core->effects, "quarantine", "", device);
    return store_quarantine_add(core->store, &q);
}

void pipeline_touch(struct core *core, struct device *device) {
    device->last_seen_ms = core->now_ms;
    if (device->is_touched)
        return;
    device->is_touched = true;
    device->next_touched = core->touched;
    core->touched = device;
}

/* ---- what each kind of message means
 * --------------------------------------------------------------------------------- */

enum result pipeline_born(struct core *core, struct device *device, const struct birth_message *birth, bool is_online,
                          const struct inbound *m) {
    enum result result = reload_device(core, device);
    if (result == RESULT_OK)
        result = store_device_put(core->store, device->id, birth, core->now_ms, &device->row);
    if (result != RESULT_OK)
        return result;
    core->may_have_orphans |= device->model[0] && strcmp(device->model, birth->model) != 0;
    const struct pack *pack = packs_find(core->packs, birth->model);
    device->capabilities = birth->capabilities;
    device->evidence_bytes = birth->evidence_bytes;
    device->is_online = is_online;
    registry_keep(core->registry, device);
    device_set_pack(device, birth->model, pack);
    if (pack)
        rule_device_join(device->rules, fleet_enter(core->fleets, birth->model, birth->firmware));
    if (!conduct_has(&device->conduct, CONDUCT_FLAPPING)) {
        effects_notify(core->effects, "device", device->id, device->id);
        log_info("gateway.pipeline", "birth", "device=%s model=%s firmware=%s agent=%s", device->id,
                 log_text(birth->model), log_text(birth->firmware), log_text(birth->agent));
    }
    return pack ? RESULT_OK
                : pipeline_quarantine(core, m, device->id, "birth: no product pack for model '%s'", birth->model);
}

static enum result receive_birth(struct core *core, struct device *device, const struct inbound *m) {
    struct birth_message birth;
    struct fault fault;
    if (birth_decode(m->payload, m->payload_bytes, &birth, &fault) != RESULT_OK)
        return pipeline_quarantine(core, m, device->id, "birth: %s", fault.text);
    enum result result;
    if (strncmp(birth.agent, FOREIGN_AGENT, sizeof FOREIGN_AGENT - 1) == 0) {
        result = pipeline_quarantine(core, m, device->id, "birth: 'agent' begins with '" FOREIGN_AGENT "'");
    } else {
        foreign_yield(core->foreign, device->id);
        result = pipeline_born(core, device, &birth, true, m);
    }
    birth_fini(&birth);
    return result;
}

static enum result note_rejects(struct core *core, struct device *device, const struct inbound *m,
                                const struct normalized *n) {
    if (n->reject_count == 0)
        return RESULT_OK;
    core->figures.rejected_records += n->reject_count;
    return pipeline_quarantine(core, m, device->id, "%zu of %zu records rejected; %s", n->reject_count,
                               n->reject_count + n->sample_count + n->log_count, n->rejects[0].text);
}

static enum result series_of(struct core *core, struct device *device, const struct sample *sample, int64_t *id) {
    *id = device_series_id(device, sample->metric, sample->part);
    if (*id)
        return RESULT_OK;
    const enum result result = store_series_intern(core->store, device->row, device->pack->metrics[sample->metric].name,
                                                   rule_device_part_name(device->rules, sample->part), id);
    if (result == RESULT_OK)
        device_set_series(device, sample->metric, sample->part, *id);
    return result;
}

static enum result keep_samples(struct core *core, struct device *device, const struct inbound *m,
                                const struct normalized *n) {
    _Static_assert((int)CAP_PACK_RECORDS <= (int)JOURNAL_SAMPLES_MAX, "a message fits in a journal row");
    struct journal_sample kept[CAP_PACK_RECORDS];
    for (size_t i = 0; i < n->sample_count; i++) {
        const struct sample *s = &n->samples[i];
        kept[i] = (struct journal_sample){.event_ms = s->event_ms, .value = s->value};
        const enum result result = series_of(core, device, s, &kept[i].series);
        if (result != RESULT_OK)
            return result;
    }
    const struct journal_row row = {.device = device->row,
                                    .seq = m->stamp.seq,
                                    .recv_ms = m->recv_wall_ms,
                                    .first_ms = n->first_ms,
                                    .last_ms = n->last_ms,
                                    .samples = kept,
                                    .count = n->sample_count};
    int64_t id = 0;
    enum result result = journal_append(core->store, &row, &id);
    if (result != RESULT_OK)
        return result;
    result = rule_keep_note(core, device, id, core->now_mono_ms);
    if (result != RESULT_OK)
        return result;
    device->tele_mono_ms = core->now_mono_ms;
    for (size_t i = 0; i < n->sample_count; i++)
        history_add(core->history, kept[i].series, id, core->now_ms, kept[i].event_ms, kept[i].value);
    core->figures.samples += n->sample_count;
    return RESULT_OK;
}

/* How far its telemetry and log lines have come. Fault codes have a lane of their own and tell nothing about that. */
static void note_front(struct device *device, int64_t at_ms) {
    if (at_ms > device->front_ms)
        device->front_ms = at_ms;
}

static enum result take_normalized(struct core *core, struct device *device, const struct inbound *m,
                                   const struct normalized *n) {
    enum result result = note_rejects(core, device, m, n);
    if (result != RESULT_OK || n->sample_count == 0)
        return result;
    result = keep_samples(core, device, m, n);
    if (result != RESULT_OK)
        return result;
    firings_reset(&core->firings);
    rule_device_samples(device->rules, n->samples, n->sample_count, &core->firings);
    note_front(device, n->last_ms);
    return cases_take(core, device, &core->firings, n->last_ms, m->recv_mono_us);
}

static enum result receive_tele(struct core *core, struct device *device, const struct inbound *m) {
    const struct normalized *n = NULL;
    struct fault fault;
    if (!device->pack)
        return pipeline_quarantine(core, m, device->id, "tele: no product pack for model '%s'", device->model);
    if (normalize_tele(core->normalizer, device, m->payload, m->payload_bytes, core->now_ms, &n, &fault) != RESULT_OK)
        return pipeline_quarantine(core, m, device->id, "tele: %s", fault.text);
    return take_normalized(core, device, m, n);
}

enum result pipeline_records(struct core *core, struct device *device, const struct inbound *m,
                             const struct senml_record *records, size_t count) {
    const struct normalized *n = NULL;
    if (!device->pack)
        return pipeline_quarantine(core, m, device->id, "tele: no product pack for model '%s'", device->model);
    if (core->figures.is_short_of_disk) {
        core->figures.put_off++; /* lost: who sent it does not keep it */
        return RESULT_OK;
    }
    normalizer_rebase(core->normalizer, 0, 0);
    normalize_records(core->normalizer, device, records, count, core->now_ms, &n);
    return take_normalized(core, device, m, n);
}

enum result pipeline_fault(struct core *core, struct device *device, const struct event_message *event) {
    const bool is_read = event->active && device->rules && pack_reads_codes(device->pack);
    enum result result = is_read ? rule_keep_note_logs(core, device, core->now_mono_ms) : RESULT_OK;
    if (result == RESULT_OK)
        result = store_event_add(core->store, device->row, core->now_ms, event);
    if (result != RESULT_OK || !is_read)
        return result;
    rule_device_code(device->rules, event->code, event->event_ms, &core->firings);
    log_wait_note(&core->log_wait, device, core->now_mono_ms);
    return RESULT_OK;
}

static enum result receive_fault(struct core *core, struct device *device, const struct inbound *m,
                                 const struct event_message *event) {
    firings_reset(&core->firings);
    if (device->rules)
        rule_device_event(device->rules, event->code, event->active, event->text, event->event_ms, &core->firings);
    const enum result result = pipeline_fault(core, device, event);
    return result == RESULT_OK ? cases_take(core, device, &core->firings, event->event_ms, m->recv_mono_us) : result;
}

static enum result receive_event(struct core *core, struct device *device, const struct inbound *m) {
    struct event_message event;
    struct fault fault;
    if (event_decode(m->payload, m->payload_bytes, &event, &fault) != RESULT_OK ||
        normalize_event(core->normalizer, &event, core->now_ms, &fault) != RESULT_OK)
        return pipeline_quarantine(core, m, device->id, "event: %s", fault.text);
    core->figures.events++;
    if (event.kind == EVENT_FAULT)
        return receive_fault(core, device, m, &event);
    const enum result result = store_event_add(core->store, device->row, core->now_ms, &event);
    if (result != RESULT_OK)
        return result;
    if (event.kind == EVENT_GAP)
        log_warn("gateway.pipeline", "gap_reported", "device=%s records=%llu reason=%s", device->id,
                 (unsigned long long)event.gap_count, log_text(event.text));
    return event.kind == EVENT_CALL ? cases_call(core, device, event.text) : RESULT_OK;
}

/* A pattern that takes too long is off from now on, for all devices of the model: among the events of the device whose
 * line it was, in the log, and counted. */
static enum result tell_pattern_off(struct core *core, struct device *device, const char *pattern) {
    struct event_message event = {.event_ms = core->now_ms, .kind = EVENT_INFO, .severity = SEVERITY_WARNING};
    snprintf(event.text, sizeof event.text,
             "the log pattern \"%s\" takes too long for lines of this product and is switched off until a restart",
             pattern);
    core->figures.patterns_off++;
    log_warn("gateway.pipeline", "pattern_off", "device=%s model=%s pattern=%s", device->id, log_text(device->model),
             log_text(pattern));
    return store_event_add(core->store, device->row, core->now_ms, &event);
}

/* Rules see what is stored. */
static enum result match_lines(struct core *core, struct device *device, const struct inbound *m,
                               const struct normalized *n) {
    enum result result = RESULT_OK;
    firings_reset(&core->firings);
    int64_t newest_ms = 0;
    for (size_t i = 0; i < n->log_count; i++) {
        rule_device_log(device->rules, &n->logs[i], &core->firings);
        newest_ms = n->logs[i].event_ms > newest_ms ? n->logs[i].event_ms : newest_ms;
    }
    note_front(device, newest_ms);
    log_wait_note(&core->log_wait, device, core->now_mono_ms);
    for (const char *off; result == RESULT_OK && (off = pack_pattern_off(device->pack));)
        result = tell_pattern_off(core, device, off);
    return result == RESULT_OK ? cases_take(core, device, &core->firings, newest_ms, m->recv_mono_us) : result;
}

static enum result receive_log(struct core *core, struct device *device, const struct inbound *m) {
    const struct normalized *n = NULL;
    struct fault fault;
    if (normalize_logs(core->normalizer, m->payload, m->payload_bytes, core->now_ms, &n, &fault) != RESULT_OK)
        return pipeline_quarantine(core, m, device->id, "log: %s", fault.text);
    const bool is_read = n->log_count > 0 && device->rules && pack_reads_logs(device->pack);
    enum result result = note_rejects(core, device, m, n);
    if (result == RESULT_OK && is_read)
        result = rule_keep_note_logs(core, device, core->now_mono_ms);
    for (size_t i = 0; i < n->log_count && result == RESULT_OK; i++)
        result = store_log_add(core->store, device->row, core->now_ms, &n->logs[i]);
    core->figures.logs += n->log_count;
    if (n->log_count > 0)
        effects_notify(core->effects, "log", device->id, device->id);
    return result == RESULT_OK && is_read ? match_lines(core, device, m, n) : result;
}

static enum result receive_reply(struct core *core, struct device *device, const struct inbound *m) {
    struct reply_message reply;
    struct fault fault;
    if (reply_decode(m->payload, m->payload_bytes, &reply, &fault) != RESULT_OK)
        return pipeline_quarantine(core, m, device->id, "reply: %s", fault.text);
    core->figures.replies++;
    const enum result result = outbox_answered(core, device, &reply);
    reply_fini(&reply);
    return result;
}

static const struct {
    enum topic_kind kind;
    enum result (*receive)(struct core *core, struct device *device, const struct inbound *m);
    bool is_urgent; /* acknowledged at once */
    bool needs_birth;
    enum lane lane; /* what its stream must be */
} kinds[] = {
    {TOPIC_UP_BIRTH, receive_birth, true, false, LANE_URGENT}, {TOPIC_UP_TELE, receive_tele, false, true, LANE_BULK},
    {TOPIC_UP_EVENT, receive_event, true, true, LANE_UNKNOWN}, {TOPIC_UP_LOG, receive_log, false, true, LANE_BULK},
    {TOPIC_UP_REPLY, receive_reply, true, true, LANE_URGENT},
};

/* ---- position, then meaning
 * -------------------------------------------------------------------------------------------- */

/* Asks a device that is not known to introduce itself, now and then; true: it was asked now. */
static bool ask_birth(struct core *core, struct device *device) {
    if (device->birth_asked_mono_ms && core->now_mono_ms < device->birth_asked_mono_ms + BIRTH_ASK_EVERY_MS)
        return false;
    device->birth_asked_mono_ms = core->now_mono_ms;
    outbox_ask_birth(core, device);
    return true;
}

/* A device that comes back hears at once how far its streams are. It matters when this store is older than what the
 * device was told before (a restored backup): it goes back now, and not with the next record of that lane, which may be
 * days away. */
static void tell_positions(struct core *core, struct device *device) {
    for (int i = 0; i < device->stream_count; i++) {
        device->streams[i].ack_now = true;
        acks_note(core->acks, device, &device->streams[i], core->now_mono_ms);
    }
}

/* What a flapping device does is kept, and told when it is steady (guard.c). */
enum result pipeline_presence(struct core *core, struct device *device, bool is_online) {
    if (device->is_online == is_online || device->row == 0)
        return RESULT_OK;
    device->is_online = is_online;
    if (is_online)
        tell_positions(core, device);
    const enum result result = store_device_seen(core->store, device->row, is_online, device->last_seen_ms);
    if (result != RESULT_OK || conduct_has(&device->conduct, CONDUCT_FLAPPING))
        return result;
    log_info("gateway.pipeline", is_online ? "online" : "offline", "device=%s", device->id);
    effects_notify(core->effects, "device", device->id, device->id);
    return is_online ? RESULT_OK : session_desk_device_gone(core, device);
}

static enum result receive_state(struct core *core, struct device *device, const struct inbound *m) {
    const bool is_online = m->payload_bytes == 6 && memcmp(m->payload, "online", 6) == 0;
    if (!is_online && !(m->payload_bytes == 7 && memcmp(m->payload, "offline", 7) == 0))
        return pipeline_quarantine(core, m, device->id, "state: expected 'online' or 'offline'");
    if (is_online && device->row == 0)
        ask_birth(core, device);
    const enum result result = is_online && !m->is_retained ? guard_connected(core, device) : RESULT_OK;
    return result == RESULT_OK ? pipeline_presence(core, device, is_online) : result;
}

/* What it sent meanwhile is not taken and stays with it. */
static enum result refuse_unknown(struct core *core, struct device *device, const struct inbound *m) {
    core->figures.dropped_unknown_device++;
    return ask_birth(core, device)
               ? pipeline_quarantine(core, m, device->id, "unknown device: no birth message yet (asked for it)")
               : RESULT_OK;
}

static enum result receive_up(struct core *core, struct device *device, size_t kind, const struct inbound *m) {
    struct device_stream *stream = NULL;
    if (m->bad_stamp)
        return pipeline_quarantine(core, m, device->id, "stamp: %s", m->bad_stamp);
    if (kinds[kind].needs_birth && device->row == 0)
        return refuse_unknown(core, device, m);
    if (core->figures.is_short_of_disk && !kinds[kind].is_urgent) {
        core->figures.put_off++; /* not acknowledged: it stays with the device */
        return RESULT_OK;
    }
    if (m->has_stamp) {
        stream = device_stream_find(device, m->stamp.stream);
        if (!stream)
            stream = device_stream_add(device, m->stamp.stream);
        stream->is_urgent = kinds[kind].is_urgent;
        stream->used_mono_ms = core->now_mono_ms;
        const enum result watched = guard_stream(core, device, stream, kinds[kind].lane);
        if (watched != RESULT_OK)
            return watched;
        const enum arrival arrival = device_stream_judge(stream, &m->stamp);
        if (arrival != ARRIVAL_NEXT) {
            if (arrival == ARRIVAL_GAP)
                core->figures.gaps++;
            else
                core->figures.repeats++;
            inbox_note_waste(core->inbox, m);
            stream->ack_now = true;
            acks_note(core->acks, device, stream, core->now_mono_ms);
            /* A gateway that lost its database meets a stream in its middle: what the device sends again first may be
             * data that needs to know the device, so an introduction counts wherever it stands. */
            return kinds[kind].kind == TOPIC_UP_BIRTH && device->row == 0 ? receive_birth(core, device, m) : RESULT_OK;
        }
    }
    enum result result = guard_clock(core, device, m, kinds[kind].kind == TOPIC_UP_BIRTH);
    if (result == RESULT_OK)
        result = kinds[kind].receive(core, device, m);
    if (result != RESULT_OK)
        return result;
    pipeline_touch(core, device);
    timing_landed(&core->timing, kinds[kind].is_urgent ? LANDING_URGENT : LANDING_BULK, m->recv_mono_us);
    if (stream) {
        stream->seq = m->stamp.seq;
        stream->is_changed = true;
        stream->unacked_bytes += m->payload_bytes;
        acks_note(core->acks, device, stream, core->now_mono_ms);
    }
    return RESULT_OK;
}

/* Under the name that the topic claims, where it has one in its place: the broker lets a device write below its own
 * name only, whatever the shard beside it is; and a broker that does not leaves right topics as unproven as wrong ones.
 */
static enum result refuse_topic(struct core *core, const struct inbound *m, const struct fault *fault) {
    enum { DEVICE_AT = 8 }; /* fl/1/00/ */
    char device[CAP_DEVICE_ID_BYTES + 1] = "";
    if (m->topic_bytes > DEVICE_AT && memcmp(m->topic, "fl/1/", 5) == 0 && m->topic[DEVICE_AT - 1] == '/') {
        const char *id = m->topic + DEVICE_AT, *slash = memchr(id, '/', m->topic_bytes - DEVICE_AT);
        if (slash && device_id_valid(id, (size_t)(slash - id)))
            memcpy(device, id, (size_t)(slash - id));
    }
    return pipeline_quarantine(core, m, device, "topic: %s", fault->text);
}

enum result pipeline_receive(struct core *core, const struct inbound *m) {
    struct topic topic;
    struct fault fault;
    core->figures.messages++;
    normalizer_rebase(core->normalizer, 0, 0); /* until a clock is known to be off */
    if (m->topic_bytes > CAP_TOPIC_BYTES)
        return pipeline_quarantine(core, m, "", "topic of %zu bytes, at most %d", m->topic_bytes, CAP_TOPIC_BYTES);
    if (topic_parse(m->topic, m->topic_bytes, &topic, &fault) != RESULT_OK)
        return refuse_topic(core, m, &fault);
    struct device *device = registry_find(core->registry, topic.device);
    if (!device)
        device = registry_meet(core->registry, topic.device);
    if (!device)
        return pipeline_quarantine(core, m, "", "topic: more than %d devices have not introduced themselves",
                                   REGISTRY_STRANGERS_MAX);
    device->heard_mono_ms = m->recv_mono_us / 1000;
    const enum result moved = reload_device(core, device);
    if (moved != RESULT_OK)
        return moved;
    if (!m->payload && m->has_stamp && device->row) {
        /* too big to be taken ever: its place in the stream is, or the device would send it for ever */
        struct device_stream *stream = device_stream_find(device, m->stamp.stream);
        if (!stream)
            stream = device_stream_add(device, m->stamp.stream);
        if (device_stream_judge(stream, &m->stamp) == ARRIVAL_NEXT) {
            stream->seq = m->stamp.seq;
            stream->is_changed = true;
            pipeline_touch(core, device);
            acks_note(core->acks, device, stream, core->now_mono_ms);
        }
    }
    if (!m->payload)
        return pipeline_quarantine(core, m, device->id, "payload of %zu bytes, at most %d", m->payload_bytes,
                                   CAP_PAYLOAD_BYTES);
    if (topic.kind == TOPIC_STATE)
        return receive_state(core, device, m);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].kind == topic.kind)
            return receive_up(core, device, i, m);
    return pipeline_quarantine(core, m, device->id, "%s: not a topic for devices to publish on",
                               topic_kind_name(topic.kind));
}

static enum result keep_position(struct core *core, struct device *device, struct device_stream *stream) {
    const bool is_new = stream->row == 0;
    if (!stream->is_changed)
        return RESULT_OK;
    stream->is_changed = false;
    const enum result result = store_stream_put(core->store, device->row, stream->stream, stream->is_urgent,
                                                stream->seq, core->now_ms, &stream->row);
    for (int i = 0; is_new && i < device->stream_count; i++)
        if (&device->streams[i] != stream)
            device->streams[i].row = 0; /* the store may have made room */
    return result;
}

enum result pipeline_finish(struct core *core) {
    for (struct device *device = core->touched; device; device = device->next_touched) {
        device->is_touched = false;
        if (device->row == 0)
            continue;
        enum result result = store_device_seen(core->store, device->row, device->is_online, device->last_seen_ms);
        for (int i = 0; i < device->stream_count && result == RESULT_OK; i++)
            result = keep_position(core, device, &device->streams[i]);
        if (result != RESULT_OK)
            return result;
    }
    core->touched = NULL;
    return history_step(core->history, core->now_ms, OLD_CHUNKS_PER_TURN);
}
