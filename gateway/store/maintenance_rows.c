/* Rows by their end: what is not over is a handful, and each question is a walk over that. */
#include "store/maintenance_rows.h"

#include "store/handle.h"
#include "store/reader_handle.h"

#define COLUMNS "id, scope, target, from_ms, to_ms, who, reason, created_ms, ended_by"

static void put(struct query *q, const struct maintenance *window) {
    put_int(q, window->scope);
    put_text(q, window->target);
    put_int(q, window->from_ms);
    put_int(q, window->to_ms);
    put_text(q, window->by);
    put_text(q, window->reason);
    put_int(q, window->created_ms);
    put_text(q, window->ended_by);
}

static void take(struct query *q, struct maintenance *out) {
    out->id = take_int(q);
    out->scope = (enum maintenance_scope)take_int(q);
    take_copy(q, out->target, sizeof out->target);
    out->from_ms = take_int(q);
    out->to_ms = take_int(q);
    take_copy(q, out->by, sizeof out->by);
    take_copy(q, out->reason, sizeof out->reason);
    out->created_ms = take_int(q);
    take_copy(q, out->ended_by, sizeof out->ended_by);
}

enum result store_maintenance_put(struct store *store, struct maintenance *window) {
    if (window->id != 0) {
        struct query q =
            query_of(&store->sql, "UPDATE maintenance SET scope = ?, target = ?, from_ms = ?, to_ms = ?, who = ?,"
                                  " reason = ?, created_ms = ?, ended_by = ? WHERE id = ?");
        put(&q, window);
        put_int(&q, window->id);
        return query_run(&q);
    }
    struct query q =
        query_of(&store->sql, "INSERT INTO maintenance(scope, target, from_ms, to_ms, who, reason, created_ms,"
                              " ended_by) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    put(&q, window);
    const enum result result = query_run(&q);
    if (result == RESULT_OK)
        window->id = sqlite3_last_insert_rowid(store->sql.db);
    return result;
}

enum result store_maintenance_find(struct store *store, int64_t id, struct maintenance *out) {
    struct query q = query_of(&store->sql, "SELECT " COLUMNS " FROM maintenance WHERE id = ?");
    put_int(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_maintenance_count(struct store *store, int64_t now_ms, int64_t *out) {
    struct query q = query_of(&store->sql, "SELECT count(*) FROM maintenance WHERE to_ms > ?");
    put_int(&q, now_ms);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *out = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result store_maintenance_covers(struct store *store, int64_t now_ms, const char *model, const char *site,
                                     const char *device, bool *out) {
    struct query q = query_of(&store->sql, "SELECT 1 FROM maintenance WHERE to_ms > ?1 AND from_ms <= ?1 AND"
                                           " (scope = 0 OR (scope = 1 AND target = ?2) OR"
                                           " (scope = 2 AND target = ?3) OR (scope = 3 AND target = ?4)) LIMIT 1");
    put_int(&q, now_ms);
    put_text(&q, model);
    put_text(&q, site);
    put_text(&q, device);
    const enum result result = query_one(&q);
    *out = result == RESULT_OK;
    if (result == RESULT_OK)
        query_close(&q);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result reader_maintenance(struct reader *reader, bool is_past, int64_t now_ms, int limit, maintenance_fn *fn,
                               void *self) {
    struct query q = query_of(
        &reader->sql, is_past ? "SELECT " COLUMNS " FROM maintenance WHERE to_ms <= ? ORDER BY to_ms DESC LIMIT ?"
                              : "SELECT " COLUMNS " FROM maintenance WHERE to_ms > ? ORDER BY to_ms LIMIT ?");
    put_int(&q, now_ms);
    put_int(&q, reader_limit(limit));
    while (query_next(&q)) {
        struct maintenance window;
        take(&q, &window);
        fn(self, &window);
    }
    return query_end(&q);
}
