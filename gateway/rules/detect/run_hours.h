/* `run_hours(cond)`: for how many hours the condition has held since the device was first seen. Never falls, survives
 * restarts with the rest of the state; time between samples further apart than the gap bound (event_time.h) is not
 * known and does not count. */
#pragma once
#include "rules/detect/detector.h"

extern const struct detector_row detect_run_hours;
