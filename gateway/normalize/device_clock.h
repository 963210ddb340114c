/* The clock of a product, judged by ours: what is its wall time off by? Pure; the caller keeps the struct.
 *
 * Every message carries boot id, monotonic and wall time, read together when it was made. An introduction (a birth
 * outside of the streams, sent at each connection) carries those of the moment of sending: our wall time at receipt
 * minus its monotonic time is the true wall time of that boot's zero. From then on the true time of every message of
 * that boot is known, however long it waited in a spool and however often the wall clock was set meanwhile:
 * zero + mono. What the wall clock said beyond that is its error. All times are milliseconds. */
#pragma once
#include "fieldline/message.h"

enum {
    CLOCK_TOLERANCE_MS = 5000,      /* an error up to this is left alone: links are slow, clocks are set roughly */
    CLOCK_STICKY_MS = 2000,         /* a correction in force stays while the new one is this near: no jitter */
    CLOCK_DELAY_MAX_MS = 60 * 1000, /* an introduction later than this was not delayed: our clock or its was set */
    CLOCK_DRIFT_PPM = 100           /* how fast the zero may follow a monotonic clock that is slow */
};

/* One boot of the product. */
struct clock_reference {
    char boot[CAP_UUID_BYTES + 1]; /* "": none */
    int64_t zero_ms;               /* true wall time of this boot's monotonic zero */
    int64_t mono_ms;               /* newest monotonic time that was compared */
    int64_t error_ms;              /* in force: the product's wall time minus the true one; 0 within the tolerance */
    int64_t bias_ms;               /* what was tolerated before the error: taken off it, so that times go on smoothly */
};
/* The boot that introduced itself last, and the one before: its messages may still sit in a spool. */
struct device_clock {
    struct clock_reference now, before;
};

/* An introduction of this boot was received; false: it carries no times, or absurd ones. */
bool device_clock_introduce(struct device_clock *clock, const struct wire_stamp *stamp, int64_t recv_ms);
/* What to take off every time in the message. A message of a boot that never introduced itself is believed, unless it
 * was made after it was received: then its newest time becomes that of receipt. Refines the zero. */
int64_t device_clock_error(struct device_clock *clock, const struct wire_stamp *stamp, int64_t recv_ms);
/* Our own wall clock was set by so much (new minus old). */
void device_clock_step(struct device_clock *clock, int64_t step_ms);
