/* Hoare's selection (1961), as Wirth wrote it: expected linear, with the middle of three as pivot, so that sorted input
 * is a good case and the same input always takes the same way. For small arrays: nothing here keeps the worst case from
 * being square. */
#include "rules/order.h"

#include <math.h>

static double middle_of_three(double a, double b, double c) {
    if (a > b)
        return b > c ? b : a < c ? a : c;
    return b < c ? b : a > c ? a : c;
}

double order_nth(double *values, size_t count, size_t nth) {
    ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, at = (ptrdiff_t)nth;
    while (low < high) {
        const double pivot = middle_of_three(values[low], values[low + (high - low) / 2], values[high]);
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i > j)
                break;
            const double kept = values[i];
            values[i++] = values[j];
            values[j--] = kept;
        }
        if (at <= j)
            high = j;
        else if (at >= i)
            low = i;
        else
            break; /* between them all are the pivot */
    }
    return values[nth];
}

void order_middle(double *values, size_t count, double *low, double *high) {
    *low = *high = order_nth(values, count, count / 2);
    if (count % 2 == 1)
        return;
    *low = values[0];
    for (size_t i = 1; i < count / 2; i++)
        *low = values[i] > *low ? values[i] : *low;
}

double order_median(double *values, size_t count) {
    double low, high;
    order_middle(values, count, &low, &high);
    return low + (high - low) / 2;
}

double order_median_distance(double *values, size_t count, double centre) {
    for (size_t i = 0; i < count; i++)
        values[i] = fabs(values[i] - centre);
    return order_median(values, count);
}

bool order_quantile(double *values, size_t count, double q, double *out) {
    if (!(q >= 0 && q <= 1))
        return false;
    const double at = q * (double)(count - 1);
    const size_t low = (size_t)at, high = low + 1 < count ? low + 1 : low;
    const double below = order_nth(values, count, low);
    *out = below + (order_nth(values + low, count - low, high - low) - below) * (at - (double)low);
    return true;
}
