/* Which articles of the product pack help with a ticket: those that name one of its alarms or fault codes. Pure. */
#pragma once
#include "rules/pack.h"

/* `alarms`: names of the alarms that hang on the ticket. Best first (most of the alarms named, then the pack's order).
 * Returns how many were written to out (at most room). */
size_t knowledge_for(const struct pack *pack, const char *const *alarms, size_t alarm_count,
                     const struct pack_article **out, size_t room);
