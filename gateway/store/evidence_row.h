/* A row of evidence as writer and readers read it: columns in the order in which take_evidence reads them. Private to
 * gateway/store. */
#pragma once
#include "store/evidence.h"
#include "store/sql.h"

#define EVIDENCE_COLUMNS                                                                                               \
    "e.id, e.uuid, e.device, e.ticket, e.alarm, e.state, e.why, e.asked_ms, e.raised_ms, e.from_ms, e.to_ms,"          \
    " e.first_ms, e.last_ms, e.samples, e.logs, e.series, e.parts, e.bytes, e.missed, e.next, e.recorder, a.alarm,"    \
    " a.part"
#define EVIDENCE_FROM " FROM evidence e JOIN alarm a ON a.id = e.alarm "

static inline void take_evidence(struct query *q, struct evidence *out) {
    out->id = take_int(q);
    take_copy(q, out->uuid, sizeof out->uuid);
    out->device = take_int(q);
    out->ticket = take_int(q);
    out->alarm = take_int(q);
    out->state = (enum evidence_state)take_int(q);
    take_copy(q, out->why, sizeof out->why);
    out->asked_ms = take_int(q);
    out->raised_ms = take_int(q);
    out->from_ms = take_int(q);
    out->to_ms = take_int(q);
    out->first_ms = take_int(q);
    out->last_ms = take_int(q);
    out->samples = take_int(q);
    out->logs = take_int(q);
    out->series = take_int(q);
    out->parts = take_int(q);
    out->bytes = take_int(q);
    out->missed = take_int(q);
    out->next = (uint64_t)take_int(q);
    take_copy(q, out->recorder, sizeof out->recorder);
    take_copy(q, out->alarm_name, sizeof out->alarm_name);
    take_copy(q, out->alarm_part, sizeof out->alarm_part);
}
