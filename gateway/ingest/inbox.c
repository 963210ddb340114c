/* Two lists under one mutex. The producer is Paho's receive thread, the consumer the pipeline thread; a batch is taken
 * under one lock, so the lock is met once a message by one side and once a batch by the other.
 *
 * Full means full in messages or in bytes. The producer then waits on a condition for at most wait_ms: that slows the
 * broker's connection to us down, which is the point. It must stay far below the keep-alive, because Paho answers pings
 * on the same thread. After that the message is dropped and counted; the gap protocol fetches it again. What is urgent
 * has a reserve beyond "full", so that telemetry alone never makes it wait here.
 *
 * A gap record goes with the lane whose records it stands for (its range tells it from an event): ahead of them it
 * would only be sent again. A lock-free ring was left out: at 50,000 messages/s the uncontended lock costs about 1 % of
 * what Paho's own path does. */
#include "ingest/inbox.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "fieldline/clock.h"
#include "ingest/share.h"

enum { RESERVE_PART = 8 /* of the size: for what is urgent */ };

struct list {
    struct inbound *first, **last;
    size_t count;
};
struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t has_mail, has_room;
    struct list urgent, bulk;
    size_t size, bytes, bytes_max;
    int64_t wait_ms;
    size_t batch_bytes;
    size_t wanted; /* how many the consumer sleeps for; 0: it is awake */
    bool is_woken;
    struct shares *shares;
    struct inbox_figures figures;
};

/* What the topic's end tells; one that is not ours is not urgent. */
static void classify(struct inbound *m) {
    static const char *const urgent[] = {"/up/event", "/up/birth", "/up/reply", "/state"};
    const size_t chars = m->topic_bytes <= CAP_TOPIC_BYTES ? m->topic_bytes : 0;
    if (chars < 5 || memcmp(m->topic, "fl/1/", 5) != 0)
        return;
    for (size_t i = 0; i < sizeof urgent / sizeof *urgent; i++) {
        const size_t end = strlen(urgent[i]);
        if (chars > end && memcmp(m->topic + chars - end, urgent[i], end) == 0) {
            m->is_urgent = true;
            m->is_state = i == 3;
        }
    }
}

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
    classify(m);
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

struct inbox *inbox_new(size_t messages_max, size_t bytes_max, int64_t wait_ms, int64_t unstamped_per_second) {
    struct inbox *inbox = mem_alloc(sizeof *inbox);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&inbox->lock, NULL);
    pthread_cond_init(&inbox->has_mail, &attr);
    pthread_cond_init(&inbox->has_room, &attr);
    pthread_condattr_destroy(&attr);
    inbox->urgent.last = &inbox->urgent.first;
    inbox->bulk.last = &inbox->bulk.first;
    inbox->size = messages_max;
    inbox->bytes_max = bytes_max;
    inbox->batch_bytes = SIZE_MAX;
    inbox->wait_ms = wait_ms;
    inbox->shares = shares_new(bytes_max / INBOX_DEVICE_BYTES_PART, unstamped_per_second);
    return inbox;
}

static void put(struct list *list, struct inbound *m) {
    m->next = NULL;
    *list->last = m;
    list->last = &m->next;
    list->count++;
}

static struct inbound *take(struct list *list) {
    struct inbound *m = list->first;
    list->first = m->next;
    if (!list->first)
        list->last = &list->first;
    list->count--;
    return m;
}

static size_t depth(const struct inbox *inbox) {
    return inbox->urgent.count + inbox->bulk.count;
}

void inbox_free(struct inbox *inbox) {
    if (!inbox)
        return;
    while (inbox->urgent.first)
        inbound_free(take(&inbox->urgent));
    while (inbox->bulk.first)
        inbound_free(take(&inbox->bulk));
    shares_free(inbox->shares);
    pthread_cond_destroy(&inbox->has_mail);
    pthread_cond_destroy(&inbox->has_room);
    pthread_mutex_destroy(&inbox->lock);
    free(inbox);
}

/* One message always fits into an empty inbox, however large. */
static bool has_no_room(const struct inbox *inbox, const struct inbound *m, size_t weight) {
    const size_t part = m->is_urgent ? RESERVE_PART : 0;
    const size_t size = inbox->size + (part ? inbox->size / part : 0);
    const size_t bytes_max = inbox->bytes_max + (part ? inbox->bytes_max / part : 0);
    const size_t count = depth(inbox);
    return count >= size || (count > 0 && inbox->bytes + weight > bytes_max);
}

/* Waits for room as long as it may. */
static bool find_room(struct inbox *inbox, const struct inbound *m, size_t weight) {
    if (!has_no_room(inbox, m, weight))
        return true;
    inbox->figures.waited++;
    inbox->is_woken = true; /* nobody sleeps for more while we wait for room */
    pthread_cond_signal(&inbox->has_mail);
    const struct timespec until = mono_in(inbox->wait_ms);
    while (has_no_room(inbox, m, weight) && pthread_cond_timedwait(&inbox->has_room, &inbox->lock, &until) == 0)
        continue;
    return !has_no_room(inbox, m, weight);
}

void inbox_bound_batch(struct inbox *inbox, size_t bytes) {
    inbox->batch_bytes = bytes;
}

static bool has_batch(const struct inbox *inbox) {
    return inbox->bytes >= INBOX_LINGER_BYTES || inbox->bytes >= inbox->batch_bytes;
}

static void rouse(struct inbox *inbox, bool is_urgent) {
    if (inbox->wanted > 0 && (is_urgent || depth(inbox) >= inbox->wanted || has_batch(inbox)))
        pthread_cond_signal(&inbox->has_mail);
}

bool inbox_push(struct inbox *inbox, struct inbound *m) {
    const size_t weight = inbound_weight(m);
    bool is_in = false;
    if (m->has_stamp && m->stamp.from < m->stamp.seq)
        m->is_urgent = false;
    pthread_mutex_lock(&inbox->lock);
    inbox->figures.received++;
    if (!shares_admit(inbox->shares, m, weight)) {
        inbox->figures.throttled++;
    } else if (!find_room(inbox, m, weight)) {
        inbox->figures.dropped++;
    } else {
        shares_put(inbox->shares, m, weight);
        put(m->is_urgent ? &inbox->urgent : &inbox->bulk, m);
        inbox->bytes += weight;
        if (depth(inbox) > inbox->figures.depth_max)
            inbox->figures.depth_max = depth(inbox);
        rouse(inbox, m->is_urgent);
        is_in = true;
    }
    pthread_mutex_unlock(&inbox->lock);
    if (!is_in)
        inbound_free(m);
    return is_in;
}

/* Sleeps until there are `wanted` or something urgent. A wake-up a message would cost more than the message. */
static void sleep_for(struct inbox *inbox, size_t wanted, int64_t wait_ms) {
    const struct timespec until = mono_in(wait_ms);
    inbox->wanted = wanted;
    while (depth(inbox) < wanted && !has_batch(inbox) && inbox->urgent.count == 0 && !inbox->is_woken &&
           pthread_cond_timedwait(&inbox->has_mail, &inbox->lock, &until) == 0)
        continue;
    inbox->wanted = 0;
}

size_t inbox_take(struct inbox *inbox, struct inbound **out, size_t room, int64_t wait_ms, int64_t linger_ms) {
    size_t taken = 0, bytes = 0;
    pthread_mutex_lock(&inbox->lock);
    if (wait_ms > 0)
        sleep_for(inbox, 1, wait_ms);
    if (linger_ms > 0 && depth(inbox) > 0)
        sleep_for(inbox, room < inbox->size ? room : inbox->size, linger_ms);
    inbox->is_woken = false;
    while (taken < room && depth(inbox) > 0 && bytes < inbox->batch_bytes) {
        struct inbound *m = take(inbox->urgent.count > 0 ? &inbox->urgent : &inbox->bulk);
        shares_took(inbox->shares, m, inbound_weight(m));
        inbox->bytes -= inbound_weight(m);
        bytes += inbound_weight(m);
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

static int64_t oldest(const struct list *list, int64_t other_us) {
    if (!list->first)
        return other_us;
    return other_us == 0 || list->first->recv_mono_us < other_us ? list->first->recv_mono_us : other_us;
}

struct inbox_figures inbox_read_figures(struct inbox *inbox) {
    pthread_mutex_lock(&inbox->lock);
    struct inbox_figures figures = inbox->figures;
    figures.depth = depth(inbox);
    figures.urgent = inbox->urgent.count;
    figures.bytes = inbox->bytes;
    figures.oldest_mono_us = oldest(&inbox->bulk, oldest(&inbox->urgent, 0));
    pthread_mutex_unlock(&inbox->lock);
    return figures;
}

size_t inbox_take_floods(struct inbox *inbox, struct inbox_flood out[INBOX_FLOODS_KEPT]) {
    pthread_mutex_lock(&inbox->lock);
    const size_t count = shares_take_floods(inbox->shares, out);
    pthread_mutex_unlock(&inbox->lock);
    return count;
}

void inbox_note_waste(struct inbox *inbox, const struct inbound *m) {
    pthread_mutex_lock(&inbox->lock);
    shares_waste(inbox->shares, m);
    pthread_mutex_unlock(&inbox->lock);
}
