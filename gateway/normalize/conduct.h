/* How a device behaves on the wire, beside what it says: its clock, who else uses its certificate, how often it
 * reconnects, whether it floods. A trouble begins with its first sign and is over when none came for a while. Pure. */
#pragma once
#include "normalize/device_clock.h"

enum conduct_kind {
    CONDUCT_CLOCK,    /* its wall clock is off; over when the clock is right */
    CONDUCT_SHARED,   /* two programs use one certificate: a stream came back after another had taken its place */
    CONDUCT_FLAPPING, /* reconnects again and again */
    CONDUCT_FLOODING, /* sends more than it may: what was beyond is dropped */
    CONDUCT_COUNT
};
enum {
    CONDUCT_FLAPS_PER_MINUTE = 15, /* reconnects */
    CONDUCT_TELL_MS = 60 * 1000    /* a clock that jumps about is told of so often */
};
const char *conduct_name(enum conduct_kind kind); /* "clock_off", "identity_shared", "flapping", "flooding" */
/* Quiet for so long: over. 0: does not end by itself. */
int64_t conduct_quiet_ms(enum conduct_kind kind);

struct trouble {
    int64_t since_ms;      /* wall; 0: there is none */
    int64_t until_mono_ms; /* over then, unless there is another sign */
    uint64_t count;        /* signs since it began: reconnects, changes of hands, messages dropped */
};
struct conduct {
    struct device_clock clock;
    struct trouble troubles[CONDUCT_COUNT];
    int64_t window_mono_ms; /* when the minute began in which `reconnects` are counted */
    int reconnects;
    int64_t told_error_ms, told_mono_ms; /* of the clock */
    int64_t kept_zero_ms;                /* as the store has it */
    bool is_listed;                      /* among the devices that are looked at every second */
};

/* A sign of trouble; true: it begins now. */
bool conduct_sign(struct conduct *c, enum conduct_kind kind, uint64_t count, int64_t now_ms, int64_t now_mono_ms);
bool conduct_is_over(const struct conduct *c, enum conduct_kind kind, int64_t now_mono_ms);
/* The device connected; true: that is one time too many within a minute. */
bool conduct_reconnected(struct conduct *c, int64_t now_mono_ms);
static inline bool conduct_has(const struct conduct *c, enum conduct_kind kind) {
    return c->troubles[kind].since_ms != 0;
}
/* Put back at a start: what was so then is over after a quiet while from now on. */
void conduct_resume(struct conduct *c, int64_t now_mono_ms);
