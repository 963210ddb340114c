/* What the agent could not or should not take: counted by reason, and told to the gateway as gap events, so that
 * nothing is silently missing. (What was taken and then dropped from the spool is the spool's to tell.)
 *
 * The first event of a reason leaves LOSSES_FIRST_MS after the first loss; while losses go on, the wait doubles up to
 * LOSSES_MOST_MS. What is not told yet survives a kill in run_dir/losses.json. */
#pragma once
#include "fieldline/message.h"
#include "loop.h"
#include "wall.h"

enum loss {
    LOSS_BUDGET,       /* thinned out or left out to stay within bytes_per_day */
    LOSS_STATSD_FLOOD, /* datagrams that the kernel dropped, because they came faster than they were read */
    LOSS_SYSLOG_FLOOD,
    LOSS_TOO_LONG, /* datagrams beyond INTAKE_DATAGRAM_BYTES */
    LOSS_SERIES,   /* values of more series than METERS_MAX */
    LOSS_TAIL,     /* the rest of a log file that was gone when the agent came back; how many lines is not known */
    LOSS_COUNT
};
enum { LOSSES_FIRST_MS = 60 * 1000, LOSSES_MOST_MS = 3600 * 1000 };
const char *loss_name(enum loss loss); /* "budget", ...: the label in metrics */

struct losses;
/* Reads what an earlier run could not tell. `tell` gets each gap event. */
struct losses *losses_new(struct loop *loop, struct wall *wall, const char *run_dir, void *self,
                          void (*tell)(void *self, const struct event_message *event));
/* Does not tell; what is left is in the file. */
void losses_free(struct losses *losses);
/* `count` records that were measured between first_ms and last_ms; 0: it is not known how many. */
void losses_add(struct losses *losses, enum loss why, uint64_t count, int64_t first_ms, int64_t last_ms);
/* Tells everything now: before the agent ends. */
void losses_flush(struct losses *losses);
/* Writes down what is not told yet, if that changed. */
void losses_save(struct losses *losses);
/* Since the start. */
uint64_t losses_total(const struct losses *losses, enum loss why);
