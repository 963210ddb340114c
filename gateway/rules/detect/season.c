/* Exponential forgetting with a 1/n start in each slot: after a few periods a slot is as good as the mean of its last
 * `memory` samples, in five bytes. Left: seasonal decomposition (keeps whole periods), Fourier terms (a lunch break is
 * no sine), interpolation between slots (smears what begins on the hour), slots that follow the clocks of a time zone
 * (the product does not say where it stands). */
#include "rules/detect/season.h"

#include <math.h>

#define MEAN_MAX 1e37 /* differences of two must fit single precision */

unsigned season_slot(const struct season *s, int64_t at_ms) {
    const int64_t within = (at_ms % s->period_ms + s->period_ms) % s->period_ms;
    return (unsigned)(within / (s->period_ms / s->slots));
}

bool season_residual(const struct season *s, unsigned slot, double value, double *residual) {
    float *mean = &s->means[slot];
    uint8_t *count = &s->counts[slot];
    const bool is_known = *count > 0;
    *residual = is_known ? value - *mean : 0;
    if (*count < s->memory)
        (*count)++;
    *mean = (float)fmax(fmin(is_known ? *mean + *residual / *count : value, MEAN_MAX), -MEAN_MAX);
    return is_known;
}
