/* A hash table of devices by id, and the position logic of their streams.
 *
 * Messages come in any order of devices, so what is looked at was not looked at for a while: each step from memory to
 * memory is a wait. The table is open: a place holds the hash and the device's number, so that a device is found with
 * two such waits (uthash walks a chain through devices: five to ten). Devices are never removed. Strangers, who may be
 * forgotten, are few and in a table of their own (uthash, which keeps the order in which they came).
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

enum { PLACES_FIRST = 64, STREAMS_FIRST = 2, STRANGERS_LOOKED_AT = 32 /* to find one that nothing is due to */ };

struct entry {
    struct device device; /* first: a device is its entry */
    uint32_t number;      /* in the order they were added; of a stranger: none */
    bool is_stranger;
    UT_hash_handle hh; /* strangers */
};
struct place {
    uint32_t hash, number; /* number: 1 + the entry's; 0: free */
};
struct registry {
    struct entry **entries;
    size_t count, room;
    struct place *places;
    size_t place_count; /* a power of two, at least twice `count` */
    struct entry *strangers;
};

struct registry *registry_new(void) {
    struct registry *registry = mem_alloc(sizeof *registry);
    registry->place_count = PLACES_FIRST;
    registry->places = mem_alloc(PLACES_FIRST * sizeof *registry->places);
    return registry;
}

void device_series_free(struct device_series *series, const struct pack *pack) {
    for (size_t i = 0; series && i < pack->metric_count; i++)
        free(series[i].ids);
    free(series);
}

static void device_forget_pack(struct device *device) {
    device_series_free(device->series, device->pack);
    device->series = NULL;
    rule_device_free(device->rules);
    device->rules = NULL;
    device->pack = NULL;
}

static void entry_free(struct entry *entry) {
    device_forget_pack(&entry->device);
    free(entry->device.streams);
    free(entry);
}

void registry_free(struct registry *registry) {
    struct entry *stranger, *next;
    if (!registry)
        return;
    for (size_t i = 0; i < registry->count; i++)
        entry_free(registry->entries[i]);
    HASH_ITER(hh, registry->strangers, stranger, next) {
        HASH_DEL(registry->strangers, stranger);
        entry_free(stranger);
    }
    free(registry->entries);
    free(registry->places);
    free(registry);
}

static uint32_t hash_of(const char *id) {
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *id; id++)
        h = (h ^ (uint8_t)*id) * 1099511628211u;
    return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

/* The device's place, or the free one where it belongs. */
static struct place *place_of(const struct registry *registry, const char *id, uint32_t hash) {
    size_t mask = registry->place_count - 1, at = hash & mask;
    for (;; at = (at + 1) & mask) {
        struct place *place = &registry->places[at];
        if (place->number == 0 ||
            (place->hash == hash && strcmp(registry->entries[place->number - 1]->device.id, id) == 0))
            return place;
    }
}

struct device *registry_find(const struct registry *registry, const char *id) {
    const struct place *place = place_of(registry, id, hash_of(id));
    struct entry *stranger = NULL;
    if (place->number)
        return &registry->entries[place->number - 1]->device;
    if (registry->strangers)
        HASH_FIND_STR(registry->strangers, id, stranger);
    return stranger ? &stranger->device : NULL;
}

static void grow(struct registry *registry) {
    struct place *before = registry->places;
    const size_t count = registry->place_count;
    registry->place_count = count * 2;
    registry->places = mem_alloc(registry->place_count * sizeof *registry->places);
    for (size_t i = 0; i < count; i++)
        if (before[i].number)
            *place_of(registry, registry->entries[before[i].number - 1]->device.id, before[i].hash) = before[i];
    free(before);
}

static struct entry *entry_new(const char *id) {
    struct entry *entry = mem_alloc(sizeof *entry);
    strncpy(entry->device.id, id, CAP_DEVICE_ID_BYTES);
    return entry;
}

static void insert(struct registry *registry, struct entry *entry) {
    const uint32_t hash = hash_of(entry->device.id);
    entry->number = (uint32_t)registry->count;
    if (registry->count == registry->room) {
        registry->room = registry->room ? registry->room * 2 : PLACES_FIRST / 2;
        registry->entries = mem_realloc(registry->entries, registry->room * sizeof(struct entry *));
    }
    registry->entries[registry->count++] = entry;
    if (registry->count * 2 > registry->place_count)
        grow(registry);
    *place_of(registry, entry->device.id, hash) = (struct place){.hash = hash, .number = entry->number + 1};
}

struct device *registry_add(struct registry *registry, const char *id) {
    struct entry *entry = entry_new(id);
    insert(registry, entry);
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
        entry_free(entry);
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
    insert(registry, entry);
}

size_t registry_count(const struct registry *registry) {
    return registry->count;
}

size_t registry_stranger_count(const struct registry *registry) {
    return HASH_COUNT(registry->strangers);
}

struct device *registry_next(const struct registry *registry, const struct device *device) {
    const size_t number = device ? ((const struct entry *)device)->number + 1u : 0;
    return number < registry->count ? &registry->entries[number]->device : NULL;
}

void device_set_pack(struct device *device, const char *model, const struct pack *pack) {
    if (model != device->model)
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

struct rule_device *device_change_pack(struct device *device, const struct pack *pack, struct device_series **series) {
    struct rule_device *old = device->rules;
    *series = device->series;
    device->rules = NULL;
    device->series = NULL;
    device->pack = NULL;
    device_set_pack(device, device->model, pack);
    return old;
}

int64_t device_series_id(const struct device *device, int metric, int part) {
    const struct device_series *series = &device->series[metric];
    if (part == 0)
        return series->first;
    return part <= series->count ? series->ids[part - 1] : 0;
}

void device_set_series(struct device *device, int metric, int part, int64_t id) {
    struct device_series *series = &device->series[metric];
    if (part == 0) {
        series->first = id;
        return;
    }
    if (part > series->count) {
        const size_t had = (size_t)series->count, count = (size_t)part;
        series->ids = mem_realloc(series->ids, sizeof *series->ids * count);
        memset(series->ids + had, 0, sizeof *series->ids * (count - had));
        series->count = part;
    }
    series->ids[part - 1] = id;
}

struct device_stream *device_stream_find(struct device *device, const char *stream) {
    for (int i = 0; i < device->stream_count; i++)
        if (strcmp(device->streams[i].stream, stream) == 0)
            return &device->streams[i];
    return NULL;
}

struct device_stream *device_stream_add(struct device *device, const char *stream) {
    if (device->stream_count == device->stream_room && device->stream_room < DEVICE_STREAMS_MAX) {
        device->stream_room = device->stream_room ? device->stream_room * 2 : STREAMS_FIRST;
        device->streams = mem_realloc(device->streams, (size_t)device->stream_room * sizeof *device->streams);
    }
    struct device_stream *place = &device->streams[0];
    if (device->stream_count < DEVICE_STREAMS_MAX)
        place = &device->streams[device->stream_count++];
    else
        for (int i = 1; i < DEVICE_STREAMS_MAX; i++)
            if (device->streams[i].used_mono_ms < place->used_mono_ms)
                place = &device->streams[i];
    const int index = (int)(place - device->streams);
    for (int lane = 0; lane < LANE_COUNT; lane++)
        if (device->current[lane] == index + 1)
            device->current[lane] = 0;
    *place = (struct device_stream){0};
    strncpy(place->stream, stream, CAP_UUID_BYTES);
    return place;
}

bool device_stream_returned(struct device *device, struct device_stream *stream, enum lane lane) {
    const int index = (int)(stream - device->streams);
    if (lane != LANE_UNKNOWN)
        stream->lane = lane;
    int *current = &device->current[stream->lane];
    if (stream->lane == LANE_UNKNOWN || *current == index + 1)
        return false;
    if (*current)
        device->streams[*current - 1].was_replaced = true;
    *current = index + 1;
    const bool is_back = stream->was_replaced;
    stream->was_replaced = false;
    return is_back;
}

enum arrival device_stream_judge(const struct device_stream *stream, const struct wire_stamp *stamp) {
    if (stamp->seq <= stream->seq)
        return ARRIVAL_REPEAT;
    return stamp->from <= stream->seq + 1 ? ARRIVAL_NEXT : ARRIVAL_GAP;
}
