/* The bounded queue between Paho's threads and the pipeline thread.
 *
 * Producers copy and leave; when the inbox is full they wait a bounded while (far below the keep-alive) and then drop
 * and count: the sender was not acknowledged and sends again. One consumer takes everything that is there at once. */
#pragma once
#include <stdlib.h>

#include "fieldline/message.h"

/* One received MQTT message, one allocation: the struct, then topic and payload with a NUL after each. */
struct inbound {
    const char *topic;
    const uint8_t *payload;
    size_t topic_bytes, payload_bytes;
    struct wire_stamp stamp;
    bool has_stamp;        /* stream and seq came with it and are well formed */
    const char *bad_stamp; /* static text: what is wrong with the stamp; NULL when absent or fine */
    bool is_retained;
    int64_t recv_wall_ms, recv_mono_us;
};
/* Topics and payloads beyond their caps are not copied: payload is NULL then, payload_bytes tells how long it was. */
struct inbound *inbound_new(const char *topic, size_t topic_bytes, const void *payload, size_t payload_bytes);
void inbound_free(struct inbound *m);

struct inbox;
struct inbox_figures {
    uint64_t received, dropped, waited; /* messages: all, refused because full, that had to wait first */
    size_t depth, depth_max;
    size_t bytes;
    int64_t oldest_mono_us; /* when the first one that waits was received; 0: none does */
};
struct inbox *inbox_new(size_t messages_max, size_t bytes_max, int64_t wait_ms);
void inbox_free(struct inbox *inbox);
/* Takes the message over, whatever happens. false: it was dropped. */
bool inbox_push(struct inbox *inbox, struct inbound *m);
/* Up to `room` messages in order of arrival; waits at most wait_ms for the first. 0: none came, or inbox_wake. */
size_t inbox_take(struct inbox *inbox, struct inbound **out, size_t room, int64_t wait_ms);
/* Makes a waiting inbox_take return: there is other work. */
void inbox_wake(struct inbox *inbox);
struct inbox_figures inbox_read_figures(struct inbox *inbox);
