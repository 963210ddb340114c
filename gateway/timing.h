/* How long things take, as histograms that any thread reads; and which messages the turn under way has taken, so that
 * their latency is counted when they are committed and not before. Pipeline thread, but for reading. */
#pragma once
#include <stddef.h>

#include "fieldline/histogram.h"

enum landing_kind { LANDING_BULK, LANDING_URGENT, LANDING_ALARM, LANDING_KINDS };

struct landing {
    int64_t recv_mono_us;
    enum landing_kind kind;
};
struct timing {
    struct histogram turn;                    /* from its first statement to its end, committed or not */
    struct histogram batch;                   /* messages in a turn that had any */
    struct histogram commit;                  /* the commit alone */
    struct histogram inbox_wait;              /* received -> its turn begins */
    struct histogram landings[LANDING_KINDS]; /* received -> committed, of messages by lane, and of those that changed
                                                 an alarm */
    struct landing *under_way;
    size_t count, room;
};
void timing_init(struct timing *timing);
void timing_fini(struct timing *timing);
/* A message was taken; an alarm changed because of one. */
void timing_landed(struct timing *timing, enum landing_kind kind, int64_t recv_mono_us);
/* The turn ended at now_mono_us. */
void timing_committed(struct timing *timing, int64_t now_mono_us);
void timing_dropped(struct timing *timing);
