/* Single-precision numbers in a saved state: big-endian bits; what is not finite is no state of ours. */
#pragma once
#include <math.h>
#include <string.h>

#include "fieldline/bytes.h"

static inline void float_put(struct buf *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    buf_add_u32be(out, bits);
}
static inline bool float_get(struct cursor *in, float *value) {
    uint32_t bits;
    if (!cursor_u32be(in, &bits))
        return false;
    memcpy(value, &bits, sizeof bits);
    return isfinite(*value);
}
static inline void floats_put(struct buf *out, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        float_put(out, values[i]);
}
static inline bool floats_get(struct cursor *in, float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!float_get(in, &values[i]))
            return false;
    return true;
}
