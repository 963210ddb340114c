/* `drift_score(x)`: how surely x has slowly left the level it used to have, up or down. 1 is worth an alarm; at most 2.
 *
 * It asks for a lasting shift by half a standard deviation of x or more: one deviation is told after some 45
 * independent samples, half of one after some 130; samples that resemble their neighbours count for correspondingly
 * less, so that noise with a memory, or a daily pattern, is no drift (of such a series a drift of
 * `avg_over_time(x[1d])` is told sooner). Single outliers count for three deviations at most. A new level that lasts is
 * learnt in turn (over two weeks, at least 5,000 samples), and the score falls.
 *
 * No answer for the first two days and 100 samples. 400 bytes a series, 100 ns a sample. */
#pragma once
#include "rules/detect/detector.h"

extern const struct detector_row detect_drift;
