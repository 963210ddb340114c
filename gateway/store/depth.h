/* How much waits in the store. */
#pragma once
#include "store/store.h"

struct store_depth {
    int64_t journal_rows;      /* an upper bound: rows leave from the front, now and then one in the middle */
    int64_t journal_oldest_ms; /* when the oldest was received; 0: there is none */
    int64_t outbox_rows, outbox_oldest_ms;
    int64_t file_bytes, wal_file_bytes; /* on the disk */
};
/* On the writer, inside or outside of a transaction; a few index look-ups and a count of the outbox, which is small. */
FL_CHECK enum result store_read_depth(struct store *store, struct store_depth *out);
