/* A list of devices with something to tell, threaded through the devices themselves, and a token bucket.
 *
 * When a message is told at once: urgent lane (a call for service waits for nobody), a repeat or a gap (the device is
 * waiting or about to send in vain), or half of the window used (the device would run dry before the delay is over).
 * An acknowledgement that could not be published stays due: it is cumulative, so being late costs nothing but time. */
#include "acks.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/message.h"
#include "fieldline/topic.h"

struct acks {
    struct device *first; /* through next_ack; device->has_ack */
    int64_t per_second, tokens_milli, filled_mono_ms;
    int64_t earliest_mono_ms; /* no stream is due before this */
    _Atomic uint64_t sent;    /* read by any thread, as is delay */
    struct histogram delay;
};

struct acks *acks_new(int64_t per_second) {
    struct acks *acks = mem_alloc(sizeof *acks);
    acks->per_second = per_second;
    acks->tokens_milli = per_second * 1000;
    acks->earliest_mono_ms = INT64_MAX;
    return acks;
}

void acks_free(struct acks *acks) {
    free(acks);
}

void acks_forget(struct acks *acks) {
    acks->first = NULL;
    acks->earliest_mono_ms = INT64_MAX;
}

void acks_note(struct acks *acks, struct device *device, struct device_stream *stream, int64_t now_mono_ms) {
    const uint64_t half = (stream->is_urgent ? CAP_WINDOW_URGENT : CAP_WINDOW_BULK) / 2;
    const bool at_once = stream->is_urgent || stream->ack_now || stream->seq - stream->acked_seq >= half ||
                         stream->unacked_bytes >= CAP_WINDOW_BYTES / 2;
    const int64_t due = at_once ? now_mono_ms : now_mono_ms + ACK_DELAY_MS;
    if (stream->ack_due_mono_ms == 0)
        stream->ack_since_mono_ms = now_mono_ms;
    if (stream->ack_due_mono_ms == 0 || due < stream->ack_due_mono_ms)
        stream->ack_due_mono_ms = due;
    if (stream->ack_due_mono_ms < acks->earliest_mono_ms)
        acks->earliest_mono_ms = stream->ack_due_mono_ms;
    if (!device->has_ack) {
        device->has_ack = true;
        device->next_ack = acks->first;
        acks->first = device;
    }
}

static void fill_bucket(struct acks *acks, int64_t now_mono_ms) {
    const int64_t most = acks->per_second * 1000;
    acks->tokens_milli += (now_mono_ms - acks->filled_mono_ms) * acks->per_second;
    acks->filled_mono_ms = now_mono_ms;
    if (acks->tokens_milli > most)
        acks->tokens_milli = most;
}

static bool publish_one(struct acks *acks, struct mqtt *mqtt, const struct device *device, struct device_stream *stream,
                        int64_t now_mono_ms, struct buf *scratch) {
    char topic[CAP_TOPIC_BYTES + 1];
    struct ack_message ack = {.seq = stream->seq};
    if (acks->tokens_milli < 1000)
        return false;
    memcpy(ack.stream, stream->stream, sizeof ack.stream);
    buf_reset(scratch);
    ack_encode(&ack, scratch);
    topic_format(device->id, TOPIC_DOWN_ACK, topic);
    if (mqtt_publish_ack(mqtt, topic, scratch->data, scratch->count) != RESULT_OK)
        return false;
    acks->tokens_milli -= 1000;
    acks->sent++;
    histogram_observe(&acks->delay, (now_mono_ms - stream->ack_since_mono_ms) * 1000);
    stream->acked_seq = stream->seq;
    stream->ack_due_mono_ms = 0;
    stream->ack_now = false;
    stream->unacked_bytes = 0;
    return true;
}

void acks_publish(struct acks *acks, struct mqtt *mqtt, int64_t now_mono_ms) {
    if (now_mono_ms < acks->earliest_mono_ms)
        return;
    struct buf scratch;
    buf_init(&scratch, 256);
    fill_bucket(acks, now_mono_ms);
    acks->earliest_mono_ms = INT64_MAX;
    for (struct device **at = &acks->first; *at;) {
        struct device *device = *at;
        int64_t next_due = INT64_MAX;
        for (int i = 0; i < device->stream_count; i++) {
            struct device_stream *stream = &device->streams[i];
            if (stream->ack_due_mono_ms == 0)
                continue;
            if (stream->ack_due_mono_ms > now_mono_ms ||
                !publish_one(acks, mqtt, device, stream, now_mono_ms, &scratch)) {
                const int64_t due = stream->ack_due_mono_ms > now_mono_ms ? stream->ack_due_mono_ms : now_mono_ms + 20;
                next_due = due < next_due ? due : next_due;
            }
        }
        if (next_due < acks->earliest_mono_ms)
            acks->earliest_mono_ms = next_due;
        if (next_due == INT64_MAX) {
            device->has_ack = false;
            *at = device->next_ack;
        } else {
            at = &device->next_ack;
        }
    }
    buf_fini(&scratch);
}

int64_t acks_wait_ms(const struct acks *acks, int64_t now_mono_ms, int64_t most) {
    if (acks->earliest_mono_ms == INT64_MAX)
        return most;
    const int64_t wait = acks->earliest_mono_ms - now_mono_ms;
    return wait < 0 ? 0 : wait < most ? wait : most;
}

uint64_t acks_sent(const struct acks *acks) {
    return acks->sent;
}

const struct histogram *acks_delay(const struct acks *acks) {
    return &acks->delay;
}
