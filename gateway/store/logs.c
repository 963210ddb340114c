/* Log lines and events. A line and its search entry are two inserts of one transaction; the entry's tag carries the
 * device, so that a search in one device's lines reads no other's. */
#include "store/records.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/handle.h"
#include "store/rule_logs.h"
#include "store/words.h"

/* Ids are never used again, though the newest row may be deleted (a line that came late is soon too old): rules
 * remember how far they have read by them. `log_top` and `event_top` are the newest ids that were ever deleted. */
#define NEWEST(table)                                                                                                  \
    "max((SELECT coalesce(max(id), 0) FROM " table "), (SELECT coalesce(max(n), 0) FROM counter WHERE name = '" table  \
    "_top'))"

enum result store_log_newest(struct store *store, struct log_place *out) {
    struct query q = query_of(&store->sql, "SELECT " NEWEST("log") ", " NEWEST("event"));
    while (query_next(&q)) {
        out->log = take_int(&q);
        out->event = take_int(&q);
    }
    return query_end(&q);
}

static enum result keep_top(struct store *store, const char *name, int64_t top) {
    struct query q = query_of(&store->sql, "INSERT OR REPLACE INTO counter(name, n) VALUES(?, ?)");
    put_text(&q, name);
    put_int(&q, top);
    return query_run(&q);
}

enum { LINE_BYTES_MAX = 4 * (CAP_LOG_TEXT_BYTES + CAP_LOG_APP_BYTES) + 16 };

/* What is indexed of a line. Deleting from an index without content needs the very same text again. */
static void index_line(const char *app, const char *line, struct buf *out) {
    buf_reset(out);
    words_index(app, out);
    buf_add_u8(out, ' ');
    words_index(line, out);
}

static enum result write_index(struct store *store, const char *text, int64_t id, int64_t device, const char *body) {
    char tags[32];
    snprintf(tags, sizeof tags, "d%lld", (long long)device);
    struct query q = query_of(&store->sql, text);
    put_int(&q, id);
    put_text(&q, tags);
    put_text(&q, body);
    return query_run(&q);
}

static enum result insert_line(struct store *store, int64_t device, int64_t recv_ms, const struct log_record *record) {
    struct query q =
        query_of(&store->sql, "INSERT INTO log(id, device, event_ms, recv_ms, severity, facility, is_cut, app, line)"
                              " VALUES(" NEWEST("log") " + 1, ?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, device);
    put_int(&q, record->event_ms);
    put_int(&q, recv_ms);
    put_int(&q, record->severity);
    put_int(&q, record->facility);
    put_int(&q, record->is_cut);
    put_text(&q, record->app);
    put_text(&q, record->text);
    return query_run(&q);
}

enum result store_log_add(struct store *store, int64_t device, int64_t recv_ms, const struct log_record *record) {
    struct buf body;
    enum result result = insert_line(store, device, recv_ms, record);
    if (result != RESULT_OK)
        return result;
    buf_init(&body, LINE_BYTES_MAX);
    index_line(record->app, record->text, &body);
    result = write_index(store, "INSERT INTO log_text(rowid, tags, body) VALUES(?, ?, ?)",
                         sqlite3_last_insert_rowid(store->sql.db), device, buf_text(&body));
    buf_fini(&body);
    return result;
}

enum result store_logs_expire(struct store *store, int64_t device, int64_t before_ms, int rows_max, int *deleted) {
    struct buf body;
    enum result written = RESULT_OK;
    int64_t *ids = mem_alloc((size_t)(rows_max > 0 ? rows_max : 1) * sizeof *ids);
    int count = 0;
    struct log_place newest = {0};
    buf_init(&body, LINE_BYTES_MAX);
    *deleted = 0;
    struct query q = query_of(&store->sql, "SELECT id, app, line FROM log WHERE device = ? AND event_ms < ?"
                                           " ORDER BY event_ms LIMIT ?");
    put_int(&q, device);
    put_int(&q, before_ms);
    put_int(&q, rows_max);
    while (written == RESULT_OK && query_next(&q)) {
        ids[count] = take_int(&q);
        const char *app = take_text(&q);
        index_line(app, take_text(&q), &body);
        written = write_index(store, "INSERT INTO log_text(log_text, rowid, tags, body) VALUES('delete', ?, ?, ?)",
                              ids[count++], device, buf_text(&body));
    }
    enum result result = query_end(&q);
    if (result == RESULT_OK)
        result = written == RESULT_OK ? store_log_newest(store, &newest) : written;
    for (int i = 0; i < count && result == RESULT_OK; i++) {
        q = query_of(&store->sql, "DELETE FROM log WHERE id = ?");
        put_int(&q, ids[i]);
        result = query_run(&q);
    }
    if (result == RESULT_OK && count > 0)
        result = keep_top(store, "log_top", newest.log);
    if (result == RESULT_OK)
        *deleted = count;
    buf_fini(&body);
    free(ids);
    return result;
}

enum result store_event_add(struct store *store, int64_t device, int64_t recv_ms, const struct event_message *event) {
    struct query q = query_of(
        &store->sql,
        "INSERT INTO event(id, device, event_ms, recv_ms, kind, code, is_active, severity, line,"
        " gap_count, gap_first_ms, gap_last_ms) VALUES(" NEWEST("event") " + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, device);
    put_int(&q, event->event_ms);
    put_int(&q, recv_ms);
    put_int(&q, event->kind);
    put_text(&q, event->code);
    put_int(&q, event->active);
    put_int(&q, event->severity);
    put_text(&q, event->text);
    put_int(&q, (int64_t)event->gap_count);
    put_int(&q, event->gap_first_ms);
    put_int(&q, event->gap_last_ms);
    return query_run(&q);
}

enum result store_events_expire(struct store *store, int64_t device, int64_t before_ms, int rows_max, int *deleted) {
    struct log_place newest = {0};
    enum result result = store_log_newest(store, &newest);
    *deleted = 0;
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&store->sql, "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE device = ?"
                                           " AND event_ms < ? ORDER BY event_ms LIMIT ?)");
    put_int(&q, device);
    put_int(&q, before_ms);
    put_int(&q, rows_max);
    result = query_run(&q);
    if (result == RESULT_OK)
        *deleted = sqlite3_changes(store->sql.db);
    return result == RESULT_OK && *deleted > 0 ? keep_top(store, "event_top", newest.event) : result;
}
