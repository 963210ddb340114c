/* What supervisors and administrators decide about remote access: who is qualified, whose contract covers what, and the
 * kill switch. Each change is audited in its transaction, and the sessions that lose their ground by it end in the same
 * turn (session_guard.h). Pipeline thread. */
#pragma once
#include "core.h"

/* Changes (desk.c's table). A refusal is the change's answer and an audit entry; the result is the store's. */
FL_CHECK enum result access_desk_qualify(struct core *core, struct change *change);
FL_CHECK enum result access_desk_disqualify(struct core *core, struct change *change);
FL_CHECK enum result access_desk_contract(struct core *core, struct change *change);
FL_CHECK enum result access_desk_kill(struct core *core, struct change *change);
FL_CHECK enum result access_desk_lift(struct core *core, struct change *change);
/* What a session of who asks would need on the device of the path: a read. */
FL_CHECK enum result access_desk_terms(struct core *core, struct change *change);
