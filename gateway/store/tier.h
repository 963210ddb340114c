/* A day of a series, down-sampled: count, minimum, maximum and sum of each minute, ten minutes or hour. Pure: made from
 * chunks, never from another tier, so that all levels agree with the samples. Days are UTC's.
 *
 *   version u8, buckets that have samples varint, five columns (numbers.h, values.h), CRC-32 u32 be over key and bytes
 */
#pragma once
#include "store/chunk.h"

enum tier_level { TIER_MINUTE, TIER_TEN_MINUTES, TIER_HOUR, TIER_LEVELS };
enum { TIER_DAY_MS = 24 * 60 * 60 * 1000, TIER_BUCKETS_MAX = 1440, TIER_BYTES_MAX = 128 * 1024 };
int64_t tier_unit_ms(enum tier_level level);
static inline int64_t tier_day_of(int64_t event_ms) { /* rounds down, before 1970 too */
    return event_ms / TIER_DAY_MS - (event_ms % TIER_DAY_MS < 0);
}

struct bucket {
    int64_t count; /* 0: nothing was measured */
    double min, max, sum;
};
struct tier_day {
    struct bucket buckets[TIER_BUCKETS_MAX]; /* by minute, ten minutes or hour */
};
void bucket_add(struct bucket *bucket, double value);
void bucket_merge(struct bucket *into, const struct bucket *from);
/* Each level from the one below it. */
void tier_coarsen(const struct tier_day *day, enum tier_level from, enum tier_level to, struct tier_day *out);

/* The row's key: in order of series, then level, then day. False: the day is out of range (before 1970, or 2,800 years
 * later): such days have no tiers. */
enum { TIER_DAYS_MAX = 1 << 20 };
FL_CHECK bool tier_key(int64_t series, enum tier_level level, int64_t day, int64_t *key);
/* The buckets that have samples; *is_dense: enough samples in each that the tier is worth its bytes. */
void tier_encode(const struct tier_day *day, enum tier_level level, int64_t key, struct buf *out, bool *is_dense);
/* All or nothing, as chunk_decode; fills the buckets of that level, not those behind. */
FL_CHECK enum result tier_decode(const void *bytes, size_t count, enum tier_level level, int64_t key,
                                 struct tier_day *out);
