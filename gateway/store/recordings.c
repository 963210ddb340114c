/* Rows of recordings, beside the sessions' rows: holds and removals come long after a session is over, and have nothing
 * to do with its states. The index holds only what may still be removed, in the order of its end. */
#include "store/recordings.h"

#include <string.h>

#include "store/handle.h"
#include "store/reader_handle.h"
#include "store/rows.h"

static enum result read_row(struct sql *sql, const char *session, struct recording *out) {
    struct query q = query_of(sql, "SELECT held_by, hold_reason, held_ms, removed_ms FROM recording WHERE session = ?");
    *out = (struct recording){0};
    memcpy(out->session, session, strnlen(session, CAP_UUID_BYTES));
    put_text(&q, session);
    const enum result result = query_one(&q);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    if (result != RESULT_OK)
        return result;
    take_copy(&q, out->held_by, sizeof out->held_by);
    take_copy(&q, out->hold_reason, sizeof out->hold_reason);
    out->held_ms = take_int(&q);
    out->removed_ms = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result store_recording_read(struct store *store, const char *session, struct recording *out) {
    return read_row(&store->sql, session, out);
}

enum result reader_recording(struct reader *reader, const char *session, struct recording *out) {
    return read_row(&reader->sql, session, out);
}

enum result store_recording_put(struct store *store, const struct recording *r) {
    struct query q =
        query_of(&store->sql, "INSERT INTO recording(session, held_by, hold_reason, held_ms, removed_ms, is_kept)"
                              " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(session) DO UPDATE SET held_by = ?2,"
                              " hold_reason = ?3, held_ms = ?4, removed_ms = ?5, is_kept = ?6");
    put_text(&q, r->session);
    put_text(&q, r->held_by);
    put_text(&q, r->hold_reason);
    put_int(&q, r->held_ms);
    put_int(&q, r->removed_ms);
    put_int(&q, r->held_by[0] != '\0' || r->removed_ms != 0);
    return query_run(&q);
}

enum result store_recording_expired(struct store *store, int64_t before_ms, struct session *out) {
    char id[CAP_UUID_BYTES + 1];
    struct query q = query_of(&store->sql, "SELECT session FROM recording WHERE is_kept = 0 AND ended_ms < ?"
                                           " ORDER BY ended_ms LIMIT 1");
    put_int(&q, before_ms);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_copy(&q, id, sizeof id);
    query_close(&q);
    return find_session(&store->sql, id, out);
}
