/* Doubles that came from decimal text: value = mantissa / 10^exponent, exactly as a parser would read it. Private to
 * gateway/store. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { DECIMAL_EXPONENT_MAX = 9 };
static inline double decimal_power(int exponent) {
    static const double powers[DECIMAL_EXPONENT_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    return powers[exponent];
}

/* True when mantissa / 10^exponent gives every bit of value back (so -0 and NaN are not decimals). */
static inline bool decimal_split(double value, int exponent, int64_t *mantissa) {
    const double scaled = value * decimal_power(exponent);
    if (!(scaled > -9007199254740992.0 && scaled < 9007199254740992.0))
        return false;
    const int64_t m = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    const double back = (double)m / decimal_power(exponent);
    if (memcmp(&back, &value, sizeof value) != 0)
        return false;
    *mantissa = m;
    return true;
}

static inline double decimal_join(int64_t mantissa, int exponent) {
    return (double)mantissa / decimal_power(exponent);
}
