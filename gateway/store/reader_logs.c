/* Log lines, events and the quarantine, newest first. A search is answered in the order in which lines came (row id),
 * which for the lines of one device is the order of their times but for clocks that jumped. */
#include <string.h>

#include "store/reader_handle.h"
#include "store/words.h"

enum { SAME_MS_MAX = 500 /* lines of one millisecond that a page may grow by */ };

static void take_record(struct query *q, struct log_record *out) {
    out->event_ms = take_int(q);
    out->severity = (int)take_int(q);
    out->facility = (int)take_int(q);
    out->is_cut = take_int(q) != 0;
    take_copy(q, out->app, sizeof out->app);
    take_copy(q, out->text, sizeof out->text);
}

/* The next page begins before the last line's millisecond: so the page goes on until that changes. */
static enum result run_lines(struct query *q, int limit, log_fn *fn, void *self) {
    int64_t last_ms = 0;
    for (int i = 0; query_next(q); i++) {
        struct log_record record;
        take_record(q, &record);
        if (i >= limit && record.event_ms != last_ms)
            break;
        last_ms = record.event_ms;
        fn(self, &record);
    }
    return query_end(q);
}

static enum result search_lines(struct reader *reader, const struct log_query *query, int64_t device, log_fn *fn,
                                void *self) {
    struct buf match;
    enum result result = RESULT_OK;
    buf_init(&match, 64 * 1024);
    buf_printf(&match, "tags : d%lld AND ", (long long)device);
    if (words_query(query->q, &match) && !match.overflow) {
        struct query q =
            query_of(&reader->sql, "SELECT l.event_ms, l.severity, l.facility, l.is_cut, l.app, l.line"
                                   " FROM log_text x JOIN log l ON l.id = x.rowid WHERE log_text MATCH ?"
                                   " AND l.event_ms < ? AND l.severity <= ? ORDER BY x.rowid DESC LIMIT ?");
        put_text(&q, buf_text(&match));
        put_int(&q, query->before_ms);
        put_int(&q, query->severity);
        put_int(&q, reader_limit(query->limit) + SAME_MS_MAX);
        result = run_lines(&q, reader_limit(query->limit), fn, self);
    }
    buf_fini(&match);
    return result;
}

#define LINES                                                                                                          \
    "SELECT event_ms, severity, facility, is_cut, app, line FROM log WHERE device = ? AND event_ms < ? AND severity "  \
    "<= ?"
#define LINE_ORDER " ORDER BY event_ms DESC, id DESC LIMIT ?"

/* Errors are rare among debug lines: they have indices of their own, which SQLite takes when it reads their very
 * condition. */
static const char *lines_of(int severity) {
    if (severity <= SEVERITY_ERROR)
        return LINES " AND severity <= 3" LINE_ORDER;
    return severity == SEVERITY_WARNING ? LINES " AND severity <= 4" LINE_ORDER : LINES LINE_ORDER;
}

enum result reader_logs(struct reader *reader, const struct log_query *query, log_fn *fn, void *self) {
    int64_t device = 0;
    const enum result result = reader_device_row(reader, query->device, &device);
    if (result != RESULT_OK)
        return result;
    if (query->q != NULL && query->q[0] != '\0')
        return search_lines(reader, query, device, fn, self);
    struct query q = query_of(&reader->sql, lines_of(query->severity));
    put_int(&q, device);
    put_int(&q, query->before_ms);
    put_int(&q, query->severity);
    put_int(&q, reader_limit(query->limit) + SAME_MS_MAX);
    return run_lines(&q, reader_limit(query->limit), fn, self);
}

enum result reader_events(struct reader *reader, const char *device, int64_t before_ms, int limit, event_fn *fn,
                          void *self) {
    int64_t row = 0;
    const enum result result = reader_device_row(reader, device, &row);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&reader->sql, "SELECT id, event_ms, kind, code, is_active, severity, line, gap_count,"
                                            " gap_first_ms, gap_last_ms FROM event WHERE device = ? AND event_ms < ?"
                                            " ORDER BY event_ms DESC, id DESC LIMIT ?");
    put_int(&q, row);
    put_int(&q, before_ms);
    put_int(&q, reader_limit(limit));
    while (query_next(&q)) {
        struct event_message event;
        const int64_t id = take_int(&q);
        event.event_ms = take_int(&q);
        event.kind = (enum event_kind)take_int(&q);
        take_copy(&q, event.code, sizeof event.code);
        event.active = take_int(&q) != 0;
        event.severity = (int)take_int(&q);
        take_copy(&q, event.text, sizeof event.text);
        event.gap_count = (uint64_t)take_int(&q);
        event.gap_first_ms = take_int(&q);
        event.gap_last_ms = take_int(&q);
        fn(self, id, &event);
    }
    return query_end(&q);
}

enum result reader_quarantine(struct reader *reader, const char *device, int limit, quarantine_fn *fn, void *self) {
    static const char all[] = "SELECT id, at_ms, topic, device, reason, excerpt, bytes FROM quarantine"
                              " WHERE ? = '' ORDER BY id DESC LIMIT ?";
    static const char one[] = "SELECT id, at_ms, topic, device, reason, excerpt, bytes FROM quarantine"
                              " WHERE device = ? ORDER BY id DESC LIMIT ?";
    struct query q = query_of(&reader->sql, device != NULL ? one : all);
    put_text(&q, device);
    put_int(&q, reader_limit(limit));
    while (query_next(&q)) {
        struct quarantine_row row;
        row.id = take_int(&q);
        row.at_ms = take_int(&q);
        row.topic = take_text(&q);
        row.device = take_text(&q);
        row.reason = take_text(&q);
        row.excerpt = take_text(&q);
        row.bytes = take_int(&q);
        fn(self, &row);
    }
    return query_end(&q);
}
