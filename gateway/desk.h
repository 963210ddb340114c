/* Carries out what people ask for over HTTP (web/change.h), in the turn's transaction. */
#pragma once
#include "core.h"

/* Fills the change's answer. A refusal is an answer; the result is the store's, and not OK means: roll back. */
FL_CHECK enum result desk_execute(struct core *core, struct change *change);
