/* The gateway's MQTT 5 connection: the only place that includes Paho.
 *
 * Received messages go to the inbox with their stream stamp already read from the user properties. Publishing and
 * ticking are for one thread (the pipeline's); nothing here waits for the broker. A lost connection is made again with
 * jittered back-off from mqtt_tick; until then publishing returns RESULT_CLOSED and the caller's own retry (acks
 * coalesce, the outbox asks again) covers it. */
#pragma once
#include "ingest/inbox.h"

struct mqtt_options {
    const char *host;
    int port;
    const char *ca, *cert, *key;
    int keep_alive_s;
    int qos; /* of the subscription: messages arrive with the lower of this and what the device published with */
};
struct mqtt_figures {
    uint64_t connects, losses, published, publish_failed;
    bool is_connected;
    int64_t lost_mono_ms; /* when it was lost last */
};
struct mqtt;
/* Begins to connect; does not wait for it. */
FL_CHECK enum result mqtt_start(const struct mqtt_options *options, struct inbox *inbox, struct mqtt **out,
                                struct fault *fault);
void mqtt_stop(struct mqtt *mqtt);
void mqtt_tick(struct mqtt *mqtt, int64_t now_mono_ms);
/* Subscribes again at the next tick: the broker then repeats the retained states, for who has forgotten them. */
void mqtt_resubscribe(struct mqtt *mqtt);
/* QoS 0, coalesced by the caller. */
FL_CHECK enum result mqtt_publish_ack(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes);
/* QoS 1 with response topic, correlation data and expiry (MQTT 5 request/response). */
FL_CHECK enum result mqtt_publish_command(struct mqtt *mqtt, const char *topic, const char *reply_topic, const char *id,
                                          int64_t expiry_s, const void *payload, size_t bytes);
struct mqtt_figures mqtt_read_figures(const struct mqtt *mqtt);
