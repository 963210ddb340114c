/* The live subscribers (see live.h). One message is handed to a socket at a time; what comes meanwhile waits in the
 * subscriber's bounded queue, where a slow one collapses to a resync. What changed is told to everyone: news carry ids
 * only, and the roles are applied when the client then asks for what it may see. */
#include "web/live.h"

#include <stdlib.h>

#include "web/socket.h"

struct subscriber {
    struct live *live;
    struct socket *socket;
    struct subscriber *next;
    struct live_queue queue;
};
struct live {
    struct subscriber *first;
    size_t count;
};

static void pump(struct subscriber *subscriber) {
    if (socket_pending(subscriber->socket) > 0) {
        return;
    }
    struct buf message;
    buf_init(&message, 4096);
    if (live_queue_pop(&subscriber->queue, &message)) {
        socket_send(subscriber->socket, true, message.data, message.count);
    }
    buf_fini(&message);
}

static void on_opened(void *self) {
    (void)self;
}

static void on_message(void *self, bool is_text, const uint8_t *bytes, size_t count) {
    (void)is_text, (void)bytes, (void)count;
    struct subscriber *subscriber = self;
    socket_close(subscriber->socket, 1003, "nothing is expected from a subscriber");
}

static void on_drained(void *self) {
    pump(self);
}

static void on_gone(void *self) {
    struct subscriber *subscriber = self;
    struct live *live = subscriber->live;
    for (struct subscriber **at = &live->first; *at != NULL; at = &(*at)->next) {
        if (*at == subscriber) {
            *at = subscriber->next;
            live->count--;
            break;
        }
    }
    free(subscriber);
}

static const struct socket_ops ops = {
    .opened = on_opened, .message = on_message, .drained = on_drained, .gone = on_gone};

struct live *live_new(void) {
    return mem_alloc(sizeof(struct live));
}

void live_free(struct live *live) {
    free(live);
}

enum result live_join(struct live *live, struct socket *socket) {
    if (live->count >= LIVE_SUBSCRIBERS) {
        return RESULT_BUSY;
    }
    struct subscriber *subscriber = mem_alloc(sizeof *subscriber);
    subscriber->live = live;
    subscriber->socket = socket;
    subscriber->next = live->first;
    live->first = subscriber;
    live->count++;
    socket_use(socket, &ops, subscriber);
    return RESULT_OK;
}

void live_tell(struct live *live, const struct live_news *news) {
    for (struct subscriber *subscriber = live->first; subscriber != NULL; subscriber = subscriber->next) {
        live_queue_push(&subscriber->queue, news);
        pump(subscriber);
    }
}

void live_missed(struct live *live) {
    for (struct subscriber *subscriber = live->first; subscriber != NULL; subscriber = subscriber->next) {
        live_queue_miss(&subscriber->queue);
        pump(subscriber);
    }
}
