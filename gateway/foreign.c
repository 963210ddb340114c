/* From a statement to the pipeline: who is it, may it be, birth if it is new, presence, values, codes.
 *
 * A fault code is a state in a statement and may be said a thousand times; the device's rules know whether it is on
 * already, so only a change becomes an event in the store. A device is online when it says so, and also when it
 * measures and nothing tells its presence. */
#include "foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "cases.h"
#include "fieldline/log.h"
#include "ingest/adapters/sparkplug_state.h"
#include "pipeline.h"
#include "store/devices.h"
#include "store/records.h"

/* A device that an adapter introduced, and what was said of it then. */
struct stranger {
    char id[CAP_DEVICE_ID_BYTES + 1];
    char serial[CAP_SERIAL_BYTES + 1], firmware[CAP_VERSION_BYTES + 1];
    UT_hash_handle hh;
};
struct foreign {
    struct core *core;
    struct adapters *adapters;
    struct inbox *inbox;
    struct mqtt *_Atomic mqtt; /* other threads read its figures */
    struct stranger *strangers;
    size_t devices_max;
    char state_topic[CAP_TOPIC_BYTES + 1];   /* where we say that we are there */
    struct inbound *batch[FOREIGN_PER_TURN]; /* of this turn; kept when it fails */
    size_t batch_count;
    bool was_busy;
    const struct inbound *message; /* under way */
    enum result result;            /* of the store, while statements are taken */
    _Atomic uint64_t messages, refused, rebirths_asked, gaps;
    _Atomic size_t device_count;
};

/* ---- who is it
 * --------------------------------------------------------------------------------------------------------- */

static struct stranger *find(const struct foreign *f, const char *id) {
    struct stranger *stranger;
    HASH_FIND_STR(f->strangers, id, stranger);
    return stranger;
}

static struct stranger *add(struct foreign *f, const char *id) {
    struct stranger *stranger = mem_alloc(sizeof *stranger);
    snprintf(stranger->id, sizeof stranger->id, "%s", id);
    HASH_ADD_STR(f->strangers, id, stranger);
    f->device_count = HASH_COUNT(f->strangers);
    return stranger;
}

void foreign_yield(struct foreign *f, const char *device) {
    struct stranger *stranger = f ? find(f, device) : NULL;
    if (!stranger)
        return;
    log_warn("gateway.foreign", "taken_over", "device=%s by=agent", device);
    HASH_DEL(f->strangers, stranger);
    free(stranger);
    f->device_count = HASH_COUNT(f->strangers);
}

void foreign_forget(struct foreign *f) {
    struct stranger *stranger, *next;
    if (!f)
        return;
    HASH_ITER(hh, f->strangers, stranger, next) {
        HASH_DEL(f->strangers, stranger);
        free(stranger);
    }
    f->device_count = 0;
    adapters_forget(f->adapters);
}

void foreign_remember(struct foreign *f, const char *device, const char *agent, const char *serial,
                      const char *firmware) {
    if (!f || strncmp(agent, FOREIGN_AGENT, sizeof FOREIGN_AGENT - 1) != 0)
        return;
    struct stranger *stranger = add(f, device);
    snprintf(stranger->serial, sizeof stranger->serial, "%s", serial);
    snprintf(stranger->firmware, sizeof stranger->firmware, "%s", firmware);
}

static enum result refuse(struct foreign *f, const char *device, const char *reason) {
    f->refused++;
    return pipeline_quarantine(f->core, f->message, device, "adapter: %s", reason);
}

/* What is not said stays as it was. */
static enum result introduce(struct foreign *f, struct device *device, struct stranger *stranger,
                             const struct statement *s) {
    struct birth_message birth = {.event_ms = f->core->now_ms};
    const bool is_other = device->row == 0 || (s->model[0] && strcmp(s->model, device->model) != 0) ||
                          (s->serial[0] && strcmp(s->serial, stranger->serial) != 0) ||
                          (s->firmware[0] && strcmp(s->firmware, stranger->firmware) != 0);
    if (!is_other)
        return RESULT_OK;
    if (s->serial[0])
        memcpy(stranger->serial, s->serial, sizeof stranger->serial);
    if (s->firmware[0])
        memcpy(stranger->firmware, s->firmware, sizeof stranger->firmware);
    snprintf(birth.model, sizeof birth.model, "%s", s->model[0] ? s->model : device->model);
    memcpy(birth.serial, stranger->serial, sizeof birth.serial);
    memcpy(birth.firmware, stranger->firmware, sizeof birth.firmware);
    snprintf(birth.agent, sizeof birth.agent, FOREIGN_AGENT "%s", s->adapter);
    return pipeline_born(f->core, device, &birth, device->is_online, f->message);
}

/* The device that the statement speaks of, introduced. *out stays NULL when it is refused. */
static enum result the_device(struct foreign *f, const struct statement *s, struct device **out) {
    struct device *device = registry_find(f->core->registry, s->device);
    struct stranger *stranger = find(f, s->device);
    if (!stranger && device && device->row)
        return refuse(f, s->device, "this id belongs to a device with an agent of ours");
    if (!stranger && !s->model[0])
        return refuse(f, s->device, "its model is not known yet");
    if (!stranger && HASH_COUNT(f->strangers) >= f->devices_max)
        return refuse(f, "", "too many devices ([adapters] devices)");
    if (!stranger)
        stranger = add(f, s->device);
    if (!device)
        device = registry_add(f->core->registry, s->device);
    const enum result result = introduce(f, device, stranger, s);
    if (result == RESULT_OK)
        *out = device;
    return result;
}

/* ---- what does it say
 * -------------------------------------------------------------------------------------------------- */

static enum result take_fault(struct foreign *f, struct device *device, const struct event_message *event) {
    struct core *core = f->core;
    if (!device->rules)
        return RESULT_OK;
    firings_reset(&core->firings);
    rule_device_event(device->rules, event->code, event->active, event->text, event->event_ms, &core->firings);
    if (core->firings.count == 0)
        return RESULT_OK; /* as it was */
    core->figures.events++;
    const enum result result = pipeline_fault(core, device, event);
    return result == RESULT_OK ? cases_take(core, device, &core->firings, event->event_ms, f->message->recv_mono_us)
                               : result;
}

static enum result take_event(struct foreign *f, struct device *device, const struct event_message *event) {
    struct fault fault;
    if (normalize_time(event->event_ms, f->core->now_ms, &fault) != RESULT_OK)
        return refuse(f, device->id, fault.text);
    if (event->kind == EVENT_FAULT)
        return take_fault(f, device, event);
    f->core->figures.events++;
    return store_event_add(f->core->store, device->row, f->core->now_ms, event);
}

static enum result take(struct foreign *f, const struct statement *s) {
    struct device *device = NULL;
    enum result result = the_device(f, s, &device);
    if (result != RESULT_OK || !device)
        return result;
    pipeline_touch(f->core, device);
    if (s->presence == PRESENCE_ONLINE || (s->presence == PRESENCE_UNSAID && s->record_count > 0))
        result = pipeline_presence(f->core, device, true);
    if (result == RESULT_OK && s->record_count > 0)
        result = pipeline_records(f->core, device, f->message, s->records, s->record_count);
    for (size_t i = 0; i < s->event_count && result == RESULT_OK; i++)
        result = take_event(f, device, &s->events[i]);
    if (result == RESULT_OK && s->presence == PRESENCE_OFFLINE)
        result = pipeline_presence(f->core, device, false);
    if (result == RESULT_OK && s->reject_count > 0) {
        f->core->figures.rejected_records += s->reject_count;
        result = pipeline_quarantine(f->core, f->message, device->id, "adapter: %zu values rejected; %s",
                                     s->reject_count, s->reject.text);
    }
    return result;
}

static void say(void *self, const struct statement *s) {
    struct foreign *f = self;
    if (f->result == RESULT_OK)
        f->result = take(f, s);
}

static void ask(void *self, const char *topic, const void *payload, size_t bytes) {
    struct foreign *f = self;
    const enum result result = f->mqtt ? mqtt_publish(f->mqtt, topic, payload, bytes) : RESULT_CLOSED;
    log_info("gateway.foreign", "birth_asked", "topic=%s result=%s", log_text(topic), result_name(result));
}

static enum result receive(struct foreign *f, const struct inbound *m) {
    const struct adapter_sink sink = {.say = say, .ask = ask, .self = f};
    const struct foreign_message message = {.topic = m->topic,
                                            .topic_bytes = m->topic_bytes,
                                            .payload = m->payload,
                                            .payload_bytes = m->payload_bytes,
                                            .is_retained = m->is_retained,
                                            .recv_wall_ms = m->recv_wall_ms,
                                            .now_mono_ms = f->core->now_mono_ms};
    char device[CAP_DEVICE_ID_BYTES + 1];
    struct fault fault;
    f->message = m;
    f->result = RESULT_OK;
    f->messages++;
    if (m->payload && sparkplug_state_is(m->topic, m->topic_bytes)) {
        /* Without a connection we are being stopped, and it is our own goodbye. */
        if (f->mqtt && !m->is_retained && sparkplug_state_is_offline(m->payload, m->payload_bytes))
            mqtt_present(f->mqtt); /* the Will of a connection before this one, or a mistake */
        return RESULT_OK;
    }
    const enum result result = adapters_receive(f->adapters, &message, &sink, device, &fault);
    if (f->result == RESULT_OK && result != RESULT_OK)
        f->result = refuse(f, find(f, device) ? device : "", fault.text);
    f->message = NULL;
    return f->result;
}

enum result foreign_turn(struct foreign *f) {
    if (!f)
        return RESULT_OK;
    if (f->batch_count < FOREIGN_PER_TURN)
        f->batch_count += inbox_take(f->inbox, f->batch + f->batch_count, FOREIGN_PER_TURN - f->batch_count, 0, 0);
    f->was_busy = f->batch_count > 0;
    for (size_t i = 0; i < f->batch_count; i++) {
        const enum result result = receive(f, f->batch[i]);
        if (result != RESULT_OK)
            return result;
    }
    const struct adapters_figures figures = adapters_read_figures(f->adapters);
    f->rebirths_asked = figures.rebirths_asked;
    f->gaps = figures.gaps;
    return RESULT_OK;
}

void foreign_committed(struct foreign *f) {
    for (size_t i = 0; f && i < f->batch_count; i++)
        inbound_free(f->batch[i]);
    if (f)
        f->batch_count = 0;
}

bool foreign_is_waiting(const struct foreign *f) {
    return f && inbox_read_figures(f->inbox).depth > 0;
}

int64_t foreign_wait_ms(const struct foreign *f, int64_t most) {
    return f && f->was_busy && most > FOREIGN_POLL_MS ? FOREIGN_POLL_MS : most;
}

/* ---- life
 * -------------------------------------------------------------------------------------------------------------- */

struct foreign *foreign_new(struct core *core, struct adapters *adapters, struct inbox *inbox, size_t devices_max) {
    struct foreign *f = mem_alloc(sizeof *f);
    f->core = core;
    f->adapters = adapters;
    f->inbox = inbox;
    f->devices_max = devices_max;
    return f;
}

void foreign_free(struct foreign *f) {
    if (!f)
        return;
    foreign_committed(f);
    foreign_forget(f);
    inbox_free(f->inbox);
    adapters_free(f->adapters);
    free(f);
}

struct adapters *foreign_adapters(const struct foreign *f) {
    return f->adapters;
}

struct inbox *foreign_inbox(const struct foreign *f) {
    return f->inbox;
}

const char *foreign_state_topic(const struct foreign *f) {
    return f->state_topic;
}

void foreign_set_state_topic(struct foreign *f, const char *topic) {
    snprintf(f->state_topic, sizeof f->state_topic, "%s", topic);
}

void foreign_use(struct foreign *f, struct mqtt *mqtt) {
    f->mqtt = mqtt;
}

struct mqtt *foreign_mqtt(const struct foreign *f) {
    return f ? f->mqtt : NULL;
}

struct foreign_figures foreign_read_figures(const struct foreign *f) {
    if (!f)
        return (struct foreign_figures){0};
    const struct inbox_figures inbox = inbox_read_figures(f->inbox);
    return (struct foreign_figures){.messages = f->messages,
                                    .refused = f->refused,
                                    .received = inbox.received,
                                    .dropped = inbox.dropped,
                                    .rebirths_asked = f->rebirths_asked,
                                    .gaps = f->gaps,
                                    .devices = f->device_count,
                                    .waiting = inbox.depth,
                                    .is_enabled = true};
}
