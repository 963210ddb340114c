/* Kill switches (sessions/kill.h), kept: they outlive a restart. */
#pragma once
#include "sessions/kill.h"
#include "store/reader.h"
#include "store/store.h"

enum { KILLS_MAX = 1000 /* on at the same time */ };
FL_CHECK enum result store_kill_put(struct store *store, struct kill *kill); /* id 0: added, then set */
FL_CHECK enum result store_kill_find(struct store *store, int64_t id, struct kill *out);
FL_CHECK enum result store_kill_count(struct store *store, int64_t *out); /* that are on */
/* Is one on that covers the device or the person? */
FL_CHECK enum result store_killed(struct store *store, const char *device, const char *user, bool *out);
FL_CHECK enum result reader_killed(struct reader *reader, const char *device, const char *user, bool *out);

/* RESULT_NOT_FOUND: no such device. */
FL_CHECK enum result store_kill_knows(struct store *store, const char *device);

typedef void kill_fn(void *self, const struct kill *kill);
FL_CHECK enum result store_kills(struct store *store, kill_fn *fn, void *self); /* that are on */
/* Those that are on, or, is_past, those that were; the newest first. */
FL_CHECK enum result reader_kills(struct reader *reader, bool is_past, int limit, kill_fn *fn, void *self);
