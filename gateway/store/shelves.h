/* Shelved alarms: put aside by a person until a moment, whatever the alarm does meanwhile. Rows that have expired are
 * taken out by the turn, so a row that is there is in force. */
#pragma once
#include "rules/alarm.h"
#include "store/reader.h"
#include "store/store.h"

/* Adds or replaces. */
FL_CHECK enum result store_shelf_put(struct store *store, int64_t device_id, const char *alarm, const char *part,
                                     const struct shelf *shelf);
FL_CHECK enum result store_shelf_delete(struct store *store, int64_t device_id, const char *alarm, const char *part);
/* Takes out what has expired; *count of them, at most 1,000 a call. */
FL_CHECK enum result store_shelves_expire(struct store *store, int64_t now_ms, int *count);
FL_CHECK enum result store_shelves_count(struct store *store, int64_t *out);

struct shelf_row {
    const char *device, *alarm, *part, *by, *reason;
    int64_t from_ms, until_ms;
    int64_t alarm_id; /* its newest row; 0: none */
    bool is_active;   /* just now */
};
typedef void shelf_fn(void *self, const struct shelf_row *row);
/* Those that end first, first. */
FL_CHECK enum result reader_shelves(struct reader *reader, int limit, shelf_fn *fn, void *self);
