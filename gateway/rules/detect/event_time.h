/* Two questions about time that detectors ask. */
#pragma once
#include "rules/detect/detector.h"

enum { KNOWN_INTERVALS = 5, KNOWN_MIN_MS = 60 * 1000, KNOWN_OTHERWISE_MS = 5 * 60 * 1000 };

/* How far apart two samples may be for the time between them to be known: five intervals, at least a minute; five
 * minutes where nobody said how often they come. */
static inline int64_t event_gap_ms(const struct detector_spec *spec) {
    const int64_t ms = spec->interval_ms > 0 ? spec->interval_ms * KNOWN_INTERVALS : KNOWN_OTHERWISE_MS;
    return ms > KNOWN_MIN_MS ? ms : KNOWN_MIN_MS;
}

/* The cell of a grid that starts at the epoch; times may be before it. */
static inline int64_t event_cell(int64_t at_ms, int64_t width_ms) {
    return at_ms >= 0 ? at_ms / width_ms : -((-at_ms + width_ms - 1) / width_ms);
}

/* Times that sums of a few cannot bring out of range: for what was read from a saved state. */
static inline bool event_time_fits(int64_t ms) {
    return ms > -((int64_t)1 << 53) && ms < (int64_t)1 << 53;
}
