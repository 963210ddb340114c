/* The bounded queue of one live subscriber (see live_queue.h). A ring of small fixed items; pure, edge thread. News
 * carries no content, only what has changed, so the same news twice in the queue is one news and a burst on one device
 * stays one item: that is what keeps the ring short in practice. */
#include "web/live_queue.h"

#include <string.h>

#include "fieldline/json.h"

void live_queue_push(struct live_queue *queue, const struct live_news *news) {
    if (queue->has_missed) {
        return; /* asking anew covers this one too */
    }
    for (size_t i = 0; i < queue->count; i++) {
        const struct live_news *waiting = &queue->items[(queue->first + i) % LIVE_QUEUE_ITEMS];
        if (strcmp(waiting->id, news->id) == 0 && strcmp(waiting->kind, news->kind) == 0 &&
            strcmp(waiting->device, news->device) == 0) {
            return;
        }
    }
    if (queue->count == LIVE_QUEUE_ITEMS) {
        live_queue_miss(queue);
        return;
    }
    queue->items[(queue->first + queue->count) % LIVE_QUEUE_ITEMS] = *news;
    queue->count++;
}

void live_queue_miss(struct live_queue *queue) {
    queue->has_missed = true;
    queue->first = queue->count = 0;
}

bool live_queue_pop(struct live_queue *queue, struct buf *out) {
    struct json_out j = json_out(out);
    if (queue->has_missed) {
        queue->has_missed = false;
        jo_object(&j, NULL);
        jo_str(&j, "kind", "resync");
        jo_end(&j);
        return true;
    }
    if (queue->count == 0) {
        return false;
    }
    const struct live_news *news = &queue->items[queue->first];
    jo_object(&j, NULL);
    jo_str(&j, "kind", news->kind);
    jo_str(&j, "id", news->id);
    jo_str(&j, "device", news->device);
    jo_end(&j);
    queue->first = (queue->first + 1) % LIVE_QUEUE_ITEMS;
    queue->count--;
    return true;
}
