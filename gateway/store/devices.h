/* Devices, how far their streams are committed, and their series; writer's side. A device is known by its row id in
 * every other table. */
#pragma once
#include "fieldline/message.h"
#include "store/store.h"

/* Inserts the device, or updates it from a newer birth. */
FL_CHECK enum result store_device_put(struct store *store, const char *device, const struct birth_message *birth,
                                      int64_t now_ms, int64_t *row);
/* Once for each device and batch. */
FL_CHECK enum result store_device_seen(struct store *store, int64_t row, bool is_online, int64_t last_seen_ms);
/* At a start: nobody is known to be online until the broker says so. */
FL_CHECK enum result store_devices_offline(struct store *store);

/* Everything up to `seq` of that stream is in the transaction. Keeps the newest 8 streams of a device. *row: 0, or what
 * an earlier call put there, which saves looking the stream up. A call that found 0 may have deleted other streams of
 * the device: forget their rows then. */
FL_CHECK enum result store_stream_put(struct store *store, int64_t device, const char *stream, bool is_urgent,
                                      uint64_t seq, int64_t now_ms, int64_t *row);
/* The id of a series, made when it is new. Ids are small and dense: fit to index an array. */
FL_CHECK enum result store_series_intern(struct store *store, int64_t device, const char *metric, const char *part,
                                         int64_t *id);

/* Loading at a start. Strings live during the call. Each device is followed by nothing of its own: streams and series
 * come with the device's row id, in its order. */
struct device_loaded {
    int64_t row;
    const char *device, *model, *serial, *firmware, *agent, *boot;
    uint32_t capabilities;
    int64_t last_seen_ms, evidence_bytes;
};
struct stream_loaded {
    int64_t device;
    const char *stream;
    bool is_urgent;
    uint64_t seq;
    int64_t used_ms;
};
struct series_loaded {
    int64_t device, id;
    const char *metric, *part;
};
struct device_loader {
    void (*device)(void *self, const struct device_loaded *device);
    void (*stream)(void *self, const struct stream_loaded *stream);
    void (*series)(void *self, const struct series_loaded *series);
    void *self;
};
FL_CHECK enum result store_devices_load(struct store *store, const struct device_loader *loader);
