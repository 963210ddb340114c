/* The compact ring against a plain array: every value and step comes back exactly, and the bytes are few. */
#include "rules/points.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ROUNDS = 20000 };

static uint64_t state = 88172645463325252u;
static uint32_t below(uint32_t bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % bound;
}

/* What does and what does not fit the narrow forms. */
enum kind { TENTHS, THOUSANDTHS, WHOLES, COUNTER, FAST_COUNTER, HUGE_COUNTER, DOUBLES, JUMPS, SIGNS, MIXED, KINDS };
static double value_of(enum kind kind, size_t i) {
    switch (kind) {
    case TENTHS: return (double)((int32_t)below(4001) - 2000) / 10;
    case THOUSANDTHS: return (double)((int32_t)below(400001) - 200000) / 1000;
    case WHOLES: return below(70000);
    case COUNTER: return (double)(i * 3);
    case FAST_COUNTER: return (double)i * 40000;
    case HUGE_COUNTER: return (double)i * 5e12;
    case DOUBLES: return (double)below(1u << 30) / 7;
    case JUMPS: return i % 300 == 299 ? 1e15 : (double)below(100);
    case SIGNS: return i % 2 ? -0.0 : 1e-6;
    case MIXED: return value_of((enum kind)(i / 500 % MIXED), i);
    case KINDS: break;
    }
    return 0;
}

struct plain {
    int64_t at_ms[POINTS_MAX + 1];
    double values[POINTS_MAX + 1];
    size_t count;
};

static void plain_insert(struct plain *a, size_t index, int64_t at_ms, double value) {
    memmove(&a->at_ms[index + 1], &a->at_ms[index], (a->count - index) * sizeof *a->at_ms);
    memmove(&a->values[index + 1], &a->values[index], (a->count - index) * sizeof *a->values);
    a->at_ms[index] = at_ms;
    a->values[index] = value;
    a->count++;
}

static void compare(const struct points *p, const struct plain *a, enum kind kind, size_t round) {
    cr_assert_eq(p->count, a->count);
    if (a->count == 0)
        return;
    cr_assert_eq(p->first_ms, a->at_ms[0], "kind %d, round %zu", kind, round);
    cr_assert_eq(p->last_ms, a->at_ms[a->count - 1], "kind %d, round %zu", kind, round);
    for (size_t i = 0; i < a->count; i++) {
        cr_assert(points_value(p, i) == a->values[i], "kind %d, round %zu, %zu: %.17g is not %.17g", kind, round, i,
                  points_value(p, i), a->values[i]);
        if (i > 0)
            cr_assert_eq(points_step_ms(p, i), a->at_ms[i] - a->at_ms[i - 1], "kind %d, round %zu, %zu", kind, round,
                         i);
    }
}

static void push(struct points *p, struct plain *a, int64_t step_ms, double value) {
    int64_t at_ms = (a->count > 0 ? a->at_ms[a->count - 1] : 1790000000000) + step_ms;
    plain_insert(a, a->count, at_ms, value);
    points_push(p, at_ms, value);
}

static void insert(struct points *p, struct plain *a, double value) {
    size_t index = below((uint32_t)a->count);
    int64_t after_ms = a->at_ms[index], at_ms = after_ms - 1;
    if (index > 0 && a->at_ms[index - 1] >= at_ms)
        return; /* no room between the two */
    plain_insert(a, index, at_ms, value);
    points_insert(p, index, at_ms, value);
}

static void drop(struct points *p, struct plain *a) {
    a->count--;
    memmove(a->at_ms, a->at_ms + 1, a->count * sizeof *a->at_ms);
    memmove(a->values, a->values + 1, a->count * sizeof *a->values);
    points_drop(p);
}

static int64_t some_step_ms(void) {
    uint32_t what = below(2000);
    return what == 0 ? 100LL * 86400000 : what < 10 ? 70000 : 1 + below(2000);
}

Test(points, come_back_exactly) {
    for (enum kind kind = 0; kind < KINDS; kind++) {
        static struct plain a;
        struct points p = {0};
        a.count = 0;
        size_t most = 1 + below(300);
        for (size_t round = 0; round < ROUNDS; round++) {
            double value = value_of(kind, round);
            uint32_t what = below(100);
            if (round % 5000 == 4999)
                while (a.count > 0)
                    drop(&p, &a);
            if (a.count < POINTS_MAX && (what < 55 || a.count < 2))
                push(&p, &a, some_step_ms(), value);
            else if (a.count < POINTS_MAX && what < 60)
                insert(&p, &a, value);
            while (a.count > most || (what >= 95 && a.count > 0 && below(4)))
                drop(&p, &a);
            if (round % 7 == 0)
                compare(&p, &a, kind, round);
            cr_assert_leq(points_bytes(&p), POINTS_MAX * 16);
        }
        points_fini(&p);
    }
}

Test(points, a_sensor_takes_four_bytes_a_sample) {
    static const struct {
        const char *what;
        double first, step;
        int64_t step_ms;
        size_t bytes;
    } rows[] = {
        {"a temperature", 21.5, 0.01, 1000, 4},       {"far from zero", 101325.25, 0.25, 1000, 4},
        {"a counter", 4000000000, 7, 10000, 4},       {"a level", 12.8, 0, 60000, 4},
        {"a fast counter", 0, 1000, 1000, 6},         {"every five minutes", 21.5, 0.01, 300000, 6},
        {"no short decimal", 1.0 / 3, 0.1, 1000, 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct points p = {0};
        for (int k = 0; k < 1000; k++) {
            double value = rows[i].first + rows[i].step * k;
            if (rows[i].bytes < 10)
                value = round(value * 100) / 100;
            points_push(&p, 1790000000000 + k * rows[i].step_ms, value);
            if (p.count > 300)
                points_drop(&p);
        }
        cr_expect_leq(points_bytes(&p), rows[i].bytes * 300 * 5 / 4, "%s: %zu bytes", rows[i].what, points_bytes(&p));
        cr_expect_geq(points_bytes(&p), rows[i].bytes * 300, "%s: %zu bytes", rows[i].what, points_bytes(&p));
        points_fini(&p);
    }
}

/* A counter that runs must not have its ring written anew with every sample: that would show as a form that changes. */
Test(points, a_running_counter_settles) {
    struct points p = {0};
    int changes = 0;
    int64_t base = 0;
    for (int i = 0; i < 100000; i++) {
        points_push(&p, i * 1000LL, i * 50.0);
        if (p.count > 300)
            points_drop(&p);
        changes += p.base != base;
        base = p.base;
    }
    cr_expect_leq(changes, 400, "%d", changes);
    points_fini(&p);
}
