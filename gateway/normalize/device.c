/* Hash tables (uthash) of devices by id (known ones, strangers), and the position logic of their streams.
 *
 * The position rule is the whole of "exactly once": seq counts without a hole, so a message is taken only when it
 * begins right after what is committed. A gap record stands for a range (from..seq), which keeps that true for dropped
 * records. A stream is made with the spool: a product that lost its disk comes with new streams at seq 1, and a gateway
 * that lost its database sees a stream it does not know at a high seq, says "0", and is sent what the product still
 * has. */
#include "normalize/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
    struct device device; /* first: a device is its entry */
    bool is_stranger;
    UT_hash_handle hh;
};
struct registry {
    struct entry *by_id;
    struct entry *strangers; /* uthash keeps the order in which they came */
};
enum { STRANGERS_LOOKED_AT = 32 /* to find one that nothing is due to */ };

struct registry *registry_new(void) {
    return mem_alloc(sizeof(struct registry));
}

static void device_forget_pack(struct device *device) {
    if (device->series && device->pack)
        for (size_t i = 0; i < device->pack->metric_count; i++)
            free(device->series[i].ids);
    free(device->series);
    device->series = NULL;
    rule_device_free(device->rules);
    device->rules = NULL;
    device->pack = NULL;
}

static void free_all(struct entry **table) {
    struct entry *entry, *next;
    HASH_ITER(hh, *table, entry, next) {
        HASH_DEL(*table, entry);
        device_forget_pack(&entry->device);
        free(entry);
    }
}

void registry_free(struct registry *registry) {
    if (!registry)
        return;
    free_all(&registry->by_id);
    free_all(&registry->strangers);
    free(registry);
}

struct device *registry_find(const struct registry *registry, const char *id) {
    struct entry *entry;
    HASH_FIND_STR(registry->by_id, id, entry);
    if (!entry && registry->strangers)
        HASH_FIND_STR(registry->strangers, id, entry);
    return entry ? &entry->device : NULL;
}

static struct entry *entry_new(const char *id) {
    struct entry *entry = mem_alloc(sizeof *entry);
    strncpy(entry->device.id, id, CAP_DEVICE_ID_BYTES);
    return entry;
}

struct device *registry_add(struct registry *registry, const char *id) {
    struct entry *entry = entry_new(id);
    HASH_ADD_STR(registry->by_id, device.id, entry);
    return &entry->device;
}

/* Forgets the oldest stranger that no list of the pipeline holds. */
static bool make_room(struct registry *registry) {
    struct entry *entry = registry->strangers;
    for (int i = 0; i < STRANGERS_LOOKED_AT && entry; i++, entry = entry->hh.next) {
        const struct device *d = &entry->device;
        if (d->is_touched || d->has_ack || d->conduct.is_listed)
            continue;
        HASH_DEL(registry->strangers, entry);
        free(entry);
        return true;
    }
    return false;
}

struct device *registry_meet(struct registry *registry, const char *id) {
    if (HASH_COUNT(registry->strangers) >= REGISTRY_STRANGERS_MAX && !make_room(registry))
        return NULL;
    struct entry *entry = entry_new(id);
    entry->is_stranger = true;
    HASH_ADD_STR(registry->strangers, device.id, entry);
    return &entry->device;
}

void registry_keep(struct registry *registry, struct device *device) {
    struct entry *entry = (struct entry *)device;
    if (!entry->is_stranger)
        return;
    HASH_DEL(registry->strangers, entry);
    entry->is_stranger = false;
    HASH_ADD_STR(registry->by_id, device.id, entry);
}

size_t registry_count(const struct registry *registry) {
    return HASH_COUNT(registry->by_id);
}

size_t registry_stranger_count(const struct registry *registry) {
    return HASH_COUNT(registry->strangers);
}

struct device *registry_next(const struct registry *registry, const struct device *device) {
    const struct entry *entry = (const struct entry *)device;
    struct entry *next = entry ? entry->hh.next : registry->by_id;
    return next ? &next->device : NULL;
}

void device_set_pack(struct device *device, const char *model, const struct pack *pack) {
    snprintf(device->model, sizeof device->model, "%s", model);
    if (pack == device->pack)
        return;
    device_forget_pack(device);
    if (!pack)
        return;
    device->pack = pack;
    device->series = mem_alloc(sizeof *device->series * (pack->metric_count ? pack->metric_count : 1));
    device->rules = rule_device_new(pack, device->id);
}

int64_t device_series_id(const struct device *device, int metric, int part) {
    const struct device_series *series = &device->series[metric];
    return part < series->count ? series->ids[part] : 0;
}

void device_set_series(struct device *device, int metric, int part, int64_t id) {
    struct device_series *series = &device->series[metric];
    if (part >= series->count) {
        series->ids = mem_realloc(series->ids, sizeof *series->ids * (size_t)(part + 1));
        memset(series->ids + series->count, 0, sizeof *series->ids * (size_t)(part + 1 - series->count));
        series->count = part + 1;
    }
    series->ids[part] = id;
}

struct device_stream *device_stream_find(struct device *device, const char *stream) {
    for (int i = 0; i < device->stream_count; i++)
        if (strcmp(device->streams[i].stream, stream) == 0)
            return &device->streams[i];
    return NULL;
}

struct device_stream *device_stream_add(struct device *device, const char *stream) {
    struct device_stream *place = &device->streams[0];
    if (device->stream_count < DEVICE_STREAMS_MAX)
        place = &device->streams[device->stream_count++];
    else
        for (int i = 1; i < DEVICE_STREAMS_MAX; i++)
            if (device->streams[i].used_mono_ms < place->used_mono_ms)
                place = &device->streams[i];
    for (int lane = 0; lane < LANE_COUNT; lane++)
        if (device->current[lane] == place)
            device->current[lane] = NULL;
    *place = (struct device_stream){0};
    strncpy(place->stream, stream, CAP_UUID_BYTES);
    return place;
}

bool device_stream_returned(struct device *device, struct device_stream *stream, enum lane lane) {
    if (lane != LANE_UNKNOWN)
        stream->lane = lane;
    struct device_stream **current = &device->current[stream->lane];
    if (stream->lane == LANE_UNKNOWN || *current == stream)
        return false;
    if (*current)
        (*current)->was_replaced = true;
    *current = stream;
    const bool is_back = stream->was_replaced;
    stream->was_replaced = false;
    return is_back;
}

enum arrival device_stream_judge(const struct device_stream *stream, const struct wire_stamp *stamp) {
    if (stamp->seq <= stream->seq)
        return ARRIVAL_REPEAT;
    return stamp->from <= stream->seq + 1 ? ARRIVAL_NEXT : ARRIVAL_GAP;
}
