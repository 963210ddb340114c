/* A list of messages that knows its size in bytes, because that is what its limits are in; what holds a
 * message counts as well, or a million empty ones would weigh nothing. */
#include "session/queue.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

void queue_init(struct queue *queue) {
    *queue = (struct queue){.last = &queue->first};
}

void queue_fini(struct queue *queue) {
    for (struct queue_item *item; (item = queue_take(queue)) != NULL;) {
        queue_item_free(item);
    }
}

struct queue_item *queue_item_new(bool is_text, const void *bytes, size_t count) {
    struct queue_item *item = mem_alloc(sizeof *item + QUEUE_ROOM_BEFORE + count);
    item->is_text = is_text;
    item->count = count;
    item->bytes = (uint8_t *)(item + 1) + QUEUE_ROOM_BEFORE;
    memcpy(item->bytes, bytes, count);
    return item;
}

void queue_item_free(struct queue_item *item) {
    if (item != NULL) {
        wipe(item->bytes, item->count);
        free(item);
    }
}

void queue_add(struct queue *queue, struct queue_item *item) {
    *queue->last = item;
    queue->last = &item->next;
    queue->bytes += sizeof *item + item->count;
}

struct queue_item *queue_take(struct queue *queue) {
    struct queue_item *item = queue->first;
    if (item != NULL) {
        queue->first = item->next;
        queue->last = queue->first != NULL ? queue->last : &queue->first;
        queue->bytes -= sizeof *item + item->count;
    }
    return item;
}
