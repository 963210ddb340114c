/* Rows of remote sessions and their reports. The transcript itself is not here: it is a file of its own, written before
 * anything is relayed; the row holds its digest. */
#include <string.h>

#include "store/cases.h"
#include "store/handle.h"
#include "store/rows.h"

enum { UNREPORTED_MAX = 1000 };

static void put_optional(struct query *q, bool has, int64_t value) {
    if (has)
        put_int(q, value);
    else
        put_null(q);
}

static void put_consent(struct query *q, const struct session *session) {
    if (session->has_consent) {
        put_text(q, session->consent.method);
        put_text(q, session->consent.by);
    } else {
        put_null(q);
        put_null(q);
    }
    put_optional(q, session->has_consent, session->consent.at_ms);
    put_optional(q, session->has_consent, session->consent.until_ms);
}

static void put_access(struct query *q, const struct session *session) {
    put_int(q, session->role);
    put_int(q, session->duration_s);
    put_int(q, session->needs_approval);
    put_int(q, session->needs_moderator);
    put_int(q, session->is_emergency);
    put_text(q, session->approver);
    put_text(q, session->approval_text);
    put_int(q, session->approved_ms);
    put_text(q, session->customer);
    put_int(q, session->due_ms);
    put_text(q, session->has_review ? session->review.by : "");
    put_int(q, session->review.is_justified);
    put_text(q, session->review.text);
    put_int(q, session->review.at_ms);
}

static void take_access(struct query *q, struct session *out) {
    out->role = (enum role)take_int(q);
    out->duration_s = take_int(q);
    out->needs_approval = take_int(q) != 0;
    out->needs_moderator = take_int(q) != 0;
    out->is_emergency = take_int(q) != 0;
    take_copy(q, out->approver, sizeof out->approver);
    take_copy(q, out->approval_text, sizeof out->approval_text);
    out->approved_ms = take_int(q);
    take_copy(q, out->customer, sizeof out->customer);
    out->due_ms = take_int(q);
    take_copy(q, out->review.by, sizeof out->review.by);
    out->has_review = out->review.by[0] != '\0';
    out->review.is_justified = take_int(q) != 0;
    take_copy(q, out->review.text, sizeof out->review.text);
    out->review.at_ms = take_int(q);
}

enum result store_session_put(struct store *store, const struct session *session) {
    struct query q = query_of(
        &store->sql,
        "INSERT INTO session(id, ticket, device, engineer, reason, requested_ms, capabilities, state, is_running, "
        "is_live,"
        " why, line, started_ms, ended_ms, deadline_ms, consent_method, consent_by, consent_ms, consent_until_ms, "
        "frames,"
        " digest, is_countersigned, is_complete, role, duration_s, needs_approval, needs_moderator, is_emergency,"
        " approver, approval_line, approved_ms, customer, due_ms, review_by, review_justified, review_line, review_ms)"
        " VALUES(?, ?, (SELECT id FROM device WHERE device = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT(id) DO UPDATE SET capabilities = excluded.capabilities, state = excluded.state,"
        " is_running = excluded.is_running, is_live = excluded.is_live, why = excluded.why, line = excluded.line,"
        " started_ms = excluded.started_ms, ended_ms = excluded.ended_ms, deadline_ms = excluded.deadline_ms,"
        " consent_method = excluded.consent_method, consent_by = excluded.consent_by, consent_ms = excluded.consent_ms,"
        " consent_until_ms = excluded.consent_until_ms, frames = excluded.frames, digest = excluded.digest,"
        " is_countersigned = excluded.is_countersigned, is_complete = excluded.is_complete,"
        " needs_moderator = excluded.needs_moderator,"
        " approver = excluded.approver, approval_line = excluded.approval_line, approved_ms = excluded.approved_ms,"
        " due_ms = excluded.due_ms, review_by = excluded.review_by, review_justified = excluded.review_justified,"
        " review_line = excluded.review_line, review_ms = excluded.review_ms");
    put_text(&q, session->id);
    put_int(&q, session->ticket);
    put_text(&q, session->device);
    put_text(&q, session->engineer);
    put_text(&q, session->reason);
    put_int(&q, session->requested_ms);
    put_int(&q, session->capabilities);
    put_int(&q, session->state);
    put_int(&q, session_state_is_open(session->state));
    put_int(&q, session->state == SESSION_LIVE);
    put_text(&q, session->why);
    put_text(&q, session->text);
    put_optional(&q, session->has_started, session->started_ms);
    put_optional(&q, session->has_ended, session->ended_ms);
    put_optional(&q, session->has_deadline, session->deadline_ms);
    put_consent(&q, session);
    put_int(&q, session->frames);
    put_text(&q, session->digest);
    put_int(&q, session->is_countersigned);
    put_int(&q, session->is_complete);
    put_access(&q, session);
    return query_run(&q);
}

void take_session(struct query *q, struct session *out) {
    memset(out, 0, sizeof *out);
    take_copy(q, out->id, sizeof out->id);
    out->ticket = take_int(q);
    take_copy(q, out->device, sizeof out->device);
    take_copy(q, out->engineer, sizeof out->engineer);
    take_copy(q, out->reason, sizeof out->reason);
    out->capabilities = (uint32_t)take_int(q);
    out->state = (enum session_state)take_int(q);
    take_copy(q, out->why, sizeof out->why);
    take_copy(q, out->text, sizeof out->text);
    out->requested_ms = take_int(q);
    out->has_started = take_int(q) != 0;
    out->started_ms = take_int(q);
    out->has_ended = take_int(q) != 0;
    out->ended_ms = take_int(q);
    out->has_deadline = take_int(q) != 0;
    out->deadline_ms = take_int(q);
    out->has_consent = take_int(q) != 0;
    take_copy(q, out->consent.method, sizeof out->consent.method);
    take_copy(q, out->consent.by, sizeof out->consent.by);
    out->consent.at_ms = take_int(q);
    out->consent.until_ms = take_int(q);
    out->frames = take_int(q);
    take_copy(q, out->digest, sizeof out->digest);
    out->is_countersigned = take_int(q) != 0;
    out->is_complete = take_int(q) != 0;
    take_access(q, out);
}

enum result find_session(struct sql *sql, const char *id, struct session *out) {
    struct query q = query_of(sql, "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.id = ?");
    put_text(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_session(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_session_find(struct store *store, const char *id, struct session *out) {
    return find_session(&store->sql, id, out);
}

static enum result each(struct query *q, session_fn *fn, void *self) {
    while (query_next(q)) {
        struct session session;
        take_session(q, &session);
        fn(self, &session);
    }
    return query_end(q);
}

enum result store_sessions_running(struct store *store, session_fn *fn, void *self) {
    struct query q =
        query_of(&store->sql, "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.is_running = 1 ORDER BY s.number");
    return each(&q, fn, self);
}

enum result store_sessions_unreported(struct store *store, session_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT " SESSION_COLUMNS SESSION_FROM "WHERE s.is_running = 0"
                                           " AND s.is_reported = 0 AND s.started_ms > 0 ORDER BY s.number LIMIT ?");
    put_int(&q, UNREPORTED_MAX);
    return each(&q, fn, self);
}

enum result store_report_put(struct store *store, const struct report_row *report) {
    struct query q =
        query_of(&store->sql, "INSERT INTO report(session, ticket, markdown, digest, at_ms)"
                              " VALUES(?, ?, ?, ?, ?) ON CONFLICT(session) DO UPDATE SET"
                              " markdown = excluded.markdown, digest = excluded.digest, at_ms = excluded.at_ms");
    put_text(&q, report->session);
    put_int(&q, report->ticket);
    put_text(&q, report->markdown);
    put_text(&q, report->digest);
    put_int(&q, report->at_ms);
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(&store->sql, "UPDATE session SET is_reported = 1 WHERE id = ?");
    put_text(&q, report->session);
    return query_run(&q);
}
