/* A sliding window over one series: what `metric[5m]` stands for. Left-open as in Prometheus 3: at time T it holds the
 * samples in (T - range, T]. Every answer costs the same however long the window is: aggregates are kept up to date as
 * samples come and go.
 *
 * Memory is bounded: up to WINDOW_POINTS_MAX samples are kept one by one (mostly 4 bytes each, at most 16; the ring
 * grows as needed); where more fall into the range they are folded into at most WINDOW_BUCKETS_MAX buckets, and from
 * then on the window's old edge is exact to range / 126 only. At most 21 KiB a window.
 *
 * Samples are finite and at most WINDOW_VALUE_MAX in magnitude; the caller sees to it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WINDOW_POINTS_MAX = 1024, WINDOW_BUCKETS_MAX = 128 };
#define WINDOW_VALUE_MAX 1e100

/* What its users need it to keep; the newest and the count are always there. */
enum window_need {
    WINDOW_SUM = 1,
    WINDOW_SPREAD = 2, /* standard deviation */
    WINDOW_TREND = 4,  /* slope */
    WINDOW_LOW = 8,
    WINDOW_HIGH = 16,
    WINDOW_STEPS = 32,  /* changes and counter resets */
    WINDOW_FIRST = 64,  /* the oldest value; part of STEPS */
    WINDOW_READ = 128,  /* window_read: what buckets hold on average, and when */
    WINDOW_PAIR = 256,  /* the sample before the newest */
    WINDOW_RESETS = 512 /* how often a counter was reset */
};
struct window_spec {
    int64_t range_ms;
    uint32_t needs;
    bool is_dense; /* more than WINDOW_POINTS_MAX samples are expected: buckets from the start */
};

/* A window may be part of something bigger: `w` is then window_size bytes of zeros. */
struct window;
size_t window_size(const struct window_spec *spec);
void window_init(struct window *w, const struct window_spec *spec);
void window_fini(struct window *w);
struct window *window_new(const struct window_spec *spec);
void window_free(struct window *w);
void window_prefetch(const struct window *w); /* its ring's ends are wanted in the cache */
/* A sample; may be late (older than the newest). One of a time that is there already is ignored. */
void window_add(struct window *w, const struct window_spec *spec, int64_t at_ms, double value);
/* Drops what is older than the range at `now_ms`, which never goes back. Call before asking. */
void window_advance(struct window *w, const struct window_spec *spec, int64_t now_ms);

/* The number of samples; the rest may be asked only when it is not 0. */
uint64_t window_count(const struct window *w);
void window_last(const struct window *w, int64_t *at_ms, double *value);
/* Each needs its bit in spec->needs. */
void window_first(const struct window *w, int64_t *at_ms, double *value);
double window_sum(struct window *w);
double window_stddev(struct window *w); /* of the population */
double window_min(struct window *w);
double window_max(struct window *w);
double window_changes(struct window *w);
/* What a counter lost in resets: the sum of the values just before them. */
double window_resets(struct window *w);
double window_reset_count(struct window *w);
/* The sample before the newest. false: it is not in the range. */
bool window_before(const struct window *w, const struct window_spec *spec, int64_t now_ms, int64_t *at_ms,
                   double *value);
/* The line of least squares: its slope a second, and where it is at now_ms. false: all samples at one time. */
bool window_line(struct window *w, const struct window_spec *spec, int64_t now_ms, double *slope, double *level);
size_t window_bytes(const struct window *w);

/* Going through what is there, oldest first: samples, or the means of buckets where they were folded (WINDOW_READ). Not
 * while the window changes. Its cost grows with the window, up to WINDOW_POINTS_MAX items. */
struct window_item {
    int64_t at_ms; /* of a bucket: the mean */
    double value;
    uint32_t count; /* samples; 1 for a sample */
};
struct window_reader {
    const struct window *window;
    uint32_t index, count; /* items read, items in all */
    int64_t at_ms;
};
struct window_reader window_read(const struct window *w);
bool window_read_next(struct window_reader *r, struct window_item *out); /* false: that was all */
/* Holt's linear method (double exponential smoothing), as Prometheus begins it; factors between 0 and 1. false: fewer
 * than 2 samples, or other factors. */
bool window_smoothed(const struct window *w, double level_factor, double trend_factor, double *out);
