/* For tests of devices that behave strangely: their messages with stamps of our making, and what people are shown. */
#pragma once
#include "fixture.h"

#define DEVICE "freezer-7"
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

struct seen {
    int64_t since_ms[CONDUCT_COUNT], clock_error_ms, dropped, quarantined;
    bool is_online;
    int alarms, infos;                   /* raised now; lines that the gateway wrote among the device's events */
    char alarm[ALARM_NAME_BYTES + 1];    /* a raised one */
    char info[CAP_EVENT_TEXT_BYTES + 1]; /* the newest */
};
struct seen look(struct fixture *f, const char *device);
/* Samples of the metric that were measured in this span. */
int samples_between(struct fixture *f, const char *device, const char *metric, int64_t from_ms, int64_t to_ms);

struct wire_stamp stamp_of(const char *stream, uint64_t seq, int64_t mono_ms, int64_t wall_ms); /* always one boot */
/* The introduction of a connection: a birth outside of the streams, sent now. */
void introduce(struct fixture *f, const char *device, const char *model, int64_t mono_ms, int64_t wall_ms);
/* One sample, stamped when it was measured. */
void tele(struct fixture *f, const char *device, const char *metric, const char *stream, uint64_t seq, int64_t mono_ms,
          int64_t wall_ms, double value);
void state(struct fixture *f, const char *device, const char *word);
