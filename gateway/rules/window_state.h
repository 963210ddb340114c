/* The inside of a window, shared by window.c (the ring) and window_totals.c (what is kept up to date beside it). */
#pragma once
#include "rules/bucket.h"
#include "rules/points.h"
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

/* The slots that may still become the least (or greatest), each worse than the one before: serial numbers. */
struct queue {
    uint16_t *serials;
    uint16_t head, count, room; /* room: a power of two */
};

/* A slot is a point, or a bucket. Behind the struct lie the totals that spec->needs asks for, then the queues; where,
 * is told by the functions below. */
struct window {
    union {
        struct points points;
        struct buckets buckets;
    };
    int64_t base_ms; /* of the trend's times */
    double pivot;
    double last;                /* the newest value */
    uint32_t samples, changes;  /* samples: true even while dirty */
    uint16_t first_serial;      /* of the oldest slot; counts up as slots leave, and around */
    uint16_t needs;             /* enum window_need */
    bool is_bucketed, is_dirty; /* dirty: totals and queues are to be made anew from the ring */
    struct wide totals[];
};

/* Which totals there are, and in which order: the sum; deviation and squares about the pivot; the trend's time,
 * squares of time and product; what was lost in resets; their number; the sample before the newest (its value in `high`
 * and its time in `low`), which is no total: it is kept while the others are made anew. */
static inline unsigned total_spread(uint32_t needs) {
    return needs & WINDOW_SUM ? 1 : 0;
}
static inline unsigned total_trend(uint32_t needs) {
    return total_spread(needs) + (needs & (WINDOW_SPREAD | WINDOW_TREND) ? 2 : 0);
}
static inline unsigned total_resets(uint32_t needs) {
    return total_trend(needs) + (needs & WINDOW_TREND ? 3 : 0);
}
static inline unsigned total_reset_count(uint32_t needs) {
    return total_resets(needs) + (needs & WINDOW_STEPS ? 1 : 0);
}
static inline unsigned total_pair(uint32_t needs) {
    return total_reset_count(needs) + (needs & WINDOW_RESETS ? 1 : 0);
}
static inline unsigned total_count(uint32_t needs) {
    return total_pair(needs) + (needs & WINDOW_PAIR ? 1 : 0);
}
static inline bool window_has_steps(const struct window *w) {
    return (w->needs & (WINDOW_STEPS | WINDOW_RESETS)) != 0;
}
static inline struct queue *window_queue(const struct window *w, bool is_low) {
    return (struct queue *)(void *)&w->totals[total_count(w->needs)] + (!is_low && w->needs & WINDOW_LOW ? 1 : 0);
}

static inline uint32_t slot_count(const struct window *w) {
    return w->is_bucketed ? w->buckets.count : w->points.count;
}
static inline int64_t oldest_last_ms(const struct window *w) {
    return w->is_bucketed ? buckets_last_ms(&w->buckets, 0) : w->points.first_ms;
}
static inline int64_t newest_ms(const struct window *w) {
    return w->is_bucketed ? buckets_last_ms(&w->buckets, w->buckets.count - 1u) : w->points.last_ms;
}

/* An empty window is to hold buckets. */
void window_begin_buckets(struct window *w);

/* ---- window_totals.c ---- */
void window_totals_clear(struct window *w);
/* A sample, or the samples of a bucket, enter (sign 1) or leave (-1). */
void window_totals_point(struct window *w, int64_t at_ms, double value, double sign);
void window_totals_bucket(struct window *w, const struct bucket *b, double sign);
/* The step from the last sample of one slot to the first of the next enters or leaves. */
void window_step_change(struct window *w, double from, double to, int sign);
/* The newest slot enters the queues of extremes; again, when its bucket grew. */
void window_queues_push(struct window *w);
/* The oldest slot leaves them. */
void window_queues_drop(struct window *w);
