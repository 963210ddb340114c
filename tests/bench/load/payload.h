/* Telemetry payloads, encoded beforehand by the product's own wire library: a set of ten metrics a second, so many
 * samples a message. Only the time is put in while sending, for the generator must not be the bottleneck. The values
 * are plausible (no alarm), differ from message to message and come again after PAYLOAD_KINDS messages. */
#pragma once
#include "fieldline/bytes.h"

enum { PAYLOAD_KINDS = 240, PAYLOAD_METRICS = 10, PAYLOAD_SET_MS = 1000 };

struct payload {
    char *text;
    size_t count, time_at; /* where the ten digits, point and three digits of the base time stand */
};
struct payloads {
    int64_t samples;
    struct payload kinds[PAYLOAD_KINDS];
};

/* Dies when that many samples do not fit in a message. */
void payloads_init(struct payloads *p, int64_t samples);
void payloads_fini(struct payloads *p);
/* How long after the first message of a device its message number `index` (0, 1, ...) was measured. */
int64_t payload_offset_ms(const struct payloads *p, uint64_t index);
/* Valid until the next call. */
const struct payload *payload_make(struct payloads *p, uint64_t index, int64_t event_ms);
/* One sample of uptime_seconds. After the first, every other one is less than ten minutes before: the rule "Restarted"
 * of the pack raises an alarm with it and clears it with the one after. */
void payload_alarm(uint64_t index, int64_t event_ms, struct buf *out);
