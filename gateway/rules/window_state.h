/* The inside of a window, shared by window.c (the ring) and window_totals.c (what is kept up to date beside it). */
#pragma once
#include "rules/window.h"

/* An unevaluated sum of two doubles. */
struct wide {
    double high, low;
};
static inline void wide_add(struct wide *sum, double value) {
    double s = sum->high + value, b = s - sum->high;
    sum->low += (sum->high - (s - b)) + (value - b);
    sum->high = s;
}
static inline double wide_get(const struct wide *sum) {
    return sum->high + sum->low;
}

struct point {
    int64_t at_ms;
    double value;
};
/* All samples of one cell of the grid. */
struct bucket {
    int64_t first_ms, last_ms;
    double first, last, sum, squares /* about its mean */, low, high, mean_ms /* after first_ms */, resets;
    uint32_t count, changes;
};

struct window {
    union {
        struct point *points;
        struct bucket *buckets;
    };
    uint16_t *low, *high;       /* monotonic queues of slot numbers, `room` each; NULL when not needed */
    uint32_t head, count, room; /* slots head..head+count, modulo room (a power of two) */
    uint32_t low_head, low_count, high_head, high_count;
    bool is_bucketed, is_dirty;
    int64_t base_ms; /* of the trend's times */
    double pivot;
    uint64_t samples, changes;
    struct wide sum, deviation, squares, time, time_squares, product, resets;
};

static inline uint32_t slot(const struct window *w, uint32_t index) {
    return (w->head + index) & (w->room - 1);
}

static inline int64_t slot_last_ms(const struct window *w, uint32_t index) {
    return w->is_bucketed ? w->buckets[slot(w, index)].last_ms : w->points[slot(w, index)].at_ms;
}

static inline int64_t slot_first_ms(const struct window *w, uint32_t index) {
    return w->is_bucketed ? w->buckets[slot(w, index)].first_ms : w->points[slot(w, index)].at_ms;
}
static inline double slot_first(const struct window *w, uint32_t index) {
    return w->is_bucketed ? w->buckets[slot(w, index)].first : w->points[slot(w, index)].value;
}
static inline double slot_last(const struct window *w, uint32_t index) {
    return w->is_bucketed ? w->buckets[slot(w, index)].last : w->points[slot(w, index)].value;
}

static inline struct bucket bucket_of(int64_t at_ms, double value) {
    return (struct bucket){.first_ms = at_ms,
                           .last_ms = at_ms,
                           .first = value,
                           .last = value,
                           .sum = value,
                           .low = value,
                           .high = value,
                           .count = 1};
}
/* ---- window_totals.c ---- */
void window_totals_clear(struct window *w);
/* The samples of a slot, or of a bucket that changes, enter (sign 1) or leave (-1). */
void window_totals_slot(struct window *w, const struct window_spec *spec, uint32_t index, double sign);
void window_totals_bucket(struct window *w, const struct window_spec *spec, const struct bucket *b, double sign);
/* The step from the last sample of one slot to the first of the next enters or leaves. */
void window_step_change(struct window *w, const struct window_spec *spec, double from, double to, int sign);
/* The newest slot enters the queues of extremes; again, when its bucket grew. */
void window_queues_push(struct window *w);
/* The oldest slot leaves them. */
void window_queues_drop(struct window *w);
/* Everything from the ring, when it is dirty. */
void window_refresh(struct window *w, const struct window_spec *spec);
