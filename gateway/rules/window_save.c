/* Samples of a window are saved as the values and steps they are, not as the ring's bytes: the ring's forms may change
 * with the program, and loading through window_add gives exactly the state that the samples would have made. Buckets
 * are saved as they are; their totals are made anew when somebody asks. Figures of a bucket that are 0 (most are not
 * needed by any one window) cost a bit. */
#include <math.h>
#include <string.h>

#include "rules/state.h"
#include "rules/window_state.h"

enum { BUCKET_FIGURES = 10 };

/* What a window holds is finite, and of times that no sum of a few brings out of range. */
static bool get_double(struct cursor *in, double *value) {
    return state_get_double(in, value) && isfinite(*value);
}

static bool get_time(struct cursor *in, int64_t *ms) {
    return state_get_time(in, ms) && *ms > -((int64_t)1 << 53) && *ms < (int64_t)1 << 53;
}

/* ---- samples: whole numbers as differences, or doubles ---- */

void points_save(const struct points *p, struct buf *out) {
    int64_t before = 0;
    buf_add_varint(out, p->count);
    if (p->count == 0)
        return;
    state_put_time(out, p->first_ms);
    buf_add_u8(out, points_is_whole(p) ? p->decimals : UINT8_MAX);
    for (size_t i = 0; i < p->count; i++) {
        if (i > 0)
            buf_add_varint(out, (uint64_t)points_step_ms(p, i));
        if (!points_is_whole(p)) {
            state_put_double(out, points_value(p, i));
            continue;
        }
        const int64_t whole = points_whole(p, i);
        buf_add_varint(out, zigzag_encode(whole - before));
        before = whole;
    }
}

static bool get_value(struct cursor *in, uint8_t decimals, int64_t *whole, double *value) {
    uint64_t z;
    if (decimals == UINT8_MAX)
        return get_double(in, value);
    if (!cursor_varint(in, &z))
        return false;
    *whole = (int64_t)((uint64_t)*whole + (uint64_t)zigzag_decode(z));
    *value = points_of_whole(*whole, decimals);
    return true;
}

/* Where saved samples go: into a window (spec: no step reaches its range), or a ring. */
struct place {
    struct window *window;
    const struct window_spec *spec;
    struct points *points;
};

static bool load_samples(const struct place *to, struct cursor *in) {
    uint64_t count, step;
    int64_t at_ms, whole = 0;
    uint8_t decimals;
    if (!cursor_varint(in, &count) || count > POINTS_MAX)
        return false;
    if (count == 0)
        return true;
    if (!get_time(in, &at_ms) || !cursor_u8(in, &decimals) || (decimals > POINTS_DECIMALS_MAX && decimals != UINT8_MAX))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        double value;
        if (i > 0 && (!cursor_varint(in, &step) || step == 0 ||
                      step >= (uint64_t)(to->spec ? to->spec->range_ms : (int64_t)1 << 42)))
            return false;
        at_ms += i > 0 ? (int64_t)step : 0;
        if (!get_value(in, decimals, &whole, &value) || !(fabs(value) <= WINDOW_VALUE_MAX))
            return false;
        if (to->window)
            window_add(to->window, to->spec, at_ms, value);
        else
            points_push(to->points, at_ms, value);
    }
    return true;
}

bool points_load(struct points *p, struct cursor *in) {
    return load_samples(&(struct place){.points = p}, in);
}

/* ---- buckets ---- */

static void figures_of(struct bucket *b, double *figures[BUCKET_FIGURES]) {
    double *all[BUCKET_FIGURES] = {&b->sum,   &b->squares, &b->mean_ms, &b->low,     &b->high,
                                   &b->first, &b->last,    &b->resets,  &b->changes, &b->reset_count};
    memcpy(figures, all, sizeof all);
}

static void save_bucket(struct bucket b, int64_t before_ms, struct buf *out) {
    double *figures[BUCKET_FIGURES];
    uint64_t there = 0;
    figures_of(&b, figures);
    for (int i = 0; i < BUCKET_FIGURES; i++)
        there |= (uint64_t)(*figures[i] != 0) << i;
    state_put_time(out, b.first_ms - before_ms);
    buf_add_varint(out, (uint64_t)(b.last_ms - b.first_ms));
    buf_add_varint(out, b.count);
    buf_add_varint(out, there);
    for (int i = 0; i < BUCKET_FIGURES; i++)
        if (there >> i & 1)
            state_put_double(out, *figures[i]);
}

static bool load_bucket(struct cursor *in, int64_t before_ms, const struct window_spec *spec, struct bucket *b) {
    double *figures[BUCKET_FIGURES];
    uint64_t length, count, there;
    int64_t step;
    *b = (struct bucket){0};
    figures_of(b, figures);
    if (!get_time(in, &step) || !cursor_varint(in, &length) || length > (uint64_t)spec->range_ms ||
        !cursor_varint(in, &count) || count == 0 || count > UINT32_MAX / WINDOW_BUCKETS_MAX ||
        !cursor_varint(in, &there) || there >> BUCKET_FIGURES != 0)
        return false;
    b->first_ms = before_ms + step;
    b->last_ms = b->first_ms + (int64_t)length;
    b->count = (uint32_t)count;
    for (int i = 0; i < BUCKET_FIGURES; i++)
        if ((there >> i & 1) && !get_double(in, figures[i]))
            return false;
    return true;
}

/* The sample before the newest, where it is kept aside. */
static void save_before(const struct window *w, struct buf *out) {
    const bool is_kept = w->needs & WINDOW_PAIR && w->samples > 1;
    buf_add_u8(out, is_kept);
    if (!is_kept)
        return;
    state_put_time(out, (int64_t)w->totals[total_pair(w->needs)].low);
    state_put_double(out, w->totals[total_pair(w->needs)].high);
}

static bool load_before(struct window *w, struct cursor *in) {
    uint8_t is_kept;
    int64_t at_ms;
    double value;
    if (!cursor_u8(in, &is_kept) || is_kept > 1)
        return false;
    if (!is_kept)
        return !(w->needs & WINDOW_PAIR) || w->samples < 2;
    if (!get_time(in, &at_ms) || !get_double(in, &value))
        return false;
    if (w->needs & WINDOW_PAIR)
        w->totals[total_pair(w->needs)] = (struct wide){.high = value, .low = (double)at_ms};
    return true;
}

static bool load_buckets(struct window *w, const struct window_spec *spec, struct cursor *in) {
    uint64_t count;
    int64_t before_ms = 0;
    if (!cursor_varint(in, &count) || count > WINDOW_BUCKETS_MAX)
        return false;
    window_begin_buckets(w);
    for (uint64_t i = 0; i < count; i++) {
        struct bucket b;
        if (!load_bucket(in, before_ms, spec, &b) || (i > 0 && b.first_ms <= before_ms))
            return false;
        before_ms = b.last_ms;
        buckets_insert(&w->buckets, w->needs, (size_t)i, &b);
        w->samples += b.count;
    }
    w->is_dirty = count > 0;
    return load_before(w, in);
}

/* ---- either ---- */

void window_save(const struct window *w, struct buf *out) {
    int64_t before_ms = 0;
    buf_add_u8(out, w->is_bucketed);
    state_put_double(out, w->last);
    if (!w->is_bucketed) {
        points_save(&w->points, out);
        return;
    }
    buf_add_varint(out, w->buckets.count);
    for (size_t i = 0; i < w->buckets.count; i++) {
        const struct bucket b = buckets_get(&w->buckets, w->needs, i);
        save_bucket(b, before_ms, out);
        before_ms = b.last_ms;
    }
    save_before(w, out);
}

bool window_saved_as_buckets(const struct cursor *in) {
    return in->left > 0 && in->at[0] == 1;
}

bool window_load(struct window *w, const struct window_spec *spec, struct cursor *in) {
    uint8_t is_bucketed;
    double last;
    if (!cursor_u8(in, &is_bucketed) || is_bucketed > 1 || !get_double(in, &last) ||
        !(is_bucketed ? load_buckets(w, spec, in) : load_samples(&(struct place){.window = w, .spec = spec}, in)))
        return false;
    w->last = last;
    return true;
}
