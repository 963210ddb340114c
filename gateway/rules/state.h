/* The rule state of a device as bytes and back: what rule_device_save and rule_device_load (rules.h) are made of.
 * Private to gateway/rules. */
#pragma once
#include <string.h>

#include "rules/series.h"

static inline void state_put_double(struct buf *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    buf_add_u64be(out, bits);
}
static inline bool state_get_double(struct cursor *in, double *value) {
    uint64_t bits;
    if (!cursor_u64be(in, &bits))
        return false;
    memcpy(value, &bits, sizeof bits);
    return true;
}
static inline void state_put_time(struct buf *out, int64_t ms) {
    buf_add_varint(out, zigzag_encode(ms));
}
static inline bool state_get_time(struct cursor *in, int64_t *ms) {
    uint64_t z;
    if (!cursor_varint(in, &z))
        return false;
    *ms = zigzag_decode(z);
    /* no sum of a few of them overflows; the ends of the range mean never and for ever */
    return (*ms > -((int64_t)1 << 53) && *ms < (int64_t)1 << 53) || *ms == INT64_MIN || *ms == INT64_MAX;
}

/* One window. Loading: into one that is empty; false: not a window of this spec. */
void window_save(const struct window *w, struct buf *out);
FL_CHECK bool window_load(struct window *w, const struct window_spec *spec, struct cursor *in);
/* Of the bytes of a window: they hold figures of buckets, which are those only that the window needed then. */
bool window_saved_as_buckets(const struct cursor *in);
/* Samples put aside. Loading: into a ring that is empty. */
void points_save(const struct points *p, struct buf *out);
FL_CHECK bool points_load(struct points *p, struct cursor *in);
