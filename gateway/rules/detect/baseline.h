/* `baseline(x, 1w)`: what x usually is at this time: the same hour of the week; with `1d` the same half hour of the
 * day. Also `baseline_spread`: its usual distance from that, as a standard deviation; 0 where x was always the same.
 *
 * No answer before this time was seen in an earlier period. Times are UTC: where clocks change in spring and autumn,
 * the usual comes an hour early or late until it is learnt anew. */
#pragma once
#include "rules/detect/detector.h"

extern const struct detector_row detect_baseline;
