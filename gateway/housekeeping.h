/* What has to be thrown away in time: journal rows that history has, chunks, tiers, log lines and events past their
 * pack's retention, login sessions past their limits, recordings of sessions past their time. A little in each turn, so
 * that no turn is long. */
#pragma once
#include "core.h"

struct housekeeping;
struct housekeeping *housekeeping_new(void);
void housekeeping_free(struct housekeeping *h);
/* In a transaction; `messages`: how many this turn took. */
FL_CHECK enum result housekeeping_turn(struct housekeeping *h, struct core *core, size_t messages);
/* The registry was loaded anew: pointers into it are dead. */
void housekeeping_forget(struct housekeeping *h);
