/* statsd datagrams, as any firmware's existing client sends them: the decoder alone, pure.
 *
 *   name:value|g            gauge; "+2" and "-2" change the last value
 *   name:value|c|@0.1       counter, with a sample rate; name:1:2:3|h carries several values
 *   name:value|ms  |h  |d   timer or distribution
 *   ...|#part:door,x:y      DogStatsD tags: `part` says which of several like parts; the others are not used
 *   ...|T1700000000         DogStatsD: measured then (seconds)
 *   _e{5,4}:title|text|t:error|#code:E17,state:set      DogStatsD event
 *
 * Names: letters become lower case; '.', '-', '/' and blanks become '_'; what then is not a metric name is refused.
 * An event with the tag `code` is a fault code (state:set, the default, or state:clear); with the tag `call` it is the
 * owner's call for service; any other is a note. Sets (|s) and service checks (_sc) are refused: no pack uses them. */
#pragma once
#include "collect/sink.h"

enum statsd_kind { STATSD_GAUGE, STATSD_GAUGE_DELTA, STATSD_COUNTER, STATSD_TIMER };
struct statsd_value {
    enum statsd_kind kind;
    char metric[CAP_METRIC_BYTES + 1];
    char part[CAP_PART_BYTES + 1];
    double value;
    double rate; /* 0 < rate <= 1; 1 unless given */
    bool has_event_ms;
    int64_t event_ms;
};

/* Why a line was refused; each has a counter in struct statsd_counts. */
enum statsd_refusal {
    STATSD_FINE,
    STATSD_NO_VALUE, /* no ':' or nothing after it */
    STATSD_NAME,     /* cannot be a metric name */
    STATSD_VALUE,    /* not a finite number */
    STATSD_TYPE,     /* missing or unknown type */
    STATSD_SET,      /* |s */
    STATSD_RATE,     /* not 0 < rate <= 1 */
    STATSD_TAG,      /* part:, code: or state: has a value that it cannot have */
    STATSD_TIME,     /* |T is not a time */
    STATSD_EVENT,    /* _e{..}: lengths do not fit the line */
    STATSD_CHECK,    /* _sc */
    STATSD_FIELD,    /* a |field that is none of the above */
    STATSD_REFUSAL_COUNT
};
const char *statsd_refusal_name(enum statsd_refusal refusal); /* "no_value", ... */

struct statsd_handler {
    void *self;
    void (*value)(void *self, const struct statsd_value *value);
    void (*event)(void *self, const struct event_message *event); /* event_ms is the datagram's now_ms unless |d: */
    void (*refused)(void *self, enum statsd_refusal why, const char *line, size_t chars);
};
/* Decodes a datagram of one or more lines. A bad line does not spoil its neighbours; of a line with several values
 * either all are handed over or none. */
void statsd_decode(const void *datagram, size_t bytes, int64_t now_ms, const struct statsd_handler *handler);
