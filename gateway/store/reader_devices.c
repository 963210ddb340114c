/* The fleet: lists by id, or by a part of id, serial number or model. What a row counts (alarms, tickets) is looked up
 * by index for the rows of the page only. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"
#include "store/reader_handle.h"

#define COLUMNS                                                                                                        \
    "d.id, d.device, d.model, d.serial, d.firmware, d.agent, d.boot, d.capabilities, d.diagnostics, d.born_ms,"        \
    " coalesce(p.is_online, 0), coalesce(p.last_seen_ms, d.born_ms),"                                                  \
    " (SELECT count(*) FROM alarm a WHERE a.device = d.id AND a.is_active = 1),"                                       \
    " (SELECT coalesce(max(a.severity), 0) FROM alarm a WHERE a.device = d.id AND a.is_active = 1),"                   \
    " (SELECT count(*) FROM ticket t WHERE t.device = d.id AND (t.is_open = 1 OR t.alarms_active > 0)"                 \
    "   AND t.is_open = 1),"                                                                                           \
    " coalesce((SELECT total FROM quarantine_count c WHERE c.device = d.device), 0), coalesce(k.error_ms, 0),"         \
    " coalesce(k.clock_since_ms, 0), coalesce(k.shared_since_ms, 0), coalesce(k.flapping_since_ms, 0),"                \
    " coalesce(k.flooding_since_ms, 0), coalesce(k.dropped, 0)"
#define JOINED " LEFT JOIN presence p ON p.device = d.id LEFT JOIN conduct k ON k.device = d.id "

enum { TRIGRAM = 3 }; /* shorter parts are in no trigram: then it is the beginning of the id that counts */

static void take_device(struct query *q, struct device_row *out) {
    out->id = take_int(q);
    out->device = take_text(q);
    out->model = take_text(q);
    out->serial = take_text(q);
    out->firmware = take_text(q);
    out->agent = take_text(q);
    out->boot = take_text(q);
    out->capabilities = (uint32_t)take_int(q);
    out->diagnostics_json = take_text(q);
    out->born_ms = take_int(q);
    out->is_online = take_int(q) != 0;
    out->last_seen_ms = take_int(q);
    out->alarms_active = take_int(q);
    out->worst = (enum severity)take_int(q);
    out->tickets_open = take_int(q);
    out->quarantined = take_int(q);
    out->clock_error_ms = take_int(q);
    for (int kind = 0; kind < CONDUCT_COUNT; kind++)
        out->trouble_since_ms[kind] = take_int(q);
    out->dropped = take_int(q);
}

/* Runs a query bound to give one row more than the page, calls for the page, and makes the cursor from its last row. */
static enum result run_page(struct query *q, int limit, bool is_by_row, device_fn *fn, void *self,
                            char next[READER_CURSOR_BYTES + 1]) {
    char last[READER_CURSOR_BYTES + 1] = "";
    next[0] = '\0';
    for (int i = 0; query_next(q); i++) {
        if (i == limit) {
            memcpy(next, last, sizeof last);
            break;
        }
        struct device_row row;
        take_device(q, &row);
        if (is_by_row)
            snprintf(last, sizeof last, "%lld", (long long)row.id);
        else
            snprintf(last, sizeof last, "%s", row.device);
        fn(self, &row);
    }
    return query_end(q);
}

static size_t count_chars(const char *text) {
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static enum result by_id(struct reader *reader, const char *prefix, const char *after, int limit, device_fn *fn,
                         void *self, char next[READER_CURSOR_BYTES + 1]) {
    char begin[CAP_DEVICE_ID_BYTES + 1], end[CAP_DEVICE_ID_BYTES + 2];
    size_t count = 0;
    for (; prefix[count] != '\0' && count < CAP_DEVICE_ID_BYTES; count++)
        begin[count] = (char)tolower((unsigned char)prefix[count]);
    begin[count] = '\0';
    snprintf(end, sizeof end, "%s\x7f", begin); /* ids are ASCII below 0x7f */
    struct query q = query_of(&reader->sql, "SELECT " COLUMNS " FROM device d" JOINED
                                            "WHERE d.device > ?1 AND d.device >= ?2 AND d.device < ?3"
                                            " ORDER BY d.device LIMIT ?4");
    put_text(&q, after);
    put_text(&q, begin);
    put_text(&q, end);
    put_int(&q, limit + 1);
    return run_page(&q, limit, false, fn, self, next);
}

static enum result by_part(struct reader *reader, const char *part, const char *after, int limit, device_fn *fn,
                           void *self, char next[READER_CURSOR_BYTES + 1]) {
    struct buf match;
    int64_t after_row = 0;
    if (after[0] != '\0' && !number_i64(after, strlen(after), 1, INT64_MAX, &after_row))
        return RESULT_BAD_INPUT;
    buf_init(&match, 4096);
    buf_add_u8(&match, '"');
    for (; *part != '\0'; part++) {
        if (*part == '"')
            buf_add_u8(&match, '"');
        buf_add_u8(&match, (uint8_t)*part);
    }
    buf_add_u8(&match, '"');
    struct query q =
        query_of(&reader->sql, "SELECT " COLUMNS " FROM device_text x JOIN device d ON d.id = x.rowid" JOINED
                               "WHERE device_text MATCH ? AND x.rowid > ? ORDER BY x.rowid LIMIT ?");
    put_text(&q, buf_text(&match));
    put_int(&q, after_row);
    put_int(&q, limit + 1);
    const enum result result = match.overflow ? RESULT_TOO_BIG : run_page(&q, limit, true, fn, self, next);
    query_close(&q);
    buf_fini(&match);
    return result;
}

enum result reader_devices(struct reader *reader, const struct device_query *query, device_fn *fn, void *self,
                           char next[READER_CURSOR_BYTES + 1]) {
    const char *q = query->q ? query->q : "", *after = query->after ? query->after : "";
    const int limit = reader_limit(query->limit);
    if (strlen(after) > CAP_DEVICE_ID_BYTES)
        return RESULT_BAD_INPUT;
    if (count_chars(q) >= TRIGRAM)
        return by_part(reader, q, after, limit, fn, self, next);
    return by_id(reader, q, after, limit, fn, self, next);
}

enum result reader_device(struct reader *reader, const char *device, device_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT " COLUMNS " FROM device d" JOINED "WHERE d.device = ?");
    put_text(&q, device);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    struct device_row row;
    take_device(&q, &row);
    fn(self, &row);
    return query_end(&q);
}

enum result reader_device_row(struct reader *reader, const char *device, int64_t *row) {
    struct query q = query_of(&reader->sql, "SELECT id FROM device WHERE device = ?");
    put_text(&q, device);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *row = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result reader_series(struct reader *reader, const char *device, series_fn *fn, void *self) {
    int64_t row = 0;
    const enum result result = reader_device_row(reader, device, &row);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&reader->sql, "SELECT metric, part FROM series WHERE device = ? ORDER BY metric, part");
    put_int(&q, row);
    while (query_next(&q)) {
        const char *metric = take_text(&q);
        fn(self, metric, take_text(&q));
    }
    return query_end(&q);
}
