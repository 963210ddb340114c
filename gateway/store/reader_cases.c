/* Alarms, tickets, sessions, reports: pages by filter. A combination of filters that deserves an index of its own is a
 * row with a query of its own; what is left is compared on the few rows of one device or ticket. */
#include <stdio.h>
#include <string.h>

#include "store/reader_handle.h"
#include "store/rows.h"
#include "store/words.h"

/* ---- alarms
 * ------------------------------------------------------------------------------------------------------------ */

/* ?8: enum alarm_filter */
#define ALARM_FILTER                                                                                                   \
    " AND (?8 = 0 OR (?8 = 1 AND a.is_acknowledged = 0 AND a.silence = 0) OR (?8 = 2 AND a.is_acknowledged = 1)"       \
    " OR (?8 = 3 AND a.is_latched = 1) OR (?8 = 4 AND s.until_ms > 0) OR (?8 = 5 AND a.silence > 1)"                   \
    " OR (?8 = 6 AND a.is_flapping = 1))"
#define ALARM_ORDER " ORDER BY a.is_active DESC, a.raised_ms DESC LIMIT ?7"
#define ALARM_PAGE  "SELECT " ALARM_COLUMNS ALARM_FROM

/* ?1 ?2 least and greatest is_active, ?3 device row, ?4 ticket, ?5 incident, ?6 after */
static const char alarms_of_all[] = ALARM_PAGE "WHERE a.is_active BETWEEN ?1 AND ?2 AND ?3 = 0 AND ?4 = 0 AND ?5 = 0"
                                               " AND ?6 = 0" ALARM_FILTER ALARM_ORDER;
static const char alarms_of_device[] = ALARM_PAGE "WHERE a.device = ?3 AND a.is_active BETWEEN ?1 AND ?2 AND (?4 = 0 "
                                                  "OR a.ticket = ?4) AND ?5 = 0 AND ?6 = 0" ALARM_FILTER ALARM_ORDER;
static const char alarms_of_ticket[] = ALARM_PAGE
    "WHERE a.ticket = ?4 AND a.is_active BETWEEN ?1 AND ?2 AND ?3 = 0 AND ?5 = 0 AND ?6 = 0" ALARM_FILTER ALARM_ORDER;
static const char alarms_of_incident[] = ALARM_PAGE
    "WHERE a.incident = ?5 AND a.id > ?6 AND a.is_active BETWEEN ?1 AND ?2 AND ?3 = 0 AND ?4 = 0" ALARM_FILTER
    " ORDER BY a.id LIMIT ?7";

enum result reader_alarms(struct reader *reader, const struct alarm_query *query, alarm_fn *fn, void *self) {
    int64_t device = 0;
    const bool only_active = query->filter != ALARMS_ANY || (query->has_active && query->is_active);
    const char *text = alarms_of_all;
    if (query->incident != 0) {
        text = alarms_of_incident;
    } else if (query->device != NULL) {
        const enum result result = reader_device_row(reader, query->device, &device);
        if (result != RESULT_OK)
            return result == RESULT_NOT_FOUND ? RESULT_OK : result;
        text = alarms_of_device;
    } else if (query->ticket != 0) {
        text = alarms_of_ticket;
    }
    struct query q = query_of(&reader->sql, text);
    put_int(&q, only_active);
    put_int(&q, only_active || !query->has_active);
    put_int(&q, device);
    put_int(&q, query->incident ? 0 : query->ticket);
    put_int(&q, query->incident);
    put_int(&q, query->incident ? query->after : 0);
    put_int(&q, reader_limit(query->limit));
    put_int(&q, query->filter);
    while (query_next(&q)) {
        struct alarm alarm;
        take_alarm(&q, &alarm);
        fn(self, &alarm);
    }
    return query_end(&q);
}

/* ---- tickets
 * ----------------------------------------------------------------------------------------------------------- */

#define TICKET_PAGE  "SELECT " TICKET_COLUMNS TICKET_FROM "WHERE t.id < ?1 AND "
#define TICKET_ORDER " ORDER BY t.id DESC LIMIT ?4"

/* ?1 before, ?2 device row, ?3 state, ?4 limit */
static const struct {
    bool has_device, is_open_only, has_state;
    const char *text;
} ticket_pages[] = {
    {false, false, false, TICKET_PAGE "?2 = 0 AND ?3 = 0" TICKET_ORDER},
    {false, true, false, TICKET_PAGE "t.is_open = 1 AND ?2 = 0 AND ?3 = 0" TICKET_ORDER},
    {false, false, true, TICKET_PAGE "t.state = ?3 AND ?2 = 0" TICKET_ORDER},
    {true, false, false, TICKET_PAGE "t.device = ?2 AND ?3 = 0" TICKET_ORDER},
    {true, true, false, TICKET_PAGE "t.device = ?2 AND t.is_open = 1 AND ?3 = 0" TICKET_ORDER},
    {true, false, true, TICKET_PAGE "t.device = ?2 AND t.state = ?3" TICKET_ORDER},
};

static const char ticket_search[] = "SELECT " TICKET_COLUMNS " FROM ticket_text x JOIN ticket t ON t.id = x.rowid"
                                    " JOIN device d ON d.id = t.device WHERE ticket_text MATCH ? AND x.rowid < ?"
                                    " ORDER BY x.rowid DESC LIMIT ?";

static enum result run_tickets(struct query *q, int limit, ticket_fn *fn, void *self, int64_t *next) {
    int64_t last = 0;
    *next = 0;
    for (int i = 0; query_next(q); i++) {
        struct ticket ticket;
        if (i == limit) {
            *next = last;
            break;
        }
        take_ticket(q, &ticket);
        last = ticket.id;
        fn(self, &ticket);
    }
    return query_end(q);
}

static enum result search_tickets(struct reader *reader, const struct ticket_query *query, int64_t device,
                                  ticket_fn *fn, void *self, int64_t *next) {
    struct buf match;
    enum result result = RESULT_OK;
    const int limit = reader_limit(query->limit);
    buf_init(&match, 64 * 1024);
    if (query->is_open_only)
        buf_str(&match, "tags : open AND ");
    if (query->has_state)
        buf_printf(&match, "tags : s%d AND ", (int)query->state);
    if (query->device != NULL)
        buf_printf(&match, "tags : d%lld AND ", (long long)device);
    *next = 0;
    if (words_query(query->q, &match) && !match.overflow) {
        struct query q = query_of(&reader->sql, ticket_search);
        put_text(&q, buf_text(&match));
        put_int(&q, query->before > 0 ? query->before : INT64_MAX);
        put_int(&q, limit + 1);
        result = run_tickets(&q, limit, fn, self, next);
    }
    buf_fini(&match);
    return result;
}

enum result reader_tickets(struct reader *reader, const struct ticket_query *query, ticket_fn *fn, void *self,
                           int64_t *next) {
    int64_t device = 0;
    const char *text = NULL;
    const int limit = reader_limit(query->limit);
    *next = 0;
    if (query->device != NULL) {
        const enum result result = reader_device_row(reader, query->device, &device);
        if (result != RESULT_OK)
            return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    }
    if (query->q != NULL && query->q[0] != '\0')
        return search_tickets(reader, query, device, fn, self, next);
    const bool is_open_only = query->is_open_only && !query->has_state;
    if (query->is_open_only && query->has_state && !ticket_state_is_open(query->state))
        return RESULT_OK; /* open, and in a state that is not: none */
    for (size_t i = 0; i < sizeof ticket_pages / sizeof ticket_pages[0]; i++)
        if (ticket_pages[i].has_device == (query->device != NULL) && ticket_pages[i].is_open_only == is_open_only &&
            ticket_pages[i].has_state == query->has_state)
            text = ticket_pages[i].text;
    struct query q = query_of(&reader->sql, text);
    put_int(&q, query->before > 0 ? query->before : INT64_MAX);
    put_int(&q, device);
    put_int(&q, query->has_state ? (int)query->state : 0);
    put_int(&q, limit + 1);
    return run_tickets(&q, limit, fn, self, next);
}

enum result reader_ticket(struct reader *reader, int64_t id, struct ticket *out) {
    return find_ticket(&reader->sql, id, out);
}

enum result reader_ticket_events(struct reader *reader, int64_t ticket, ticket_event_fn *fn, void *self) {
    struct query q =
        query_of(&reader->sql, "SELECT id, ticket, at_ms, kind, who, was, becomes, line, data FROM ticket_event"
                               " WHERE ticket = ? ORDER BY id");
    put_int(&q, ticket);
    while (query_next(&q)) {
        struct ticket_event event;
        event.id = take_int(&q);
        event.ticket = take_int(&q);
        event.at_ms = take_int(&q);
        event.kind = (enum ticket_event_kind)take_int(&q);
        take_copy(&q, event.by, sizeof event.by);
        take_copy(&q, event.from, sizeof event.from);
        take_copy(&q, event.to, sizeof event.to);
        take_copy(&q, event.text, sizeof event.text);
        take_copy(&q, event.data, sizeof event.data);
        fn(self, &event);
    }
    return query_end(&q);
}

_Static_assert(SESSION_AWAITING_APPROVAL == 6, "the query below says so");

/* ---- sessions
 * ---------------------------------------------------------------------------------------------------------- */

enum result reader_sessions(struct reader *reader, const struct session_query *query, session_fn *fn, void *self) {
    int64_t device = 0;
    const char *text = "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE ?1 = 0 AND ?2 = 0 ORDER BY s.number DESC LIMIT ?3";
    if (query->filter == SESSIONS_AWAITING_APPROVAL) {
        text = "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.is_running = 1 AND s.state = 6 AND ?1 = 0 AND ?2 = 0"
               " ORDER BY s.number LIMIT ?3";
    } else if (query->filter == SESSIONS_UNREVIEWED) {
        text = "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.is_emergency = 1 AND s.review_by = ''"
               " AND s.started_ms > 0 AND ?1 = 0 AND ?2 = 0 ORDER BY s.number DESC LIMIT ?3";
    } else if (query->device != NULL) {
        const enum result result = reader_device_row(reader, query->device, &device);
        if (result != RESULT_OK)
            return result == RESULT_NOT_FOUND ? RESULT_OK : result;
        text = "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.device = ?1 AND (?2 = 0 OR s.ticket = ?2)"
               " ORDER BY s.number DESC LIMIT ?3";
    } else if (query->ticket != 0) {
        text = "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.ticket = ?2 AND ?1 = 0 ORDER BY s.number DESC LIMIT ?3";
    }
    struct query q = query_of(&reader->sql, text);
    put_int(&q, device);
    put_int(&q, query->filter == SESSIONS_ANY ? query->ticket : 0);
    put_int(&q, reader_limit(query->limit));
    while (query_next(&q)) {
        struct session session;
        take_session(&q, &session);
        fn(self, &session);
    }
    return query_end(&q);
}

enum result reader_session(struct reader *reader, const char *id, struct session *out) {
    return find_session(&reader->sql, id, out);
}

enum result reader_report(struct reader *reader, int64_t ticket, report_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT session, markdown, digest, at_ms FROM report WHERE ticket = ?"
                                            " ORDER BY at_ms DESC LIMIT 1");
    put_int(&q, ticket);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    const char *session = take_text(&q), *markdown = take_text(&q), *digest = take_text(&q);
    fn(self, session, markdown, digest, take_int(&q));
    return query_end(&q);
}
