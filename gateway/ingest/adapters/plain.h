/* The adapter for plain JSON (or bare text) on topics of a mapping: Tasmota, Shelly, Zigbee2MQTT, home-made devices. */
#pragma once
#include "ingest/adapters/adapter.h"

/* RESULT_NOT_FOUND: no [json] section has this topic. `device` is set as soon as it is known. */
FL_CHECK enum result plain_receive(const struct mappings *mappings, struct statement *scratch,
                                   const struct foreign_message *m, const struct adapter_sink *sink,
                                   char device[CAP_DEVICE_ID_BYTES + 1], struct fault *fault);

/* The nodes that named metrics have taken. */
struct covered {
    const struct json *nodes[MAPPING_METRICS_MAX];
    size_t count;
};
/* Applies the metrics (unless `states_only`) and faults of a section to a document. `covered` may be NULL. */
void plain_apply(const struct mapping *mapping, const struct captures *captures, const struct content *d,
                 bool states_only, int64_t event_ms, struct statement *s, struct covered *covered);
