/* Sparkplug B payloads: the fence around protobuf-c. What is decoded lives in an arena that the next decode reuses. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"

enum {
    SPARKPLUG_METRICS_MAX = 2000,       /* in one payload; also what one node or device may have */
    SPARKPLUG_ARENA_BYTES = 4096 * 1024 /* memory for one decoded payload; a larger one is refused */
};
enum sparkplug_kind { SPARKPLUG_NOTHING, SPARKPLUG_INTEGER, SPARKPLUG_REAL, SPARKPLUG_BOOLEAN, SPARKPLUG_TEXT };

struct sparkplug_metric {
    const char *name; /* NULL: by its alias; valid UTF-8, at most CAP_TOPIC_BYTES */
    const char *unit; /* property engUnit; NULL: none */
    const char *text;
    uint64_t alias;
    int64_t event_ms;
    uint64_t integer;
    double real;
    uint32_t datatype; /* 0: not said */
    enum sparkplug_kind kind;
    bool has_alias, has_time, is_boolean;
};
struct sparkplug_payload {
    bool has_time, has_seq;
    int64_t event_ms;
    uint64_t seq;
    const struct sparkplug_metric *metrics;
    size_t metric_count;
};
struct sparkplug_decoder;
struct sparkplug_decoder *sparkplug_decoder_new(void);
void sparkplug_decoder_free(struct sparkplug_decoder *d);
FL_CHECK enum result sparkplug_decode(struct sparkplug_decoder *d, const void *payload, size_t bytes,
                                      struct sparkplug_payload *out, struct fault *fault);
/* The value as a number, given the datatype that the birth told (signed types come as two's complement). False: it is
 * no number. */
FL_CHECK bool sparkplug_number(const struct sparkplug_metric *metric, uint32_t datatype, double *out);
/* The command "Node Control/Rebirth". */
void sparkplug_encode_rebirth(int64_t now_ms, struct buf *out);
