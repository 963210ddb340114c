/* Frames that have left and that the other end may not have yet: kept until it says so, sent again after a connection
 * that broke. Frames are numbered 1, 2, 3, ... as they go into the chain of their direction. One thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/result.h"

struct backlog_item;
struct backlog {
    struct backlog_item *first, *last;
    uint64_t last_number; /* of the newest frame ever added */
    size_t bytes;         /* kept */
};
void backlog_init(struct backlog *backlog);
void backlog_fini(struct backlog *backlog); /* wipes: typed secrets pass through */
/* One WebSocket message more; copies it. */
void backlog_add(struct backlog *backlog, bool is_text, const void *message, size_t bytes);
/* The other end has all up to and with this one. */
void backlog_drop(struct backlog *backlog, uint64_t number);
/* Every frame after `number`, in order. RESULT_NOT_FOUND: some of them are not kept any more, or were never sent. */
FL_CHECK enum result backlog_again(const struct backlog *backlog, uint64_t number,
                                   void (*send)(void *self, bool is_text, const void *message, size_t bytes),
                                   void *self);
