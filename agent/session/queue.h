/* WebSocket messages on their way between two threads. Not locked: its owner is. Messages may hold secrets: wiped. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/result.h"

enum { QUEUE_ROOM_BEFORE = 64 }; /* before `bytes`, for whoever sends it */
struct queue_item {
    struct queue_item *next;
    bool is_text;
    size_t count;
    uint8_t *bytes; /* in the same allocation */
};
struct queue {
    struct queue_item *first, **last;
    size_t bytes;
};
void queue_init(struct queue *queue);
void queue_fini(struct queue *queue);
struct queue_item *queue_item_new(bool is_text, const void *bytes, size_t count); /* a copy */
void queue_item_free(struct queue_item *item);
void queue_add(struct queue *queue, struct queue_item *item); /* takes it */
struct queue_item *queue_take(struct queue *queue);           /* NULL: empty */
