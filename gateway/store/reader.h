/* A reader: a read-only connection, one for each thread that asks. Sees what is committed, never waits for the writer.
 *
 * Answers come as calls of a function with a row; the row and its strings live during that call. Lists are pages:
 * `limit` rows at most, and a cursor for the next. Every query walks an index from where the page begins; none scans a
 * table that grows. Words of a user are never query syntax. `reader_begin .. reader_end` makes several queries see one
 * moment; do not hold it longer than a request (the log cannot begin anew meanwhile). */
#pragma once
#include "fieldline/message.h"
#include "normalize/conduct.h"
#include "rules/alarm.h"
#include "sessions/session.h"
#include "store/users.h"
#include "tickets/ticket.h"

struct reader;
FL_CHECK enum result reader_open(const char *path, struct reader **out, struct fault *fault);
void reader_close(struct reader *reader);
FL_CHECK enum result reader_begin(struct reader *reader);
void reader_end(struct reader *reader);
const char *reader_error(const struct reader *reader);

/* ---- people ---- */
FL_CHECK enum result reader_user(struct reader *reader, const char *name,
                                 struct user_row *out);                            /* or RESULT_NOT_FOUND */
FL_CHECK enum result reader_users(struct reader *reader, user_fn *fn, void *self); /* by name */
/* The login session and its user; RESULT_NOT_FOUND also when the user is disabled. Limits are the caller's to compare.
 */
FL_CHECK enum result reader_login(struct reader *reader, const uint8_t token_sha256[SHA256_BYTES],
                                  struct login_row *login, struct user_row *user);

/* ---- first page, figures ---- */
struct overview {
    int64_t devices, online, tickets_open, sessions_live, quarantined;
    int64_t alarms[SEVERITY_IS_CRITICAL + 1]; /* active, by severity */
};
FL_CHECK enum result reader_overview(struct reader *reader, struct overview *out);
FL_CHECK enum result reader_counter(struct reader *reader, const char *name, int64_t *out); /* 0 when never counted */

/* ---- devices ---- */
struct device_row {
    int64_t id; /* row */
    const char *device, *model, *serial, *firmware, *agent, *boot;
    uint32_t capabilities;        /* what the product says it can; the pack may allow less */
    const char *diagnostics_json; /* array of names */
    bool is_online;
    int64_t born_ms, last_seen_ms;
    int64_t alarms_active;
    enum severity worst; /* of the active alarms; 0: none is active */
    int64_t tickets_open;
    int64_t quarantined;
    int64_t clock_error_ms;                  /* its wall time minus the true one; 0 within the tolerance */
    int64_t trouble_since_ms[CONDUCT_COUNT]; /* 0: none of this kind */
    int64_t dropped;                         /* messages, since the flood of now or the last one began */
};
typedef void device_fn(void *self, const struct device_row *row);
enum { READER_CURSOR_BYTES = 95 };
struct device_query {
    const char *q;     /* part of id, serial or model (fewer than three characters: how the id begins); NULL, "": all */
    const char *after; /* cursor of the page before; NULL or "": from the start */
    int limit;
};
/* By id (by age when q is given). `next` gets the cursor, "" when this was the last page. RESULT_BAD_INPUT: not a
 * cursor. */
FL_CHECK enum result reader_devices(struct reader *reader, const struct device_query *query, device_fn *fn, void *self,
                                    char next[READER_CURSOR_BYTES + 1]);
FL_CHECK enum result reader_device(struct reader *reader, const char *device, device_fn *fn,
                                   void *self); /* or NOT_FOUND */
/* The series of a device, by metric and part. */
typedef void series_fn(void *self, const char *metric, const char *part);
FL_CHECK enum result reader_series(struct reader *reader, const char *device, series_fn *fn, void *self);

/* ---- history ---- */
struct span {
    int64_t start_ms; /* from_ms + i * step_ms; of a long chart, see below */
    double min, mean, max;
    uint64_t count; /* samples in [start, start + step); spans without any are left out */
};
enum { READER_SPANS_MAX = 4000 };
struct history_query {
    const char *device, *metric, *part;
    int64_t from_ms, to_ms; /* [from, to) */
    int points;             /* 1..READER_SPANS_MAX; step = ceil((to - from) / points) ms, at least 1 */
};
/* Fills out[0..*count), which has room for `points`. Chunks and what is only in the journal yet. RESULT_NOT_FOUND: the
 * device has no such series. From steps of four minutes on, the step is rounded up to whole minutes (from 40 minutes:
 * ten minutes; from four hours: hours) and spans begin at whole ones, so the first may begin before from_ms; what
 * counts is still what lies in [from, to). Where only tiers are left, a span gets what begins in it. A damaged chunk is
 * a hole and is counted: */
FL_CHECK enum result reader_history(struct reader *reader, const struct history_query *query, struct span *out,
                                    size_t *count, int64_t *step_ms);
uint64_t reader_damaged(const struct reader *reader); /* rows met that do not decode, since reader_open */
/* The samples themselves, in order of time, at most `limit` (rules' warm-up, export, tests). */
typedef void sample_fn(void *self, int64_t event_ms, double value);
FL_CHECK enum result reader_samples(struct reader *reader, const struct history_query *query, size_t limit,
                                    sample_fn *fn, void *self);

/* ---- logs, events, quarantine ---- */
struct log_query {
    const char *device;
    const char *q;     /* words, all must occur; NULL or "": any line */
    int severity;      /* at most this RFC 5424 number; 7: all */
    int64_t before_ms; /* lines before this; INT64_MAX: from the newest */
    int limit;         /* a few more come when lines of one millisecond would be torn apart */
};
typedef void log_fn(void *self, const struct log_record *record);
FL_CHECK enum result reader_logs(struct reader *reader, const struct log_query *query, log_fn *fn, void *self);
typedef void event_fn(void *self, int64_t id, const struct event_message *event);
FL_CHECK enum result reader_events(struct reader *reader, const char *device, int64_t before_ms, int limit,
                                   event_fn *fn, void *self);
struct quarantine_row {
    int64_t id, at_ms;
    const char *topic, *device, *reason, *excerpt;
    int64_t bytes;
};
typedef void quarantine_fn(void *self, const struct quarantine_row *row);
/* device NULL: of all. */
FL_CHECK enum result reader_quarantine(struct reader *reader, const char *device, int limit, quarantine_fn *fn,
                                       void *self);

/* ---- alarms, tickets, sessions ---- */
/* Active ones only, but for ANY. */
enum alarm_filter {
    ALARMS_ANY,
    ALARMS_OPEN, /* neither acknowledged nor silent: what waits for somebody */
    ALARMS_ACKNOWLEDGED,
    ALARMS_LATCHED,
    ALARMS_SHELVED,
    ALARMS_SUPPRESSED, /* silent for another reason (rules/silence.h) */
    ALARMS_FLAPPING
};
struct alarm_query {
    const char *device; /* NULL: all */
    bool has_active, is_active;
    int64_t ticket; /* 0: any */
    int limit;
    enum alarm_filter filter;
    int64_t incident; /* not 0: its members, by id, after `after`; nothing else counts */
    int64_t after;
};
typedef void alarm_fn(void *self, const struct alarm *alarm);
/* Active first, then the newest. */
FL_CHECK enum result reader_alarms(struct reader *reader, const struct alarm_query *query, alarm_fn *fn, void *self);

struct ticket_query {
    bool is_open_only;
    bool has_state;
    enum ticket_state state;
    const char *device; /* NULL: all */
    const char *q;      /* words in subject, texts, device, model; NULL or "": all */
    int64_t before;     /* ticket id; 0: from the newest */
    int limit;
};
typedef void ticket_fn(void *self, const struct ticket *ticket);
/* Newest first; *next gets the cursor, 0 when this was the last page. */
FL_CHECK enum result reader_tickets(struct reader *reader, const struct ticket_query *query, ticket_fn *fn, void *self,
                                    int64_t *next);
FL_CHECK enum result reader_ticket(struct reader *reader, int64_t id, struct ticket *out); /* or RESULT_NOT_FOUND */
typedef void ticket_event_fn(void *self, const struct ticket_event *event);
FL_CHECK enum result reader_ticket_events(struct reader *reader, int64_t ticket, ticket_event_fn *fn,
                                          void *self); /* oldest first */
/* Its alarms: reader_alarms; its sessions: */
enum session_filter { SESSIONS_ANY, SESSIONS_AWAITING_APPROVAL, SESSIONS_UNREVIEWED };
struct session_query {
    const char *device; /* NULL: all */
    int64_t ticket;     /* 0: any */
    int limit;
    enum session_filter filter; /* not ANY: nothing else but the limit counts */
};
typedef void session_fn(void *self, const struct session *row);
FL_CHECK enum result reader_sessions(struct reader *reader, const struct session_query *query, session_fn *fn,
                                     void *self); /* newest first */
FL_CHECK enum result reader_session(struct reader *reader, const char *id,
                                    struct session *out); /* or RESULT_NOT_FOUND */
typedef void report_fn(void *self, const char *session, const char *markdown, const char *digest, int64_t at_ms);
FL_CHECK enum result reader_report(struct reader *reader, int64_t ticket, report_fn *fn,
                                   void *self); /* the newest, or NOT_FOUND */

/* ---- audit ---- */
struct audit_row;
typedef void audit_fn(void *self, const struct audit_row *row); /* store/audit.h */
/* Newest first, ids below `before` (0: from the newest). */
FL_CHECK enum result reader_audit(struct reader *reader, int64_t before, int limit, audit_fn *fn, void *self);
