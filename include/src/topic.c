/* Topics of the wire and the device ids and shards inside them.
 *
 * Not a topic router: subscriptions and wildcards are the broker's and the ingest stage's. A topic is refused step by
 * step with a reason, and only a whole, matching one fills the answer. The shard is recomputed and compared instead of
 * believed: a device that writes below a wrong shard would be read by a gateway that does not own it. Splitting with
 * strtok into a copy was left; the levels are compared where they stand. */
#include "fieldline/topic.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/bytes.h"

static const char PREFIX[] = "fl/1/";
enum { PREFIX_CHARS = sizeof PREFIX - 1, SHARD_CHARS = 2 };

static const char *const KINDS[TOPIC_KIND_COUNT] = {
    [TOPIC_UP_BIRTH] = "up/birth", [TOPIC_UP_TELE] = "up/tele",   [TOPIC_UP_EVENT] = "up/event",
    [TOPIC_UP_LOG] = "up/log",     [TOPIC_UP_REPLY] = "up/reply", [TOPIC_DOWN_ACK] = "down/ack",
    [TOPIC_DOWN_CMD] = "down/cmd", [TOPIC_STATE] = "state",
};

const char *topic_kind_name(enum topic_kind kind) {
    size_t index = (size_t)kind;
    return index < TOPIC_KIND_COUNT ? KINDS[index] : "unknown";
}

bool device_id_valid(const char *text, size_t chars) {
    if (chars < CAP_DEVICE_ID_MIN_BYTES || chars > CAP_DEVICE_ID_BYTES || text[0] == '-')
        return false;
    for (size_t i = 0; i < chars; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

void topic_shard(const char *device, char out[3]) {
    uint8_t hash[SHA256_BYTES];
    sha256(device, strlen(device), hash);
    hex_encode(hash, 1, out);
}

static bool kind_find(const char *text, size_t chars, enum topic_kind *out) {
    for (int i = 0; i < TOPIC_KIND_COUNT; i++) {
        if (strlen(KINDS[i]) == chars && memcmp(KINDS[i], text, chars) == 0) {
            *out = (enum topic_kind)i;
            return true;
        }
    }
    return false;
}

enum result topic_parse(const char *text, size_t chars, struct topic *out, struct fault *fault) {
    struct topic topic = {0};
    if (chars > CAP_TOPIC_BYTES)
        return fault_set(fault, RESULT_TOO_BIG, "the topic has %zu bytes, at most %d are allowed", chars,
                         CAP_TOPIC_BYTES);
    if (chars < PREFIX_CHARS || memcmp(text, PREFIX, PREFIX_CHARS) != 0)
        return fault_set(fault, RESULT_BAD_INPUT, "the topic does not begin with %s", PREFIX);
    const char *shard = text + PREFIX_CHARS, *end = text + chars;
    if (end - shard <= SHARD_CHARS || shard[SHARD_CHARS] != '/')
        return fault_set(fault, RESULT_BAD_INPUT, "the topic has no shard of two hex digits");
    const char *device = shard + SHARD_CHARS + 1;
    const char *slash = memchr(device, '/', (size_t)(end - device));
    size_t device_chars = slash ? (size_t)(slash - device) : 0;
    if (!slash || !device_id_valid(device, device_chars))
        return fault_set(fault, RESULT_BAD_INPUT, "the topic has no valid device id after its shard");
    if (!kind_find(slash + 1, (size_t)(end - slash - 1), &topic.kind))
        return fault_set(fault, RESULT_BAD_INPUT, "the topic of device %.*s has an unknown kind", (int)device_chars,
                         device);
    memcpy(topic.device, device, device_chars);
    topic_shard(topic.device, topic.shard);
    if (memcmp(topic.shard, shard, SHARD_CHARS) != 0)
        return fault_set(fault, RESULT_BAD_INPUT, "device %s belongs to shard %s, not to the topic's", topic.device,
                         topic.shard);
    *out = topic;
    return RESULT_OK;
}

void topic_format(const char *device, enum topic_kind kind, char out[CAP_TOPIC_BYTES + 1]) {
    char shard[3];
    topic_shard(device, shard);
    snprintf(out, CAP_TOPIC_BYTES + 1, "%s%s/%s/%s", PREFIX, shard, device, topic_kind_name(kind));
}
