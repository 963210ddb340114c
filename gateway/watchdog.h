/* Tells the service manager that the gateway gets on (sd_notify's WATCHDOG=1), and in a line how it is. A gateway whose
 * pipeline or edge thread is stuck says nothing any more, and is started again. Pipeline thread. */
#pragma once
#include "core.h"

struct watchdog;
struct watchdog *watchdog_new(int64_t every_ms); /* 0: nobody wants to know */
void watchdog_free(struct watchdog *watchdog);
/* The pipeline thread got on: a turn ended, well or not, or a long load went on. Cheap: call it often. */
void watchdog_beat(struct watchdog *watchdog, struct core *core);

/* Whether to feed now, given when it was fed last. */
bool watchdog_feeds(int64_t every_ms, int64_t fed_ago_ms, int64_t edge_silent_ms);
