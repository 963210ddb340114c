/* Text to number and back, the only way in both programs.
 *
 * Not a general formatter: no grouping, no hex, no locale. Decimals of up to 15 or so digits take an exact short cut
 * (both the digits and the power of ten are exact doubles, so one multiplication or division rounds correctly: Clinger
 * 1990); the rest goes to strtod in the C locale. Eisel-Lemire tables were left: a product's samples are short
 * decimals. Numbers of more than NUMBER_CHARS characters are refused; no double needs them to be written. */
#include "fieldline/number.h"

#include <endian.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"

enum { NUMBER_CHARS = 400, EXACT_POWERS = 23, SHORT_DIGITS = 15 };
#define EXACT_MAX (1LL << 53)

static const double POWERS[EXACT_POWERS] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                            1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static locale_t c_locale;

static void c_locale_make(void) {
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        die("number", "no C locale");
}

static locale_t c_locale_get(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, c_locale_make);
    return c_locale;
}

static inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool number_i64(const char *text, size_t chars, int64_t min, int64_t max, int64_t *out) {
    bool is_negative = chars > 0 && text[0] == '-';
    size_t at = is_negative ? 1 : 0;
    if (at == chars)
        return false;
    int64_t value = 0; /* built downwards: the negative side has one number more */
    for (; at < chars; at++) {
        if (!is_digit(text[at]) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text[at] - '0', &value))
            return false;
    }
    if (!is_negative && __builtin_sub_overflow(0, value, &value))
        return false;
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

/* The parts of a decimal: value = digits * 10^exponent, exact while !is_long. */
struct decimal {
    uint64_t digits;
    int64_t exponent;
    bool is_negative, is_long;
};

static const char *digits_read(const char *at, const char *end, struct decimal *d) {
    for (; at < end && is_digit(*at); at++) {
        if (d->digits > (UINT64_MAX - 9) / 10)
            d->is_long = true;
        else
            d->digits = d->digits * 10 + (uint64_t)(*at - '0');
    }
    return at;
}

static bool exponent_read(const char *at, const char *end, struct decimal *d) {
    bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end)
        return false;
    int64_t value = 0;
    for (; at < end; at++) {
        if (!is_digit(*at))
            return false;
        if (value < 100000)
            value = value * 10 + (*at - '0');
    }
    d->exponent += is_negative ? -value : value;
    return true;
}

static bool decimal_read(const char *text, size_t chars, struct decimal *d) {
    const char *at = text, *end = text + chars;
    *d = (struct decimal){.is_negative = at < end && *at == '-'};
    if (d->is_negative)
        at++;
    const char *first = at;
    at = digits_read(at, end, d);
    if (at == first)
        return false;
    if (at < end && *at == '.') {
        first = ++at;
        at = digits_read(at, end, d);
        if (at == first)
            return false;
        d->exponent = first - at;
    }
    if (at < end && (*at == 'e' || *at == 'E'))
        return exponent_read(at + 1, end, d);
    return at == end;
}

static bool double_slow(const char *text, size_t chars, double *out) {
    char copy[NUMBER_CHARS + 1];
    if (chars > NUMBER_CHARS)
        return false;
    memcpy(copy, text, chars);
    copy[chars] = 0;
    double value = strtod_l(copy, NULL, c_locale_get());
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

bool number_double(const char *text, size_t chars, double *out) {
    struct decimal d;
    if (!decimal_read(text, chars, &d))
        return false;
    if (d.is_long || d.digits > (uint64_t)EXACT_MAX || d.exponent <= -EXACT_POWERS || d.exponent >= EXACT_POWERS)
        return double_slow(text, chars, out);
    double value = (double)d.digits;
    value = d.exponent < 0 ? value / POWERS[-d.exponent] : value * POWERS[d.exponent];
    *out = d.is_negative ? -value : value;
    return true;
}

/* How many bytes of `word`, from its lowest, are digits less '0' (0 to 9). */
static inline unsigned digits_count(uint64_t word) {
    uint64_t others = ((word + 0x7676767676767676u) | word) & 0x8080808080808080u;
    return others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
}

/* Eight digits less '0', the first in the lowest byte: pairs, then fours, then all. */
static inline uint64_t digits_value(uint64_t word) {
    word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffu;
    word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffu;
    return (word * 10000 + (word >> 32)) & 0xffffffffu;
}

/* A number of at most seven characters, without a loop: those mispredict their end nearly every time. */
static inline const char *tiny(const char *at, const char *end, double *out) {
    uint64_t word;
    if (end - at < (ptrdiff_t)sizeof word)
        return NULL;
    memcpy(&word, at, sizeof word);
    word = le64toh(word);
    uint64_t digits = word ^ 0x3030303030303030u;
    unsigned whole = digits_count(digits), all = whole;
    if (whole == 0 || whole > 7 || (whole > 1 && (digits & 0xff) == 0))
        return NULL;
    char next = at[whole];
    if (next == '.') {
        uint64_t low = (UINT64_C(1) << whole * 8) - 1;
        digits = (digits & low) | ((digits >> 8) & ~low) | UINT64_C(0xff) << 56;
        all = digits_count(digits);
        if (all == whole || all > 6)
            return NULL;
        next = at[all + 1];
    }
    if (next == 'e' || next == 'E')
        return NULL;
    *out = (double)digits_value(digits << (8 - all) * 8);
    if (all == whole)
        return at + all;
    *out /= POWERS[all - whole];
    return at + all + 1;
}

const char *number_short(const char *at, const char *end, double *out) {
    bool is_negative = at < end && *at == '-';
    at += is_negative;
    const char *behind = tiny(at, end, out);
    if (!behind) {
        struct decimal d = {0};
        const char *point = digits_read(at, end, &d);
        behind = point;
        if (point == at || (point - at > 1 && *at == '0'))
            return NULL;
        if (point < end && *point == '.') {
            behind = digits_read(point + 1, end, &d);
            if (behind == point + 1)
                return NULL;
        }
        if (behind - at > SHORT_DIGITS || (behind < end && (*behind == 'e' || *behind == 'E')))
            return NULL;
        *out = (double)d.digits;
        if (behind != point)
            *out /= POWERS[behind - point - 1];
    }
    if (is_negative)
        *out = -*out;
    return behind;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* Reads digits and then the unit's letters; returns the end of both, or NULL. */
static const char *quantity_read(const char *at, const char *end, int64_t *number, const char **unit) {
    const char *first = at;
    while (at < end && is_digit(*at))
        at++;
    if (!number_i64(first, (size_t)(at - first), 0, INT64_MAX, number))
        return NULL;
    *unit = at;
    while (at < end && !is_digit(*at))
        at++;
    return at;
}

static bool unit_is(const struct unit *unit, const char *text, const char *end) {
    size_t chars = (size_t)(end - text);
    return strlen(unit->name) == chars && memcmp(unit->name, text, chars) == 0;
}

bool number_duration_ms(const char *text, size_t chars, int64_t *out) {
    static const struct unit UNITS[] = {
        {"y", 365LL * 86400000},
        {"w", 7LL * 86400000},
        {"d", 86400000},
        {"h", 3600000},
        {"m", 60000},
        {"s", 1000},
        {"ms", 1},
    };
    enum { UNIT_COUNT = sizeof UNITS / sizeof UNITS[0] };
    const char *at = text, *end = text + chars;
    int64_t total = 0;
    size_t next = 0; /* units go from large to small, each once, as in Prometheus */
    while (at < end) {
        int64_t number, ms;
        const char *unit;
        at = quantity_read(at, end, &number, &unit);
        if (!at)
            return false;
        while (next < UNIT_COUNT && !unit_is(&UNITS[next], unit, at))
            next++;
        if (next == UNIT_COUNT || __builtin_mul_overflow(number, UNITS[next++].factor, &ms) ||
            __builtin_add_overflow(total, ms, &total))
            return false;
    }
    if (total <= 0)
        return false;
    *out = total;
    return true;
}

bool number_size_bytes(const char *text, size_t chars, int64_t *out) {
    static const struct unit UNITS[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    const char *end = text + chars, *unit;
    int64_t number, bytes;
    if (quantity_read(text, end, &number, &unit) != end)
        return false;
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        if (!unit_is(&UNITS[i], unit, end))
            continue;
        if (__builtin_mul_overflow(number, UNITS[i].factor, &bytes))
            return false;
        *out = bytes;
        return true;
    }
    return false;
}

static size_t print_integer(int64_t value, char *out) {
    char digits[24];
    size_t count = 0, at = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        out[at++] = '-';
    while (count > 0)
        out[at++] = digits[--count];
    out[at] = 0;
    return at;
}

/* A number that is a small integer over a power of ten prints from that integer. The division is correctly rounded, so
 * the test `scaled / power == value` is exactly the question whether this text reads back as the value. */
static size_t print_short(double value, char out[32]) {
    double magnitude = fabs(value);
    if (!(magnitude >= 1e-3 && magnitude < 1e13))
        return 0;
    for (int decimals = 1; decimals <= 6; decimals++) {
        double scaled = nearbyint(magnitude * POWERS[decimals]);
        if (scaled > 1e15 || scaled / POWERS[decimals] != magnitude)
            continue;
        int64_t whole = (int64_t)scaled, power = (int64_t)POWERS[decimals];
        size_t at = 0;
        if (value < 0)
            out[at++] = '-';
        at += print_integer(whole / power, out + at);
        out[at++] = '.';
        int64_t rest = whole % power;
        for (int i = decimals - 1; i >= 0; i--, rest /= 10)
            out[at + (size_t)i] = (char)('0' + rest % 10);
        at += (size_t)decimals;
        out[at] = 0;
        return at;
    }
    return 0;
}

static size_t print_slow(double value, char out[32]) {
    locale_t before = uselocale(c_locale_get()); /* of this thread only */
    int wrote = 0;
    for (int digits = 15; digits <= 17; digits++) {
        wrote = snprintf(out, 32, "%.*g", digits, value);
        if (!isfinite(value) || strtod(out, NULL) == value)
            break;
    }
    uselocale(before);
    return (size_t)wrote;
}

size_t number_print(double value, char out[32]) {
    if (fabs(value) < 1e15 && value == (double)(int64_t)value && !(value == 0 && signbit(value)))
        return print_integer((int64_t)value, out);
    size_t count = print_short(value, out);
    return count > 0 ? count : print_slow(value, out);
}
