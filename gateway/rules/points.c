/* Three widths for values and three for steps; a ring has one of each and is written anew when a sample does not fit.
 * A value is held as a whole number of 10^-decimals when dividing that number gives back the very same double, which is
 * so for every decimal of up to 15 digits; where no decimals do, all values are doubles. Once empty, a ring begins with
 * the narrow forms again.
 *
 * When whole numbers leave their width the ring moves its base or gets a wider form; the base is moved only while the
 * values there take a quarter of the width, so that a counter that runs does not make every sample cost a rewrite.
 *
 * Left: XOR coding as in Gorilla (smaller, but the oldest can only be found by decoding from a block's begin) and float
 * (loses digits of counters). Owned by a window. */
#include "rules/points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

enum { ROOM_FIRST = 8, DECIMALS_MAX = 6 };
enum { NARROW = 2, MIDDLE = 4, WIDE = 8 };
#define WHOLE_MAX    2251799813685248.0 /* 2^51: up to here adding ROUNDER rounds to a whole number */
#define ROUNDER      6755399441055744.0 /* 1.5 * 2^52 */
#define NARROW_FIRST 16384              /* spread up to which the narrow form is chosen */
#define MIDDLE_FIRST 1073741824
#define STEP_BIAS    32768 /* steps are not negative: two bytes reach 65,535 ms */

static const double POWERS[DECIMALS_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};

struct form {
    int64_t base;
    uint8_t value_bytes, step_bytes, decimals;
};

void points_fini(struct points *p) {
    free(p->data);
    *p = (struct points){0};
}

static inline size_t place(const struct points *p, size_t index) {
    size_t at = p->head + index;
    return at < p->room ? at : at - p->room;
}

static inline char *steps_of(const struct points *p) {
    return p->data + (size_t)p->room * p->value_bytes;
}

/* ---- numbers in their forms ---- */

static inline int64_t signed_get(const char *at, unsigned bytes) {
    int16_t narrow;
    int32_t middle;
    int64_t wide;
    if (bytes == NARROW) {
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    }
    if (bytes == MIDDLE) {
        memcpy(&middle, at, sizeof middle);
        return middle;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

static inline void signed_put(char *at, unsigned bytes, int64_t number) {
    int16_t narrow = (int16_t)number;
    int32_t middle = (int32_t)number;
    if (bytes == NARROW)
        memcpy(at, &narrow, sizeof narrow);
    else if (bytes == MIDDLE)
        memcpy(at, &middle, sizeof middle);
    else
        memcpy(at, &number, sizeof number);
}

static inline bool signed_fits(unsigned bytes, int64_t number) {
    return bytes == NARROW   ? number >= INT16_MIN && number <= INT16_MAX
           : bytes == MIDDLE ? number >= INT32_MIN && number <= INT32_MAX
                             : true;
}

/* The whole number that stands for this value; false: none gives it back exactly. */
static inline bool whole_of(double value, unsigned decimals, int64_t *out) {
    double scaled = value * POWERS[decimals];
    if (!(fabs(scaled) < WHOLE_MAX))
        return false;
    double rounded = (scaled + ROUNDER) - ROUNDER;
    *out = (int64_t)rounded;
    return rounded / POWERS[decimals] == value;
}

double points_value(const struct points *p, size_t index) {
    const char *at = p->data + place(p, index) * p->value_bytes;
    double value;
    if (p->value_bytes == WIDE) {
        memcpy(&value, at, sizeof value);
        return value;
    }
    value = (double)(p->base + signed_get(at, p->value_bytes));
    return p->decimals ? value / POWERS[p->decimals] : value;
}

int64_t points_step_ms(const struct points *p, size_t index) {
    return signed_get(steps_of(p) + place(p, index) * p->step_bytes, p->step_bytes) + STEP_BIAS;
}

/* `whole` is the value's, where the form is not WIDE. */
static inline void value_put(struct points *p, size_t index, double value, int64_t whole) {
    char *at = p->data + place(p, index) * p->value_bytes;
    if (p->value_bytes == WIDE)
        memcpy(at, &value, sizeof value);
    else
        signed_put(at, p->value_bytes, whole - p->base);
}

static inline void step_put(struct points *p, size_t index, int64_t step_ms) {
    signed_put(steps_of(p) + place(p, index) * p->step_bytes, p->step_bytes, step_ms - STEP_BIAS);
}

/* ---- changing the form ---- */

static void rewrite(struct points *p, const struct form *form, size_t room) {
    struct points to = *p;
    to.data = mem_alloc(room * ((size_t)form->value_bytes + form->step_bytes));
    to.head = 0;
    to.room = (uint16_t)room;
    to.base = form->base;
    to.value_bytes = form->value_bytes;
    to.step_bytes = form->step_bytes;
    to.decimals = form->decimals;
    for (size_t i = 0; i < p->count; i++) {
        double value = points_value(p, i);
        int64_t whole = 0;
        if (to.value_bytes != WIDE)
            (void)whole_of(value, to.decimals, &whole);
        value_put(&to, i, value, whole);
        step_put(&to, i, points_step_ms(p, i));
    }
    free(p->data);
    *p = to;
}

/* The narrowest form in which this value and all that are there have whole numbers; false: there is none. */
static bool form_choose(const struct points *p, double value, unsigned decimals, struct form *out) {
    int64_t low, high, whole;
    if (!whole_of(value, decimals, &low))
        return false;
    high = low;
    for (size_t i = 0; i < p->count; i++) {
        if (p->value_bytes == WIDE || !whole_of(points_value(p, i), decimals, &whole))
            return false;
        low = whole < low ? whole : low;
        high = whole > high ? whole : high;
    }
    int64_t spread = high - low;
    if (spread > MIDDLE_FIRST)
        return false;
    out->value_bytes = spread > NARROW_FIRST ? MIDDLE : NARROW;
    if (p->count > 0 && out->value_bytes < p->value_bytes)
        out->value_bytes = p->value_bytes;
    out->base = low + spread / 2;
    out->decimals = (uint8_t)decimals;
    return true;
}

static void fit_value(struct points *p, double value) {
    struct form form = {.value_bytes = WIDE, .step_bytes = p->step_bytes ? p->step_bytes : NARROW};
    unsigned decimals = p->count > 0 ? p->decimals : 0;
    while (decimals <= DECIMALS_MAX && !form_choose(p, value, decimals, &form))
        decimals++;
    rewrite(p, &form, p->room ? p->room : ROOM_FIRST);
}

/* Room for one more, in a form that holds it; *whole is its whole number. */
static void make_room(struct points *p, double value, int64_t step_ms, int64_t *whole) {
    *whole = 0;
    bool begins_wide = p->count == 0 && p->value_bytes != NARROW;
    if (begins_wide || (p->value_bytes != WIDE &&
                        !(whole_of(value, p->decimals, whole) && signed_fits(p->value_bytes, *whole - p->base)))) {
        fit_value(p, value);
        (void)whole_of(value, p->decimals, whole);
    }
    struct form form = {p->base, p->value_bytes, p->step_bytes, p->decimals};
    while (!signed_fits(form.step_bytes, step_ms - STEP_BIAS))
        form.step_bytes = (uint8_t)(form.step_bytes * 2);
    size_t room = p->room;
    if (p->count == room)
        room = room + room / 4 > POINTS_MAX ? POINTS_MAX : room + room / 4;
    if (room != p->room || form.step_bytes != p->step_bytes)
        rewrite(p, &form, room);
}

/* ---- the contract ---- */

void points_push(struct points *p, int64_t at_ms, double value) {
    int64_t whole, step_ms = p->count > 0 ? at_ms - p->last_ms : 0;
    make_room(p, value, step_ms, &whole);
    value_put(p, p->count, value, whole);
    step_put(p, p->count, step_ms);
    if (p->count++ == 0)
        p->first_ms = at_ms;
    p->last_ms = at_ms;
}

void points_insert(struct points *p, size_t index, int64_t at_ms, double value) {
    int64_t whole, before_ms = p->first_ms;
    for (size_t i = 1; i < index; i++)
        before_ms += points_step_ms(p, i);
    int64_t after_ms = index > 0 ? before_ms + points_step_ms(p, index) : p->first_ms;
    make_room(p, value, after_ms - at_ms, &whole);
    for (size_t i = p->count; i > index; i--) {
        size_t to = place(p, i), from = place(p, i - 1);
        memcpy(p->data + to * p->value_bytes, p->data + from * p->value_bytes, p->value_bytes);
        step_put(p, i, points_step_ms(p, i - 1));
    }
    p->count++;
    value_put(p, index, value, whole);
    step_put(p, index, index > 0 ? at_ms - before_ms : 0);
    step_put(p, index + 1, after_ms - at_ms);
    if (index == 0)
        p->first_ms = at_ms;
}

void points_drop(struct points *p) {
    if (p->count > 1)
        p->first_ms += points_step_ms(p, 1);
    p->head = (uint16_t)place(p, 1);
    p->count--;
}

void points_prefetch(const struct points *p) {
    if (!p->data)
        return;
    size_t end = place(p, p->count);
    __builtin_prefetch(p->data + (size_t)p->head * p->value_bytes);
    __builtin_prefetch(p->data + end * p->value_bytes, 1);
    __builtin_prefetch(steps_of(p) + (size_t)p->head * p->step_bytes);
    __builtin_prefetch(steps_of(p) + end * p->step_bytes, 1);
}

size_t points_bytes(const struct points *p) {
    return (size_t)p->room * ((size_t)p->value_bytes + p->step_bytes);
}
