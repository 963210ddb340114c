/* A simulated device: its connection, its two streams with their windows, and the go-back after a silence, as an agent
 * has them. What it sent can be made anew from its number, so nothing is kept. */
#pragma once
#include "connection.h"
#include "fieldline/topic.h"
#include "payload.h"
#include "tally.h"

struct lane {
    char stream[CAP_UUID_BYTES + 1];
    uint64_t sent, acked, highest;
    int64_t moved_us; /* last acknowledgement, or first message after there was none under way */
};
struct device {
    char id[CAP_DEVICE_ID_BYTES + 1], boot[CAP_UUID_BYTES + 1];
    char topic[TOPIC_KIND_COUNT][CAP_TOPIC_BYTES + 1];
    struct connection connection;
    struct lane bulk, urgent;
    int64_t begin_ms; /* event time of the first telemetry; 0: now, always */
    uint64_t event_count, alarm_count;
    uint64_t event_seq, alarm_seq;      /* under way; 0: none */
    int64_t event_due_us, alarm_due_us; /* when it should have been sent: latency counts from there */
};
/* What all devices of the process share. */
struct fleet {
    struct payloads payloads;
    struct buf packet, body;
    struct tally *tally;
};

/* Connects, subscribes and introduces itself. */
void device_open(struct device *d, struct fleet *fleet, int64_t number, int port, const char *pki);
void device_close(struct device *d);

static inline uint64_t device_under_way(const struct device *d) {
    return d->bulk.sent - d->bulk.acked;
}
void device_send_tele(struct device *d, struct fleet *fleet);
/* A fault appears or goes away, on the urgent lane; a device has one such event under way at most. */
void device_send_event(struct device *d, struct fleet *fleet, int64_t due_us);
/* A sample that raises or clears an alarm, in the bulk lane. The message is sent twice: a repeat is answered at once,
 * so that the acknowledgement says when it was committed and not when the gateway found it worth telling. */
void device_send_alarm(struct device *d, struct fleet *fleet, int64_t due_us);
/* Takes what has come; true when a window moved. */
bool device_receive(struct device *d, struct fleet *fleet);
/* Sends again what nobody acknowledged for a while. */
void device_go_back(struct device *d, struct fleet *fleet, int64_t now_us);
