/* A hash table of devices by id, and the position logic of their streams.
 *
 * Messages come in any order of devices, so what is looked at was not looked at for a while: each step from memory to
 * memory is a wait. The table is open: a place holds the hash and the device's number, so that a device is found with
 * two such waits (uthash walks a chain through devices: five to ten). Devices are never removed.
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

enum { PLACES_FIRST = 64, STREAMS_FIRST = 2 };

struct entry {
    struct device device; /* first: a device is its entry */
    uint32_t number;      /* in the order they were added */
};
struct place {
    uint32_t hash, number; /* number: 1 + the entry's; 0: free */
};
struct registry {
    struct entry **entries;
    size_t count, room;
    struct place *places;
    size_t place_count; /* a power of two, at least twice `count` */
};

struct registry *registry_new(void) {
    struct registry *registry = mem_alloc(sizeof *registry);
    registry->place_count = PLACES_FIRST;
    registry->places = mem_alloc(PLACES_FIRST * sizeof *registry->places);
    return registry;
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

void registry_free(struct registry *registry) {
    if (!registry)
        return;
    for (size_t i = 0; i < registry->count; i++) {
        device_forget_pack(&registry->entries[i]->device);
        free(registry->entries[i]->device.streams);
        free(registry->entries[i]);
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
    return place->number ? &registry->entries[place->number - 1]->device : NULL;
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

struct device *registry_add(struct registry *registry, const char *id) {
    struct entry *entry = mem_alloc(sizeof *entry);
    const uint32_t hash = hash_of(id);
    strncpy(entry->device.id, id, CAP_DEVICE_ID_BYTES);
    entry->number = (uint32_t)registry->count;
    if (registry->count == registry->room) {
        registry->room = registry->room ? registry->room * 2 : PLACES_FIRST / 2;
        registry->entries = mem_realloc(registry->entries, registry->room * sizeof(struct entry *));
    }
    registry->entries[registry->count++] = entry;
    if (registry->count * 2 > registry->place_count)
        grow(registry);
    *place_of(registry, id, hash) = (struct place){.hash = hash, .number = entry->number + 1};
    return &entry->device;
}

size_t registry_count(const struct registry *registry) {
    return registry->count;
}

struct device *registry_next(const struct registry *registry, const struct device *device) {
    const size_t number = device ? ((const struct entry *)device)->number + 1u : 0;
    return number < registry->count ? &registry->entries[number]->device : NULL;
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
    *place = (struct device_stream){0};
    strncpy(place->stream, stream, CAP_UUID_BYTES);
    return place;
}

enum arrival device_stream_judge(const struct device_stream *stream, const struct wire_stamp *stamp) {
    if (stamp->seq <= stream->seq)
        return ARRIVAL_REPEAT;
    return stamp->from <= stream->seq + 1 ? ARRIVAL_NEXT : ARRIVAL_GAP;
}
