/* Maintenance windows: from one moment to another nothing that an alarm of these devices does opens a ticket. They end
 * by themselves; a window that is over stays listed as what was done. */
#pragma once
#include "store/reader.h"
#include "store/store.h"

/* Stored: append only. */
enum maintenance_scope { MAINTENANCE_ALL, MAINTENANCE_MODEL, MAINTENANCE_SITE, MAINTENANCE_DEVICE, MAINTENANCE_SCOPES };
const char *maintenance_scope_name(enum maintenance_scope scope); /* "all", "model", "site", "device" */

enum { MAINTENANCE_REASON_BYTES = 199, MAINTENANCE_WHO_BYTES = 63 };
struct maintenance {
    int64_t id; /* 0: not stored yet */
    enum maintenance_scope scope;
    char target[CAP_MODEL_BYTES + 1]; /* model, site or device id; "" for all */
    int64_t from_ms, to_ms;           /* our time, [from, to) */
    char by[MAINTENANCE_WHO_BYTES + 1], reason[MAINTENANCE_REASON_BYTES + 1];
    int64_t created_ms;
    char ended_by[MAINTENANCE_WHO_BYTES + 1]; /* a person ended it early; "" otherwise */
};

FL_CHECK enum result store_maintenance_put(struct store *store, struct maintenance *window); /* id 0: then set */
FL_CHECK enum result store_maintenance_find(struct store *store, int64_t id, struct maintenance *out);
/* How many are not over. */
FL_CHECK enum result store_maintenance_count(struct store *store, int64_t now_ms, int64_t *out);
/* Does one cover such a device now? */
FL_CHECK enum result store_maintenance_covers(struct store *store, int64_t now_ms, const char *model, const char *site,
                                              const char *device, bool *out);

typedef void maintenance_fn(void *self, const struct maintenance *window);
/* is_past: those that are over at now_ms, the newest first; otherwise those that are not, the one that ends first,
 * first. */
FL_CHECK enum result reader_maintenance(struct reader *reader, bool is_past, int64_t now_ms, int limit,
                                        maintenance_fn *fn, void *self);
