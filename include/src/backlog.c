/* A list, because frames leave in the order in which they came; each in one allocation with its bytes. How much may be
 * kept is the caller's business: credit bounds what can be under way, and whoever exceeds its limit ends the session.
 */
#include "fieldline/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

struct backlog_item {
    struct backlog_item *next;
    uint64_t number;
    size_t count;
    bool is_text;
    uint8_t bytes[];
};

void backlog_init(struct backlog *backlog) {
    *backlog = (struct backlog){0};
}

static void drop_first(struct backlog *backlog) {
    struct backlog_item *item = backlog->first;
    backlog->first = item->next;
    if (!backlog->first)
        backlog->last = NULL;
    backlog->bytes -= item->count;
    wipe(item->bytes, item->count);
    free(item);
}

void backlog_fini(struct backlog *backlog) {
    while (backlog->first)
        drop_first(backlog);
}

void backlog_add(struct backlog *backlog, bool is_text, const void *message, size_t bytes) {
    struct backlog_item *item = mem_alloc(sizeof *item + bytes);
    *item = (struct backlog_item){.number = ++backlog->last_number, .count = bytes, .is_text = is_text};
    memcpy(item->bytes, message, bytes);
    if (backlog->last)
        backlog->last->next = item;
    else
        backlog->first = item;
    backlog->last = item;
    backlog->bytes += bytes;
}

void backlog_drop(struct backlog *backlog, uint64_t number) {
    while (backlog->first && backlog->first->number <= number)
        drop_first(backlog);
}

enum result backlog_again(const struct backlog *backlog, uint64_t number,
                          void (*send)(void *self, bool is_text, const void *message, size_t bytes), void *self) {
    const uint64_t oldest = backlog->first ? backlog->first->number : backlog->last_number + 1;
    if (number > backlog->last_number || number + 1 < oldest)
        return RESULT_NOT_FOUND;
    for (const struct backlog_item *item = backlog->first; item; item = item->next) {
        if (item->number > number)
            send(self, item->is_text, item->bytes, item->count);
    }
    return RESULT_OK;
}
