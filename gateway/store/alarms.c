/* Alarm rows. That only one of a (device, alarm, part) is active is the schema's to keep (a unique index), not this
 * code's. */
#include "store/cases.h"
#include "store/handle.h"
#include "store/rows.h"

static void put_state(struct query *q, const struct alarm *alarm) {
    put_int(q, alarm->severity);
    put_int(q, alarm->is_active);
    put_int(q, alarm->is_unknown);
    put_int(q, alarm->is_acknowledged);
    put_text(q, alarm->acknowledged_by);
    put_int(q, alarm->acknowledged_ms);
    put_int(q, alarm->opens_ticket);
    put_text(q, alarm->summary);
    put_text(q, alarm->description);
    put_real(q, alarm->value);
    put_int(q, alarm->first_raised_ms);
    put_int(q, alarm->raised_ms);
    put_int(q, alarm->cleared_ms);
    put_int(q, alarm->count);
    put_int(q, alarm->flap_count);
    put_int(q, alarm->is_flapping);
    if (alarm->ticket != 0)
        put_int(q, alarm->ticket);
    else
        put_null(q);
    put_int(q, alarm->latches);
    put_int(q, alarm->isolates);
    put_int(q, alarm->is_latched);
    put_int(q, alarm->gone_ms);
    put_text(q, alarm->explanation);
    put_int(q, alarm->taken_ms);
    if (alarm->incident != 0)
        put_int(q, alarm->incident);
    else
        put_null(q);
    put_int(q, alarm->is_in_ticket);
    put_int(q, alarm->silence);
    put_int(q, alarm->surface_ms);
}

static enum result insert(struct store *store, struct alarm *alarm) {
    struct query q = query_of(
        &store->sql,
        "INSERT INTO alarm(device, alarm, part, is_fault_code, severity, is_active, is_unknown, is_acknowledged,"
        " acknowledged_by, acknowledged_ms, opens_ticket, summary, description, value, first_raised_ms, raised_ms,"
        " cleared_ms, count, flap_count, is_flapping, ticket, latches, isolates, is_latched, gone_ms, explanation,"
        " taken_ms, incident, is_in_ticket, silence, surface_ms)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, alarm->device_id);
    put_text(&q, alarm->alarm);
    put_text(&q, alarm->part);
    put_int(&q, alarm->is_fault_code);
    put_state(&q, alarm);
    const enum result result = query_run(&q);
    if (result == RESULT_OK)
        alarm->id = sqlite3_last_insert_rowid(store->sql.db);
    return result;
}

enum result store_alarm_put(struct store *store, struct alarm *alarm) {
    if (alarm->id == 0)
        return insert(store, alarm);
    struct query q = query_of(
        &store->sql,
        "UPDATE alarm SET severity = ?, is_active = ?, is_unknown = ?, is_acknowledged = ?, acknowledged_by = ?,"
        " acknowledged_ms = ?, opens_ticket = ?, summary = ?, description = ?, value = ?, first_raised_ms = ?,"
        " raised_ms = ?, cleared_ms = ?, count = ?, flap_count = ?, is_flapping = ?, ticket = ?, latches = ?,"
        " isolates = ?, is_latched = ?, gone_ms = ?, explanation = ?, taken_ms = ?, incident = ?, is_in_ticket = ?,"
        " silence = ?, surface_ms = ? WHERE id = ?");
    put_state(&q, alarm);
    put_int(&q, alarm->id);
    const enum result result = query_run(&q);
    if (result == RESULT_OK && sqlite3_changes(store->sql.db) == 0)
        return RESULT_NOT_FOUND;
    return result;
}

void take_alarm(struct query *q, struct alarm *out) {
    out->id = take_int(q);
    out->device_id = take_int(q);
    take_copy(q, out->device, sizeof out->device);
    take_copy(q, out->alarm, sizeof out->alarm);
    take_copy(q, out->part, sizeof out->part);
    out->severity = (enum severity)take_int(q);
    out->is_active = take_int(q) != 0;
    out->is_unknown = take_int(q) != 0;
    out->is_acknowledged = take_int(q) != 0;
    take_copy(q, out->acknowledged_by, sizeof out->acknowledged_by);
    out->acknowledged_ms = take_int(q);
    out->is_fault_code = take_int(q) != 0;
    out->opens_ticket = take_int(q) != 0;
    take_copy(q, out->summary, sizeof out->summary);
    take_copy(q, out->description, sizeof out->description);
    out->value = take_real(q);
    out->first_raised_ms = take_int(q);
    out->raised_ms = take_int(q);
    out->cleared_ms = take_int(q);
    out->count = take_int(q);
    out->flap_count = take_int(q);
    out->is_flapping = take_int(q) != 0;
    out->ticket = take_int(q); /* NULL reads as 0 */
    out->latches = take_int(q) != 0;
    out->isolates = take_int(q) != 0;
    out->is_latched = take_int(q) != 0;
    out->gone_ms = take_int(q);
    take_copy(q, out->explanation, sizeof out->explanation);
    out->taken_ms = take_int(q);
    out->incident = take_int(q);
    out->is_in_ticket = take_int(q) != 0;
    out->silence = (enum silence)take_int(q);
    out->surface_ms = take_int(q);
    take_copy(q, out->shelf.by, sizeof out->shelf.by);
    take_copy(q, out->shelf.reason, sizeof out->shelf.reason);
    out->shelf.from_ms = take_int(q);
    out->shelf.until_ms = take_int(q);
}

static enum result take_one(struct query *q, struct alarm *out) {
    const enum result result = query_one(q);
    if (result != RESULT_OK)
        return result;
    take_alarm(q, out);
    query_close(q);
    return RESULT_OK;
}

enum result store_alarm_find(struct store *store, int64_t id, struct alarm *out) {
    struct query q = query_of(&store->sql, "SELECT " ALARM_COLUMNS ALARM_FROM "WHERE a.id = ?");
    put_int(&q, id);
    return take_one(&q, out);
}

enum result store_alarm_newest(struct store *store, int64_t device_id, const char *alarm, const char *part,
                               struct alarm *out) {
    struct query q = query_of(&store->sql, "SELECT " ALARM_COLUMNS ALARM_FROM "WHERE a.device = ? AND a.alarm = ? AND"
                                           " a.part = ? ORDER BY a.id DESC LIMIT 1");
    put_int(&q, device_id);
    put_text(&q, alarm);
    put_text(&q, part);
    return take_one(&q, out);
}

enum result store_alarms_load(struct store *store, int64_t cleared_since_ms, alarm_fn *fn, void *self) {
    struct query q =
        query_of(&store->sql,
                 "SELECT " ALARM_COLUMNS ALARM_FROM "WHERE a.id IN (SELECT id FROM alarm WHERE is_active = 1 UNION ALL"
                 " SELECT id FROM alarm c WHERE is_active = 0 AND cleared_ms > ? AND NOT EXISTS (SELECT 1 FROM alarm n"
                 "  WHERE n.device = c.device AND n.alarm = c.alarm AND n.part = c.part AND n.id > c.id)) ORDER BY "
                 "a.device, a.id");
    put_int(&q, cleared_since_ms);
    while (query_next(&q)) {
        struct alarm alarm;
        take_alarm(&q, &alarm);
        fn(self, &alarm);
    }
    return query_end(&q);
}

/* ---- what a turn looks at ---- */

/* At most `limit` rows of the index after `after`, in order of their ids; around at the end. */
static enum result walk(struct store *store, const char *text, int64_t *after, int limit, alarm_fn *fn, void *self) {
    struct query q = query_of(&store->sql, text);
    int count = 0;
    put_int(&q, *after);
    put_int(&q, limit);
    while (query_next(&q)) {
        struct alarm alarm;
        take_alarm(&q, &alarm);
        *after = alarm.id;
        fn(self, &alarm);
        count++;
    }
    if (count < limit)
        *after = 0;
    return query_end(&q);
}

enum result store_alarms_quiet(struct store *store, int64_t *after, int limit, alarm_fn *fn, void *self) {
    return walk(store,
                "SELECT " ALARM_COLUMNS " FROM alarm a INDEXED BY alarm_quiet" ALARM_JOINS
                "WHERE a.is_active = 1 AND a.silence BETWEEN 1 AND 6 AND a.id > ? ORDER BY a.id LIMIT ?",
                after, limit, fn, self);
}

enum result store_alarms_flapping(struct store *store, int64_t *after, int limit, alarm_fn *fn, void *self) {
    return walk(store,
                "SELECT " ALARM_COLUMNS " FROM alarm a INDEXED BY alarm_flapping" ALARM_JOINS
                "WHERE a.is_flapping = 1 AND a.id > ? ORDER BY a.id LIMIT ?",
                after, limit, fn, self);
}

enum result store_alarm_is_active(struct store *store, int64_t device_id, const char *alarm, bool *out) {
    struct query q = query_of(&store->sql, "SELECT 1 FROM alarm WHERE device = ? AND alarm = ? AND is_active = 1"
                                           " AND is_latched = 0 LIMIT 1");
    put_int(&q, device_id);
    put_text(&q, alarm);
    const enum result result = query_one(&q);
    *out = result == RESULT_OK;
    if (result == RESULT_OK)
        query_close(&q);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result store_raises_since(struct store *store, int64_t since_ms, raise_fn *fn, void *self) {
    struct query q = query_of(
        &store->sql, "SELECT a.device, a.alarm, a.taken_ms, d.model, d.firmware, coalesce(p.site, '')"
                     " FROM alarm a INDEXED BY alarm_taken JOIN device d ON d.id = a.device"
                     " LEFT JOIN location p ON p.device = a.device"
                     " WHERE a.is_active = 1 AND a.taken_ms > ? AND a.opens_ticket = 1 AND a.silence IN (0, 6, 7)"
                     " ORDER BY a.taken_ms");
    put_int(&q, since_ms);
    while (query_next(&q)) {
        struct raise_row row = {.device_id = take_int(&q)};
        row.alarm = take_text(&q);
        row.taken_ms = take_int(&q);
        row.model = take_text(&q);
        row.firmware = take_text(&q);
        row.site = take_text(&q);
        fn(self, &row);
    }
    return query_end(&q);
}
