/* What devices say besides telemetry, writer's side: log lines, events, and what could not be accepted. */
#pragma once
#include "fieldline/message.h"
#include "store/store.h"

/* One line, searchable at once. */
FL_CHECK enum result store_log_add(struct store *store, int64_t device, int64_t recv_ms,
                                   const struct log_record *record);
/* Deletes at most rows_max lines of the device that are older than before_ms. */
FL_CHECK enum result store_logs_expire(struct store *store, int64_t device, int64_t before_ms, int rows_max,
                                       int *deleted);

FL_CHECK enum result store_event_add(struct store *store, int64_t device, int64_t recv_ms,
                                     const struct event_message *event);
/* Deletes at most rows_max events of the device that are older than before_ms. */
FL_CHECK enum result store_events_expire(struct store *store, int64_t device, int64_t before_ms, int rows_max,
                                         int *deleted);

/* Keeps the newest QUARANTINE_KEPT of each device (and of "", for those that are not known) and counts all. */
enum { QUARANTINE_KEPT = 50, QUARANTINE_EXCERPT_BYTES = 200, QUARANTINE_NAMES_MAX = 10000 };
struct quarantined {
    int64_t at_ms;
    const char *topic;  /* cut at CAP_TOPIC_BYTES; any bytes: made printable here */
    const char *device; /* "" when the topic does not tell */
    const char *reason;
    const void *payload; /* its beginning is kept, printable; may be NULL */
    size_t payload_bytes;
};
FL_CHECK enum result store_quarantine_add(struct store *store, const struct quarantined *q);
