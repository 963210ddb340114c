/* Where each of some sensors stands and where it is going: a quick and a slow mean over a time axis. Private to the
 * detectors; the same steps make the features of recorded lives and of a running device. */
#pragma once
#include "rules/detect/detector.h"

struct course_scale {
    double quick, slow; /* in units of the axis */
};
struct course {
    double quick[DETECTOR_INPUTS_MAX], slow[DETECTOR_INPUTS_MAX];
    double quick_mass, slow_mass; /* how many samples the means stand for */
    double began, at;             /* on the axis: the first and the last sample */
};
/* A sample, later on the axis than the one before. A new course is zeros. */
void course_step(struct course *t, struct course_scale scale, double at, const double *values, int count);
/* 2 * count features: the quick means, then by how much they are above the slow ones. */
void course_features(const struct course *t, int count, double *out);
