/* `rul(a, b, c, ...[, most])`: how long a unit still has before it fails, learnt from recorded lives of its model
 * (lives.h). outputs[0]: expected; [1], [2]: 90 % of units left out of the learning lay between (rul_low, rul_high).
 *
 * In the unit of the lives' time axis. Where the axis is one of the inputs (`rul(vibration, temperature, run_hours)`)
 * it is that unit, and the unit's age is used; otherwise the axis is seconds of event time, and age is not used, for
 * nobody knows when the device began. Answers are at most `most` (0.6 of the median life): beyond, nothing is known
 * yet.
 *
 * The interval is that of units whose records have as many samples as the device sends: one that sends four times as
 * seldom has noisier means than those, and its interval holds some 80 % instead of 90.
 *
 * Memory: some 600 bytes a device; the model (spec.library, a struct life_model) is shared. */
#pragma once
#include "rules/detect/life_model.h"

enum { RUL_SAMPLES_LEAST = 10 }; /* before the first answer */

extern const struct detector_row detect_rul;
