/* Numbers in ascending order, each a node inside of what it is about: who comes nth, and how many come before one, in
 * logarithmic time. The caller owns the nodes and keeps them where they are while they are in a ranking. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ranked {
    double value;    /* finite; not to be changed inside */
    uint32_t serial; /* unlike any other's in the ranking: decides between equal values */
    uint32_t count;  /* of this node and those below it */
    struct ranked *less, *more;
};
/* A ranking is its top node; NULL: empty. */
void ranking_insert(struct ranked **top, struct ranked *node);
void ranking_remove(struct ranked **top, struct ranked *node); /* it is there */
static inline size_t ranking_count(const struct ranked *top) {
    return top ? top->count : 0;
}
size_t ranking_before(const struct ranked *top,
                      const struct ranked *node);         /* how many; the node itself may be absent */
double ranking_nth(const struct ranked *top, size_t nth); /* from 0; there are more than nth */
