/* Pulling evidence: when an alarm of a ticket is raised, its product is asked for what it measured around that moment,
 * and what comes is kept with the ticket. A part is asked for when the one before is committed, through the outbox, so
 * whoever is killed meanwhile goes on. Never of a device that does not offer it, for a moment long past, more often
 * than PULL_EVERY_MS or PULLS_A_DAY, or while the disk is short. Within the turn's transaction. */
#pragma once
#include "core.h"
#include "rules/alarm.h"

enum {
    PULL_EVERY_MS = 60 * 1000, /* of one device */
    PULLS_A_DAY = 20,
    PULL_LATE_MS =
        10 * 60 * 1000, /* an alarm that was told before that is of a backlog: no recorder goes back so far */
    PULL_EXPIRES_MS = 10 * 60 * 1000, /* so long a part may take, the device being offline included */
    PULL_PARTS_MAX = 256
};

/* An alarm was raised, or raised again, and alarm->ticket is its ticket. */
FL_CHECK enum result pull_begin(struct core *core, struct device *device, const struct alarm *alarm);
/* The reply to a pull of that evidence (a UUID). */
FL_CHECK enum result pull_answered(struct core *core, struct device *device, const char *evidence,
                                   const struct reply_message *reply);
/* What a service report says of the ticket's evidence: a section of Markdown, nothing when there is none. */
FL_CHECK enum result pull_report(struct core *core, int64_t ticket, struct buf *out);
/* A pull expired without an answer. */
FL_CHECK enum result pull_expired(struct core *core, const char *evidence);
