/* How numbers are guessed and coded.
 *
 * Guess: the number before (a sensor that moves in steps), the straight line through the last two (something that
 * ramps; clocks with drift), or a running mean (a sensor whose noise is larger than its drift: the difference of two
 * noisy numbers is noisier than either). The encoder tries all and says which, once for the column. A common factor of
 * all differences (whole seconds in milliseconds, an ADC's step) is divided out first.
 *
 * Code: what is left, zigzagged, as quotient and remainder of a power of two that follows its running size, as in Rice
 * codes; but the quotient's steps are decisions that the range coder learns, so the code fits the distribution that is
 * there, and a resting column costs a fiftieth of a bit a number. The remainder is written as it is.
 *
 * Left: Huffman or rANS with stored tables (a table of 20 bytes is a tenth of a chunk); a filter that adapts (a few
 * percent on vibration, half the speed). */
#include "store/numbers.h"

#include <string.h>

enum {
    GUESS_LAST,
    GUESS_LINE,
    GUESS_MEAN_2, /* running mean over about 2^n numbers */
    GUESS_MEAN_4,
    GUESS_MEAN_8,
    GUESS_MEAN_16,
    GUESS_FIRST, /* the first number: mostly zero, now and then not */
    GUESSES,
    ALL_EQUAL = 7,
    GUESS_BITS = 3,
    MEAN_SHIFT = 6, /* fraction bits of a running mean */
    SIZE_SHIFT = 4, /* fraction bits of the running size, and how fast it follows */
    SHIFT_BITS = 6,
    SHIFT_MOST = 58, /* to begin with: the running size then just fits */
    SIZES = 10,      /* classes of the running size below 2; above, two for each power of two */
    STEPS = 24,      /* a quotient beyond is written as a plain number */
    LENGTH_BITS = 7,
    REPEATS_ONE_IN = 6,
    REPEATS_MANY = 4
};
#define MEAN_LIMIT ((int64_t)1 << 50) /* running means are for numbers below this */

static inline uint64_t fold(uint64_t difference) { /* zigzag, inline */
    return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t unfold(uint64_t left) {
    return left >> 1 ^ (0 - (left & 1));
}

/* ---- guessing ---- */

struct guess {
    int kind;
    uint64_t last, step, mean;
};

static inline uint64_t guess_next(const struct guess *g) {
    if (g->kind == GUESS_LAST)
        return g->last;
    if (g->kind == GUESS_LINE)
        return g->last + g->step;
    if (g->kind == GUESS_FIRST)
        return 0; /* numbers are counted from it */
    return (uint64_t)((int64_t)(g->mean + (1 << (MEAN_SHIFT - 1))) >> MEAN_SHIFT);
}

static inline void guess_learn(struct guess *g, uint64_t number) {
    g->step = number - g->last;
    g->last = number;
    if (g->kind >= GUESS_MEAN_2 && g->kind <= GUESS_MEAN_16)
        g->mean += (uint64_t)((int64_t)((number << MEAN_SHIFT) - g->mean) >> (g->kind - GUESS_MEAN_2 + 1));
}

/* What a number repeats when it repeats something. */
static inline uint64_t guess_repeat(const struct guess *g) {
    return g->kind == GUESS_FIRST ? 0 : g->last;
}

static struct guess guess_from(int kind, uint64_t first) {
    return (struct guess){.kind = kind, .last = first, .mean = first << MEAN_SHIFT};
}

/* ---- coding what is left ---- */

struct model {
    uint64_t size;               /* running mean of what is left */
    struct range_bit repeats[2]; /* by whether the number before was one */
    bool is_repeat;
    struct range_bit steps[SIZES + 2][STEPS];
};

static void model_init(struct model *m, int shift) {
    for (int i = 0; i < SIZES + 2; i++)
        for (int k = 0; k < STEPS; k++)
            m->steps[i][k] = RANGE_BIT_NEW;
    m->repeats[0] = m->repeats[1] = RANGE_BIT_NEW;
    m->is_repeat = false;
    m->size = (uint64_t)1 << (shift < SHIFT_MOST ? shift : SHIFT_MOST) << SIZE_SHIFT;
}

/* The power of two for the remainder, and which decisions the quotient takes. */
static inline int shift_of(const struct model *m, struct range_bit **steps, struct model *own) {
    static const uint8_t classes[2 << SIZE_SHIFT] = {0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 7, 7,
                                                     8, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9};
    if (m->size < (2 << SIZE_SHIFT)) {
        *steps = own->steps[classes[m->size]];
        return 0;
    }
    const int top = 63 - __builtin_clzll(m->size);
    *steps = own->steps[SIZES + ((m->size >> (top - 1)) & 1)];
    return top - SIZE_SHIFT;
}

static inline void model_learn(struct model *m, uint64_t left) {
    const uint64_t most = (uint64_t)1 << (63 - SIZE_SHIFT);
    const uint64_t now = (left < most ? left : most) << SIZE_SHIFT;
    m->size += (uint64_t)((int64_t)(now - m->size) >> SIZE_SHIFT);
    if (now > m->size)
        m->size++;
}

static void put_plain(struct range_encoder *e, uint64_t value) {
    const int length = value == 0 ? 0 : 64 - __builtin_clzll(value);
    range_put_raw(e, (uint64_t)length, LENGTH_BITS);
    range_put_raw(e, value, length);
}

static bool get_plain(struct range_decoder *d, uint64_t *value) {
    const int length = (int)range_get_raw(d, LENGTH_BITS);
    if (length > 64)
        return false;
    *value = range_get_raw(d, length);
    return true;
}

static inline void put_left(struct model *m, struct range_encoder *e, uint64_t left) {
    struct range_bit *steps = NULL;
    const int shift = shift_of(m, &steps, m);
    const uint64_t quotient = left >> shift;
    for (uint64_t k = 0; k < STEPS && k <= quotient; k++)
        range_put(e, &steps[k], k < quotient);
    if (quotient >= STEPS)
        put_plain(e, quotient - STEPS);
    range_put_raw(e, left, shift);
    model_learn(m, left);
}

static inline bool get_left(struct model *m, struct range_decoder *d, uint64_t *left) {
    struct range_bit *steps = NULL;
    const int shift = shift_of(m, &steps, m);
    uint64_t quotient = 0;
    while (quotient < STEPS && range_get(d, &steps[quotient]))
        quotient++;
    if (quotient == STEPS) {
        if (!get_plain(d, &quotient))
            return false;
        quotient += STEPS;
    }
    *left = quotient << shift | range_get_raw(d, shift);
    model_learn(m, *left);
    return true;
}

/* ---- columns ---- */

/* 0: all are equal. 1 also where differences wrap, unless the factor survives that. */
static uint64_t factor_of(const int64_t *numbers, size_t count) {
    uint64_t factor = 0;
    for (size_t i = 1; i < count && factor != 1; i++) {
        const int64_t step = (int64_t)((uint64_t)numbers[i] - (uint64_t)numbers[i - 1]);
        uint64_t a = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;
        if (factor != 0 && a % factor == 0)
            continue;
        while (a != 0) {
            const uint64_t rest = factor % a;
            factor = a;
            a = rest;
        }
    }
    if (factor > INT64_MAX)
        return 1;
    for (size_t i = 1; i < count && factor > 1; i++)
        if ((int64_t)((uint64_t)numbers[i] - (uint64_t)numbers[0]) % (int64_t)factor != 0)
            return 1;
    return factor;
}

/* As so many factors from the first one. A division by an odd number that leaves nothing is a multiplication by its
 * inverse among 64-bit numbers. */
static void scale(const int64_t *numbers, size_t count, uint64_t factor, uint64_t *out) {
    const int twos = factor == 0 ? 0 : __builtin_ctzll(factor);
    const uint64_t odd = factor >> twos;
    uint64_t inverse = odd; /* right in its lowest three bits; each step doubles that */
    for (int i = 0; i < 5; i++)
        inverse *= 2 - odd * inverse;
    for (size_t i = 0; i < count; i++) {
        const int64_t from_first = (int64_t)((uint64_t)numbers[i] - (uint64_t)numbers[0]);
        out[i] = (uint64_t)(from_first >> twos) * inverse;
    }
}

/* About how many sixteenths of a bit `left` takes, beyond a constant: a float's exponent and what follows it. */
static inline uint32_t cost_of(uint64_t left) {
    const float size = (float)(int64_t)(left >> 1) * 2 + 1.5F;
    uint32_t bits;
    memcpy(&bits, &size, sizeof bits);
    return (bits >> 19) - (127 << 4);
}

/* What all cost with that guess. */
static uint64_t try_guess(int kind, const uint64_t *numbers, size_t count) {
    struct guess g = guess_from(kind, 0);
    uint64_t cost = 0;
    for (size_t i = 1; i < count; i++) {
        cost += cost_of(fold(numbers[i] - guess_next(&g)));
        guess_learn(&g, numbers[i]);
    }
    return cost;
}

static bool are_small(const uint64_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++)
        if ((int64_t)numbers[i] >= MEAN_LIMIT || (int64_t)numbers[i] <= -MEAN_LIMIT)
            return false;
    return true;
}

/* The best guess, and the shift to begin with. Each call of try_guess is with a constant, so each is a loop of its own
 * without a look at the kind. */
static int pick_guess(const uint64_t *numbers, size_t count, int *shift) {
    uint64_t costs[GUESSES];
    int best = GUESS_LAST;
    const bool have_means = are_small(numbers, count);
    costs[GUESS_LAST] = try_guess(GUESS_LAST, numbers, count);
    costs[GUESS_LINE] = try_guess(GUESS_LINE, numbers, count);
    costs[GUESS_MEAN_2] = have_means ? try_guess(GUESS_MEAN_2, numbers, count) : UINT64_MAX;
    costs[GUESS_MEAN_4] = have_means ? try_guess(GUESS_MEAN_4, numbers, count) : UINT64_MAX;
    costs[GUESS_MEAN_8] = have_means ? try_guess(GUESS_MEAN_8, numbers, count) : UINT64_MAX;
    costs[GUESS_MEAN_16] = have_means ? try_guess(GUESS_MEAN_16, numbers, count) : UINT64_MAX;
    costs[GUESS_FIRST] = try_guess(GUESS_FIRST, numbers, count);
    for (int kind = 1; kind < GUESSES; kind++)
        if (costs[kind] < costs[best])
            best = kind;
    const uint64_t mean = costs[best] / 16 / (count - 1);
    *shift = mean < SHIFT_MOST ? (int)mean : SHIFT_MOST;
    return best;
}

/* Worth a decision for each number: many are what the one before was, and the others are far from it. */
static bool has_repeats(const int64_t *numbers, size_t count, int kind, int shift) {
    size_t repeats = 0;
    for (size_t i = 1; i < count; i++)
        repeats += numbers[i] == numbers[kind == GUESS_FIRST ? 0 : i - 1];
    return repeats * REPEATS_ONE_IN > count && (shift > 2 || repeats * REPEATS_MANY > count * (REPEATS_MANY - 1));
}

static inline void put_number(struct model *m, struct guess *g, uint64_t number, bool repeats,
                              struct range_encoder *out) {
    const bool is_repeat = repeats && number == guess_repeat(g);
    if (repeats)
        range_put(out, &m->repeats[m->is_repeat], is_repeat);
    m->is_repeat = is_repeat;
    if (!is_repeat)
        put_left(m, out, fold(number - guess_next(g)));
    guess_learn(g, number);
}

static inline bool get_number(struct model *m, struct guess *g, uint64_t *number, bool repeats,
                              struct range_decoder *in) {
    uint64_t left = 0;
    m->is_repeat = repeats && range_get(in, &m->repeats[m->is_repeat]);
    if (m->is_repeat)
        *number = guess_repeat(g);
    else if (get_left(m, in, &left))
        *number = guess_next(g) + unfold(left);
    else
        return false;
    guess_learn(g, *number);
    return true;
}

void numbers_encode(const int64_t *numbers, size_t count, struct range_encoder *out) {
    struct model m;
    int shift = 0;
    if (count == 0)
        return;
    uint64_t scaled[NUMBERS_MAX];
    const uint64_t factor = factor_of(numbers, count);
    scale(numbers, count, factor, scaled);
    const int kind = factor == 0 ? ALL_EQUAL : pick_guess(scaled, count, &shift);
    range_put_raw(out, (uint64_t)kind, GUESS_BITS);
    put_plain(out, fold((uint64_t)numbers[0]));
    if (kind == ALL_EQUAL)
        return;
    put_plain(out, factor);
    range_put_raw(out, (uint64_t)shift, SHIFT_BITS);
    const bool repeats = has_repeats(numbers, count, kind, shift);
    range_put_raw(out, repeats, 1);
    model_init(&m, shift);
    struct guess g = guess_from(kind, 0);
    for (size_t i = 1; i < count; i++)
        put_number(&m, &g, scaled[i], repeats, out);
}

/* With constants for kind and repeats: a loop of its own, with the decoder in registers. */
static inline bool get_all(struct model *m, int kind, bool repeats, uint64_t factor, struct range_decoder *in,
                           int64_t *out, size_t count) {
    struct range_decoder d = *in;
    struct guess g = guess_from(kind, 0);
    for (size_t i = 1; i < count; i++) {
        uint64_t number = 0;
        if (!get_number(m, &g, &number, repeats, &d))
            return false;
        out[i] = (int64_t)((uint64_t)out[0] + number * factor);
    }
    *in = d;
    return true;
}

bool numbers_decode(struct range_decoder *in, int64_t *out, size_t count) {
    struct model m;
    uint64_t first = 0, factor = 0;
    if (count == 0)
        return true;
    const int kind = (int)range_get_raw(in, GUESS_BITS);
    if ((kind >= GUESSES && kind != ALL_EQUAL) || !get_plain(in, &first))
        return false;
    first = unfold(first);
    out[0] = (int64_t)first;
    if (kind == ALL_EQUAL) {
        for (size_t i = 1; i < count; i++)
            out[i] = (int64_t)first;
        return true;
    }
    if (!get_plain(in, &factor) || factor == 0 || factor > INT64_MAX)
        return false;
    model_init(&m, (int)range_get_raw(in, SHIFT_BITS));
    const bool repeats = range_get_raw(in, 1) != 0;
    if (repeats || kind == GUESS_FIRST)
        return get_all(&m, kind, repeats, factor, in, out, count);
    if (kind == GUESS_LAST)
        return get_all(&m, GUESS_LAST, false, factor, in, out, count);
    return kind == GUESS_LINE ? get_all(&m, GUESS_LINE, false, factor, in, out, count)
                              : get_all(&m, kind, false, factor, in, out, count);
}
