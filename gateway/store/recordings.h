/* Which recordings are held, which were removed, which are old enough to be. A row for each session that is over, made
 * by the store itself; one that is held while it is live gets its row then. */
#pragma once
#include "sessions/recording.h"
#include "store/reader.h"
#include "store/store.h"

/* No row is none held and none removed. */
FL_CHECK enum result store_recording_read(struct store *store, const char *session, struct recording *out);
FL_CHECK enum result reader_recording(struct reader *reader, const char *session, struct recording *out);
/* Writes hold and removal as they are in `recording`. */
FL_CHECK enum result store_recording_put(struct store *store, const struct recording *recording);
/* The session whose recording is to be removed first: it was over before `before_ms`, and is neither held nor removed.
 * RESULT_NOT_FOUND: none. */
FL_CHECK enum result store_recording_expired(struct store *store, int64_t before_ms, struct session *out);
