/* Owners at the gateway's desk: their statements on the way to the product, and what the product answers. The gateway
 * checks a signature only so that nobody can make it send nonsense to products; whether a statement counts is the
 * product's to say. Pipeline thread. */
#pragma once
#include "core.h"
#include "fieldline/message.h"
#include "sessions/session.h"

/* Changes (desk.c's table); each is somebody's without an account, so a refusal tells nothing about other devices. */
FL_CHECK enum result owner_desk_enrol(struct core *core, struct change *change);
FL_CHECK enum result owner_desk_say(struct core *core, struct change *change);
FL_CHECK enum result owner_desk_look(struct core *core, struct change *change); /* the page was opened; nobody waits */

/* The agent's reply to owner.*; `letter` is what the command was about. */
FL_CHECK enum result owner_desk_reply(struct core *core, struct device *device, const char *letter,
                                      const struct reply_message *reply);
/* The agent's reply to session.open may be that the owner's page has to answer: then the question is kept for it, and
 * *is_question is set. */
FL_CHECK enum result owner_desk_question(struct core *core, struct session *s, const struct reply_message *reply,
                                         bool *is_question);
