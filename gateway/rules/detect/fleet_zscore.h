/* `fleet_zscore(x)`: how unusual this device's x is among those of the same model and firmware, in robust standard
 * deviations from their median (fleet.h). A detector whose states join a fleet: until then it has no answer. */
#pragma once
#include "rules/detect/detector.h"

extern const struct detector_row detect_fleet_zscore;

struct fleet;
/* Of a state of that row. Cheap when it has joined already. */
void fleet_zscore_join(void *state, struct fleet *fleet, const char *expression, const char *part);
