/* Tickets are paired greedily, nearest first in time, within a device and alarm: both lists come device by device and
 * in order of time, and a device has few tickets, so a walk over the other list's same device is enough. */
#include "backtest_diff.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"

#define SAME_MS (INT64_C(24) * 3600 * 1000)

static bool is_same(const struct backtest_ticket *a, const struct backtest_ticket *b) {
    return llabs(a->opened_ms - b->opened_ms) <= SAME_MS && strcmp(a->alarm, b->alarm) == 0 &&
           strcmp(a->part, b->part) == 0 && strcmp(a->device, b->device) == 0;
}

static int by_device(const void *a, const void *b) {
    const struct backtest_ticket *x = *(const struct backtest_ticket *const *)a,
                                 *y = *(const struct backtest_ticket *const *)b;
    const int order = strcmp(x->device, y->device);
    return order ? order : (x->opened_ms > y->opened_ms) - (x->opened_ms < y->opened_ms);
}

static const struct backtest_ticket **sorted(const struct backtest *b, size_t *count) {
    const struct backtest_ticket *tickets = backtest_tickets(b, count);
    const struct backtest_ticket **list = mem_alloc((*count + 1) * sizeof *list);
    for (size_t i = 0; i < *count; i++)
        list[i] = &tickets[i];
    if (*count > 0)
        qsort(list, *count, sizeof *list, by_device);
    return list;
}

static void print_ticket(char sign, const struct backtest_ticket *t, struct buf *out) {
    char at[32];
    clock_print(t->opened_ms, at);
    buf_printf(out, "  %c %s %s %s%s%s: %s\n", sign, at, t->device, t->alarm, t->part[0] ? "/" : "", t->part,
               t->subject);
}

static int64_t print_unpaired(char sign, const struct backtest_ticket **list, size_t count, struct buf *out) {
    int64_t unpaired = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i] && unpaired++ < BACKTEST_DIFF_LINES)
            print_ticket(sign, list[i], out);
    if (unpaired > BACKTEST_DIFF_LINES)
        buf_printf(out, "  %c and %lld more\n", sign, (long long)(unpaired - BACKTEST_DIFF_LINES));
    return unpaired;
}

void backtest_compare(const struct backtest *before, const struct backtest *after, struct backtest_diff *out,
                      struct buf *text) {
    size_t was, is, first = 0;
    const struct backtest_ticket **old = sorted(before, &was), **new = sorted(after, &is);
    *out = (struct backtest_diff){0};
    for (size_t i = 0; i < is; i++) {
        const struct backtest_ticket *t = new[i];
        while (first < was && (!old[first] || strcmp(old[first]->device, t->device) < 0))
            first++;
        for (size_t k = first; k < was && (!old[k] || strcmp(old[k]->device, t->device) == 0); k++)
            if (old[k] && is_same(old[k], t)) {
                old[k] = new[i] = NULL;
                out->stay++;
                break;
            }
    }
    out->appear = print_unpaired('+', new, is, text);
    out->vanish = print_unpaired('-', old, was, text);
    free(old);
    free(new);
}

void backtest_print_rules(const struct backtest *b, struct buf *out) {
    size_t count;
    const struct backtest_rule *rules = backtest_rules(b, &count);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "  %-32s %6lld raised %6lld ticket%s\n", rules[i].alarm, (long long)rules[i].raised,
                   (long long)rules[i].tickets, rules[i].tickets == 1 ? "" : "s");
}
