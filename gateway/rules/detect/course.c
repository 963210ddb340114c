/* Exponential means whose weights fall with time, not with the number of samples, so that a device that sends more
 * often than those whose lives were recorded, or has gaps, is compared with the same thing. A mean begins as a plain
 * mean of what there is (its mass counts the samples that still weigh), not as a slow approach from zero. */
#include "rules/detect/course.h"

#include <math.h>

static void step(double *means, double *mass, double weigh, const double *values, int count) {
    *mass = *mass * weigh + 1;
    for (int i = 0; i < count; i++)
        means[i] += (values[i] - means[i]) / *mass;
}

/* What the samples so far still weigh. */
static double kept(const struct course *t, double at, double length) {
    return at - t->began < length ? 1 : exp(-(at - t->at) / length);
}

void course_step(struct course *t, struct course_scale scale, double at, const double *values, int count) {
    if (t->quick_mass <= 0)
        t->began = t->at = at;
    step(t->quick, &t->quick_mass, kept(t, at, scale.quick), values, count);
    step(t->slow, &t->slow_mass, kept(t, at, scale.slow), values, count);
    t->at = at;
}

void course_features(const struct course *t, int count, double *out) {
    for (int i = 0; i < count; i++) {
        out[i] = t->quick[i];
        out[count + i] = t->quick[i] - t->slow[i];
    }
}
