/* All samples of one cell of a grid, in figures. A window keeps its buckets packed: only the figures that it needs. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct bucket {
    int64_t first_ms, last_ms;
    uint32_t count;
    double sum, squares /* about its mean */, mean_ms /* after first_ms */;
    double low, high, first, last, resets, changes, reset_count;
};
struct bucket bucket_of(int64_t at_ms, double value);
/* One more sample; it may be older than some that are there. Steps inside are then not seen. */
void bucket_take(struct bucket *b, int64_t at_ms, double value);

/* A ring of packed buckets, oldest first. `needs` is the window's (enum window_need) and always the same. */
struct buckets {
    char *data;
    uint16_t head, count, room, packed_bytes;
};
void buckets_fini(struct buckets *b);
struct bucket buckets_get(const struct buckets *b, uint32_t needs, size_t index); /* what is not needed is 0 */
void buckets_put(struct buckets *b, uint32_t needs, size_t index, const struct bucket *value);
int64_t buckets_first_ms(const struct buckets *b, size_t index);
int64_t buckets_last_ms(const struct buckets *b, size_t index);
void buckets_insert(struct buckets *b, uint32_t needs, size_t index, const struct bucket *value); /* before that one */
void buckets_drop(struct buckets *b);                                                             /* the oldest */
size_t buckets_bytes(const struct buckets *b);
