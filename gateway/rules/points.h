/* The samples of a window, one by one, oldest first: a ring that keeps them exactly in as few bytes as they need. What
 * a sensor measures is a short decimal near the one before, a little later: mostly two bytes for the value and two for
 * the time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POINTS_MAX = 1024 };
struct points {
    char *data; /* values, then the steps in time; NULL: none yet */
    int64_t first_ms, last_ms;
    int64_t base; /* what whole numbers are counted from */
    uint16_t head, count, room;
    uint8_t value_bytes; /* 2, 4: whole numbers of 10^-decimals, less base. 8: doubles. 0: not chosen yet */
    uint8_t step_bytes;  /* 2, 4, 8: ms since the one before */
    uint8_t decimals;
};
void points_fini(struct points *p);
/* Newer than all; at most POINTS_MAX. -0 is kept as 0. */
void points_push(struct points *p, int64_t at_ms, double value);
/* Before the one at `index`, which is newer; there is one. */
void points_insert(struct points *p, size_t index, int64_t at_ms, double value);
void points_drop(struct points *p); /* the oldest */
double points_value(const struct points *p, size_t index);
int64_t points_step_ms(const struct points *p, size_t index); /* from the one before; index > 0 */
void points_prefetch(const struct points *p);                 /* both ends are wanted in the cache */
size_t points_bytes(const struct points *p);                  /* beyond the struct */
