/* MQTT topics of the wire, version 1:
 *
 *   fl/1/<shard>/<device>/up/<kind>      birth tele event log reply
 *   fl/1/<shard>/<device>/down/<kind>    ack cmd
 *   fl/1/<shard>/<device>/state          retained "online" / "offline" (Last Will)
 *
 * <shard> is two lower-case hex digits, the first byte of SHA-256(device id). */
#pragma once
#include <stddef.h>

#include "fieldline/caps.h"
#include "fieldline/result.h"

enum topic_kind {
    TOPIC_UP_BIRTH,
    TOPIC_UP_TELE,
    TOPIC_UP_EVENT,
    TOPIC_UP_LOG,
    TOPIC_UP_REPLY,
    TOPIC_DOWN_ACK,
    TOPIC_DOWN_CMD,
    TOPIC_STATE,
    TOPIC_KIND_COUNT
};
struct topic {
    char device[CAP_DEVICE_ID_BYTES + 1];
    char shard[3];
    enum topic_kind kind;
};

bool device_id_valid(const char *text, size_t chars);
void topic_shard(const char *device, char out[3]);
const char *topic_kind_name(enum topic_kind kind); /* "up/birth", ..., "state" */

/* Refuses anything that is not exactly one of ours: wrong version, level count, kind, device id, or a shard that is not
 * the device's (the fault says which shard it should be). */
FL_CHECK enum result topic_parse(const char *text, size_t chars, struct topic *out, struct fault *fault);
/* Writes the topic of a valid device id; out has room for CAP_TOPIC_BYTES + 1. */
void topic_format(const char *device, enum topic_kind kind, char out[CAP_TOPIC_BYTES + 1]);
