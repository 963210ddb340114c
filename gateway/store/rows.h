/* Rows that writer and readers both read: columns in the order in which take_x reads them. Private to gateway/store. */
#pragma once
#include "rules/alarm.h"
#include "sessions/session.h"
#include "store/sql.h"
#include "store/users.h"
#include "tickets/ticket.h"

#define USER_COLUMNS "u.id, u.name, u.title, u.role, u.password, u.is_disabled, u.created_ms, u.made_by"
void take_user(struct query *q, struct user_row *out);
FL_CHECK enum result find_user(struct sql *sql, const char *name, struct user_row *out);
FL_CHECK enum result each_user(struct sql *sql, user_fn *fn, void *self);

#define ALARM_COLUMNS                                                                                                  \
    "a.id, a.device, d.device, a.alarm, a.part, a.severity, a.is_active, a.is_unknown, a.is_acknowledged,"             \
    " a.acknowledged_by, a.acknowledged_ms, a.is_fault_code, a.opens_ticket, a.summary, a.description, a.value,"       \
    " a.first_raised_ms, a.raised_ms, a.cleared_ms, a.count, a.flap_count, a.is_flapping, a.ticket,"                   \
    " a.latches, a.isolates, a.is_latched, a.gone_ms, a.explanation, a.taken_ms, a.incident, a.is_in_ticket,"          \
    " a.silence, a.surface_ms, s.who, s.reason, s.from_ms, s.until_ms"
#define ALARM_JOINS                                                                                                    \
    " JOIN device d ON d.id = a.device"                                                                                \
    " LEFT JOIN shelf s ON s.device = a.device AND s.alarm = a.alarm AND s.part = a.part "
#define ALARM_FROM " FROM alarm a" ALARM_JOINS
void take_alarm(struct query *q, struct alarm *out);

#define TICKET_COLUMNS                                                                                                 \
    "t.id, t.version, t.device, d.device, d.model, t.state, t.severity, t.source, t.subject, t.assignee, t.opened_ms," \
    " t.updated_ms, t.resolved_ms, t.alarm, t.part, t.alarms_active, t.repeats, t.is_touched, t.is_self_healed"
#define TICKET_FROM " FROM ticket t JOIN device d ON d.id = t.device "
void take_ticket(struct query *q, struct ticket *out);
FL_CHECK enum result find_ticket(struct sql *sql, int64_t id, struct ticket *out);

#define SESSION_COLUMNS                                                                                                \
    "s.id, s.ticket, d.device, s.engineer, s.reason, s.capabilities, s.state, s.why, s.line, s.requested_ms,"          \
    " s.started_ms IS NOT NULL, s.started_ms, s.ended_ms IS NOT NULL, s.ended_ms, s.deadline_ms IS NOT NULL,"          \
    " s.deadline_ms, s.consent_method IS NOT NULL, s.consent_method, s.consent_by, s.consent_ms, s.consent_until_ms,"  \
    " s.frames, s.digest, s.is_countersigned, s.is_complete, s.role, s.duration_s, s.needs_approval,"                  \
    " s.needs_moderator, s.is_emergency, s.approver, s.approval_line, s.approved_ms, s.customer, s.due_ms,"            \
    " s.review_by, s.review_justified, s.review_line, s.review_ms"
#define SESSION_FROM " FROM session s JOIN device d ON d.id = s.device "
void take_session(struct query *q, struct session *out);
FL_CHECK enum result find_session(struct sql *sql, const char *id, struct session *out);
