/* Rows of kill switches. What is on is a handful and has an index of its own. */
#include "store/kills.h"

#include <string.h>

#include "store/handle.h"
#include "store/reader_handle.h"

#define COLUMNS "id, scope, target, reason, who, at_ms, is_lifted, lifted_by, lifted_ms"

static void take(struct query *q, struct kill *out) {
    memset(out, 0, sizeof *out);
    out->id = take_int(q);
    out->scope = (enum kill_scope)take_int(q);
    take_copy(q, out->target, sizeof out->target);
    take_copy(q, out->reason, sizeof out->reason);
    take_copy(q, out->by, sizeof out->by);
    out->at_ms = take_int(q);
    out->is_lifted = take_int(q) != 0;
    take_copy(q, out->lifted_by, sizeof out->lifted_by);
    out->lifted_ms = take_int(q);
}

enum result store_kill_put(struct store *store, struct kill *kill) {
    struct query q =
        query_of(&store->sql, "INSERT INTO kill(" COLUMNS ") VALUES(nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?)"
                              " ON CONFLICT(id) DO UPDATE SET is_lifted = excluded.is_lifted,"
                              " lifted_by = excluded.lifted_by, lifted_ms = excluded.lifted_ms RETURNING id");
    put_int(&q, kill->id);
    put_int(&q, kill->scope);
    put_text(&q, kill->target);
    put_text(&q, kill->reason);
    put_text(&q, kill->by);
    put_int(&q, kill->at_ms);
    put_int(&q, kill->is_lifted);
    put_text(&q, kill->lifted_by);
    put_int(&q, kill->lifted_ms);
    if (query_next(&q))
        kill->id = take_int(&q);
    return query_run(&q);
}

enum result store_kill_find(struct store *store, int64_t id, struct kill *out) {
    struct query q = query_of(&store->sql, "SELECT " COLUMNS " FROM kill WHERE id = ?");
    put_int(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_kill_count(struct store *store, int64_t *out) {
    struct query q = query_of(&store->sql, "SELECT count(*) FROM kill WHERE is_lifted = 0");
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *out = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

static enum result killed(struct sql *sql, const char *device, const char *user, bool *out) {
    struct query q = query_of(sql, "SELECT " COLUMNS " FROM kill WHERE is_lifted = 0");
    bool is_killed = false;
    while (query_next(&q)) {
        struct kill kill;
        take(&q, &kill);
        is_killed |= kill_covers(&kill, device, user);
    }
    *out = is_killed;
    return query_end(&q);
}

enum result store_killed(struct store *store, const char *device, const char *user, bool *out) {
    return killed(&store->sql, device, user, out);
}

enum result reader_killed(struct reader *reader, const char *device, const char *user, bool *out) {
    return killed(&reader->sql, device, user, out);
}

enum result store_kill_knows(struct store *store, const char *device) {
    struct query q = query_of(&store->sql, "SELECT 1 FROM device WHERE device = ?");
    put_text(&q, device);
    const enum result result = query_one(&q);
    if (result == RESULT_OK)
        query_close(&q);
    return result;
}

static enum result each(struct query *q, kill_fn *fn, void *self) {
    while (query_next(q)) {
        struct kill kill;
        take(q, &kill);
        fn(self, &kill);
    }
    return query_end(q);
}

enum result store_kills(struct store *store, kill_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT " COLUMNS " FROM kill WHERE is_lifted = 0 ORDER BY id DESC");
    return each(&q, fn, self);
}

enum result reader_kills(struct reader *reader, bool is_past, int limit, kill_fn *fn, void *self) {
    struct query q =
        query_of(&reader->sql, is_past ? "SELECT " COLUMNS " FROM kill WHERE is_lifted = 1 ORDER BY id DESC LIMIT ?"
                                       : "SELECT " COLUMNS " FROM kill WHERE is_lifted = 0 ORDER BY id DESC LIMIT ?");
    put_int(&q, reader_limit(limit));
    return each(&q, fn, self);
}
