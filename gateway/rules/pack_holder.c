/* A count of readers for each set of packs, under one lock that is held for a few instructions. Exchanges are rare and
 * reads are requests of people, so neither an epoch scheme nor atomics would be noticed. */
#include "rules/pack_holder.h"

#include <pthread.h>
#include <stdlib.h>

struct held_packs {
    struct packs *packs;
    size_t readers;
    struct held_packs *older;
};
struct pack_holder {
    pthread_mutex_t lock;
    struct held_packs *rows; /* newest first: it is the one in use */
};

struct pack_holder *pack_holder_new(void) {
    struct pack_holder *holder = mem_alloc(sizeof *holder);
    pthread_mutex_init(&holder->lock, NULL);
    return holder;
}

/* All but the newest whose readers have gone, out of the list. */
static struct held_packs *sweep(struct pack_holder *holder) {
    struct held_packs *gone = NULL;
    struct held_packs **at = holder->rows ? &holder->rows->older : &holder->rows;
    while (*at) {
        struct held_packs *row = *at;
        if (row->readers > 0) {
            at = &row->older;
            continue;
        }
        *at = row->older;
        row->older = gone;
        gone = row;
    }
    return gone;
}

static void free_rows(struct held_packs *rows) {
    for (struct held_packs *next; rows; rows = next) {
        next = rows->older;
        packs_free(rows->packs);
        free(rows);
    }
}

void pack_holder_free(struct pack_holder *holder) {
    if (!holder)
        return;
    free_rows(holder->rows);
    pthread_mutex_destroy(&holder->lock);
    free(holder);
}

void pack_holder_put(struct pack_holder *holder, struct packs *packs) {
    struct held_packs *row = mem_alloc(sizeof *row);
    row->packs = packs;
    pthread_mutex_lock(&holder->lock);
    row->older = holder->rows;
    holder->rows = row;
    struct held_packs *gone = sweep(holder);
    pthread_mutex_unlock(&holder->lock);
    free_rows(gone);
}

const struct packs *pack_holder_take(struct pack_holder *holder) {
    pthread_mutex_lock(&holder->lock);
    struct held_packs *row = holder->rows;
    if (row)
        row->readers++;
    pthread_mutex_unlock(&holder->lock);
    return row ? row->packs : NULL;
}

void pack_holder_return(struct pack_holder *holder, const struct packs *packs) {
    struct held_packs *gone = NULL;
    pthread_mutex_lock(&holder->lock);
    for (struct held_packs *row = holder->rows; packs && row; row = row->older)
        if (row->packs == packs) {
            row->readers--;
            gone = sweep(holder);
            break;
        }
    pthread_mutex_unlock(&holder->lock);
    free_rows(gone);
}
