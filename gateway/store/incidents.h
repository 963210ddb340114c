/* Incidents of the fleet (tickets/incident.h). Their members are alarms whose row names them. */
#pragma once
#include "store/cases.h"
#include "store/reader.h"
#include "tickets/incident.h"

FL_CHECK enum result store_incident_put(struct store *store, struct incident *incident);         /* id 0: then set */
FL_CHECK enum result store_incident_find(struct store *store, int64_t id, struct incident *out); /* or NOT_FOUND */
/* The active one that an alarm of such a device joins: its ticket is open, and it had a member since then.
 * RESULT_NOT_FOUND: none. */
FL_CHECK enum result store_incident_for(struct store *store, const char *alarm, const char *model, const char *firmware,
                                        const char *site, int64_t newest_since_ms, struct incident *out);
/* Active alarms of that name taken since then, of the incident's group, that belong to no incident that is active;
 * in order of their ids, after `after`, at most `limit`. */
FL_CHECK enum result store_incident_candidates(struct store *store, const struct incident *incident, int64_t since_ms,
                                               int64_t after, int limit, alarm_fn *fn, void *self);

typedef void incident_fn(void *self, const struct incident *incident);
struct incident_query {
    bool has_active, is_active;
    int64_t before; /* id; 0: from the newest */
    int limit;
};
/* Newest first. *next: cursor, 0: this was the last page. */
FL_CHECK enum result reader_incidents(struct reader *reader, const struct incident_query *query, incident_fn *fn,
                                      void *self, int64_t *next);
FL_CHECK enum result reader_incident(struct reader *reader, int64_t id, struct incident *out); /* or NOT_FOUND */
/* The one whose ticket that is; RESULT_NOT_FOUND: an ordinary ticket. */
FL_CHECK enum result reader_incident_of_ticket(struct reader *reader, int64_t ticket, struct incident *out);
