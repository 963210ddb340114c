/* The tier's codec.
 *
 * Counts are a column of all buckets of the day (mostly one number over and over), the others of those that have
 * samples. Minimum and maximum are values that the sensor reported, so values.h makes little of them. The sum of
 * decimals is a decimal with as many places, which floating addition has only blurred: it is rounded back to that and
 * stored as a whole number, as the difference from what minimum, maximum and count let expect. Sums of other numbers
 * keep SUM_BITS bits below the day's largest: a mean that is right to one part in a million million. */
#include "store/tier.h"

#include <math.h>
#include <string.h>

#include "store/crc32.h"
#include "store/decimal.h"
#include "store/numbers.h"
#include "store/values.h"

enum { VERSION = 1, CRC_BYTES = 4, DENSE_SAMPLES = 12, SUM_BITS = 42, QUANTUM_BITS = 12, QUANTUM_ZERO = 2048 };
#define QUANTA_LIMIT       4611686018427387904.0 /* 2^62 */
#define WHOLE_LIMIT        4503599627370496.0    /* 2^52 */
#define BUCKET_SAMPLES_MAX ((int64_t)1 << 40)    /* a billion a second would not reach it */
enum { DAY_BITS = 20, LEVEL_BITS = 2 };

static const int64_t units_ms[TIER_LEVELS] = {60 * 1000, 600 * 1000, 3600 * 1000};

int64_t tier_unit_ms(enum tier_level level) {
    return units_ms[level];
}

static size_t buckets_of(enum tier_level level) {
    return (size_t)(TIER_DAY_MS / units_ms[level]);
}

void bucket_add(struct bucket *b, double value) {
    b->min = b->count == 0 || value < b->min ? value : b->min;
    b->max = b->count == 0 || value > b->max ? value : b->max;
    b->sum += value;
    b->count++;
}

void bucket_merge(struct bucket *into, const struct bucket *from) {
    if (from->count == 0)
        return;
    into->min = into->count == 0 || from->min < into->min ? from->min : into->min;
    into->max = into->count == 0 || from->max > into->max ? from->max : into->max;
    into->sum += from->sum;
    into->count += from->count;
}

void tier_coarsen(const struct tier_day *day, enum tier_level from, enum tier_level to, struct tier_day *out) {
    const size_t ratio = (size_t)(units_ms[to] / units_ms[from]);
    struct tier_day coarse = {0};
    for (size_t i = 0; i < buckets_of(from); i++)
        bucket_merge(&coarse.buckets[i / ratio], &day->buckets[i]);
    *out = coarse;
}

bool tier_key(int64_t series, enum tier_level level, int64_t day, int64_t *key) {
    if (day < 0 || day >= TIER_DAYS_MAX || series <= 0 || series >= (int64_t)1 << 40)
        return false;
    *key = (series << LEVEL_BITS | (int64_t)level) << DAY_BITS | day;
    return true;
}

static uint32_t checksum_of(int64_t key, const uint8_t *bytes, size_t count) {
    uint8_t plain[8];
    for (int i = 0; i < 8; i++)
        plain[i] = (uint8_t)((uint64_t)key >> (8 * i));
    return crc32_add(crc32_add(0, plain, sizeof plain), bytes, count);
}

/* ---- sums ---- */

/* What sums are counted in: 10^-n as -n, or 2^n as QUANTUM_ZERO + n. */
static int quantum_of(const struct bucket *buckets, size_t count) {
    int exponent = 0;
    int64_t whole = 0;
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        while (exponent <= DECIMAL_EXPONENT_MAX &&
               !(decimal_split(buckets[i].min, exponent, &whole) && decimal_split(buckets[i].max, exponent, &whole)))
            exponent++;
        largest = fmax(largest, fmax(fabs(buckets[i].min), fabs(buckets[i].max)) * (double)buckets[i].count);
    }
    if (exponent <= DECIMAL_EXPONENT_MAX && largest * decimal_power(exponent) < WHOLE_LIMIT)
        return -exponent;
    return QUANTUM_ZERO + (largest > 0 && isfinite(largest) ? ilogb(largest) : 0) - SUM_BITS;
}

static double size_of(int quantum) {
    return quantum <= 0 ? 1 / decimal_power(-quantum) : ldexp(1, quantum - QUANTUM_ZERO);
}

static double sum_of(int quantum, int64_t quanta) {
    return quantum <= 0 ? (double)quanta / decimal_power(-quantum) : (double)quanta * size_of(quantum);
}

/* The sum if the values lay evenly between minimum and maximum. */
static int64_t expected_quanta(const struct bucket *b, int quantum) {
    const double quanta = (b->min + b->max) * (double)b->count / 2 / size_of(quantum);
    return fabs(quanta) < QUANTA_LIMIT ? (int64_t)quanta : 0;
}

static int64_t quanta_of(const struct bucket *b, int quantum) {
    const double quanta = b->sum / size_of(quantum);
    return fabs(quanta) < QUANTA_LIMIT ? llround(quanta) : 0;
}

static void put_sums(const struct bucket *buckets, size_t count, struct range_encoder *e) {
    int64_t left[TIER_BUCKETS_MAX];
    const int quantum = quantum_of(buckets, count);
    const int header = quantum + DECIMAL_EXPONENT_MAX; /* not below 0 */
    range_put_raw(e, (uint64_t)header, QUANTUM_BITS);
    for (size_t i = 0; i < count; i++)
        left[i] =
            (int64_t)((uint64_t)quanta_of(&buckets[i], quantum) - (uint64_t)expected_quanta(&buckets[i], quantum));
    numbers_encode(left, count, e);
}

static bool get_sums(struct range_decoder *d, struct bucket *buckets, size_t count) {
    int64_t left[TIER_BUCKETS_MAX];
    const int quantum = (int)range_get_raw(d, QUANTUM_BITS) - DECIMAL_EXPONENT_MAX;
    if (!numbers_decode(d, left, count))
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint64_t quanta = (uint64_t)expected_quanta(&buckets[i], quantum) + (uint64_t)left[i];
        buckets[i].sum = sum_of(quantum, (int64_t)quanta);
    }
    return true;
}

/* ---- the whole ---- */

static void put_extremes(const struct bucket *buckets, size_t count, struct range_encoder *e) {
    double values[TIER_BUCKETS_MAX];
    for (size_t i = 0; i < count; i++)
        values[i] = buckets[i].min;
    values_encode(values, count, e);
    for (size_t i = 0; i < count; i++)
        values[i] = buckets[i].max;
    values_encode(values, count, e);
}

static bool get_extremes(struct range_decoder *d, struct bucket *buckets, size_t count) {
    double mins[TIER_BUCKETS_MAX], maxs[TIER_BUCKETS_MAX];
    if (!values_decode(d, mins, count) || !values_decode(d, maxs, count))
        return false;
    for (size_t i = 0; i < count; i++) {
        buckets[i].min = mins[i];
        buckets[i].max = maxs[i];
    }
    return true;
}

void tier_encode(const struct tier_day *day, enum tier_level level, int64_t key, struct buf *out, bool *is_dense) {
    struct bucket used[TIER_BUCKETS_MAX];
    int64_t counts[TIER_BUCKETS_MAX], samples = 0;
    size_t count = 0;
    const size_t start = out->count, all = buckets_of(level);
    for (size_t i = 0; i < all; i++) {
        counts[i] = day->buckets[i].count;
        samples += counts[i];
        if (counts[i] > 0)
            used[count++] = day->buckets[i];
    }
    buf_add_u8(out, VERSION);
    struct range_encoder e = range_encoder_of(out);
    numbers_encode(counts, all, &e);
    if (count > 0) {
        put_extremes(used, count, &e);
        put_sums(used, count, &e);
    }
    range_encoder_end(&e);
    if (!out->overflow)
        buf_add_u32be(out, checksum_of(key, out->data + start, out->count - start));
    *is_dense = samples >= (int64_t)count * DENSE_SAMPLES;
}

enum result tier_decode(const void *bytes, size_t count, enum tier_level level, int64_t key, struct tier_day *out) {
    struct bucket used[TIER_BUCKETS_MAX];
    int64_t counts[TIER_BUCKETS_MAX];
    const size_t all = buckets_of(level);
    size_t kept = 0;
    uint32_t crc = 0;
    if (count < 1 + CRC_BYTES)
        return RESULT_CORRUPT;
    struct cursor tail = cursor_of((const uint8_t *)bytes + count - CRC_BYTES, CRC_BYTES);
    if (!cursor_u32be(&tail, &crc) || crc != checksum_of(key, bytes, count - CRC_BYTES))
        return RESULT_CORRUPT;
    if (((const uint8_t *)bytes)[0] != VERSION)
        return RESULT_BAD_INPUT;
    struct range_decoder d = range_decoder_of((const uint8_t *)bytes + 1, count - 1 - CRC_BYTES);
    if (!numbers_decode(&d, counts, all))
        return RESULT_CORRUPT;
    for (size_t i = 0; i < all; i++) {
        if (counts[i] < 0 || counts[i] > BUCKET_SAMPLES_MAX)
            return RESULT_CORRUPT;
        if (counts[i] > 0)
            used[kept++].count = counts[i];
    }
    if ((kept > 0 && (!get_extremes(&d, used, kept) || !get_sums(&d, used, kept))) || !range_decoder_end(&d))
        return RESULT_CORRUPT;
    for (size_t i = 0, from = 0; i < all; i++)
        out->buckets[i] = counts[i] > 0 ? used[from++] : (struct bucket){0};
    return RESULT_OK;
}
