/* `starts(cond, 1h)`: how often the condition began to hold in the last hour: changes from false to true that were
 * seen. Found true after a gap (event_time.h) it is no start: nobody saw it. */
#pragma once
#include "rules/detect/detector.h"

extern const struct detector_row detect_starts;
