/* As much MQTT 5 as a device needs, without a client library: Paho's publishing has one lock a process and would be the
 * bottleneck. Pure: bytes in, bytes out. */
#pragma once
#include "fieldline/bytes.h"
#include "fieldline/message.h"

enum mqtt_packet {
    MQTT_PACKET_CONNACK = 2,
    MQTT_PACKET_PUBLISH = 3,
    MQTT_PACKET_SUBACK = 9,
    MQTT_PACKET_MAX = 80 * 1024
};

/* Each makes `out` one whole packet. Publishing is QoS 0, with the stamp as user properties. */
void mqtt_connect(struct buf *out, const char *client_id);
void mqtt_subscribe(struct buf *out, const char *topic);
void mqtt_publish(struct buf *out, const char *topic, const struct wire_stamp *stamp, const void *payload,
                  size_t bytes);

struct mqtt_in {
    int type;               /* enum mqtt_packet, or another */
    const uint8_t *payload; /* of a PUBLISH; what comes after its properties */
    size_t bytes;
};
/* Takes one whole packet off the front of `from`; false when it is not all there yet. */
FL_CHECK bool mqtt_take(struct cursor *from, struct mqtt_in *out);
