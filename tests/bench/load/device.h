/* A simulated device: its connection and its two streams, each with the agent's own window (agent/window.h: how much
 * may be under way, when to go back). What it sent can be made anew from its number, so nothing is kept. */
#pragma once
#include "connection.h"
#include "fieldline/topic.h"
#include "payload.h"
#include "tally.h"
#include "window.h"

struct lane {
    char stream[CAP_UUID_BYTES + 1];
    struct window window;
};
struct device {
    char id[CAP_DEVICE_ID_BYTES + 1], boot[CAP_UUID_BYTES + 1];
    char topic[TOPIC_KIND_COUNT][CAP_TOPIC_BYTES + 1];
    struct connection connection;
    struct lane bulk, urgent;
    int64_t begin_ms; /* event time of the first telemetry; 0: now, always */
    /* The urgent lane holds one birth and then faults only, so a fault's number says all about it. */
    int64_t
        event_due_us[CAP_WINDOW_URGENT]; /* ring by number: when it should have been sent; latency counts from there */
    uint64_t alarm_count, alarm_seq;     /* alarm_seq: under way; 0: none */
    int64_t alarm_due_us;
};
/* What all devices of the process share. */
struct fleet {
    struct payloads payloads;
    struct buf packet, body;
    struct tally *tally;
};

/* Connects, subscribes and introduces itself. */
void device_open(struct device *d, struct fleet *fleet, int64_t number, size_t window, int port, const char *pki);
void device_close(struct device *d);

/* Whether telemetry up to number `last` (counted from 1) has something to send now. */
static inline bool device_may_send(const struct device *d, uint64_t last) {
    uint64_t seq;
    return connection_is_clear(&d->connection) && window_next(&d->bulk.window, last, &seq);
}
static inline bool device_has_work(const struct device *d, uint64_t last) {
    return d->bulk.window.next <= last;
}
/* Nothing is sent again, and the next number has not been sent before. */
static inline bool device_is_ahead(const struct device *d) {
    return d->bulk.window.next == d->bulk.window.highest_sent + 1;
}
/* device_may_send has said yes. */
void device_send_tele(struct device *d, struct fleet *fleet);
/* What was sent counts as acknowledged: somebody else paces. */
void device_assume_acked(struct device *d);
static inline bool device_may_send_event(const struct device *d) {
    uint64_t seq;
    return window_next(&d->urgent.window, UINT64_MAX, &seq) && seq == d->urgent.window.highest_sent + 1;
}
/* A fault appears or goes away, on the urgent lane; device_may_send_event has said yes. */
void device_send_event(struct device *d, struct fleet *fleet, int64_t due_us);
/* A sample that raises or clears an alarm, in the bulk lane; device_may_send has said yes and nothing is sent again.
 * The message is sent twice: a repeat is answered at once, so that the acknowledgement says when it was committed and
 * not when the gateway found it worth telling. */
void device_send_alarm(struct device *d, struct fleet *fleet, int64_t due_us);
/* Takes what has come; true when a window moved. */
bool device_receive(struct device *d, struct fleet *fleet);
/* Goes back and sends the fault under way again when nobody acknowledged anything for too long. */
void device_tick(struct device *d, struct fleet *fleet);
