/* Series for tests of detectors: numbers that look random and are the same on every run. */
#pragma once
#include <math.h>
#include <stdint.h>

struct noise {
    uint64_t state;
};
static inline struct noise noise_of(uint64_t seed) {
    return (struct noise){88172645463325252u ^ seed * 0x9e3779b97f4a7c15u};
}
/* From 0 to below 1. */
static inline double noise_uniform(struct noise *n) {
    n->state ^= n->state << 13;
    n->state ^= n->state >> 7;
    n->state ^= n->state << 17;
    return (double)(n->state >> 11) / 9007199254740992.0;
}
/* Mean 0, standard deviation 1. */
static inline double noise_normal(struct noise *n) {
    const double radius = sqrt(-2 * log(noise_uniform(n) + 1e-300));
    return radius * cos(6.283185307179586 * noise_uniform(n));
}
