/* The devices that the gateway knows, in memory: identity, the streams' positions, rule state. Owned by the pipeline
 * thread. What is here can be rebuilt from the store at any time (pipeline_load does). */
#pragma once
#include <stdint.h>

#include "fieldline/message.h"
#include "normalize/conduct.h"
#include "rules/rules.h"

enum {
    DEVICE_STREAMS_MAX = 8,       /* two lanes, and those of three spools that were replaced; the store keeps as many */
    REGISTRY_STRANGERS_MAX = 1000 /* devices that were heard of and have not introduced themselves */
};

/* Events do not tell: a gap record travels in the lane whose records it stands for. */
enum lane { LANE_UNKNOWN, LANE_URGENT, LANE_BULK, LANE_COUNT };

/* How far one stream of a device is committed. */
struct device_stream {
    char stream[CAP_UUID_BYTES + 1];
    int64_t row;               /* in the store; 0: to be looked up */
    uint64_t seq;              /* everything up to here is in the store (or in the transaction under way) */
    uint64_t acked_seq;        /* what the device was last told */
    size_t unacked_bytes;      /* payload taken since then */
    int64_t ack_due_mono_ms;   /* 0: nothing to tell */
    int64_t ack_since_mono_ms; /* since when there is; valid while something is due */
    int64_t used_mono_ms;
    enum lane lane;
    bool is_urgent;
    bool is_changed;   /* position to be written with this transaction */
    bool ack_now;      /* a repeat or a gap: tell again, soon */
    bool was_replaced; /* another stream took its place in the lane */
};

/* Series ids of one metric; 0: not interned yet. Most have no parts. */
struct device_series {
    int64_t first; /* of part 0, which is none */
    int64_t *ids;  /* of the parts from 1 on */
    int count;
};

struct device {
    char id[CAP_DEVICE_ID_BYTES + 1];
    int64_t row;             /* in the store; 0 until the birth is committed */
    const struct pack *pack; /* NULL: model without a pack */
    char model[CAP_MODEL_BYTES + 1];
    struct rule_device *rules;     /* NULL without a pack */
    struct device_series *series;  /* [pack->metric_count] */
    struct device_stream *streams; /* at most DEVICE_STREAMS_MAX; they move when one is added */
    int stream_count, stream_room;
    int current[LANE_COUNT]; /* 1 + the index of the stream that a lane's last message came in; 0: none yet */
    struct conduct conduct;
    uint32_t capabilities;  /* from the birth */
    int64_t evidence_bytes; /* the same; 0: no evidence can be pulled from it */
    bool is_online;
    bool is_touched; /* in this transaction: last_seen to be written */
    bool has_ack;    /* on the list of devices with an ack due */
    int64_t last_seen_ms;
    int64_t heard_mono_ms;       /* when its last message was received */
    int64_t birth_asked_mono_ms; /* when it was last told to introduce itself */
    struct {
        int64_t oldest, newest; /* journal rows that the stored rule state has not seen; 0: it has seen all */
        int64_t log, event;     /* rows of these that it may not have seen come after them */
        int64_t since_mono_ms;
        struct device *newer;
    } unkept; /* rule_keep.h */
    struct {
        bool is_listed;
        int64_t since_mono_ms;
        struct device *next;
    } log_wait;           /* log_wait.h */
    int64_t tele_mono_ms; /* when its last telemetry was received; 0: not yet */
    int64_t rules_loaded; /* journal row up to which `rules` came from the store; replay goes on after it */
    int64_t front_ms;     /* the newest time that its telemetry or log lines told of; 0: nothing since the start */
    struct {
        bool is_there, has_logs; /* has_logs: it has seen log lines and events up to these rows */
        int64_t log, event;
    } state_loaded; /* of `rules`, from the store */
    struct device *next_ack, *next_touched, *next_listed;
};

struct registry;
struct registry *registry_new(void);
void registry_free(struct registry *registry);
/* Strangers too. NULL: not known. */
struct device *registry_find(const struct registry *registry, const char *id);
/* Adds one that is not there. */
struct device *registry_add(struct registry *registry, const char *id);
/* The same for a device that has only been heard of. Anybody can make names up, so there are at most
 * REGISTRY_STRANGERS_MAX: the one met first is forgotten. NULL: too many that something is due to just now. */
struct device *registry_meet(struct registry *registry, const char *id);
/* The stranger introduced itself: it stays. For others it does nothing. */
void registry_keep(struct registry *registry, struct device *device);
size_t registry_count(const struct registry *registry); /* without strangers, as the next */
size_t registry_stranger_count(const struct registry *registry);
/* For going round: the one after `device`, in the order they were added; the first after NULL; NULL after the last. */
struct device *registry_next(const struct registry *registry, const struct device *device);

/* Gives the device its pack (NULL: none) and fresh rule state when that is another one than before. */
void device_set_pack(struct device *device, const char *model, const struct pack *pack);
/* The same while the device is known: the caller gets its old rules (NULL: it had none) and series, of the old pack, to
 * move over what is in them and to free. */
struct rule_device *device_change_pack(struct device *device, const struct pack *pack, struct device_series **series);
void device_series_free(struct device_series *series, const struct pack *pack); /* NULL is fine */
int64_t device_series_id(const struct device *device, int metric, int part);    /* 0: not interned */
void device_set_series(struct device *device, int metric, int part, int64_t id);
struct device_stream *device_stream_find(struct device *device, const char *stream);
/* Adds a stream at position 0; the one unused longest makes room. */
struct device_stream *device_stream_add(struct device *device, const char *stream);
/* A message came in this stream; its kind tells the lane, or nothing. True: the stream is back in its lane after
 * another had taken its place. A spool that was replaced never comes back: two programs send as this device. */
bool device_stream_returned(struct device *device, struct device_stream *stream, enum lane lane);

/* What a stamped message is, given what is committed. */
enum arrival {
    ARRIVAL_NEXT,   /* contiguous: take it */
    ARRIVAL_REPEAT, /* already committed: drop it, tell again */
    ARRIVAL_GAP     /* something before it is missing: drop it, tell what is committed, the device goes back */
};
enum arrival device_stream_judge(const struct device_stream *stream, const struct wire_stamp *stamp);
