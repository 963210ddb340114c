/* Maintenance windows (tickets/maintenance.h), kept. */
#pragma once
#include "store/reader.h"
#include "store/store.h"
#include "tickets/maintenance.h"

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
