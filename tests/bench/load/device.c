/* Telemetry is at most once under way by number: after a go-back the same number is made again from it. The exception
 * is the one alarm message under way, remembered by its number. */
#include "device.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "mqtt.h"

static const char fault_code[] = "SVC_FAILED"; /* of the pack linux-gateway */

static void publish(struct device *d, struct fleet *f, enum topic_kind kind, const struct lane *lane, uint64_t seq,
                    const void *payload, size_t bytes) {
    struct wire_stamp stamp = {.seq = seq, .from = seq, .mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
    memcpy(stamp.stream, lane->stream, sizeof stamp.stream);
    memcpy(stamp.boot, d->boot, sizeof stamp.boot);
    mqtt_publish(&f->packet, d->topic[kind], &stamp, payload, bytes);
    connection_send(&d->connection, f->packet.data, f->packet.count);
}

/* The lane's next message was sent. */
static void advance(struct lane *lane, size_t bytes) {
    window_sent(&lane->window, lane->window.next, bytes, clock_mono_ms());
}

/* ---- introduction ---- */

static void expect(struct device *d, int type) {
    struct mqtt_in in;
    for (;;) {
        struct cursor all = cursor_of(d->connection.in, d->connection.in_count);
        while (mqtt_take(&all, &in))
            if (in.type == type) {
                memmove(d->connection.in, all.at, all.left);
                d->connection.in_count = all.left;
                return;
            }
        if (!connection_read(&d->connection))
            die("bench.load", "%s: no answer of the broker", d->id);
    }
}

static void introduce(struct device *d, struct fleet *f) {
    struct birth_message birth = {.event_ms = clock_wall_ms()};
    snprintf(birth.model, sizeof birth.model, "linux-gateway");
    snprintf(birth.serial, sizeof birth.serial, "%s", d->id);
    snprintf(birth.firmware, sizeof birth.firmware, "bench");
    snprintf(birth.agent, sizeof birth.agent, "bench");
    memcpy(birth.boot, d->boot, sizeof birth.boot);
    buf_reset(&f->body);
    birth_encode(&birth, &f->body);
    publish(d, f, TOPIC_UP_BIRTH, &d->urgent, d->urgent.window.next, f->body.data, f->body.count);
    advance(&d->urgent, f->body.count);
}

void device_open(struct device *d, struct fleet *f, int64_t number, size_t window, int port, const char *pki) {
    snprintf(d->id, sizeof d->id, "bench-%04lld", (long long)number);
    for (int kind = 0; kind < TOPIC_KIND_COUNT; kind++)
        topic_format(d->id, (enum topic_kind)kind, d->topic[kind]);
    clock_boot_id(d->boot);
    uuid_make(d->bulk.stream);
    uuid_make(d->urgent.stream);
    window_begin(&d->bulk.window, window, 0, clock_mono_ms());
    window_begin(&d->urgent.window, CAP_WINDOW_URGENT, 0, clock_mono_ms());
    connection_open(&d->connection, port, pki, d->id);
    mqtt_connect(&f->packet, d->id);
    connection_send(&d->connection, f->packet.data, f->packet.count);
    mqtt_subscribe(&f->packet, d->topic[TOPIC_DOWN_ACK]);
    connection_send(&d->connection, f->packet.data, f->packet.count);
    expect(d, MQTT_PACKET_CONNACK);
    expect(d, MQTT_PACKET_SUBACK);
    introduce(d, f);
    connection_set_nonblocking(&d->connection);
}

void device_close(struct device *d) {
    connection_close(&d->connection);
}

/* ---- sending: each tells how many bytes the payload has ---- */

static size_t put_tele(struct device *d, struct fleet *f, uint64_t seq) {
    const int64_t event_ms = d->begin_ms ? d->begin_ms + payload_offset_ms(&f->payloads, seq - 1) : clock_wall_ms();
    const struct payload *payload = payload_make(&f->payloads, seq - 1, event_ms);
    publish(d, f, TOPIC_UP_TELE, &d->bulk, seq, payload->text, payload->count);
    return payload->count;
}

static size_t put_alarm(struct device *d, struct fleet *f, uint64_t seq) {
    payload_alarm(d->alarm_count - 1, clock_wall_ms(), &f->body);
    for (int i = 0; i < 2; i++)
        publish(d, f, TOPIC_UP_TELE, &d->bulk, seq, f->body.data, f->body.count);
    return f->body.count;
}

static size_t put_event(struct device *d, struct fleet *f, uint64_t seq) {
    struct event_message event = {.event_ms = clock_wall_ms(), .kind = EVENT_FAULT, .severity = SEVERITY_ERROR};
    event.active = seq % 2 == 0; /* 1 is the birth */
    memcpy(event.code, fault_code, sizeof fault_code);
    snprintf(event.text, sizeof event.text, "made by the bench");
    buf_reset(&f->body);
    event_encode(&event, &f->body);
    publish(d, f, TOPIC_UP_EVENT, &d->urgent, seq, f->body.data, f->body.count);
    return f->body.count;
}

void device_send_tele(struct device *d, struct fleet *f) {
    const uint64_t seq = d->bulk.window.next;
    advance(&d->bulk, seq == d->alarm_seq ? put_alarm(d, f, seq) : put_tele(d, f, seq));
}

void device_assume_acked(struct device *d) {
    window_ack(&d->bulk.window, d->bulk.window.highest_sent, clock_mono_ms());
}

void device_send_event(struct device *d, struct fleet *f, int64_t due_us) {
    const uint64_t seq = d->urgent.window.next;
    d->event_due_us[seq % CAP_WINDOW_URGENT] = due_us;
    advance(&d->urgent, put_event(d, f, seq));
}

void device_send_alarm(struct device *d, struct fleet *f, int64_t due_us) {
    d->alarm_count++;
    d->alarm_due_us = due_us;
    d->alarm_seq = d->bulk.window.next;
    advance(&d->bulk, put_alarm(d, f, d->alarm_seq));
}

/* ---- acknowledgements ---- */

static void take_ack(struct device *d, struct fleet *f, const struct mqtt_in *in) {
    struct ack_message ack;
    if (ack_decode(in->payload, in->bytes, &ack, NULL) != RESULT_OK)
        die("bench.load", "%s: an acknowledgement that does not decode", d->id);
    const bool is_bulk = strcmp(ack.stream, d->bulk.stream) == 0;
    if (!is_bulk && strcmp(ack.stream, d->urgent.stream) != 0)
        return;
    struct window *w = is_bulk ? &d->bulk.window : &d->urgent.window;
    const uint64_t before = w->acked;
    if (ack.seq < before || ack.seq > w->highest_sent)
        die("bench.load", "%s: %llu is acknowledged after %llu, %llu was sent", d->id, (unsigned long long)ack.seq,
            (unsigned long long)before, (unsigned long long)w->highest_sent);
    const int64_t now_us = clock_mono_us();
    window_ack(w, ack.seq, now_us / 1000);
    window_nudge(is_bulk ? &d->urgent.window : &d->bulk.window, now_us / 1000);
    if (is_bulk)
        f->tally->acked += ack.seq - before;
    for (uint64_t seq = before + 1; !is_bulk && seq <= ack.seq; seq++)
        if (seq > 1) /* 1 is the birth */
            tally_add(f->tally, TALLY_EVENT, now_us - d->event_due_us[seq % CAP_WINDOW_URGENT]);
    if (is_bulk && d->alarm_seq && ack.seq >= d->alarm_seq) {
        tally_add(f->tally, TALLY_ALARM, now_us - d->alarm_due_us);
        d->alarm_seq = 0;
    }
}

bool device_receive(struct device *d, struct fleet *f) {
    struct connection *c = &d->connection;
    bool any = false;
    while (connection_read(c)) {
        struct cursor all = cursor_of(c->in, c->in_count);
        struct mqtt_in in;
        while (mqtt_take(&all, &in))
            if (in.type == MQTT_PACKET_PUBLISH) {
                take_ack(d, f, &in);
                any = true;
            }
        memmove(c->in, all.at, all.left);
        c->in_count = all.left;
    }
    return any;
}

void device_tick(struct device *d, struct fleet *f) {
    const int64_t now_ms = clock_mono_ms();
    struct window *urgent = &d->urgent.window;
    uint64_t seq;
    window_tick(&d->bulk.window, now_ms); /* the traffic fills it anew */
    window_tick(urgent, now_ms);
    while (connection_is_clear(&d->connection) && window_next(urgent, urgent->highest_sent, &seq) && seq > 1)
        advance(&d->urgent, put_event(d, f, d->urgent.window.next));
}
