/* A treap (Seidel and Aragon 1996): a binary tree by value whose nodes also lie in a heap by a priority, here a mix of
 * the serial number, so that it is balanced whatever the values do and the same on every machine. Each node counts what
 * is below it. Left: an AVL tree (twice the code), a skip list (more memory), a histogram (needs to know the range). */
#include "rules/ranking.h"

#include <stdbool.h>

static uint32_t priority(const struct ranked *node) {
    uint32_t x = node->serial * 0x9e3779b9u;
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x ^ x >> 16;
}

static bool is_before(const struct ranked *a, const struct ranked *b) {
    return a->value < b->value || (a->value == b->value && a->serial < b->serial);
}

static struct ranked *counted(struct ranked *node) {
    node->count = (uint32_t)(1 + ranking_count(node->less) + ranking_count(node->more));
    return node;
}

/* Everything below `top` that comes before `at`, and the rest. */
static void split(struct ranked *top, const struct ranked *at, struct ranked **less, struct ranked **more) {
    if (!top) {
        *less = *more = NULL;
    } else if (is_before(top, at)) {
        *less = top;
        split(top->more, at, &top->more, more);
        counted(top);
    } else {
        *more = top;
        split(top->less, at, less, &top->less);
        counted(top);
    }
}

/* All of `less` come before all of `more`. */
static struct ranked *join(struct ranked *less, struct ranked *more) {
    if (!less || !more)
        return less ? less : more;
    if (priority(less) > priority(more)) {
        less->more = join(less->more, more);
        return counted(less);
    }
    more->less = join(less, more->less);
    return counted(more);
}

void ranking_insert(struct ranked **top, struct ranked *node) {
    const uint32_t own = priority(node);
    while (*top && priority(*top) >= own) {
        (*top)->count++;
        top = is_before(node, *top) ? &(*top)->less : &(*top)->more;
    }
    split(*top, node, &node->less, &node->more);
    *top = counted(node);
}

void ranking_remove(struct ranked **top, struct ranked *node) {
    while (*top != node) {
        (*top)->count--;
        top = is_before(node, *top) ? &(*top)->less : &(*top)->more;
    }
    *top = join(node->less, node->more);
    node->less = node->more = NULL;
}

size_t ranking_before(const struct ranked *top, const struct ranked *node) {
    size_t before = 0;
    while (top) {
        const bool is_less = is_before(top, node);
        if (is_less)
            before += 1 + ranking_count(top->less);
        top = is_less ? top->more : top->less;
    }
    return before;
}

double ranking_nth(const struct ranked *top, size_t nth) {
    for (;;) {
        const size_t less = ranking_count(top->less);
        if (nth == less)
            return top->value;
        top = nth < less ? top->less : top->more;
        nth -= nth < less ? 0 : less + 1;
    }
}
