/* SplitMix64 (Steele, Lea, Flood 2014): one word of state, any seed is a good one, and individuals with seeds beside
 * each other have nothing in common, which is what trials need. Not for secrets. The noise is a sum of four uniforms:
 * cheap, and without the far tails that a real sensor's filter cuts off too. */
#include "dice.h"

#include <math.h>

static uint64_t next(struct dice *d) {
    uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

struct dice dice_of(uint64_t seed) {
    struct dice d = {seed};
    d.state = next(&d);
    return d;
}

double dice_uniform(struct dice *d, double low, double high) {
    return low + (high - low) * (double)(next(d) >> 11) * 0x1p-53;
}

double dice_noise(struct dice *d, double deviation) {
    uint64_t bits = next(d);
    double sum =
        (double)(bits & 0xFFFF) + (double)(bits >> 16 & 0xFFFF) + (double)(bits >> 32 & 0xFFFF) + (double)(bits >> 48);
    return deviation * (sum / 65535 - 2) * 1.7320508; /* four uniforms have the variance 1/3 */
}

double dice_wait(struct dice *d, double mean) {
    return -mean * log(dice_uniform(d, 0x1p-53, 1));
}

bool dice_happens(struct dice *d, double span, double mean) {
    return dice_uniform(d, 0, 1) * mean < span;
}
