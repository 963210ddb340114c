/* A ring of pointers under one mutex. The producer is Paho's receive thread, the consumer the pipeline thread; a batch
 * is taken under one lock, so the lock is met once a message by one side and once a batch by the other.
 *
 * Full means full in messages or in bytes. The producer then waits on a condition for at most wait_ms: that slows the
 * broker's connection to us down, which is the point. It must stay far below the keep-alive, because Paho answers pings
 * on the same thread. After that the message is dropped and counted; the gap protocol fetches it again.
 *
 * A lock-free ring was left out: at 50,000 messages/s the uncontended lock costs about 1 % of what Paho's own path
 * does. */
#include "ingest/inbox.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "fieldline/clock.h"

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t has_mail, has_room;
    struct inbound **ring;
    size_t size, head, depth; /* head: the oldest */
    size_t bytes, bytes_max;
    int64_t wait_ms;
    bool is_woken;
    struct inbox_figures figures;
};

struct inbound *inbound_new(const char *topic, size_t topic_bytes, const void *payload, size_t payload_bytes) {
    const bool fits = topic_bytes <= CAP_TOPIC_BYTES && payload_bytes <= CAP_PAYLOAD_BYTES;
    const size_t kept_topic = topic_bytes <= CAP_TOPIC_BYTES ? topic_bytes : CAP_TOPIC_BYTES;
    struct inbound *m = mem_alloc(sizeof *m + kept_topic + 1 + (fits ? payload_bytes + 1 : 0));
    char *at = (char *)(m + 1);
    memcpy(at, topic, kept_topic);
    m->topic = at;
    m->topic_bytes = topic_bytes;
    if (fits) {
        at += kept_topic + 1;
        if (payload_bytes > 0)
            memcpy(at, payload, payload_bytes);
        m->payload = (const uint8_t *)at;
    }
    m->payload_bytes = payload_bytes;
    return m;
}

void inbound_free(struct inbound *m) {
    free(m);
}

static size_t inbound_weight(const struct inbound *m) {
    return sizeof *m + (m->payload ? m->payload_bytes : 0);
}

static struct timespec mono_in(int64_t ms) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

struct inbox *inbox_new(size_t messages_max, size_t bytes_max, int64_t wait_ms) {
    struct inbox *inbox = mem_alloc(sizeof *inbox);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&inbox->lock, NULL);
    pthread_cond_init(&inbox->has_mail, &attr);
    pthread_cond_init(&inbox->has_room, &attr);
    pthread_condattr_destroy(&attr);
    inbox->ring = mem_alloc(messages_max * sizeof *inbox->ring);
    inbox->size = messages_max;
    inbox->bytes_max = bytes_max;
    inbox->wait_ms = wait_ms;
    return inbox;
}

void inbox_free(struct inbox *inbox) {
    if (!inbox)
        return;
    for (size_t i = 0; i < inbox->depth; i++)
        inbound_free(inbox->ring[(inbox->head + i) % inbox->size]);
    pthread_cond_destroy(&inbox->has_mail);
    pthread_cond_destroy(&inbox->has_room);
    pthread_mutex_destroy(&inbox->lock);
    free(inbox->ring);
    free(inbox);
}

static bool has_no_room(const struct inbox *inbox, size_t weight) {
    return inbox->depth == inbox->size || (inbox->depth > 0 && inbox->bytes + weight > inbox->bytes_max);
}

bool inbox_push(struct inbox *inbox, struct inbound *m) {
    const size_t weight = inbound_weight(m);
    bool is_in = false;
    pthread_mutex_lock(&inbox->lock);
    inbox->figures.received++;
    if (has_no_room(inbox, weight)) {
        inbox->figures.waited++;
        const struct timespec until = mono_in(inbox->wait_ms);
        while (has_no_room(inbox, weight) && pthread_cond_timedwait(&inbox->has_room, &inbox->lock, &until) == 0)
            continue;
    }
    if (has_no_room(inbox, weight)) {
        inbox->figures.dropped++;
    } else {
        inbox->ring[(inbox->head + inbox->depth) % inbox->size] = m;
        inbox->bytes += weight;
        if (++inbox->depth > inbox->figures.depth_max)
            inbox->figures.depth_max = inbox->depth;
        if (inbox->depth == 1)
            pthread_cond_signal(&inbox->has_mail);
        is_in = true;
    }
    pthread_mutex_unlock(&inbox->lock);
    if (!is_in)
        inbound_free(m);
    return is_in;
}

size_t inbox_take(struct inbox *inbox, struct inbound **out, size_t room, int64_t wait_ms) {
    size_t taken = 0;
    pthread_mutex_lock(&inbox->lock);
    if (inbox->depth == 0 && !inbox->is_woken && wait_ms > 0) {
        const struct timespec until = mono_in(wait_ms);
        while (inbox->depth == 0 && !inbox->is_woken &&
               pthread_cond_timedwait(&inbox->has_mail, &inbox->lock, &until) == 0)
            continue;
    }
    inbox->is_woken = false;
    while (taken < room && inbox->depth > 0) {
        struct inbound *m = inbox->ring[inbox->head];
        inbox->head = (inbox->head + 1) % inbox->size;
        inbox->depth--;
        inbox->bytes -= inbound_weight(m);
        out[taken++] = m;
    }
    if (taken > 0)
        pthread_cond_broadcast(&inbox->has_room);
    pthread_mutex_unlock(&inbox->lock);
    return taken;
}

void inbox_wake(struct inbox *inbox) {
    pthread_mutex_lock(&inbox->lock);
    inbox->is_woken = true;
    pthread_cond_signal(&inbox->has_mail);
    pthread_mutex_unlock(&inbox->lock);
}

struct inbox_figures inbox_read_figures(struct inbox *inbox) {
    pthread_mutex_lock(&inbox->lock);
    struct inbox_figures figures = inbox->figures;
    figures.depth = inbox->depth;
    figures.bytes = inbox->bytes;
    figures.oldest_mono_us = inbox->depth > 0 ? inbox->ring[inbox->head]->recv_mono_us : 0;
    pthread_mutex_unlock(&inbox->lock);
    return figures;
}
