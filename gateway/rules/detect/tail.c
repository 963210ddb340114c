/* A digest: the sorted values are cut into 24 cells at fixed quantiles, fine in the tails and coarse between, and a
 * cell keeps the mean and the number of its values. New values are gathered, sorted and merged 8 at a time; a cell
 * whose middle has moved beyond its cut goes to the next one. Only the sums above and below the outer quantiles are
 * needed, and these cells hold them well. From 65,536 values on all weights are halved now and then: the distant past
 * fades.
 *
 * Sources: merging digests after Dunning and Ertl (Computing extremely accurate quantiles using t-digests, 2019), with
 * a table of cuts in place of their scale function; the exponential tail beyond a high quantile is the simplest form
 * of peaks over threshold (Pickands 1975; for streams Siffer and others, KDD 2017). Left: the general Pareto tail (its
 * shape parameter is the noisiest figure there is, from 5 % of a short past), P-square (five markers tell no mean
 * excess), a z-score (says nothing comparable on heavy tails: ten standard deviations are daily bread in counts). */
#include "rules/detect/tail.h"

#include "rules/detect/float_bits.h"

enum { MERGED_MAX = TAIL_CELLS + TAIL_FRESH };
#define OUTER       0.05
#define VALUE_MAX   1e37 /* differences of two must fit single precision */
#define RANGE_SHARE 1e-3 /* a tail is not thinner than this share of the range */
#define WEIGHT_MAX  65536

static const double cuts[TAIL_CELLS] = {0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.10, 0.15, 0.30,  0.50,
                                        0.70,  0.85, 0.90, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 1};

struct point {
    float mean, weight;
};

static float narrow(double value) {
    return (float)fmax(fmin(value, VALUE_MAX), -VALUE_MAX);
}

static double beyond(double distance, double excess, double noise, bool is_record) {
    const double most = is_record ? TAIL_SURPRISE_MAX : TAIL_SEEN_MAX;
    if (distance <= noise)
        return 0;
    return distance >= most * excess ? most : distance / excess;
}

double tail_surprise(const struct tail *t, double value, double noise) {
    if (!t->is_learnt)
        return 0;
    if (value > t->high_edge)
        return beyond(value - t->high_edge, fmax(t->high_excess, noise), noise, value > t->high + noise);
    if (value < t->low_edge)
        return beyond(t->low_edge - value, fmax(t->low_excess, noise), noise, value < t->low - noise);
    return 0;
}

static void insert(struct point *points, size_t count, float mean, float weight) {
    size_t at = count;
    while (at > 0 && points[at - 1].mean > mean) {
        points[at] = points[at - 1];
        at--;
    }
    points[at] = (struct point){mean, weight};
}

/* Old and new values in order. */
static size_t gather(const struct tail *t, struct point points[MERGED_MAX]) {
    size_t count = 0;
    for (; count < t->count; count++)
        points[count] = (struct point){t->mean[count], t->weight[count]};
    for (size_t i = 0; i < t->fresh_count; i++)
        insert(points, count++, t->fresh[i], 1);
    return count;
}

static double weight_of(const struct point *points, size_t count) {
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += points[i].weight;
    return total;
}

/* Where the outer `share` of the weight ends, half-way to the next cell, and the mean distance of what lies beyond. */
static void measure(const struct point *points, size_t count, double share, double range, bool is_high, float *edge,
                    float *excess) {
    double weight = 0, sum = 0;
    size_t i = 0;
    const struct point *p = points, *next = points;
    while (weight < share && i < count) {
        p = &points[is_high ? count - 1 - i : i];
        weight += p->weight;
        sum += (double)p->weight * p->mean;
        i++;
    }
    if (i < count)
        next = &points[is_high ? count - 1 - i : i];
    *edge = (p->mean + next->mean) / 2;
    *excess = (float)fmax(fabs(sum / weight - *edge), range * RANGE_SHARE);
}

static void compress(struct tail *t, const struct point *points, size_t count, double total) {
    double before = 0;
    int cell = -1, cut = 0;
    const float scale = total > WEIGHT_MAX ? 0.5f : 1;
    for (size_t i = 0; i < count; i++) {
        const double middle = (before + points[i].weight / 2) / total;
        const int last = cut;
        while (middle > cuts[cut])
            cut++;
        if (cell < 0 || cut != last) {
            cell++;
            t->mean[cell] = points[i].mean;
            t->weight[cell] = points[i].weight;
        } else {
            t->weight[cell] += points[i].weight;
            t->mean[cell] += (points[i].mean - t->mean[cell]) * (points[i].weight / t->weight[cell]);
        }
        before += points[i].weight;
    }
    t->count = (uint8_t)(cell + 1);
    for (int i = 0; i <= cell; i++)
        t->weight[i] *= scale;
}

static void merge(struct tail *t) {
    struct point points[MERGED_MAX];
    const size_t count = gather(t, points);
    const double total = weight_of(points, count), range = (double)t->high - t->low;
    measure(points, count, total * OUTER, range, true, &t->high_edge, &t->high_excess);
    measure(points, count, total * OUTER, range, false, &t->low_edge, &t->low_excess);
    t->is_learnt = t->is_learnt || total >= TAIL_LEARNT;
    compress(t, points, count, total);
    t->fresh_count = 0;
}

void tail_add(struct tail *t, double value) {
    const float v = narrow(value);
    if (t->count == 0 && t->fresh_count == 0)
        t->low = t->high = v;
    t->low = fminf(t->low, v);
    t->high = fmaxf(t->high, v);
    t->fresh[t->fresh_count++] = v;
    if (t->fresh_count == TAIL_FRESH)
        merge(t);
}

void tail_save(const struct tail *t, struct buf *out) {
    buf_add_u8(out, t->count);
    floats_put(out, t->mean, t->count);
    floats_put(out, t->weight, t->count);
    buf_add_u8(out, t->fresh_count);
    floats_put(out, t->fresh, t->fresh_count);
    floats_put(out, (float[]){t->low, t->high, t->low_edge, t->low_excess, t->high_edge, t->high_excess}, 6);
    buf_add_u8(out, t->is_learnt);
}

static bool is_sound(const struct tail *t) {
    for (int i = 0; i < t->count; i++)
        if (!(t->weight[i] > 0) || t->weight[i] > 2 * WEIGHT_MAX)
            return false;
    return t->low <= t->high && t->low_excess >= 0 && t->high_excess >= 0;
}

bool tail_load(struct tail *t, struct cursor *in) {
    uint8_t is_learnt;
    if (!cursor_u8(in, &t->count) || t->count > TAIL_CELLS || !floats_get(in, t->mean, t->count) ||
        !floats_get(in, t->weight, t->count) || !cursor_u8(in, &t->fresh_count) || t->fresh_count >= TAIL_FRESH ||
        !floats_get(in, t->fresh, t->fresh_count))
        return false;
    float *figures[] = {&t->low, &t->high, &t->low_edge, &t->low_excess, &t->high_edge, &t->high_excess};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (!float_get(in, figures[i]))
            return false;
    if (!cursor_u8(in, &is_learnt) || is_learnt > 1)
        return false;
    t->is_learnt = is_learnt;
    return is_sound(t);
}
