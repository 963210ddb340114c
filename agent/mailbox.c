/* The one place where two threads meet in the agent: a bounded list under a mutex, and an eventfd to wake the loop.
 *
 * Paho's callbacks hold Paho's own lock, so what they do here is copy, link, and one write(2). A lock-free ring was
 * left: a few letters a second do not pay for it. Letters about the connection are not bounded by `room`, because
 * losing one would leave the agent waiting for ever; there are a handful for each connection. */
#include "mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fieldline/bytes.h"
#include "fieldline/log.h"

struct mailbox {
    pthread_mutex_t mutex;
    struct letter *first, **last;
    size_t message_count, room;
    uint64_t dropped_count;
    int fd;
};

struct mailbox *mailbox_new(size_t room) {
    struct mailbox *m = mem_alloc(sizeof *m);
    *m = (struct mailbox){.room = room, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    m->last = &m->first;
    pthread_mutex_init(&m->mutex, NULL);
    if (m->fd < 0) {
        die("agent.mailbox", "eventfd: %s", strerror(errno));
    }
    return m;
}

void mailbox_free(struct mailbox *m) {
    if (m == NULL) {
        return;
    }
    struct letter *letter;
    while ((letter = mailbox_take(m)) != NULL) {
        free(letter);
    }
    close(m->fd);
    pthread_mutex_destroy(&m->mutex);
    free(m);
}

int mailbox_fd(const struct mailbox *m) {
    return m->fd;
}

static void put(struct mailbox *m, struct letter *letter) {
    bool is_message = letter->kind == MQTT_MESSAGE;
    uint64_t one = 1;
    pthread_mutex_lock(&m->mutex);
    if (is_message && m->message_count >= m->room) {
        m->dropped_count++;
        free(letter);
    } else {
        m->message_count += is_message;
        *m->last = letter;
        m->last = &letter->next;
        if (write(m->fd, &one, sizeof one) < 0 && errno != EAGAIN) {
            die("agent.mailbox", "eventfd write: %s", strerror(errno));
        }
    }
    pthread_mutex_unlock(&m->mutex);
}

void mailbox_put(struct mailbox *m, enum mqtt_event_kind kind, const char *text) {
    struct letter *letter = mem_alloc(sizeof *letter);
    letter->kind = kind;
    snprintf(letter->text, sizeof letter->text, "%s", text == NULL ? "" : text);
    put(m, letter);
}

void mailbox_put_message(struct mailbox *m, enum topic_kind topic, const void *payload, size_t bytes, bool has_expiry,
                         int64_t expires_mono_ms) {
    struct letter *letter = mem_alloc(sizeof *letter + bytes);
    letter->kind = MQTT_MESSAGE;
    letter->topic = topic;
    letter->has_expiry = has_expiry;
    letter->expires_mono_ms = expires_mono_ms;
    letter->bytes = bytes;
    memcpy(letter->payload, payload, bytes);
    put(m, letter);
}

struct letter *mailbox_take(struct mailbox *m) {
    pthread_mutex_lock(&m->mutex);
    struct letter *letter = m->first;
    if (letter != NULL) {
        m->first = letter->next;
        m->last = m->first == NULL ? &m->first : m->last;
        m->message_count -= letter->kind == MQTT_MESSAGE;
    } else {
        uint64_t count;
        ssize_t got = read(m->fd, &count, sizeof count); /* empty: the descriptor becomes quiet */
        (void)got;
    }
    pthread_mutex_unlock(&m->mutex);
    return letter;
}

uint64_t mailbox_dropped_count(struct mailbox *m) {
    pthread_mutex_lock(&m->mutex);
    uint64_t count = m->dropped_count;
    pthread_mutex_unlock(&m->mutex);
    return count;
}
