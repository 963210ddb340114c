/* What is found out about a session afterwards, at the desk: its searchable lines, and the words that people add to its
 * report. Pipeline thread; changes of desk.c's table. */
#pragma once
#include "core.h"

/* From the reporter: lines of a session; the first batch replaces what was there. */
FL_CHECK enum result session_finds_lines(struct core *core, struct change *change);
/* Who had the session, a supervisor or an administrator adds words to its report. They are masked, because they
 * go into the ticket and the audit log too, and then never change. */
FL_CHECK enum result session_finds_finding(struct core *core, struct change *change);
