/* Packed: when the first sample came, how long after it the last, how many, and then a double for each figure that the
 * window's needs ask for, as the table says. A mean over seven days takes 24 bytes a bucket instead of 88. */
#include "rules/bucket.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"
#include "rules/window.h"

enum { ROOM_FIRST = 8 };

struct packed {
    int64_t first_ms;
    uint32_t span_ms, count;
    double figures[];
};
static const struct {
    uint32_t needs; /* any of these */
    size_t offset;
} figures[] = {
    {WINDOW_SUM | WINDOW_SPREAD | WINDOW_TREND | WINDOW_READ, offsetof(struct bucket, sum)},
    {WINDOW_SPREAD | WINDOW_TREND, offsetof(struct bucket, squares)},
    {WINDOW_TREND | WINDOW_READ, offsetof(struct bucket, mean_ms)},
    {WINDOW_LOW, offsetof(struct bucket, low)},
    {WINDOW_HIGH, offsetof(struct bucket, high)},
    {WINDOW_FIRST | WINDOW_STEPS | WINDOW_RESETS, offsetof(struct bucket, first)},
    {WINDOW_STEPS | WINDOW_RESETS, offsetof(struct bucket, last)},
    {WINDOW_STEPS, offsetof(struct bucket, resets)},
    {WINDOW_STEPS, offsetof(struct bucket, changes)},
    {WINDOW_RESETS, offsetof(struct bucket, reset_count)},
};
enum { FIGURES = sizeof figures / sizeof *figures };

struct bucket bucket_of(int64_t at_ms, double value) {
    return (struct bucket){.first_ms = at_ms,
                           .last_ms = at_ms,
                           .count = 1,
                           .sum = value,
                           .low = value,
                           .high = value,
                           .first = value,
                           .last = value};
}

void bucket_take(struct bucket *b, int64_t at_ms, double value) {
    double n = b->count, mean = b->sum / n, off = value - mean;
    if (at_ms >= b->last_ms) {
        b->changes += value != b->last;
        b->resets += value < b->last ? b->last : 0;
        b->reset_count += value < b->last;
        b->last_ms = at_ms;
        b->last = value;
    } else if (at_ms < b->first_ms) {
        b->mean_ms += (double)(b->first_ms - at_ms);
        b->first_ms = at_ms;
        b->first = value;
    }
    b->squares += off * off * n / (n + 1);
    b->mean_ms += ((double)(at_ms - b->first_ms) - b->mean_ms) / (n + 1);
    b->sum += value;
    b->low = fmin(b->low, value);
    b->high = fmax(b->high, value);
    b->count++;
}

void buckets_fini(struct buckets *b) {
    free(b->data);
    *b = (struct buckets){0};
}

static uint16_t packed_bytes(uint32_t needs) {
    size_t bytes = sizeof(struct packed);
    for (size_t i = 0; i < FIGURES; i++)
        bytes += figures[i].needs & needs ? sizeof(double) : 0;
    return (uint16_t)bytes;
}

static inline struct packed *at(const struct buckets *b, size_t index) {
    size_t place = b->head + index;
    return (struct packed *)(void *)(b->data + (place < b->room ? place : place - b->room) * b->packed_bytes);
}

struct bucket buckets_get(const struct buckets *b, uint32_t needs, size_t index) {
    const struct packed *from = at(b, index);
    struct bucket to = {.first_ms = from->first_ms, .last_ms = from->first_ms + from->span_ms, .count = from->count};
    const double *figure = from->figures;
    for (size_t i = 0; i < FIGURES; i++)
        if (figures[i].needs & needs)
            memcpy((char *)&to + figures[i].offset, figure++, sizeof *figure);
    return to;
}

void buckets_put(struct buckets *b, uint32_t needs, size_t index, const struct bucket *value) {
    struct packed *to = at(b, index);
    to->first_ms = value->first_ms;
    to->span_ms = (uint32_t)(value->last_ms - value->first_ms);
    to->count = value->count;
    double *figure = to->figures;
    for (size_t i = 0; i < FIGURES; i++)
        if (figures[i].needs & needs)
            memcpy(figure++, (const char *)value + figures[i].offset, sizeof *figure);
}

int64_t buckets_first_ms(const struct buckets *b, size_t index) {
    return at(b, index)->first_ms;
}

int64_t buckets_last_ms(const struct buckets *b, size_t index) {
    const struct packed *packed = at(b, index);
    return packed->first_ms + packed->span_ms;
}

static void grow(struct buckets *b) {
    size_t room = b->room ? b->room + b->room / 4u : ROOM_FIRST;
    if (b->room < WINDOW_BUCKETS_MAX && room > WINDOW_BUCKETS_MAX)
        room = WINDOW_BUCKETS_MAX;
    char *data = mem_alloc(room * b->packed_bytes);
    for (size_t i = 0; i < b->count; i++)
        memcpy(data + i * b->packed_bytes, at(b, i), b->packed_bytes);
    free(b->data);
    b->data = data;
    b->head = 0;
    b->room = (uint16_t)room;
}

void buckets_insert(struct buckets *b, uint32_t needs, size_t index, const struct bucket *value) {
    if (b->packed_bytes == 0)
        b->packed_bytes = packed_bytes(needs);
    if (b->count == b->room)
        grow(b);
    for (size_t i = b->count; i > index; i--)
        memcpy(at(b, i), at(b, i - 1), b->packed_bytes);
    b->count++;
    buckets_put(b, needs, index, value);
}

void buckets_drop(struct buckets *b) {
    b->head = (uint16_t)(b->head + 1u < b->room ? b->head + 1u : 0);
    b->count--;
}

size_t buckets_bytes(const struct buckets *b) {
    return (size_t)b->room * b->packed_bytes;
}
