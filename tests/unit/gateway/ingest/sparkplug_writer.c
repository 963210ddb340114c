#include "sparkplug_writer.h"

#include <string.h>

static void key(struct buf *b, int field, int wire) {
    buf_add_varint(b, (uint64_t)(field << 3 | wire));
}
static void put_text(struct buf *b, int field, const char *text, size_t count) {
    key(b, field, 2);
    buf_add_varint(b, count);
    buf_add(b, text, count);
}
static void put_number(struct buf *b, int field, uint64_t value) {
    key(b, field, 0);
    buf_add_varint(b, value);
}

void sparkplug_begin(struct sparkplug_writer *w, int64_t timestamp_ms, int seq) {
    buf_init(&w->payload, 1 << 20);
    if (timestamp_ms > 0)
        put_number(&w->payload, 1, (uint64_t)timestamp_ms);
    if (seq >= 0)
        put_number(&w->payload, 3, (uint64_t)seq);
}

void sparkplug_end(struct sparkplug_writer *w) {
    buf_fini(&w->payload);
}

static void put_value(struct buf *b, int field, double number, const char *text) {
    const float narrow = (float)number;
    switch (field) {
    case 10:
    case 11: put_number(b, field, (uint64_t)(int64_t)number); break;
    case 12:
        key(b, field, 5);
        buf_add(b, &narrow, sizeof narrow);
        break;
    case 13:
        key(b, field, 1);
        buf_add(b, &number, sizeof number);
        break;
    case 14: put_number(b, field, number != 0); break;
    case 15: put_text(b, field, text, strlen(text)); break;
    default: put_number(b, 7, 1); /* is_null */
    }
}

static void begin_metric(struct buf *m, const char *name, int64_t alias, int type) {
    buf_init(m, 65536);
    if (name)
        put_text(m, 1, name, strlen(name));
    if (alias >= 0)
        put_number(m, 2, (uint64_t)alias);
    if (type > 0)
        put_number(m, 4, (uint64_t)type);
}

void sparkplug_metric(struct sparkplug_writer *w, const char *name, int64_t alias, int type, int value_field,
                      double number, const char *text) {
    struct buf m;
    begin_metric(&m, name, alias, type);
    put_value(&m, value_field, number, text);
    put_text(&w->payload, 2, (const char *)m.data, m.count);
    buf_fini(&m);
}

void sparkplug_metric_unit(struct sparkplug_writer *w, const char *name, int64_t alias, double value,
                           const char *unit) {
    struct buf m, set, one;
    begin_metric(&m, name, alias, 10);
    buf_init(&set, 4096);
    buf_init(&one, 4096);
    put_number(&one, 1, 12);
    put_text(&one, 8, unit, strlen(unit));
    put_text(&set, 1, "engUnit", 7);
    put_text(&set, 2, (const char *)one.data, one.count);
    put_text(&m, 9, (const char *)set.data, set.count);
    put_value(&m, 13, value, NULL);
    put_text(&w->payload, 2, (const char *)m.data, m.count);
    buf_fini(&m);
    buf_fini(&set);
    buf_fini(&one);
}
