/* The store's writer: one SQLite file (WAL, synchronous=FULL), one thread. Everything that writes takes this handle;
 * readers have their own (reader.h). This folder alone includes sqlite3 and turns its errors into ours:
 *
 *   RESULT_FULL     no room on the disk     RESULT_IO       the disk or library failed
 *   RESULT_CORRUPT  the file is damaged     RESULT_BUSY     somebody else holds the file
 *   RESULT_CONFLICT a row that must be unique exists, or what it refers to does not
 *
 * Writes belong between store_begin and store_commit. When a write or the commit fails: store_rollback, and everything
 * since store_begin is as if never done, in the file and in this handle (history.h follows through store_on_end); the
 * caller may try the whole batch again later. The text of the last failure: store_error. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"
#include "fieldline/histogram.h"

struct store;

/* Creates or migrates the file. A file with a newer schema, or one that is not ours, is refused with a fault.
 * May block for the time of a migration. */
FL_CHECK enum result store_open(const char *path, struct store **out, struct fault *fault);
void store_close(struct store *store); /* rolls back what is open */

FL_CHECK enum result store_begin(struct store *store);
FL_CHECK enum result store_commit(struct store *store); /* durable when it returns OK; rolled back when it does not */
void store_rollback(struct store *store);
bool store_is_in_transaction(const struct store *store);
/* Told after each commit (true) and rollback (false); few, in order of registration. */
void store_on_end(struct store *store, void (*fn)(void *self, bool is_committed), void *self);
void store_off_end(struct store *store, void *self);
const char *store_error(const struct store *store);

/* Moves committed pages from the log into the file, off the commit path: a helper thread does the bulk while commits go
 * on, this call only starts it and, when little is left, does the rest so that the log begins anew. Call between
 * transactions, often: it is cheap when there is nothing to do. */
FL_CHECK enum result store_checkpoint(struct store *store);
struct store_figures {
    uint64_t commits, rollbacks, checkpoints;
    int64_t wal_bytes; /* not yet in the file */
};
struct store_figures store_read_figures(const struct store *store);
/* How long the helper's runs took. Any thread. */
const struct histogram *store_checkpoint_seconds(const struct store *store);

/* Small things with a name. *out must be freed; NULL when not there. */
FL_CHECK enum result store_meta_put(struct store *store, const char *key, const char *value);
FL_CHECK enum result store_meta_get(struct store *store, const char *key, char **out);
/* Counters that survive restarts ("messages", "samples", "repeats", ...). reader_counter reads them. */
FL_CHECK enum result store_counter_add(struct store *store, const char *name, int64_t by);
