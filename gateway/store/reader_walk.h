/* Walking a series' past for a reader: its chunks and what is only in the journal yet, or its tiers. Private to
 * gateway/store. */
#pragma once
#include "store/reader_handle.h"
#include "store/tier.h"

struct series_at {
    int64_t id, covered, head; /* covered: journal row up to which everything is in chunks; head: the device's newest */
};
/* Where what is found goes: into spans of equal length, or (spans NULL) into a list of samples. */
struct sink {
    int64_t from_ms, to_ms; /* only what lies in [from, to) */
    int64_t base_ms, step_ms;
    struct span *spans; /* span i begins at base + i * step; mean holds the sum until the end */
    struct point *points;
    size_t count, room;
};
void sink_sample(struct sink *sink, int64_t event_ms, double value);
/* Several samples, from start to end, which must lie in one span. */
void sink_bucket(struct sink *sink, int64_t start_ms, const struct bucket *bucket);

/* Chunks that overlap [from, to). One that is damaged is logged, counted (reader_damaged) and left out. With `limit`,
 * stops when that many samples are collected and no later chunk can hold an earlier one. */
FL_CHECK enum result walk_chunks(struct reader *reader, const struct series_at *series, struct sink *sink,
                                 size_t limit);
/* What is in the journal and not in chunks. */
FL_CHECK enum result walk_tail(struct reader *reader, const struct series_at *series, struct sink *sink);
/* What chunks hold, from tiers of that level where there are any and from chunks elsewhere; days whose samples are
 * gone, from the level next to it that they have. The sink's grid must be the level's: base and step are multiples of
 * its unit. level TIER_LEVELS: from samples, if they are there. */
FL_CHECK enum result walk_tiers(struct reader *reader, const struct series_at *series, enum tier_level level,
                                struct sink *sink);
