/* Remote sessions at the gateway's desk: from a ticket's request through the owner's answer to the report. Every step
 * is a row of the session, a line of the ticket's history and an entry of the audit log, in one transaction. Pipeline
 * thread. */
#pragma once
#include "core.h"
#include "fieldline/keys.h"

/* Changes (desk.c's table). A refusal is the change's answer and an audit entry; the result is the store's. */
FL_CHECK enum result session_desk_request(struct core *core, struct change *change);
FL_CHECK enum result session_desk_approve(struct core *core, struct change *change); /* or refuse */
FL_CHECK enum result session_desk_review(struct core *core, struct change *change);
FL_CHECK enum result session_desk_consent(struct core *core, struct change *change);
FL_CHECK enum result session_desk_end(struct core *core, struct change *change);
FL_CHECK enum result session_desk_edge_event(struct core *core, struct change *change); /* live, ended */
FL_CHECK enum result session_desk_report(struct core *core, struct change *change);

/* The agent's reply to session.open or session.consent. */
FL_CHECK enum result session_desk_reply(struct core *core, const char *session, const struct reply_message *reply);
/* The broker says that the device is gone: nobody can consent there now. */
FL_CHECK enum result session_desk_device_gone(struct core *core, const struct device *device);
/* After a restart: what was live or being asked then has ended. Unsealed transcripts are recovered and sealed as
 * incomplete. Not in a transaction. */
FL_CHECK enum result session_desk_recover(struct core *core, const char *transcript_dir, const struct key *seal_key,
                                          struct fault *fault);
