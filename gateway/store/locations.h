/* Where a device stands: its site, and what it hangs on (a router, a site controller: another device). */
#pragma once
#include "store/reader.h"
#include "store/store.h"

enum { LOCATION_SITE_BYTES = CAP_MODEL_BYTES, LOCATION_DEPTH_MAX = 8 /* devices above one another */ };
struct location {
    char model[CAP_MODEL_BYTES + 1], firmware[CAP_VERSION_BYTES + 1];
    char site[LOCATION_SITE_BYTES + 1];   /* "": none */
    char parent[CAP_DEVICE_ID_BYTES + 1]; /* "": none */
};
/* [a-z0-9][a-z0-9-]*, at most LOCATION_SITE_BYTES */
bool location_site_valid(const char *text);

FL_CHECK enum result store_location_read(struct store *store, int64_t device_id,
                                         struct location *out); /* or NOT_FOUND */
/* parent 0: none. RESULT_CONFLICT: the device would hang on itself, or more than LOCATION_DEPTH_MAX above one another.
 */
FL_CHECK enum result store_location_put(struct store *store, int64_t device_id, int64_t parent, const char *site);
/* Something above the device is offline, or has an active alarm that isolates: its name in `by`. */
FL_CHECK enum result store_location_is_cut_off(struct store *store, int64_t device_id, bool *out,
                                               char by[CAP_DEVICE_ID_BYTES + 1]);
/* How many devices a group of a storm has. */
FL_CHECK enum result store_count_model(struct store *store, const char *model, const char *firmware, int64_t *out);
FL_CHECK enum result store_count_site(struct store *store, const char *site, int64_t *out);

struct location_row {
    const char *site, *parent;
    bool is_parent_online;
    int64_t children;
};
typedef void location_fn(void *self, const struct location_row *row);
FL_CHECK enum result reader_location(struct reader *reader, const char *device, location_fn *fn,
                                     void *self); /* or NOT_FOUND */
