/* How many lines an event may write: a device that sends nonsense ten thousand times a second must not fill the disk
 * with what we say about it. Private to include/src. Any thread. */
#pragma once
#include <stdint.h>

#include "fieldline/log.h"

/* May this line leave? *suppressed gets how many of the same area and id did not since the last one that did. */
bool log_limit_passes(enum log_level level, const char *area, const char *id, int64_t mono_ms, unsigned *suppressed);
/* Takes one event that was suppressed and has been quiet for LOG_SETTLE_MS; false: there is none (more). */
bool log_limit_settled(int64_t mono_ms, enum log_level *level, const char **area, const char **id,
                       unsigned *suppressed);
