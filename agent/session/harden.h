/* Gives up what a session process does not need. Once, first thing, before anything is read. */
#pragma once
#include "fieldline/result.h"

/* Keeps descriptors 0 to 2 and `keep_fd` (-1: none). No new privileges for us or any child (a setuid program runs
 * without its privilege), no core files, not traceable by processes of the same user, few descriptors. */
FL_CHECK enum result harden(int keep_fd, struct fault *fault);
