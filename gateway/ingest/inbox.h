/* The bounded queue between Paho's threads and the pipeline thread.
 *
 * Producers copy and leave; when the inbox is full they wait a bounded while (far below the keep-alive) and then drop
 * and count: the sender was not acknowledged and sends again. One consumer takes everything that is there at once,
 * what is urgent (event, birth, reply, state) before telemetry and logs; order inside each is kept.
 *
 * One device cannot fill it: what it has waiting is bounded (a few windows; whoever keeps to its window never meets
 * this), and what is beyond is dropped at once. A device that goes on so, or whose messages come in vain by the hundred
 * (repeats, gaps, what is quarantined), is let through at inbox.unstamped_rate only, until it has been quiet for a
 * second. Messages without a stream stamp are always held to that rate: nothing else
 * bounds who sends them. Every drop is counted, in total and for its device (inbox_take_floods). */
#pragma once
#include <stdlib.h>

#include "fieldline/message.h"

enum {
    INBOX_DEVICE_MESSAGES = 4 * (CAP_WINDOW_BULK + CAP_WINDOW_URGENT), /* waiting at once, of one device */
    INBOX_DEVICE_WASTE = 10 * (CAP_WINDOW_BULK + CAP_WINDOW_URGENT),   /* messages a second that come in vain */
    INBOX_DEVICE_BYTES_PART = 8,                                       /* and at most this part of inbox.bytes */
    INBOX_STATES_PER_SECOND = 50, /* presence of one device: a bucket of its own, a flood may not hide its end */
    INBOX_LINGER_BYTES = CAP_WINDOW_BYTES / 2, /* worth a commit: a device's half window, at which it is told */
    INBOX_FLOODS_KEPT = 16                     /* devices told apart between two inbox_take_floods */
};

/* One received MQTT message, one allocation: the struct, then topic and payload with a NUL after each. */
struct inbound {
    const char *topic;
    const uint8_t *payload;
    size_t topic_bytes, payload_bytes;
    struct wire_stamp stamp; /* boot, mono and wall may be there without stream and seq: an introduction */
    bool has_stamp;          /* stream and seq came with it and are well formed */
    const char *bad_stamp;   /* static text: what is wrong with the stamp; NULL when absent or fine */
    bool is_retained;
    bool is_urgent, is_state; /* as the topic says */
    int64_t recv_wall_ms, recv_mono_us;
    uint32_t share; /* the inbox's: whose it is */
    struct inbound *next;
};
/* Topics and payloads beyond their caps are not copied: payload is NULL then, payload_bytes tells how long it was. */
struct inbound *inbound_new(const char *topic, size_t topic_bytes, const void *payload, size_t payload_bytes);
void inbound_free(struct inbound *m);

struct inbox;
struct inbox_figures {
    uint64_t received, dropped, waited; /* messages: all, refused because full, that had to wait first */
    uint64_t throttled;                 /* refused because their device sends too much */
    size_t depth, depth_max;
    size_t urgent; /* of the depth */
    size_t bytes;
    int64_t oldest_mono_us; /* when the first one that waits was received; 0: none does */
};
/* unstamped_per_second: of each device; 0: nobody is held back, for an inbox whose senders do not send again. */
struct inbox *inbox_new(size_t messages_max, size_t bytes_max, int64_t wait_ms, int64_t unstamped_per_second);
void inbox_free(struct inbox *inbox);
/* What one inbox_take gives is bounded in bytes too (one message is always given): a turn of large messages would make
 * urgent ones wait. Without a call it is not. */
void inbox_bound_batch(struct inbox *inbox, size_t bytes);
/* Takes the message over, whatever happens. false: it was dropped. */
bool inbox_push(struct inbox *inbox, struct inbound *m);
/* Up to `room` messages; waits at most wait_ms for the first, then linger_ms for others, asleep until there are `room`
 * of them or INBOX_LINGER_BYTES; what is urgent, a full inbox and inbox_wake end the waiting. 0: none came, or
 * inbox_wake. */
size_t inbox_take(struct inbox *inbox, struct inbound **out, size_t room, int64_t wait_ms, int64_t linger_ms);
/* Makes a waiting inbox_take return: there is other work. */
void inbox_wake(struct inbox *inbox);
/* A message that was taken from the inbox came in vain: its device is watched. */
void inbox_note_waste(struct inbox *inbox, const struct inbound *m);
struct inbox_figures inbox_read_figures(struct inbox *inbox);

/* Whose messages were throttled since the last call: the device of the topic, or the topic's beginning when it is none
 * of ours (any bytes), and how many. */
struct inbox_flood {
    char device[CAP_DEVICE_ID_BYTES + 1];
    uint64_t dropped;
};
size_t inbox_take_floods(struct inbox *inbox, struct inbox_flood out[INBOX_FLOODS_KEPT]);
