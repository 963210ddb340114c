/* One row for each (device, alarm, part) that is shelved. */
#include "store/shelves.h"

#include "store/handle.h"
#include "store/reader_handle.h"

enum { EXPIRE_ROWS = 1000 };

enum result store_shelf_put(struct store *store, int64_t device_id, const char *alarm, const char *part,
                            const struct shelf *shelf) {
    struct query q = query_of(&store->sql, "INSERT INTO shelf(device, alarm, part, who, reason, from_ms, until_ms)"
                                           " VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(device, alarm, part) DO UPDATE SET"
                                           " who = excluded.who, reason = excluded.reason, from_ms = excluded.from_ms,"
                                           " until_ms = excluded.until_ms");
    put_int(&q, device_id);
    put_text(&q, alarm);
    put_text(&q, part);
    put_text(&q, shelf->by);
    put_text(&q, shelf->reason);
    put_int(&q, shelf->from_ms);
    put_int(&q, shelf->until_ms);
    return query_run(&q);
}

enum result store_shelf_delete(struct store *store, int64_t device_id, const char *alarm, const char *part) {
    struct query q = query_of(&store->sql, "DELETE FROM shelf WHERE device = ? AND alarm = ? AND part = ?");
    put_int(&q, device_id);
    put_text(&q, alarm);
    put_text(&q, part);
    return query_run(&q);
}

enum result store_shelves_expire(struct store *store, int64_t now_ms, int *count) {
    struct query q = query_of(&store->sql, "DELETE FROM shelf WHERE id IN"
                                           " (SELECT id FROM shelf WHERE until_ms <= ? ORDER BY until_ms LIMIT ?)");
    *count = 0;
    put_int(&q, now_ms);
    put_int(&q, EXPIRE_ROWS);
    const enum result result = query_run(&q);
    if (result == RESULT_OK)
        *count = sqlite3_changes(store->sql.db);
    return result;
}

enum result store_shelves_count(struct store *store, int64_t *out) {
    struct query q = query_of(&store->sql, "SELECT count(*) FROM shelf INDEXED BY shelf_until WHERE until_ms > 0");
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *out = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result reader_shelves(struct reader *reader, int limit, shelf_fn *fn, void *self) {
    struct query q = query_of(
        &reader->sql, "SELECT d.device, s.alarm, s.part, s.who, s.reason, s.from_ms, s.until_ms, coalesce(a.id, 0),"
                      " coalesce(a.is_active, 0) FROM shelf s JOIN device d ON d.id = s.device"
                      " LEFT JOIN alarm a ON a.id = (SELECT max(id) FROM alarm n WHERE n.device = s.device"
                      "  AND n.alarm = s.alarm AND n.part = s.part) ORDER BY s.until_ms LIMIT ?");
    put_int(&q, reader_limit(limit));
    while (query_next(&q)) {
        struct shelf_row row = {.device = take_text(&q)};
        row.alarm = take_text(&q);
        row.part = take_text(&q);
        row.by = take_text(&q);
        row.reason = take_text(&q);
        row.from_ms = take_int(&q);
        row.until_ms = take_int(&q);
        row.alarm_id = take_int(&q);
        row.is_active = take_int(&q) != 0;
        fn(self, &row);
    }
    return query_end(&q);
}
