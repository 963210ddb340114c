/* `anomaly_score(x)`: how unlike everything before the present of x is, from 0 to 1, without a setting.
 *
 * From 0.5 on it is an alarm worth looking at; 0.8 and more is far beyond anything usual. An event is one spike: the
 * score is raised at its first sample and then rests at 0 for 3 % of the number of samples seen so far (at most 288),
 * unless something twice as surprising comes; so look with `max_over_time(anomaly_score(x)[10m]) >= 0.5`, or with an
 * alarm that latches. Between events the score below 0.5 moves with what is a little unusual.
 *
 * It learns by itself; the first 50 samples have no answer, the first day and the first week are judged without the
 * daily and weekly pattern. Times of day are UTC. No look-ahead: a score depends on this and earlier samples alone.
 * 4.0 KB a series, about 1 us a sample. */
#pragma once
#include "rules/detect/detector.h"

#define ANOMALY_ALARM 0.5

extern const struct detector_row detect_anomaly;
