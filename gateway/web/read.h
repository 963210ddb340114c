/* What a read handler gets, and the handlers by noun. A handler fills the response: 200 with JSON, or a problem. Reader
 * threads call them; they may block on the store and on files. */
#pragma once
#include "fieldline/message.h"
#include "store/reader.h"
#include "web/request.h"
#include "web/response.h"
#include "web/web.h"

struct ws_tickets;
struct invites;
struct read {
    struct reader *reader;
    const struct request *request;
    const struct web_options *options;
    struct ws_tickets *tickets;
    struct invites *invites;
    struct actor by;                              /* who asks; role NONE when the route needs no login */
    uint8_t login[SHA256_BYTES];                  /* of the login session */
    void (*figures)(void *self, struct buf *out); /* the edge's own, Prometheus text */
    void *self;
};
/* Begins a JSON answer in the response. */
struct json_out read_json(struct response *response);
/* {"items":[ and its end: rows are written between the two. `result`: of the query; a failure is answered instead. */
struct json_out read_items(struct response *response);
/* The store failed: 500 and a log line; a missing thing: 404 naming it; bad input: 400. Returns false when `result` is
 * OK. */
FL_CHECK bool read_failed(struct read *read, struct response *response, enum result result, const char *noun);
void read_items_end(struct read *read, struct response *response, struct json_out *items, enum result result,
                    const char *noun);
/* Is the sealed recording the one that this gateway made and the row knows (transcript_is_ours)? */
FL_CHECK enum result read_recording_is_ours(const struct read *read, const struct session *session,
                                            struct fault *fault);

read_fn read_overview, read_models, read_audit, read_quarantine, read_me, read_openapi;   /* read_admin.c */
read_fn read_rules, read_rules_files, read_rules_versions, read_rules_trial;              /* read_rules.c */
read_fn read_ws_ticket, read_invites, read_invite_make, read_invite_revoke, read_join;    /* read_join.c */
read_fn read_metrics, read_health;                                                        /* read_service.c */
read_fn read_devices, read_device, read_history, read_logs;                               /* read_devices.c */
read_fn read_alarms, read_shelves, read_maintenance, read_incidents, read_incident;       /* read_alarms.c */
read_fn read_tickets, read_ticket;                                                        /* read_tickets.c */
read_fn read_evidence_list, read_evidence, read_evidence_csv;                             /* read_evidence.c */
read_fn read_bundle;                                                                      /* read_bundle.c */
read_fn read_cast_unmasked, read_transcript_unmasked;                                     /* read_sessions.c */
read_fn read_jobs, read_job;                                                              /* read_jobs.c */
read_fn read_session_lines, read_session_report;                                          /* read_session_lines.c */
read_fn read_access, read_people, read_qualifications, read_contracts, read_kills;        /* read_access.c */
read_fn read_sessions, read_session, read_cast, read_transcript, read_seal, read_verdict; /* read_sessions.c */
read_fn read_owner_challenge, read_owner_login, read_owner_look, read_owner_letter, read_owner_report,
    read_owner_call; /* read_owner.c */
