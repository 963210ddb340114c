/* What one /live subscriber has not been told yet. Bounded: when a subscriber reads too slowly, everything that waits
 * is replaced by one {"kind":"resync"}, after which he asks for what he shows anew; nothing is lost silently. */
#pragma once
#include "fieldline/bytes.h"
#include "fieldline/caps.h"

enum { LIVE_QUEUE_ITEMS = 256 };
struct live_news {
    char kind[12]; /* "device", "alarm", "ticket", "session" */
    char id[64];
    char device[CAP_DEVICE_ID_BYTES + 1];
};
struct live_queue {
    struct live_news items[LIVE_QUEUE_ITEMS];
    size_t first, count;
    bool has_missed;
};
/* News that is waiting already is not added twice. */
void live_queue_push(struct live_queue *queue, const struct live_news *news);
/* Some were missed elsewhere: tell to ask anew. */
void live_queue_miss(struct live_queue *queue);
/* Appends the next message (a JSON object); false: nothing waits. */
FL_CHECK bool live_queue_pop(struct live_queue *queue, struct buf *out);
