/* Packets. A packet's length is put before it once it is known: it is built behind room for its head. */
#include "mqtt.h"

#include <stdio.h>
#include <string.h>

enum { KEEP_ALIVE_S = 600, USER_PROPERTY = 0x26, LENGTH_BYTES = 4, CLEAN_START = 2 };

static void add_u16(struct buf *b, size_t value) {
    buf_add_u8(b, (uint8_t)(value >> 8));
    buf_add_u8(b, (uint8_t)value);
}

static void add_text(struct buf *b, const char *text, size_t count) {
    add_u16(b, count);
    buf_add(b, text, count);
}

static void add_user(struct buf *b, const char *key, const char *value, size_t count) {
    buf_add_u8(b, USER_PROPERTY);
    add_text(b, key, strlen(key));
    add_text(b, value, count);
}

static size_t user_bytes(const char *key, size_t count) {
    return 1 + 2 + strlen(key) + 2 + count;
}

/* Where the digits begin, at the end of `out`. */
static size_t print_digits(uint64_t value, char out[20]) {
    size_t at = 20;
    do {
        out[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return at;
}

/* MQTT's variable length in exactly `bytes` bytes. */
static void put_length(uint8_t *at, size_t value, int bytes) {
    for (int i = 0; i < bytes; i++, value >>= 7)
        at[i] = (uint8_t)((value & 0x7f) | (i + 1 < bytes ? 0x80 : 0));
}

static int length_bytes(size_t value) {
    return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4;
}

/* The packet is built behind room for its head, and the head put right before it. */
static void begin(struct buf *out) {
    static const uint8_t room[1 + LENGTH_BYTES];
    buf_reset(out);
    buf_add(out, room, sizeof room);
}

static void finish(struct buf *out, uint8_t first) {
    const size_t count = out->count - 1 - LENGTH_BYTES;
    const int bytes = length_bytes(count);
    out->data[0] = first;
    put_length(out->data + 1, count, bytes);
    memmove(out->data + 1 + bytes, out->data + 1 + LENGTH_BYTES, count);
    out->count = 1 + (size_t)bytes + count;
}

void mqtt_connect(struct buf *out, const char *client_id) {
    begin(out);
    add_text(out, "MQTT", 4);
    buf_add_u8(out, 5);
    buf_add_u8(out, CLEAN_START);
    add_u16(out, KEEP_ALIVE_S);
    buf_add_u8(out, 0);
    add_text(out, client_id, strlen(client_id));
    finish(out, 0x10);
}

void mqtt_subscribe(struct buf *out, const char *topic) {
    begin(out);
    add_u16(out, 1);
    buf_add_u8(out, 0);
    add_text(out, topic, strlen(topic));
    buf_add_u8(out, 0);
    finish(out, 0x82);
}

void mqtt_publish(struct buf *out, const char *topic, const struct wire_stamp *stamp, const void *payload,
                  size_t bytes) {
    char clock[WIRE_CLOCK_CHARS + 1], seq[20];
    const size_t seq_at = print_digits(stamp->seq, seq), seq_count = sizeof seq - seq_at;
    wire_clock_print(stamp, clock);
    begin(out);
    add_text(out, topic, strlen(topic));
    /* LEB128 is MQTT's variable length */
    buf_add_varint(out, user_bytes(WIRE_STREAM, CAP_UUID_BYTES) + user_bytes(WIRE_SEQ, seq_count) +
                            user_bytes(WIRE_CLOCK, strlen(clock)));
    add_user(out, WIRE_STREAM, stamp->stream, CAP_UUID_BYTES);
    add_user(out, WIRE_SEQ, seq + seq_at, seq_count);
    add_user(out, WIRE_CLOCK, clock, strlen(clock));
    buf_add(out, payload, bytes);
    finish(out, 0x30);
}

bool mqtt_take(struct cursor *from, struct mqtt_in *out) {
    struct cursor at = *from;
    uint8_t type, high, low;
    uint64_t length, properties;
    const uint8_t *body, *skipped;
    if (!cursor_u8(&at, &type) || !cursor_varint(&at, &length) || !cursor_take(&at, length, &body))
        return false;
    *from = at;
    *out = (struct mqtt_in){.type = type >> 4};
    struct cursor in = cursor_of(body, length);
    if (out->type == MQTT_PACKET_PUBLISH && cursor_u8(&in, &high) && cursor_u8(&in, &low) &&
        cursor_take(&in, (size_t)(high << 8 | low), &skipped) && cursor_varint(&in, &properties) &&
        cursor_take(&in, properties, &skipped)) {
        out->payload = in.at;
        out->bytes = in.left;
    }
    return true;
}
