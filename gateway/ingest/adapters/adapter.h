/* What every adapter is given and where it says what it found. An adapter turns one message into statements, one for
 * each device that the message speaks of. A message that cannot be used is refused with a fault, and nothing was said.
 * One thread (the pipeline's); no clock of its own, no I/O. */
#pragma once
#include "ingest/adapters/mapping.h"
#include "ingest/adapters/statement.h"

/* The topic has passed foreign_topic_check; the payload is at most CAP_PAYLOAD_BYTES. */
struct foreign_message {
    const char *topic;
    size_t topic_bytes;
    const uint8_t *payload;
    size_t payload_bytes;
    bool is_retained; /* repeated by the broker because we subscribed: a state, not news */
    int64_t recv_wall_ms, now_mono_ms;
};
struct adapter_sink {
    void (*say)(void *self, const struct statement *s);                            /* lives during the call */
    void (*ask)(void *self, const char *topic, const void *payload, size_t bytes); /* publish this, QoS 0 */
    void *self;
};
/* A document of one message: JSON when it looks like it, otherwise text. */
struct content {
    struct json *root; /* NULL: a bare text */
    const char *text;
    size_t chars;
};
FL_CHECK enum result content_open(struct content *d, const struct foreign_message *m, struct fault *fault);
void content_close(struct content *d);
