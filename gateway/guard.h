/* What follows from how devices behave on the wire (normalize/conduct.h decides): a line among the device's events, an
 * alarm where a person has to act, a log line, a figure, and what the console shows. Once when it begins and once when
 * it is over, however many signs there are between. Pipeline thread, within the turn's transaction. */
#pragma once
#include "ingest/inbox.h"
#include "normalize/device.h"

struct core;
/* Part of struct core; zero is how it begins. */
struct guard {
    struct device *listed; /* through next_listed: in trouble, or with something to be told later */
    int64_t own_offset_ms; /* our wall clock over our monotonic one, as of the last turn */
    bool has_own_offset;
    int64_t unsettled_until_mono_ms; /* our clock leapt forward: nothing is deleted for its age until then */
    int64_t strangers_told_mono_ms;  /* floods on topics of nobody we know */
    uint64_t strangers_dropped;      /* since then */
};

/* Judges the clock that stamped the message and has the normalizer rebase its times. */
FL_CHECK enum result guard_clock(struct core *core, struct device *device, const struct inbound *m, bool is_birth);
/* A message came in this stream; the lane as its kind tells. */
FL_CHECK enum result guard_stream(struct core *core, struct device *device, struct device_stream *stream,
                                  enum lane lane);
/* The device says that it has connected. */
FL_CHECK enum result guard_connected(struct core *core, struct device *device);
/* Floods that the inbox held back, and what is over by now. About once a second. */
FL_CHECK enum result guard_tick(struct core *core);
/* Once a turn, with our two clocks (boot_ms goes on while the machine sleeps): when our wall clock was set, what is
 * kept by it moves along. */
FL_CHECK enum result guard_own_clock(struct core *core, int64_t wall_ms, int64_t boot_ms);
/* At a start: from the store into the registry. */
void guard_load(struct core *core, struct device *device, const struct conduct *kept);
