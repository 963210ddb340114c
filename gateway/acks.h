/* Tells devices how far their streams are committed (down/ack): cumulative, coalesced, and bounded in total, because
 * publishing is what Paho does slowly. Called by the pipeline thread between transactions only, so that what is told is
 * what is committed. */
#pragma once
#include "fieldline/histogram.h"
#include "ingest/mqtt.h"
#include "normalize/device.h"

enum {
    ACK_DELAY_MS = 200 /* a bulk stream waits this long for more, unless half its window is used */
};

struct acks;
struct acks *acks_new(int64_t per_second);
void acks_free(struct acks *acks);
/* The stream advanced, or a repeat or a gap asks for telling again (stream->ack_now). */
void acks_note(struct acks *acks, struct device *device, struct device_stream *stream, int64_t now_mono_ms);
/* Publishes what is due, within the budget. */
void acks_publish(struct acks *acks, struct mqtt *mqtt, int64_t now_mono_ms);
/* How long until something is due; `most` when nothing is. */
int64_t acks_wait_ms(const struct acks *acks, int64_t now_mono_ms, int64_t most);
void acks_forget(struct acks *acks); /* the devices are about to be freed */
uint64_t acks_sent(const struct acks *acks);
/* From the turn in which something was to be told first to its telling. Any thread. */
const struct histogram *acks_delay(const struct acks *acks);
