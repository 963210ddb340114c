/* Is the gateway well? Stamps that the pipeline thread leaves, and the judgement that any thread makes of them without
 * waiting for that one.
 *
 *   dead      it does not get on: start it again             live: no   ready: no
 *   unready   it runs and cannot take data in now            live: yes  ready: no
 *   degraded  it takes data in; somebody should have a look  live: yes  ready: yes */
#pragma once
#include <stdatomic.h>

#include "fieldline/bytes.h"

enum {
    HEALTH_PIPELINE_SILENT_MS = 30 * 1000,   /* the pipeline thread got nowhere for so long: dead */
    HEALTH_JOURNAL_LATE_MS = 2 * 3600 * 1000 /* rows stay so much longer than rules need them: degraded */
};

/* Written by the pipeline thread (`is_stopping` by whoever stops it). Times are monotonic. */
struct health {
    _Atomic int64_t progress_mono_ms;    /* the pipeline thread got on: a turn ended, well or not; a load went on */
    _Atomic int64_t commit_mono_ms;      /* the last transaction that was committed; 0: none */
    _Atomic int64_t turn_failed_mono_ms; /* the last one that was not; 0: none */
    _Atomic bool is_store_failing;       /* the last turn failed, and nothing was committed since */
    _Atomic bool is_stopping;
    _Atomic int64_t journal_keep_ms, journal_oldest_ms; /* how long rules need rows; wall time of the oldest, 0: none */
    _Atomic int64_t disk_free_bytes;                    /* of data_dir; < 0: cannot be told */
    _Atomic bool is_crl_stale;                          /* [web] device_crl cannot be used; the edge thread's */
};

struct health_facts {
    int64_t pipeline_silent_ms;
    bool is_stopping, is_broker_connected, is_store_failing;
    int64_t commit_age_ms, turn_failed_age_ms; /* < 0: never */
    int64_t journal_late_ms;                   /* how much longer the oldest row is there than rules need it */
    int64_t disk_free_bytes, disk_low_bytes;   /* free < 0: cannot be told */
    bool is_crl_stale;
};
enum health_state { HEALTH_OK, HEALTH_DEGRADED, HEALTH_UNREADY, HEALTH_DEAD };
enum { HEALTH_REASONS = 7 };
struct health_reason {
    const char *id, *text;
};
/* The worst of what is wrong; every thing that is wrong, in the order of the table. */
enum health_state health_judge(const struct health_facts *facts, struct health_reason reasons[HEALTH_REASONS],
                               size_t *count);
/* A JSON object; `is_detailed`: with the facts themselves. Returns the HTTP status: 200 or 503; only_live: 503 for a
 * dead one alone. */
int health_print(const struct health_facts *facts, bool only_live, bool is_detailed, struct buf *out);
