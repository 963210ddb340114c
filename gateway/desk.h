/* Carries out what people ask for over HTTP (web/change.h), in the turn's transaction. */
#pragma once
#include "core.h"

/* Fills the change's answer. A refusal is an answer; the result is the store's, and not OK means: roll back. */
FL_CHECK enum result desk_execute(struct core *core, struct change *change);

/* For the files that carry out changes: an entry of the audit log by who asked; a refusal as the change's answer, which
 * is audited like a deed. */
FL_CHECK enum result desk_audit(struct core *core, const struct change *change, const char *what, const char *object,
                                const char *result, const char *detail);
FL_CHECK enum result desk_refuse(struct core *core, struct change *change, const char *what, const char *object,
                                 enum result verdict, const char *text);
