/* Packs are exchanged while devices report: each device goes over to its new pack with what its rules know, before its
 * next message is taken, and a few at a time in between. Part of the pipeline thread. */
#pragma once
#include <stdint.h>

#include "fieldline/result.h"

enum { RELOAD_SLICE_US = 5000 /* of a turn, for devices that are silent */ };
struct core;
struct device;
struct packs;
struct reload_report {
    int64_t devices;        /* that went over */
    int64_t kept, anew;     /* with what their rules knew; with windows from history and nothing pending */
    int64_t alarms_cleared; /* because their rule is gone */
};
struct reload {
    bool is_under_way;
    const struct packs *old;      /* taken from the holder: devices still use them */
    const struct device *reached; /* of the registry, in its order */
    int64_t began_mono_ms;
    struct reload_report report;
};
/* Takes `fresh` over. What an earlier call has left is done first, at once. In a transaction, as all here. */
FL_CHECK enum result reload_begin(struct core *core, struct packs *fresh);
/* Before anything is done with the device; nothing when it has gone over. */
FL_CHECK enum result reload_device(struct core *core, struct device *device);
/* Devices for RELOAD_SLICE_US. *is_done: that was the last of them. */
FL_CHECK enum result reload_turn(struct core *core, bool *is_done);
/* The registry was loaded anew, with the newest packs. */
void reload_forget(struct core *core);
