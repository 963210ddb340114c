/* The zero of a boot is the least of (received - mono): a message cannot be received before it was made, and the one
 * that waited least tells most. Only an introduction sets it, because only there it is known that the message did not
 * wait in a spool; all others may lower it. It may also rise, by CLOCK_DRIFT_PPM of the time that passed, or one quick
 * message would outweigh a crystal that has been slow since. Not that of a boot that is over: what it recorded after
 * its last connection comes from a spool, and nothing would bring the zero down again.
 *
 * The error in force belongs to the newest message. Two lanes drain at once, so a message from before the jump may come
 * after one from behind it: it is judged by itself and changes nothing.
 *
 * Not here: comparing the product's wall time with ours. A message of yesterday and a clock that is a day slow look the
 * same to that, and a spool makes messages of yesterday every day. A product that sleeps must stamp with a clock that
 * goes on meanwhile (CLOCK_BOOTTIME); one that does not is right again with its next introduction. */
#include "normalize/device_clock.h"

#include <stdlib.h>
#include <string.h>

/* Beyond, no sum here can overflow: 35,000 years. */
static const int64_t TIME_MOST_MS = INT64_C(1) << 50;

static bool is_sane(const struct wire_stamp *stamp) {
    return stamp->boot[0] != '\0' && stamp->mono_ms >= 0 && stamp->mono_ms < TIME_MOST_MS && stamp->wall_ms >= 0 &&
           stamp->wall_ms < TIME_MOST_MS;
}

static void refine(struct clock_reference *r, bool may_rise, const struct wire_stamp *stamp, int64_t recv_ms) {
    const int64_t seen = recv_ms - stamp->mono_ms;
    if (stamp->mono_ms > r->mono_ms) {
        if (may_rise)
            r->zero_ms += (stamp->mono_ms - r->mono_ms) / 1000 * CLOCK_DRIFT_PPM / 1000;
        r->mono_ms = stamp->mono_ms;
    }
    if (seen < r->zero_ms)
        r->zero_ms = seen;
}

/* The error of a message of this boot, given which one is in force; *bias: what to tolerate from now on. */
static int64_t judge(const struct clock_reference *r, const struct wire_stamp *stamp, int64_t *bias) {
    const int64_t raw = stamp->wall_ms - (r->zero_ms + stamp->mono_ms);
    const int64_t error = raw - r->bias_ms;
    *bias = r->bias_ms;
    if (r->error_ms != 0 && llabs(error - r->error_ms) <= CLOCK_STICKY_MS)
        return r->error_ms;
    if (llabs(raw) > CLOCK_TOLERANCE_MS)
        return error;
    *bias = raw;
    return 0;
}

int64_t device_clock_error(struct device_clock *clock, const struct wire_stamp *stamp, int64_t recv_ms) {
    if (!is_sane(stamp))
        return 0;
    struct clock_reference *r = strcmp(clock->now.boot, stamp->boot) == 0      ? &clock->now
                                : strcmp(clock->before.boot, stamp->boot) == 0 ? &clock->before
                                                                               : NULL;
    if (!r)
        return stamp->wall_ms > recv_ms + CLOCK_TOLERANCE_MS ? stamp->wall_ms - recv_ms : 0;
    const bool is_newest = stamp->mono_ms >= r->mono_ms;
    int64_t bias;
    refine(r, r == &clock->now, stamp, recv_ms);
    const int64_t error = judge(r, stamp, &bias);
    if (is_newest) {
        r->error_ms = error;
        r->bias_ms = bias;
    }
    return error;
}

bool device_clock_introduce(struct device_clock *clock, const struct wire_stamp *stamp, int64_t recv_ms) {
    if (!is_sane(stamp))
        return false;
    const int64_t seen = recv_ms - stamp->mono_ms;
    if (strcmp(clock->before.boot, stamp->boot) == 0) { /* two machines with one certificate take turns */
        const struct clock_reference other = clock->now;
        clock->now = clock->before;
        clock->before = other;
    } else if (strcmp(clock->now.boot, stamp->boot) != 0) {
        clock->before = clock->now;
        clock->now = (struct clock_reference){.zero_ms = seen, .mono_ms = stamp->mono_ms};
        memcpy(clock->now.boot, stamp->boot, sizeof clock->now.boot);
    }
    if (llabs(seen - clock->now.zero_ms) > CLOCK_DELAY_MAX_MS)
        clock->now.zero_ms = seen;
    device_clock_error(clock, stamp, recv_ms); /* it is a message too, and the newest */
    return true;
}

void device_clock_step(struct device_clock *clock, int64_t step_ms) {
    clock->now.zero_ms += step_ms;
    clock->before.zero_ms += step_ms;
}
