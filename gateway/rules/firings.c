/* A list that its owner keeps from message to message, so that raising an alarm allocates only when there were never so
 * many at once. */
#include "rules/firings.h"

#include <stdlib.h>
#include <string.h>

void firings_init(struct firings *f) {
    *f = (struct firings){0};
}

void firings_fini(struct firings *f) {
    free(f->items);
    *f = (struct firings){0};
}

void firings_reset(struct firings *f) {
    f->count = 0;
}

struct firing *firings_add(struct firings *f) {
    if (f->count == f->room) {
        f->room = f->room ? f->room * 2 : 8;
        f->items = mem_realloc(f->items, f->room * sizeof *f->items);
    }
    struct firing *firing = &f->items[f->count++];
    memset(firing, 0, sizeof *firing);
    return firing;
}
