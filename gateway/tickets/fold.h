/* One broken thing, one ticket: what a change of an alarm does to the tickets of its device. Pure.
 *
 * raised:
 * - its own ticket is open: that one counts a repeat, and its severity may rise
 * - a ticket of the same alarm was resolved within TICKET_REOPEN_MS: it is reopened, the repair did not last
 * - another ticket that an alarm opened on this device is open: attached to it; one broken part raises several alarms,
 *   and two tickets for one visit cost more than a second fault in one ticket
 * - none of these: a new ticket, if the alarm opens tickets
 *
 * rose: the severity of its ticket rises with it.
 *
 * cleared: the ticket says so. When it was its last active alarm, the ticket is still new, no person touched it and the
 * alarm neither flaps nor latches: resolved as self-healed, and reopened by the second rule above when it comes back.
 *
 * Tickets opened by people are left alone: what the owner means is for a person to decide. Of an alarm's repeats only
 * the first three, and then each power of two, become lines in the history; of a flapping one none, but that it flaps
 * and that it is calm again. A lower severity is a line; the ticket's urgency falls only while nobody handles it.
 *
 * Incidents (incident.h) have tickets of their own, which this does not see. */
#pragma once
#include "rules/alarm.h"
#include "tickets/ticket.h"

#define TICKET_REOPEN_MS ((int64_t)7 * 24 * 60 * 60 * 1000)

enum ticket_effect {
    TICKET_NOT_CONCERNED, /* nothing to write */
    TICKET_OPENED,        /* *out is new (id 0); *event says why */
    TICKET_CHANGED        /* *out is a changed one of `tickets`; *event, unless its kind is NONE */
};
/* `tickets`: those of the device that are open or were resolved within TICKET_REOPEN_MS, any order; they need not all
 * concern this alarm. `model` is the device's. After TICKET_OPENED or TICKET_CHANGED the caller stores *out and sets
 * alarm->ticket to its id. now_ms is wall time (the ticket's clock). */
enum ticket_effect ticket_for_alarm(const struct ticket *tickets, size_t count, const char *model,
                                    const struct alarm *alarm, enum alarm_change change, int64_t now_ms,
                                    struct ticket *out, struct ticket_event *event);
