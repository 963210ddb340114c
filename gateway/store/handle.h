/* What is inside the writer's handle. Private to gateway/store. */
#pragma once
#include "store/checkpoint.h"
#include "store/presence.h"
#include "store/sql.h"
#include "store/store.h"

enum { STORE_LISTENERS = 4 };
struct store {
    struct sql sql;
    char *path;
    bool is_open; /* a transaction is */
    int lock_fd;  /* -1: not claimed */
    struct presence presence;
    struct checkpoint checkpoint;
    int64_t journal_next, journal_next_before; /* id of the next row; as the transaction began. 0: not read yet */
    struct buf journal_payload;                /* scratch */
    struct {
        void (*fn)(void *self, bool is_committed);
        void *self;
    } listeners[STORE_LISTENERS];
    int listener_count;
    struct store_figures figures;
};
void journal_init(struct store *store);
/* This process is the gateway of that file until store_close: RESULT_BUSY when another one is. Claiming twice is fine.
 */
FL_CHECK enum result store_claim(struct store *store);
