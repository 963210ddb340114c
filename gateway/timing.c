/* A latency is only worth something up to the commit, because until then nothing is acknowledged, answered or told; so
 * the receiving times of a turn are kept in a list that grows to the size of a batch and stays there. */
#include "timing.h"

#include <stdlib.h>

#include "fieldline/bytes.h"

void timing_init(struct timing *timing) {
    *timing = (struct timing){.batch.scale = HISTOGRAM_COUNT};
}

void timing_fini(struct timing *timing) {
    free(timing->under_way);
}

void timing_landed(struct timing *timing, enum landing_kind kind, int64_t recv_mono_us) {
    if (timing->count == timing->room) {
        timing->room = timing->room * 2 + 256;
        timing->under_way = mem_realloc(timing->under_way, timing->room * sizeof *timing->under_way);
    }
    timing->under_way[timing->count++] = (struct landing){.recv_mono_us = recv_mono_us, .kind = kind};
}

void timing_committed(struct timing *timing, int64_t now_mono_us) {
    for (size_t i = 0; i < timing->count; i++)
        histogram_observe(&timing->landings[timing->under_way[i].kind],
                          now_mono_us - timing->under_way[i].recv_mono_us);
    timing->count = 0;
}

void timing_dropped(struct timing *timing) {
    timing->count = 0;
}
