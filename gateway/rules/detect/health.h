/* `health(a, b, c, ...[, samples])`: how far a product is from what it was like when it was new (or mended): 0 = the
 * same, 1 = the edge of what was learnt; stays above 1 until a fault is over, so `health(...) > 1` is an alarm as it
 * is. outputs[1]: which input is farthest out, from 0. Learns from the first `samples` samples (400), which must be
 * healthy and show what is normal; silent until then.
 *
 * Memory: while it learns 8 bytes for each input and sample; then about 150 bytes for each input, and n * n * 8 for n
 * inputs. Its two means are over samples/40 and samples/8: so `samples` also says what is quick and what is slow. */
#pragma once
#include "rules/detect/detector.h"

enum {
    HEALTH_SAMPLES_DEFAULT = 400,
    HEALTH_SAMPLES_MIN = 80,
    HEALTH_SAMPLES_MAX = 4096,
    HEALTH_STRETCH_MAX = 16384 /* values: samples times inputs */
};

extern const struct detector_row detect_health;
