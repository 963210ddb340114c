/* `duty_cycle(cond, 1h)`: the share, 0 to 1, of the known time of the last hour in which the condition held. Also
 * `duty_cycle_known`: how much of the hour is known, 0 to 1. Two samples further apart than the gap bound
 * (event_time.h) leave the time between them unknown; a product that was off has no duty. */
#pragma once
#include "rules/detect/detector.h"

extern const struct detector_row detect_duty_cycle;
