/* A count of readers for each set of packs, under one lock that is held for a few instructions. Exchanges are rare and
 * reads are requests of people, so neither an epoch scheme nor atomics would be noticed. */
#include "rules/shelf.h"

#include <pthread.h>
#include <stdlib.h>

struct shelf_row {
    struct packs *packs;
    size_t readers;
    struct shelf_row *older;
};
struct shelf {
    pthread_mutex_t lock;
    struct shelf_row *rows; /* newest first: it is the one in use */
};

struct shelf *shelf_new(void) {
    struct shelf *shelf = mem_alloc(sizeof *shelf);
    pthread_mutex_init(&shelf->lock, NULL);
    return shelf;
}

/* All but the newest whose readers have gone, out of the list. */
static struct shelf_row *sweep(struct shelf *shelf) {
    struct shelf_row *gone = NULL;
    struct shelf_row **at = shelf->rows ? &shelf->rows->older : &shelf->rows;
    while (*at) {
        struct shelf_row *row = *at;
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

static void free_rows(struct shelf_row *rows) {
    for (struct shelf_row *next; rows; rows = next) {
        next = rows->older;
        packs_free(rows->packs);
        free(rows);
    }
}

void shelf_free(struct shelf *shelf) {
    if (!shelf)
        return;
    free_rows(shelf->rows);
    pthread_mutex_destroy(&shelf->lock);
    free(shelf);
}

void shelf_put(struct shelf *shelf, struct packs *packs) {
    struct shelf_row *row = mem_alloc(sizeof *row);
    row->packs = packs;
    pthread_mutex_lock(&shelf->lock);
    row->older = shelf->rows;
    shelf->rows = row;
    struct shelf_row *gone = sweep(shelf);
    pthread_mutex_unlock(&shelf->lock);
    free_rows(gone);
}

const struct packs *shelf_take(struct shelf *shelf) {
    pthread_mutex_lock(&shelf->lock);
    struct shelf_row *row = shelf->rows;
    if (row)
        row->readers++;
    pthread_mutex_unlock(&shelf->lock);
    return row ? row->packs : NULL;
}

void shelf_return(struct shelf *shelf, const struct packs *packs) {
    struct shelf_row *gone = NULL;
    pthread_mutex_lock(&shelf->lock);
    for (struct shelf_row *row = shelf->rows; packs && row; row = row->older)
        if (row->packs == packs) {
            row->readers--;
            gone = sweep(shelf);
            break;
        }
    pthread_mutex_unlock(&shelf->lock);
    free_rows(gone);
}
