/* What people do to alarms: acknowledge, shelve, reset; announce maintenance; say where a device stands. Rows of
 * desk.c's table: a refusal is the change's answer and an audit entry; the result is the store's. */
#pragma once
#include "core.h"

enum { SHELVES_MAX = 10000 /* at a time */ };

FL_CHECK enum result alarm_desk_acknowledge(struct core *core, struct change *change);
FL_CHECK enum result alarm_desk_shelve(struct core *core, struct change *change);
FL_CHECK enum result alarm_desk_unshelve(struct core *core, struct change *change);
FL_CHECK enum result alarm_desk_reset(struct core *core, struct change *change);
FL_CHECK enum result alarm_desk_maintain(struct core *core, struct change *change);
FL_CHECK enum result alarm_desk_end_maintenance(struct core *core, struct change *change);
FL_CHECK enum result alarm_desk_locate(struct core *core, struct change *change);
/* A read, but of what only this thread has: conditions whose hold is not over. */
FL_CHECK enum result alarm_desk_pending(struct core *core, struct change *change);
