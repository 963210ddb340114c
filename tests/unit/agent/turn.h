/* Turns the loop until a condition holds, with a deadline; no test sleeps. */
#pragma once
#include "fieldline/clock.h"
#include "loop.h"

typedef bool turn_fn(void *self);
struct turn {
    struct loop *loop;
    struct loop_timer timer;
    turn_fn *is_done;
    void *self;
    int64_t until_mono_ms;
    bool has_held;
};

static inline void turn_check(void *self) {
    struct turn *turn = self;
    turn->has_held = turn->is_done(turn->self);
    if (turn->has_held || clock_mono_ms() >= turn->until_mono_ms) {
        loop_stop(turn->loop);
    } else {
        loop_arm(turn->loop, &turn->timer, 2, turn_check, turn);
    }
}

/* False: the deadline came first. */
static inline bool turn_until(struct loop *loop, turn_fn *is_done, void *self, int64_t within_ms) {
    struct turn turn = {.loop = loop, .is_done = is_done, .self = self, .until_mono_ms = clock_mono_ms() + within_ms};
    loop_arm(loop, &turn.timer, 0, turn_check, &turn);
    return loop_run(loop) == RESULT_OK && turn.has_held;
}
