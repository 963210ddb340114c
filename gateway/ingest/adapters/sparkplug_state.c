/* Nodes that have chosen a primary host wait for it: they send when it is online and keep what they have while it is
 * not. So the two messages have to be right in every case: the time of the Will is that of the birth it ends (the
 * connection sees to that), and somebody's "offline" is answered while we are there. */
#include "ingest/adapters/sparkplug_state.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"

void sparkplug_state_topic(const char *host, char out[CAP_TOPIC_BYTES + 1]) {
    snprintf(out, CAP_TOPIC_BYTES + 1, "spBv1.0/STATE/%s", host);
}

void sparkplug_state_print(bool is_online, int64_t since_ms, struct buf *out) {
    buf_printf(out, "{\"online\":%s,\"timestamp\":%lld}", is_online ? "true" : "false", (long long)since_ms);
}

bool sparkplug_state_is(const char *topic, size_t bytes) {
    return bytes > 14 && memcmp(topic, "spBv1.0/STATE/", 14) == 0;
}

bool sparkplug_state_is_offline(const void *payload, size_t bytes) {
    struct json *root = NULL;
    bool is_online = true;
    if (json_parse(payload, bytes, &root, NULL) == RESULT_OK && json_is_object(root) &&
        json_bool(root, "online", &is_online, NULL) != RESULT_OK)
        is_online = true;
    json_free(root);
    return !is_online;
}
