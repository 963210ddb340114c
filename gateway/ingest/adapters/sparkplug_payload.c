/* protobuf-c does the wire format; what it needs to be safe with strangers' bytes is done here: an arena of fixed size
 * in place of malloc (a two-byte metric unpacks to 150 bytes, so 64 KiB could take megabytes), strings checked as
 * UTF-8, and a schema without recursion (sparkplug_b.proto says why). A parser of our own was left: the format is
 * small, but it is exactly the kind of thing that others have already got right. */
#include "ingest/adapters/sparkplug_payload.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/caps.h"
#include "gen/sparkplug_b.pb-c.h"

typedef Fieldline__Sparkplug__Payload wire_payload;
typedef Fieldline__Sparkplug__Metric wire_metric;

enum { ALIGN = 16, TYPE_INT8 = 1, TYPE_INT16, TYPE_INT32, TYPE_INT64, TYPE_BOOLEAN = 11, TYPE_DATETIME = 13 };

struct sparkplug_decoder {
    ProtobufCAllocator allocator;
    size_t used;
    struct sparkplug_metric metrics[SPARKPLUG_METRICS_MAX];
    _Alignas(ALIGN) uint8_t arena[SPARKPLUG_ARENA_BYTES];
};

static void *arena_alloc(void *self, size_t bytes) {
    struct sparkplug_decoder *d = self;
    const size_t need = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (need < bytes || need > sizeof d->arena - d->used)
        return NULL;
    void *at = d->arena + d->used;
    d->used += need;
    return at;
}

static void arena_free(void *self, void *memory) {
    (void)self;
    (void)memory; /* all at once, with the next decode */
}

struct sparkplug_decoder *sparkplug_decoder_new(void) {
    struct sparkplug_decoder *d = mem_alloc(sizeof *d);
    d->allocator = (ProtobufCAllocator){.alloc = arena_alloc, .free = arena_free, .allocator_data = d};
    return d;
}

void sparkplug_decoder_free(struct sparkplug_decoder *d) {
    free(d);
}

static bool text_ok(const char *text, size_t cap) {
    const size_t bytes = strlen(text);
    return bytes <= cap && utf8_valid(text, bytes);
}

static const char *unit_of(const wire_metric *m) {
    const Fieldline__Sparkplug__PropertySet *p = m->properties;
    for (size_t i = 0; p && i < p->n_keys && i < p->n_values; i++)
        if (strcmp(p->keys[i], "engUnit") == 0 && p->values[i]->string_value && !p->values[i]->is_null)
            return p->values[i]->string_value;
    return NULL;
}

static void take_value(const wire_metric *m, struct sparkplug_metric *out) {
    if (m->has_is_null && m->is_null)
        return;
    switch (m->value_case) {
    case FIELDLINE__SPARKPLUG__METRIC__VALUE_INT_VALUE:
        out->kind = SPARKPLUG_INTEGER;
        out->integer = m->int_value;
        break;
    case FIELDLINE__SPARKPLUG__METRIC__VALUE_LONG_VALUE:
        out->kind = SPARKPLUG_INTEGER;
        out->integer = m->long_value;
        break;
    case FIELDLINE__SPARKPLUG__METRIC__VALUE_FLOAT_VALUE:
        out->kind = SPARKPLUG_REAL;
        out->real = (double)m->float_value;
        break;
    case FIELDLINE__SPARKPLUG__METRIC__VALUE_DOUBLE_VALUE:
        out->kind = SPARKPLUG_REAL;
        out->real = m->double_value;
        break;
    case FIELDLINE__SPARKPLUG__METRIC__VALUE_BOOLEAN_VALUE:
        out->kind = SPARKPLUG_BOOLEAN;
        out->is_boolean = m->boolean_value;
        break;
    case FIELDLINE__SPARKPLUG__METRIC__VALUE_STRING_VALUE:
        out->kind = SPARKPLUG_TEXT;
        out->text = m->string_value;
        break;
    case FIELDLINE__SPARKPLUG__METRIC__VALUE__NOT_SET:
    case _FIELDLINE__SPARKPLUG__METRIC__VALUE__CASE_IS_INT_SIZE: break;
    }
}

static bool take_time(bool has, uint64_t wire_ms, int64_t *out) {
    if (!has || wire_ms > INT64_MAX)
        return false;
    *out = (int64_t)wire_ms;
    return true;
}

static enum result take_metric(const wire_metric *m, size_t index, struct sparkplug_metric *out, struct fault *fault) {
    *out = (struct sparkplug_metric){.name = m->name, .unit = unit_of(m), .alias = m->alias, .has_alias = m->has_alias};
    if (m->name && !text_ok(m->name, CAP_TOPIC_BYTES))
        return fault_set(fault, RESULT_BAD_INPUT, "metric %zu: its name is not UTF-8 or has more than %d bytes",
                         index + 1, CAP_TOPIC_BYTES);
    if (!m->name && !m->has_alias)
        return fault_set(fault, RESULT_BAD_INPUT, "metric %zu has neither name nor alias", index + 1);
    out->datatype = m->has_datatype ? m->datatype : 0;
    out->has_time = take_time(m->has_timestamp, m->timestamp, &out->event_ms);
    take_value(m, out);
    if (out->kind == SPARKPLUG_TEXT && !text_ok(out->text, CAP_PAYLOAD_BYTES))
        out->kind = SPARKPLUG_NOTHING;
    return RESULT_OK;
}

enum result sparkplug_decode(struct sparkplug_decoder *d, const void *payload, size_t bytes,
                             struct sparkplug_payload *out, struct fault *fault) {
    d->used = 0;
    const wire_payload *wire = fieldline__sparkplug__payload__unpack(&d->allocator, bytes, payload);
    if (!wire)
        return fault_set(fault, RESULT_BAD_INPUT, "the payload is no Sparkplug B protobuf%s",
                         d->used > sizeof d->arena / 2 ? ", or too large when unpacked" : "");
    if (wire->uuid && strcmp(wire->uuid, "SPBV1.0_COMPRESSED") == 0)
        return fault_set(fault, RESULT_BAD_INPUT, "compressed payloads are not taken: switch compression off");
    if (wire->n_metrics > SPARKPLUG_METRICS_MAX)
        return fault_set(fault, RESULT_TOO_BIG, "%zu metrics, at most %d", wire->n_metrics, SPARKPLUG_METRICS_MAX);
    for (size_t i = 0; i < wire->n_metrics; i++) {
        const enum result result = take_metric(wire->metrics[i], i, &d->metrics[i], fault);
        if (result != RESULT_OK)
            return result;
    }
    *out = (struct sparkplug_payload){
        .has_seq = wire->has_seq, .seq = wire->seq, .metrics = d->metrics, .metric_count = wire->n_metrics};
    out->has_time = take_time(wire->has_timestamp, wire->timestamp, &out->event_ms);
    return RESULT_OK;
}

bool sparkplug_number(const struct sparkplug_metric *metric, uint32_t datatype, double *out) {
    if (datatype == TYPE_DATETIME)
        return false; /* a point in time is no measurement */
    switch (metric->kind) {
    case SPARKPLUG_INTEGER:
        switch (datatype) {
        case TYPE_INT8: *out = (int8_t)metric->integer; break;
        case TYPE_INT16: *out = (int16_t)metric->integer; break;
        case TYPE_INT32: *out = (int32_t)metric->integer; break;
        case TYPE_INT64: *out = (double)(int64_t)metric->integer; break;
        default: *out = (double)metric->integer;
        }
        return true;
    case SPARKPLUG_REAL: *out = metric->real; return true;
    case SPARKPLUG_BOOLEAN: *out = metric->is_boolean; return true;
    case SPARKPLUG_TEXT:
    case SPARKPLUG_NOTHING: break;
    }
    return false;
}

void sparkplug_encode_rebirth(int64_t now_ms, struct buf *out) {
    wire_metric metric = FIELDLINE__SPARKPLUG__METRIC__INIT;
    wire_payload payload = FIELDLINE__SPARKPLUG__PAYLOAD__INIT;
    wire_metric *metrics[] = {&metric};
    char name[] = "Node Control/Rebirth";
    uint8_t packed[128];
    metric.name = name;
    metric.has_timestamp = payload.has_timestamp = 1;
    metric.timestamp = payload.timestamp = (uint64_t)now_ms;
    metric.has_datatype = 1;
    metric.datatype = TYPE_BOOLEAN;
    metric.value_case = FIELDLINE__SPARKPLUG__METRIC__VALUE_BOOLEAN_VALUE;
    metric.boolean_value = 1;
    payload.n_metrics = 1;
    payload.metrics = metrics;
    if (fieldline__sparkplug__payload__get_packed_size(&payload) <= sizeof packed)
        buf_add(out, packed, fieldline__sparkplug__payload__pack(&payload, packed));
}
