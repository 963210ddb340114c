/* The gateway's MQTT 5 connections: the only place that includes Paho. One is the agents'; a second one, for adapters,
 * is apart from it, with a user name, rights and an inbox of its own.
 *
 * Received messages go to the inbox with their stream stamp already read from the user properties. Publishing and
 * ticking are for one thread (the pipeline's); nothing here waits for the broker. A lost connection is made again with
 * jittered back-off from mqtt_tick; until then publishing returns RESULT_CLOSED and the caller's own retry (acks
 * coalesce, the outbox asks again) covers it. */
#pragma once
#include "ingest/inbox.h"

enum { MQTT_WAKE_EVERY_MS = 10 /* messages wake another inbox (options.wake) no more often */ };
struct mqtt_options {
    const char *host;
    int port;
    const char *ca, *cert, *key;
    int keep_alive_s;
    int qos; /* of the subscription: messages arrive with the lower of this and what the device published with */
    /* For a connection that is not the agents'. What is NULL or 0 means what the agents need. */
    const char *client_id; /* the broker knows the session by it; NULL: a new one at each start */
    int64_t session_s;     /* how long the broker keeps the session; 0: a clean start each time */
    const char *(*filter)(void *self, size_t index); /* topics to subscribe to; NULL: the agents' */
    size_t filter_count;
    void *self;
    struct inbox *wake; /* to be woken instead of the one that gets the messages */
    /* A retained message that says whether we are there; the Will says that we are not. since_ms is the same in both.
     */
    const char *presence_topic; /* NULL: none */
    void (*presence)(bool is_online, int64_t since_ms, struct buf *out);
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
/* Says again that we are there (options.presence_topic): somebody has said that we are not. */
void mqtt_present(struct mqtt *mqtt);
/* QoS 0. */
FL_CHECK enum result mqtt_publish(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes);
struct mqtt_figures mqtt_read_figures(const struct mqtt *mqtt);
