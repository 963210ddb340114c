/* Log lines and events have tables of their own that hold them for weeks, so rules need no journal of them: a place in
 * each table is enough. Ids rise and are never used again (logs.c). */
#include "store/rule_logs.h"

#include "store/handle.h"

enum result store_log_place_put(struct store *store, int64_t device, const struct log_place *place) {
    struct query q = query_of(&store->sql, "INSERT OR REPLACE INTO rule_logs(device, log, event) VALUES(?, ?, ?)");
    put_int(&q, device);
    put_int(&q, place->log);
    put_int(&q, place->event);
    return query_run(&q);
}

enum result store_log_places_load(struct store *store, log_place_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT device, log, event FROM rule_logs ORDER BY device");
    while (query_next(&q)) {
        struct log_place place;
        const int64_t device = take_int(&q);
        place.log = take_int(&q);
        place.event = take_int(&q);
        fn(self, device, &place);
    }
    return query_end(&q);
}

#define LINE_COLUMNS "id, device, event_ms, severity, facility, is_cut, app, line"
#define CODE_COLUMNS "id, device, event_ms, code"

static enum result each_line(struct query *q, log_line_fn *fn, void *self) {
    while (query_next(q)) {
        struct log_record record;
        const int64_t id = take_int(q), device = take_int(q);
        record.event_ms = take_int(q);
        record.severity = (int)take_int(q);
        record.facility = (int)take_int(q);
        record.is_cut = take_int(q) != 0;
        take_copy(q, record.app, sizeof record.app);
        take_copy(q, record.text, sizeof record.text);
        fn(self, device, id, &record);
    }
    return query_end(q);
}

static enum result each_code(struct query *q, log_code_fn *fn, void *self) {
    while (query_next(q)) {
        char code[CAP_CODE_BYTES + 1];
        const int64_t id = take_int(q), device = take_int(q), event_ms = take_int(q);
        take_copy(q, code, sizeof code);
        fn(self, device, id, code, event_ms);
    }
    return query_end(q);
}

enum result store_lines_after(struct store *store, int64_t after, log_line_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT " LINE_COLUMNS " FROM log WHERE id > ? ORDER BY id");
    put_int(&q, after);
    return each_line(&q, fn, self);
}

enum result store_codes_after(struct store *store, int64_t after, log_code_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT " CODE_COLUMNS " FROM event WHERE id > ? AND kind = ?"
                                           " AND is_active = 1 ORDER BY id");
    put_int(&q, after);
    put_int(&q, EVENT_FAULT);
    return each_code(&q, fn, self);
}

enum result store_lines_since(struct store *store, int64_t device, int64_t from_ms, log_line_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT " LINE_COLUMNS " FROM log WHERE device = ? AND event_ms >= ?"
                                           " ORDER BY event_ms, id");
    put_int(&q, device);
    put_int(&q, from_ms);
    return each_line(&q, fn, self);
}

enum result store_codes_since(struct store *store, int64_t device, int64_t from_ms, log_code_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT " CODE_COLUMNS " FROM event WHERE device = ? AND event_ms >= ?"
                                           " AND kind = ? AND is_active = 1 ORDER BY event_ms, id");
    put_int(&q, device);
    put_int(&q, from_ms);
    put_int(&q, EVENT_FAULT);
    return each_code(&q, fn, self);
}
