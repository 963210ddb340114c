/* What a series usually is at this time of a period: one mean for each of a number of equal slots of the day or the
 * week, learnt one sample at a time. The arrays belong to the caller, one element for each slot. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* A mean that learns: 1/n for its first `memory` samples, then the n-th sample counts 1/memory. */
struct season {
    float *means;
    uint8_t *counts; /* of samples, up to memory */
    unsigned slots, memory;
    int64_t period_ms;
};
unsigned season_slot(const struct season *s, int64_t at_ms); /* of UTC; periods of a week begin on Thursday */
/* The distance of value from what is usual, then learns it. 0 and false for the first of its slot. */
bool season_residual(const struct season *s, unsigned slot, double value, double *residual);
