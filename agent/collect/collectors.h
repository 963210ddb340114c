/* All collectors of the configuration: statsd, syslog, followed files, the host. What they find goes to the sink. */
#pragma once
#include "agent_config.h"
#include "collect/sink.h"
#include "collect/statsd.h"
#include "collect/tail.h"
#include "loop.h"
#include "wall.h"

struct collectors_counts {
    uint64_t statsd_datagrams, statsd_refused[STATSD_REFUSAL_COUNT], statsd_unfit; /* unfit: see meters_take */
    uint64_t syslog_datagrams;
    uint64_t oversize;                       /* datagrams, both */
    uint64_t statsd_dropped, syslog_dropped; /* datagrams that the kernel dropped, they came too fast */
    uint64_t series;                         /* statsd series now */
};

struct collectors;
/* `sink` is copied; what it points to outlives the collectors. */
FL_CHECK enum result collectors_new(struct loop *loop, const struct agent_config *config, struct wall *wall,
                                    const struct sink *sink, const struct tail_spool *spool, struct collectors **out,
                                    struct fault *fault);
void collectors_free(struct collectors *collectors);
/* Somebody observes and wants values this often (0: nobody any more): what comes in is shown as it comes, and the host
 * is measured for the observer alone; what is sent to the gateway stays as configured. */
void collectors_watch(struct collectors *collectors, int64_t interval_ms);
/* See tail_checkpoint. */
void collectors_checkpoint(struct collectors *collectors, const char *stream, uint64_t seq);
/* Hands over what is still being added up; before the agent ends. */
void collectors_flush(struct collectors *collectors);
/* Tells the sink what was lost since the last call. */
void collectors_look(struct collectors *collectors);
struct collectors_counts collectors_counts(const struct collectors *collectors);
