/* A watched value: what a healthy stretch said about it, and how far outside of that it is now. Private to the
 * detectors; plain data, saved as it stands. Values are expected to be standardised (about 1 in size). */
#pragma once
#include "rules/detect/detector.h"

/* Lengths of the two means, in samples: of what is now, and of what was lately normal. */
struct watch_scale {
    int fast, slow;
};

struct watch {
    double fast, base;    /* running means */
    double middle, leash; /* how far from the learnt middle the base may wander */
    double limit;         /* |fast - base| at which it is outside */
    double peak;          /* of the fault under way, in limits */
    uint32_t age;         /* samples that the fast mean has seen since it began anew */
    uint32_t settling;    /* samples that the base still follows the fast mean after a fault */
    bool is_outside;
};

/* From a healthy stretch, in order; count is at least 8 times scale.slow. `room` has place for 2 * count doubles. */
void watch_learn(struct watch *w, struct watch_scale scale, const double *values, size_t count, double *room);
/* One more value. Returns the distance in limits: 1 is the edge of what was learnt; is_outside has the hysteresis. */
double watch_step(struct watch *w, struct watch_scale scale, double value);
/* The fault is over: what comes next is the new normal, as far as the leash allows. */
void watch_settle(struct watch *w, struct watch_scale scale);
/* After a gap: the fast mean begins anew and is not judged until it has come in; the base stays. */
void watch_restart(struct watch *w);

void watch_save(const struct watch *w, struct buf *out);
FL_CHECK bool watch_load(struct watch *w, struct cursor *in);
