/* Letters from Paho's threads to the loop thread. Putting copies and returns; nobody waits. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/caps.h"
#include "fieldline/topic.h"

enum mqtt_event_kind {
    MQTT_CONNECTED,
    MQTT_REFUSED, /* could not connect: text says why */
    MQTT_LOST,    /* the connection is gone: text says why */
    MQTT_TAKEN,   /* the broker ended it: another client came with our certificate */
    MQTT_SUBSCRIBED,
    MQTT_NOT_SUBSCRIBED,
    MQTT_PUBLISHED,    /* what mqtt_publish_state sent has reached the broker (or cannot) */
    MQTT_DISCONNECTED, /* as asked */
    MQTT_MESSAGE       /* something on down/... */
};
enum { LETTER_TEXT_BYTES = 160 };

struct letter {
    struct letter *next;
    enum mqtt_event_kind kind;
    char text[LETTER_TEXT_BYTES];
    enum topic_kind topic; /* MQTT_MESSAGE */
    bool has_expiry;
    int64_t expires_mono_ms; /* of clock_mono_ms */
    size_t bytes;
    uint8_t payload[];
};

struct mailbox;
/* At most `room` messages wait; more are dropped and counted (the gateway repeats both acks and commands). Letters
 * about the connection always fit. */
struct mailbox *mailbox_new(size_t room);
void mailbox_free(struct mailbox *mailbox);
int mailbox_fd(const struct mailbox *mailbox); /* readable when there is a letter */

/* Any thread. */
void mailbox_put(struct mailbox *mailbox, enum mqtt_event_kind kind, const char *text);
void mailbox_put_message(struct mailbox *mailbox, enum topic_kind topic, const void *payload, size_t bytes,
                         bool has_expiry, int64_t expires_mono_ms);
/* The loop thread: the oldest letter, to be freed with free(); NULL: none. */
struct letter *mailbox_take(struct mailbox *mailbox);
uint64_t mailbox_dropped_count(struct mailbox *mailbox);
