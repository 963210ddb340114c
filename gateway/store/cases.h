/* Alarms, tickets with their events, sessions and reports; writer's side. Names of devices and models in the structs
 * are filled when read; only device_id is stored. */
#pragma once
#include "rules/alarm.h"
#include "sessions/session.h"
#include "store/store.h"
#include "tickets/fold.h"

/* Inserts (id 0, then set) or updates. RESULT_CONFLICT: another row of the same device, alarm and part is active. */
FL_CHECK enum result store_alarm_put(struct store *store, struct alarm *alarm);
FL_CHECK enum result store_alarm_find(struct store *store, int64_t id, struct alarm *out); /* or RESULT_NOT_FOUND */
/* The newest row of this (device, alarm, part), active or cleared: what alarm_apply wants. RESULT_NOT_FOUND: none yet.
 */
FL_CHECK enum result store_alarm_newest(struct store *store, int64_t device_id, const char *alarm, const char *part,
                                        struct alarm *out);
typedef void alarm_fn(void *self, const struct alarm *alarm);
/* For each (device, alarm, part) that is active or was cleared after cleared_since_ms, the newest row; in order of
 * devices. */
FL_CHECK enum result store_alarms_load(struct store *store, int64_t cleared_since_ms, alarm_fn *fn, void *self);

/* Active alarms whose silence may end (all but members of incidents), and those that flap: at most `limit` after
 * *after, which is moved on, and back to 0 at the end: so that a turn looks at some and all are looked at in time. */
FL_CHECK enum result store_alarms_quiet(struct store *store, int64_t *after, int limit, alarm_fn *fn, void *self);
FL_CHECK enum result store_alarms_flapping(struct store *store, int64_t *after, int limit, alarm_fn *fn, void *self);
/* Is an alarm of that name active on the device, of any part, with its condition still there? */
FL_CHECK enum result store_alarm_is_active(struct store *store, int64_t device_id, const char *alarm, bool *out);
/* Active alarms taken since then that count for a storm, in that order; texts live during the call. */
struct raise_row {
    int64_t device_id, taken_ms;
    const char *alarm, *model, *firmware, *site;
};
typedef void raise_fn(void *self, const struct raise_row *row);
FL_CHECK enum result store_raises_since(struct store *store, int64_t since_ms, raise_fn *fn, void *self);

/* Inserts (id 0, then set) or updates the ticket, adds its events (their ids are set), and keeps the search index
 * right, all or nothing within the transaction. RESULT_CONFLICT: ticket->version is not the stored version +
 * event_count. */
FL_CHECK enum result store_ticket_put(struct store *store, struct ticket *ticket, struct ticket_event *events,
                                      size_t event_count);
FL_CHECK enum result store_ticket_find(struct store *store, int64_t id, struct ticket *out); /* or RESULT_NOT_FOUND */
/* The device's tickets that are open, were resolved at or after resolved_since_ms, or have an active alarm; newest
 * first; *count of them, at most `room`: what ticket_for_alarm wants. */
FL_CHECK enum result store_tickets_of_device(struct store *store, int64_t device, int64_t resolved_since_ms,
                                             struct ticket *out, size_t room, size_t *count);

/* Inserts or updates by id. */
FL_CHECK enum result store_session_put(struct store *store, const struct session *session);
FL_CHECK enum result store_session_find(struct store *store, const char *id, struct session *out);
typedef void session_fn(void *self, const struct session *session);
FL_CHECK enum result store_sessions_running(struct store *store, session_fn *fn, void *self); /* not in a final state */

/* Sessions that were live, have ended and have no report, oldest first, at most 1,000. */
FL_CHECK enum result store_sessions_unreported(struct store *store, session_fn *fn, void *self);

/* The service report of one session; a newer one of the same session replaces it. */
struct report_row {
    int64_t ticket;
    const char *session, *markdown, *digest;
    int64_t at_ms;
};
FL_CHECK enum result store_report_put(struct store *store, const struct report_row *report);
