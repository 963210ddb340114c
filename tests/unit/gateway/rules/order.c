/* Selection against sorting, over every small array of few values (ties are what selections get wrong) and random big
 * ones. */
#include "rules/order.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BIG = 300 };

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check(const double *values, size_t count) {
    double sorted[BIG], work[BIG];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    for (size_t nth = 0; nth < count; nth++) {
        memcpy(work, values, count * sizeof *values);
        cr_assert_eq(order_nth(work, count, nth), sorted[nth], "%zu of %zu", nth, count);
        for (size_t i = 0; i < count; i++)
            cr_assert(i < nth ? work[i] <= sorted[nth] : work[i] >= sorted[nth], "%zu of %zu: place %zu", nth, count,
                      i);
    }
    const double median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    memcpy(work, values, count * sizeof *values);
    const double is = order_median(work, count);
    cr_assert_float_eq(is, median, 1e-12);
    memcpy(work, values, count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        sorted[i] = fabs(values[i] - median);
    qsort(sorted, count, sizeof *sorted, compare);
    const double distance = order_median_distance(work, count, median);
    cr_assert_float_eq(distance, (sorted[(count - 1) / 2] + sorted[count / 2]) / 2, 1e-12);
}

Test(order, every_array_of_up_to_seven_of_three_values) {
    for (size_t count = 1, all = 3; count <= 7; count++, all *= 3)
        for (size_t number = 0; number < all; number++) {
            double values[7];
            for (size_t i = 0, left = number; i < count; i++, left /= 3)
                values[i] = (double)(left % 3);
            check(values, count);
        }
}

Test(order, big_arrays_random_sorted_reversed_and_constant) {
    uint64_t state = 99;
    for (size_t count = 8; count <= BIG; count += 73)
        for (int kind = 0; kind < 5; kind++) {
            double values[BIG];
            for (size_t i = 0; i < count; i++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                const double random = (double)(state >> 40);
                values[i] = kind == 0   ? random
                            : kind == 1 ? (double)i
                            : kind == 2 ? -(double)i
                            : kind == 3 ? 7
                                        : fmod(random, 5);
            }
            check(values, count);
        }
}
