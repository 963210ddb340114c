/* What any statement of any adapter has to keep, whatever came in; shared by the adapters' fuzz targets. */
#pragma once
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/topic.h"
#include "ingest/adapters/adapters.h"

static inline void check_name(const char *text, size_t cap, const char *others) {
    const size_t chars = strlen(text);
    if (chars > cap)
        abort();
    for (size_t i = 0; i < chars; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || strchr(others, text[i])))
            abort();
}

static inline void check_text(const char *text) {
    if (text[0] && !utf8_valid(text, strlen(text)))
        abort();
    for (const char *c = text; *c; c++)
        if ((uint8_t)*c < 0x20)
            abort();
}

static inline void check_statement(void *self, const struct statement *s) {
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-:";
    (void)self;
    if (!device_id_valid(s->device, strlen(s->device)) || s->record_count > CAP_PACK_RECORDS ||
        s->event_count > STATEMENT_EVENTS_MAX)
        abort();
    check_name(s->model, CAP_MODEL_BYTES, "-");
    check_text(s->serial);
    check_text(s->firmware);
    for (size_t i = 0; i < s->record_count; i++) {
        const struct senml_record *r = &s->records[i];
        check_name(r->metric, CAP_METRIC_BYTES, "_");
        check_name(r->part, CAP_PART_BYTES, capitals);
        if (!r->metric[0] || (r->metric[0] >= '0' && r->metric[0] <= '9') || !isfinite(r->value))
            abort();
    }
    for (size_t i = 0; i < s->event_count; i++) {
        const struct event_message *e = &s->events[i];
        check_text(e->text);
        check_name(e->code, CAP_CODE_BYTES, capitals);
        if ((e->kind == EVENT_FAULT) != (e->code[0] != 0))
            abort();
    }
    if ((s->reject_count > 0) != (s->reject.text[0] != 0))
        abort();
}

static inline void check_request(void *self, const char *topic, const void *payload, size_t bytes) {
    (void)self;
    if (strncmp(topic, "spBv1.0/", 8) != 0 || strpbrk(topic, "+#") || !payload || bytes == 0)
        abort();
}

static inline struct adapters *adapters_of(const char *mapping) {
    struct mappings *mappings = NULL;
    struct buf problems;
    buf_init(&problems, 4096);
    if (mappings_read_text("fuzz", mapping, &mappings, &problems) != RESULT_OK)
        abort();
    buf_fini(&problems);
    return adapters_new(mappings);
}

/* One message; a refusal has a reason. */
static inline void offer(struct adapters *a, const char *topic, size_t topic_bytes, const uint8_t *payload,
                         size_t bytes, bool is_retained) {
    const struct adapter_sink sink = {.say = check_statement, .ask = check_request};
    const struct foreign_message m = {.topic = topic,
                                      .topic_bytes = topic_bytes,
                                      .payload = payload,
                                      .payload_bytes = bytes,
                                      .is_retained = is_retained,
                                      .recv_wall_ms = 1700000000000,
                                      .now_mono_ms = 1000};
    char device[CAP_DEVICE_ID_BYTES + 1];
    struct fault fault = {""};
    const enum result result = adapters_receive(a, &m, &sink, device, &fault);
    if (result != RESULT_OK && !fault.text[0])
        abort();
    if (device[0] && !device_id_valid(device, strlen(device)))
        abort();
}
