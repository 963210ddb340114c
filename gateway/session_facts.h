/* What the gateway knows of who wants a session with what: read from store and registry for sessions/grant.h, which
 * decides. Pipeline thread, in the turn's transaction. */
#pragma once
#include "core.h"
#include "sessions/grant.h"
#include "tickets/ticket.h"

enum { SESSIONS_ON_DEVICE = 2 /* open at once */ };

/* customer: whose contract covers the device; "" without one. Only the store's failures are results. */
FL_CHECK enum result session_facts(struct core *core, const char *user, const char *device, bool is_ticket_open,
                                   struct grant_facts *out, char customer[SESSION_NAME_BYTES + 1]);
/* What the pack (NULL: none) and the configuration ask for, both together. */
void session_policy(const struct core *core, const struct pack *pack, struct grant_policy *out);
/* May it be, now? Fills *verdict and, when that is OK, *grant and the session's customer. Not counted among what is
 * open on the device: the session itself. */
FL_CHECK enum result session_decide(struct core *core, struct session *s, const struct ticket *ticket, int64_t minutes,
                                    struct grant *grant, enum result *verdict, struct fault *fault);
