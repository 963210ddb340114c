/* What every step of a session leaves behind, whoever takes it: the row, a line of the ticket's history, an entry of
 * the audit log, a notification. Used by the session_*.c files of the desk; within the turn's transaction. */
#pragma once
#include "core.h"
#include "sessions/session_event.h"
#include "tickets/ticket.h"

enum { SESSIONS_LISTED = 1024 /* open at once, at most; more are refused */ };

FL_CHECK enum result session_case_put(struct core *core, const struct session *s);
/* `by` NULL: the gateway itself. */
FL_CHECK enum result session_case_audit(struct core *core, const struct session *s, const struct actor *by,
                                        const char *what, const char *result, const char *detail);
FL_CHECK enum result session_case_note(struct core *core, const struct session *s, enum ticket_event_kind kind,
                                       const char *by, const char *text);
/* Applies an event and writes everything that follows from it. A late or doubled event changes nothing and is no
 * failure. */
FL_CHECK enum result session_case_apply(struct core *core, struct session *s, const struct session_event *event,
                                        const struct actor *by);
/* An event that ends it, with the reason; the edge forgets the session. */
FL_CHECK enum result session_case_close(struct core *core, struct session *s, enum session_event_kind kind,
                                        const char *why, const struct actor *by);
/* Tells the agent to stop asking its owner. */
FL_CHECK enum result session_case_withdraw(struct core *core, const struct session *s);

/* The sessions that are not over, at most SESSIONS_LISTED; free list->items, also after a failure. */
struct session_list {
    struct session *items;
    size_t count;
};
FL_CHECK enum result session_case_open(struct core *core, struct session_list *list);
/* Runs `fn` over them; stops at the first store failure. */
FL_CHECK enum result session_case_each(struct core *core,
                                       enum result (*fn)(struct core *core, struct session *s, const void *arg),
                                       const void *arg);
