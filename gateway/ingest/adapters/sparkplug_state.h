/* What a Sparkplug host says of itself: a retained message on spBv1.0/STATE/HOST, and the same as its Will. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"
#include "fieldline/caps.h"

/* spBv1.0/STATE/HOST and its payload {"online":...,"timestamp":...}. */
void sparkplug_state_topic(const char *host, char out[CAP_TOPIC_BYTES + 1]);
/* Is it about hosts; and does it say that one is gone? */
bool sparkplug_state_is(const char *topic, size_t bytes);
bool sparkplug_state_is_offline(const void *payload, size_t bytes);
void sparkplug_state_print(bool is_online, int64_t since_ms, struct buf *out);
