/* Few rows; each question walks an index. */
#include "store/incidents.h"

#include "store/handle.h"
#include "store/reader_handle.h"
#include "store/rows.h"

#define COLUMNS                                                                                                        \
    "i.id, i.alarm, i.model, i.firmware, i.site, i.summary, i.severity, i.is_active, i.opened_ms, i.newest_ms,"        \
    " i.closed_ms, i.ticket, i.members, i.active"

static void put(struct query *q, const struct incident *incident) {
    put_text(q, incident->alarm);
    put_text(q, incident->model);
    put_text(q, incident->firmware);
    put_text(q, incident->site);
    put_text(q, incident->summary);
    put_int(q, incident->severity);
    put_int(q, incident->is_active);
    put_int(q, incident->opened_ms);
    put_int(q, incident->newest_ms);
    put_int(q, incident->closed_ms);
    if (incident->ticket != 0)
        put_int(q, incident->ticket);
    else
        put_null(q);
    put_int(q, incident->members);
    put_int(q, incident->active);
}

static void take(struct query *q, struct incident *out) {
    out->id = take_int(q);
    take_copy(q, out->alarm, sizeof out->alarm);
    take_copy(q, out->model, sizeof out->model);
    take_copy(q, out->firmware, sizeof out->firmware);
    take_copy(q, out->site, sizeof out->site);
    take_copy(q, out->summary, sizeof out->summary);
    out->severity = (enum severity)take_int(q);
    out->is_active = take_int(q) != 0;
    out->opened_ms = take_int(q);
    out->newest_ms = take_int(q);
    out->closed_ms = take_int(q);
    out->ticket = take_int(q);
    out->members = take_int(q);
    out->active = take_int(q);
}

static enum result take_one(struct query *q, struct incident *out) {
    const enum result result = query_one(q);
    if (result != RESULT_OK)
        return result;
    take(q, out);
    query_close(q);
    return RESULT_OK;
}

enum result store_incident_put(struct store *store, struct incident *incident) {
    if (incident->id != 0) {
        struct query q =
            query_of(&store->sql, "UPDATE incident SET alarm = ?, model = ?, firmware = ?, site = ?, summary = ?,"
                                  " severity = ?, is_active = ?, opened_ms = ?, newest_ms = ?, closed_ms = ?,"
                                  " ticket = ?, members = ?, active = ? WHERE id = ?");
        put(&q, incident);
        put_int(&q, incident->id);
        return query_run(&q);
    }
    struct query q =
        query_of(&store->sql, "INSERT INTO incident(alarm, model, firmware, site, summary, severity, is_active,"
                              " opened_ms, newest_ms, closed_ms, ticket, members, active)"
                              " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    put(&q, incident);
    const enum result result = query_run(&q);
    if (result == RESULT_OK)
        incident->id = sqlite3_last_insert_rowid(store->sql.db);
    return result;
}

enum result store_incident_find(struct store *store, int64_t id, struct incident *out) {
    struct query q = query_of(&store->sql, "SELECT " COLUMNS " FROM incident i WHERE i.id = ?");
    put_int(&q, id);
    return take_one(&q, out);
}

enum result store_incident_for(struct store *store, const char *alarm, const char *model, const char *firmware,
                               const char *site, int64_t newest_since_ms, struct incident *out) {
    struct query q =
        query_of(&store->sql, "SELECT " COLUMNS " FROM incident i INDEXED BY incident_open JOIN ticket t"
                              " ON t.id = i.ticket WHERE i.is_active = 1 AND i.alarm = ?1 AND t.is_open = 1"
                              " AND i.newest_ms >= ?5 AND ((i.site <> '' AND i.site = ?4) OR"
                              " (i.site = '' AND i.model = ?2 AND i.firmware = ?3)) LIMIT 1");
    put_text(&q, alarm);
    put_text(&q, model);
    put_text(&q, firmware);
    put_text(&q, site);
    put_int(&q, newest_since_ms);
    return take_one(&q, out);
}

enum result store_incident_candidates(struct store *store, const struct incident *incident, int64_t since_ms,
                                      int64_t after, int limit, alarm_fn *fn, void *self) {
    struct query q =
        query_of(&store->sql,
                 "SELECT " ALARM_COLUMNS ALARM_FROM "LEFT JOIN location p ON p.device = a.device"
                 " LEFT JOIN incident i ON i.id = a.incident WHERE a.id IN (SELECT id FROM alarm INDEXED BY alarm_taken"
                 "  WHERE is_active = 1 AND taken_ms > ?2 AND alarm = ?1 AND silence IN (0, 6) AND id > ?6"
                 "  AND opens_ticket = 1)"
                 " AND a.is_latched = 0 AND coalesce(i.is_active, 0) = 0 AND ((?5 <> '' AND p.site = ?5) OR"
                 " (?5 = '' AND d.model = ?3 AND d.firmware = ?4)) ORDER BY a.id LIMIT ?7");
    put_text(&q, incident->alarm);
    put_int(&q, since_ms);
    put_text(&q, incident->model);
    put_text(&q, incident->firmware);
    put_text(&q, incident->site);
    put_int(&q, after);
    put_int(&q, limit);
    while (query_next(&q)) {
        struct alarm alarm;
        take_alarm(&q, &alarm);
        fn(self, &alarm);
    }
    return query_end(&q);
}

enum result reader_incidents(struct reader *reader, const struct incident_query *query, incident_fn *fn, void *self,
                             int64_t *next) {
    struct query q =
        query_of(&reader->sql, query->has_active
                                   ? "SELECT " COLUMNS " FROM incident i WHERE i.is_active = ? AND i.id < ?"
                                     " ORDER BY i.id DESC LIMIT ?"
                                   : "SELECT " COLUMNS " FROM incident i WHERE i.id < ? ORDER BY i.id DESC LIMIT ?");
    const int limit = reader_limit(query->limit);
    int64_t last = 0;
    *next = 0;
    if (query->has_active)
        put_int(&q, query->is_active);
    put_int(&q, query->before > 0 ? query->before : INT64_MAX);
    put_int(&q, limit + 1);
    for (int i = 0; query_next(&q); i++) {
        struct incident incident;
        if (i == limit) {
            *next = last;
            break;
        }
        take(&q, &incident);
        last = incident.id;
        fn(self, &incident);
    }
    return query_end(&q);
}

enum result reader_incident(struct reader *reader, int64_t id, struct incident *out) {
    struct query q = query_of(&reader->sql, "SELECT " COLUMNS " FROM incident i WHERE i.id = ?");
    put_int(&q, id);
    return take_one(&q, out);
}

enum result reader_incident_of_ticket(struct reader *reader, int64_t ticket, struct incident *out) {
    struct query q = query_of(&reader->sql, "SELECT " COLUMNS " FROM incident i WHERE i.ticket = ? LIMIT 1");
    put_int(&q, ticket);
    return take_one(&q, out);
}
