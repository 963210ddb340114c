/* The time of day as the agent tells it, beside a clock that only goes forward.
 *
 * The machine's wall clock may be unset (no battery: 1970 at every start), and it may be stepped at any moment. So:
 *  - While it shows less than WALL_LEAST_MS it is not believed: time goes on from the newest time known instead, so
 * that measurements lie in a range that the wire can carry; the gateway rebases them by boot id and monotonic time.
 *  - When it moved by WALL_STEP_MS or more against the monotonic clock, wall_look tells the owner twice: before, while
 *    the old time is still told (what was gathered is sent off with a stamp that fits it), and after.
 * Readings come from the caller's source: tests have clocks of their own. Loop thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* 2026-01-01: no product ran this agent earlier. WALL_STEP_MS is above what slewing moves between two looks. */
#define WALL_LEAST_MS INT64_C(1767225600000)
enum { WALL_STEP_MS = 2000 };

/* The two clocks, read together. Monotonic time here is that since the boot, sleep included: a machine that slept has
 * not had its clock stepped. */
struct moment {
    int64_t mono_ms, wall_ms;
};

struct wall_source {
    void *self;
    struct moment (*read)(void *self);
};
struct wall_owner {
    void *self;
    void (*before_step)(void *self);
    void (*stepped)(void *self, int64_t by_ms);
};

struct wall {
    struct wall_source source;
    struct wall_owner owner;
    int64_t offset_ms; /* wall - mono, as told */
    int64_t known_ms, known_mono_ms;
    bool is_stepping, is_held;
    uint64_t step_count;
    int64_t step_sum_ms;
};

/* The machine's own clocks. */
struct wall_source wall_machine(void);
/* `known_ms`: the newest time that is known to have been, e.g. of the last record in the spool; 0: none. */
void wall_init(struct wall *wall, struct wall_source source, int64_t known_ms);
/* Who hears of steps; nobody unless set. */
void wall_tell(struct wall *wall, struct wall_owner owner);
/* For stamps: the old time until a step has been looked at. Calls nobody, so it may be used anywhere. */
struct moment wall_now(struct wall *wall);
int64_t wall_now_ms(struct wall *wall);
/* For whoever begins something, before it takes a measurement: notices steps, and may call the owner. */
struct moment wall_look(struct wall *wall);
/* A time that some program of this product wrote: now, while it can only come from a clock that is not set. */
int64_t wall_believe(struct wall *wall, int64_t event_ms);
