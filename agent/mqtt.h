/* MQTT 5 over TLS through Paho, turned into our terms: the only file that includes Paho.
 *
 * Paho is used as a connection and nothing more: no persistence (the spool is ours), no automatic reconnection
 * (uplink.c decides when), clean start always. What happens arrives as letters on the loop thread. Calls do not wait
 * for the network. */
#pragma once
#include "agent_config.h"
#include "fieldline/message.h"
#include "loop.h"
#include "mailbox.h"

struct mqtt;
/* The letter is freed after the call. */
typedef void mqtt_letter_fn(void *self, const struct letter *letter);
FL_CHECK enum result mqtt_new(struct loop *loop, const struct agent_config *config, mqtt_letter_fn *fn, void *self,
                              struct mqtt **out, struct fault *fault);
void mqtt_free(struct mqtt *mqtt);

/* Answered by MQTT_CONNECTED or MQTT_REFUSED; the Last Will "offline" goes along. */
FL_CHECK enum result mqtt_connect(struct mqtt *mqtt, struct fault *fault);
/* Throws the client away and makes a new one: for when Paho does not answer at all. */
FL_CHECK enum result mqtt_renew(struct mqtt *mqtt, struct fault *fault);
/* down/+ with QoS 1. Answered by MQTT_SUBSCRIBED or MQTT_NOT_SUBSCRIBED. */
FL_CHECK enum result mqtt_subscribe(struct mqtt *mqtt);
/* Retained "online" or "offline", QoS 1. Answered by MQTT_PUBLISHED. */
FL_CHECK enum result mqtt_publish_state(struct mqtt *mqtt, bool is_online);
/* One up/... message with the stamp as user properties; an empty stream: outside of any, only the clocks go along.
 * RESULT_CLOSED: not connected; RESULT_FULL: Paho's queue is. */
FL_CHECK enum result mqtt_publish(struct mqtt *mqtt, enum topic_kind kind, const struct wire_stamp *stamp,
                                  const void *payload, size_t bytes);
/* Orderly: the broker does not send the Last Will. Answered by MQTT_DISCONNECTED. */
FL_CHECK enum result mqtt_disconnect(struct mqtt *mqtt);
uint64_t mqtt_dropped_count(const struct mqtt *mqtt); /* letters that did not fit */
