/* A session that may be: the product is asked, the edge is told to expect it. Pipeline thread, in a transaction. */
#pragma once
#include "core.h"
#include "sessions/session.h"
#include "tickets/ticket.h"

/* The row is in SESSION_ASKING and not written yet. Row, command, history, audit (`what`), and the order to the edge.
 */
FL_CHECK enum result session_ask(struct core *core, struct session *s, const struct ticket *ticket,
                                 const struct actor *by, const char *what);
/* When the product's answer is too late; from now on. */
int64_t session_ask_due_ms(const struct core *core);
