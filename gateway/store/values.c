/* From doubles to whole numbers and back.
 *
 * The rows of `ways` are what products do between an ADC or a decimal display and the wire: nothing, a factor of the
 * unit (percent, milli), kelvin, Fahrenheit, kilometres an hour. Each is exactly the arithmetic that the product did (a
 * division by 100 and a multiplication by 0.01 differ in the last bit, so both are there); then a power of ten, and
 * perhaps the rounding to a float. A way is picked from some values of the column, and then holds for the column; what
 * does not come back exactly gets its distance in representable doubles as correction, mostly zeros.
 *
 * No row multiplies and adds in one expression: a compiler may fuse those, and then a file that was written by one
 * program could not be read by another. */
#include "store/values.h"

#include <math.h>
#include <string.h>

enum { EXPONENT_MAX = 15, EXPONENT_BITS = 4, WAY_BITS = 4, TRIED = 24, MISSES_ONE_IN = 6, NEAR = 4 };
#define WHOLE_LIMIT 9007199254740992.0 /* 2^53 */
#define PROOF_LIMIT ((int64_t)1 << 44)

static const struct way {
    double before, times, over, after; /* ((whole / 10^exponent + before) * times / over) + after */
    bool is_float;
} ways[] = {{0, 1, 1, 0, false},    /* as it is; also divided by 10, 100, ... */
            {0, 1, 1, 0, true},     /* passed through a float */
            {0, 1e-2, 1, 0, false}, /* multiplied by a hundredth: percent */
            {0, 1e-3, 1, 0, false}, /* milli */
            {0, 1e-6, 1, 0, false},      {0, 1e-9, 1, 0, false}, {0, 1, 1, -273.15, false}, /* kelvin to Celsius */
            {0, 1, 1, 273.15, false},    {-32, 5, 9, 0, false},                             /* Fahrenheit to Celsius */
            {-32, 1, 1.8, 0, false},     {0, 1, 3.6, 0, false},                             /* km/h to m/s */
            {0, 1 / 3.6, 1, 0, false},   {0, 1, 3600, 0, false},                            /* per hour */
            {0, 1.0 / 3600, 1, 0, false}};
enum { WAYS = sizeof ways / sizeof *ways, WAY_BITS_OF_DOUBLE = 15 };

static inline double power_of(int exponent) {
    static const double powers[EXPONENT_MAX + 1] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    return powers[exponent];
}

/* Doubles as whole numbers in the order of their values, so that neighbours are neighbours. */
static inline int64_t order_of(double value) {
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? (int64_t)((uint64_t)INT64_MIN - (uint64_t)bits) - 1 : bits;
}

static inline double double_at(int64_t order) {
    const int64_t bits = order < 0 ? (int64_t)((uint64_t)INT64_MIN - ((uint64_t)order + 1)) : order;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline double join(const struct way *way, double power, int64_t whole) {
    double value = (double)whole / power;
    if (way->before != 0)
        value += way->before;
    if (way->times != 1)
        value *= way->times;
    if (way->over != 1)
        value /= way->over;
    if (way->after != 0)
        value += way->after;
    return way->is_float ? (double)(float)value : value;
}

/* The whole number that comes nearest; false when there is none. */
static inline bool split(const struct way *way, double power, double value, int64_t *whole) {
    const double scaled = ((value - way->after) * way->over / way->times - way->before) * power;
    if (!(scaled > -WHOLE_LIMIT && scaled < WHOLE_LIMIT))
        return false;
    *whole = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    return true;
}

/* Does the way give the value back, or a double so near that it is no accident? */
static inline bool is_given(const struct way *way, int exponent, double value, int64_t near) {
    int64_t whole = 0;
    if (!split(way, power_of(exponent), value, &whole))
        return false;
    if (exponent > 0 && (whole >= PROOF_LIMIT || whole <= -PROOF_LIMIT))
        return false; /* with that many digits anything is a decimal */
    const int64_t off = order_of(join(way, power_of(exponent), whole)) - order_of(value);
    return off <= near && off >= -near;
}

/* The smallest power of ten with which the way gives nearly all of some values, or -1. */
static int exponent_of(const struct way *way, const double *values, size_t count, int64_t near) {
    const size_t every = count / TRIED + 1;
    size_t tried = 0, missed = 0;
    int exponent = 0;
    for (size_t i = 0; i < count; i += every, tried++) {
        int wanted = exponent;
        while (wanted <= EXPONENT_MAX && !is_given(way, wanted, values[i], near))
            wanted++;
        if (wanted <= EXPONENT_MAX)
            exponent = wanted;
        else if (++missed > TRIED / MISSES_ONE_IN || tried == 0)
            return -1;
    }
    return missed * MISSES_ONE_IN <= tried ? exponent : -1;
}

static bool pick_way(const double *values, size_t count, int *way, int *exponent) {
    for (*way = 0; *way < WAYS; ++*way) {
        *exponent = exponent_of(&ways[*way], values, count, 0);
        if (*exponent >= 0)
            return true;
    }
    *way = 0;
    *exponent = exponent_of(&ways[0], values, count, NEAR);
    return *exponent >= 0;
}

/* True when corrections are needed. */
static bool split_all(const struct way *way, double power, const double *values, size_t count, int64_t *wholes,
                      int64_t *corrections) {
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++) {
        if (!split(way, power, values[i], &wholes[i]))
            wholes[i] = i > 0 ? wholes[i - 1] : 0;
        const uint64_t was = (uint64_t)order_of(values[i]);
        any |= (uint64_t)(corrections[i] = (int64_t)(was - (uint64_t)order_of(join(way, power, wholes[i]))));
    }
    return any != 0;
}

void values_encode(const double *values, size_t count, struct range_encoder *out) {
    int64_t wholes[VALUES_MAX], corrections[VALUES_MAX];
    int way = 0, exponent = 0;
    if (!pick_way(values, count, &way, &exponent)) {
        for (size_t i = 0; i < count; i++)
            wholes[i] = order_of(values[i]);
        range_put_raw(out, WAY_BITS_OF_DOUBLE, WAY_BITS);
        numbers_encode(wholes, count, out);
        return;
    }
    const bool has_corrections = split_all(&ways[way], power_of(exponent), values, count, wholes, corrections);
    range_put_raw(out, (uint64_t)way, WAY_BITS);
    range_put_raw(out, (uint64_t)exponent, EXPONENT_BITS);
    range_put_raw(out, has_corrections, 1);
    numbers_encode(wholes, count, out);
    if (has_corrections)
        numbers_encode(corrections, count, out);
}

bool values_decode(struct range_decoder *in, double *out, size_t count) {
    int64_t wholes[VALUES_MAX], corrections[VALUES_MAX];
    if (count > VALUES_MAX)
        return false;
    const int row = (int)range_get_raw(in, WAY_BITS);
    if (row == WAY_BITS_OF_DOUBLE) {
        if (!numbers_decode(in, wholes, count))
            return false;
        for (size_t i = 0; i < count; i++)
            out[i] = double_at(wholes[i]);
        return true;
    }
    if (row >= WAYS)
        return false;
    const struct way *way = &ways[row];
    const double power = power_of((int)range_get_raw(in, EXPONENT_BITS));
    const bool has_corrections = range_get_raw(in, 1) != 0;
    if (!numbers_decode(in, wholes, count) || (has_corrections && !numbers_decode(in, corrections, count)))
        return false;
    for (size_t i = 0; i < count; i++)
        out[i] = join(way, power, wholes[i]);
    for (size_t i = 0; has_corrections && i < count; i++)
        out[i] = double_at((int64_t)((uint64_t)order_of(out[i]) + (uint64_t)corrections[i]));
    return true;
}
