/* A broker that crashed has told nobody's Last Will, so when our connection was lost, everybody who was online is in
 * doubt. Whoever says anything (an agent repeats "online" at every connection; a broker that lived repeats what it
 * retained) stays; who is silent for broker.return_within after the broker is back counts as offline. */
#pragma once
#include "fieldline/result.h"

#include <stdint.h>

struct core;
/* Part of struct core; zero is how it begins. */
struct doubt {
    uint64_t losses;          /* of the connection that are dealt with */
    int64_t since_mono_ms;    /* the connection was lost then; 0: nobody is in doubt */
    int64_t deadline_mono_ms; /* 0: the broker is not back yet */
};
/* About once a second. */
FL_CHECK enum result doubt_tick(struct core *core);
