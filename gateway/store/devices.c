/* Devices, streams, series. Written rarely but for stream positions, which go once for each stream and transaction to a
 * table that holds nothing else. */
#include "store/devices.h"

#include <string.h>

#include "fieldline/json.h"
#include "store/handle.h"

enum { STREAMS_KEPT = 8 };

static void print_diagnostics(const struct birth_message *birth, struct buf *out) {
    struct json_out j = json_out(out);
    jo_array(&j, NULL);
    for (size_t i = 0; i < birth->diagnostic_count; i++)
        jo_str(&j, NULL, birth->diagnostics[i]);
    jo_end(&j);
}

enum result store_device_put(struct store *store, const char *device, const struct birth_message *birth, int64_t now_ms,
                             int64_t *row) {
    struct buf diagnostics;
    buf_init(&diagnostics, 64 * 1024);
    print_diagnostics(birth, &diagnostics);
    struct query q = query_of(
        &store->sql,
        "INSERT INTO device(device, model, serial, firmware, agent, boot, capabilities, diagnostics, born_ms, "
        "created_ms, evidence_bytes)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10) ON CONFLICT(device) DO UPDATE SET model = excluded.model,"
        " serial = excluded.serial, firmware = excluded.firmware, agent = excluded.agent, boot = excluded.boot,"
        " capabilities = excluded.capabilities, diagnostics = excluded.diagnostics, born_ms = excluded.born_ms,"
        " evidence_bytes = excluded.evidence_bytes"
        " RETURNING id");
    put_text(&q, device);
    put_text(&q, birth->model);
    put_text(&q, birth->serial);
    put_text(&q, birth->firmware);
    put_text(&q, birth->agent);
    put_text(&q, birth->boot);
    put_int(&q, birth->capabilities);
    put_text(&q, buf_text(&diagnostics));
    put_int(&q, now_ms);
    put_int(&q, birth->evidence_bytes);
    if (query_next(&q))
        *row = take_int(&q);
    const enum result result = query_run(&q);
    buf_fini(&diagnostics);
    if (result == RESULT_OK)
        presence_see(&store->presence, *row, true, now_ms);
    return result;
}

enum result store_device_seen(struct store *store, int64_t row, bool is_online, int64_t last_seen_ms) {
    presence_see(&store->presence, row, is_online, last_seen_ms);
    return RESULT_OK;
}

enum result store_devices_offline(struct store *store) {
    for (int64_t row = 0; row < store->presence.room; row++)
        if (store->presence.entries[row].is_online)
            presence_see(&store->presence, row, false, store->presence.entries[row].seen_ms);
    return RESULT_OK;
}

static enum result find_stream(struct store *store, int64_t device, const char *stream, int64_t *id) {
    struct query q = query_of(&store->sql, "SELECT id FROM stream WHERE device = ? AND stream = ?");
    put_int(&q, device);
    put_text(&q, stream);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *id = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

/* A device whose spool was made anew leaves streams behind: the ones unused longest go. */
static enum result forget_streams(struct store *store, int64_t device) {
    struct query q = query_of(&store->sql, "DELETE FROM position WHERE stream IN (SELECT s.id FROM stream s"
                                           " JOIN position p ON p.stream = s.id WHERE s.device = ?"
                                           " ORDER BY p.used_ms DESC, s.id DESC LIMIT -1 OFFSET ?)");
    put_int(&q, device);
    put_int(&q, STREAMS_KEPT);
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(&store->sql, "DELETE FROM stream WHERE device = ? AND id NOT IN (SELECT stream FROM position)");
    put_int(&q, device);
    return query_run(&q);
}

static enum result put_position(struct store *store, int64_t stream, uint64_t seq, int64_t now_ms) {
    struct query q = query_of(&store->sql, "INSERT OR REPLACE INTO position(stream, seq, used_ms) VALUES(?, ?, ?)");
    put_int(&q, stream);
    put_int(&q, (int64_t)seq);
    put_int(&q, now_ms);
    return query_run(&q);
}

enum result store_stream_put(struct store *store, int64_t device, const char *stream, bool is_urgent, uint64_t seq,
                             int64_t now_ms, int64_t *row) {
    enum result result = *row != 0 ? RESULT_OK : find_stream(store, device, stream, row);
    if (result == RESULT_OK)
        return put_position(store, *row, seq, now_ms);
    if (result != RESULT_NOT_FOUND)
        return result;
    struct query q = query_of(&store->sql, "INSERT INTO stream(device, stream, is_urgent) VALUES(?, ?, ?)");
    put_int(&q, device);
    put_text(&q, stream);
    put_int(&q, is_urgent);
    result = query_run(&q);
    if (result == RESULT_OK) {
        *row = sqlite3_last_insert_rowid(store->sql.db);
        result = put_position(store, *row, seq, now_ms);
    }
    return result == RESULT_OK ? forget_streams(store, device) : result;
}

enum result store_series_intern(struct store *store, int64_t device, const char *metric, const char *part,
                                int64_t *id) {
    struct query q = query_of(&store->sql, "SELECT id FROM series WHERE device = ? AND metric = ? AND part = ?");
    put_int(&q, device);
    put_text(&q, metric);
    put_text(&q, part);
    enum result result = query_one(&q);
    if (result == RESULT_OK) {
        *id = take_int(&q);
        query_close(&q);
    }
    if (result != RESULT_NOT_FOUND)
        return result;
    q = query_of(&store->sql, "INSERT INTO series(device, metric, part) VALUES(?, ?, ?)");
    put_int(&q, device);
    put_text(&q, metric);
    put_text(&q, part);
    result = query_run(&q);
    if (result == RESULT_OK)
        *id = sqlite3_last_insert_rowid(store->sql.db);
    return result;
}

static enum result load_devices(struct store *store, const struct device_loader *loader) {
    struct query q = query_of(&store->sql, "SELECT d.id, d.device, d.model, d.serial, d.firmware, d.agent, d.boot,"
                                           " d.capabilities, p.last_seen_ms, d.evidence_bytes FROM device d"
                                           " LEFT JOIN presence p ON p.device = d.id ORDER BY d.id");
    while (query_next(&q)) {
        struct device_loaded d;
        d.row = take_int(&q);
        d.device = take_text(&q);
        d.model = take_text(&q);
        d.serial = take_text(&q);
        d.firmware = take_text(&q);
        d.agent = take_text(&q);
        d.boot = take_text(&q);
        d.capabilities = (uint32_t)take_int(&q);
        d.last_seen_ms = take_int(&q);
        d.evidence_bytes = take_int(&q);
        loader->device(loader->self, &d);
    }
    return query_end(&q);
}

static enum result load_streams(struct store *store, const struct device_loader *loader) {
    struct query q = query_of(&store->sql, "SELECT s.device, s.stream, s.is_urgent, p.seq, p.used_ms FROM stream s"
                                           " JOIN position p ON p.stream = s.id ORDER BY s.device, p.used_ms");
    while (query_next(&q)) {
        struct stream_loaded s;
        s.device = take_int(&q);
        s.stream = take_text(&q);
        s.is_urgent = take_int(&q) != 0;
        s.seq = (uint64_t)take_int(&q);
        s.used_ms = take_int(&q);
        loader->stream(loader->self, &s);
    }
    return query_end(&q);
}

static enum result load_series(struct store *store, const struct device_loader *loader) {
    struct query q = query_of(&store->sql, "SELECT device, id, metric, part FROM series ORDER BY device, id");
    while (query_next(&q)) {
        struct series_loaded s;
        s.device = take_int(&q);
        s.id = take_int(&q);
        s.metric = take_text(&q);
        s.part = take_text(&q);
        loader->series(loader->self, &s);
    }
    return query_end(&q);
}

enum result store_devices_load(struct store *store, const struct device_loader *loader) {
    enum result result = load_devices(store, loader);
    if (result == RESULT_OK)
        result = load_streams(store, loader);
    if (result == RESULT_OK)
        result = load_series(store, loader);
    return result;
}
