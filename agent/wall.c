/* The agent's time of day: the machine's wall clock, if it can be believed, and what to do when it jumps.
 *
 * The difference between the wall clock and the monotonic clock says it all: it moves slowly while a clock is slewed
 * and at once when it is stepped. Collectors look at it before each measurement, so the first sample after a step
 * already finds the batch of those before it closed; stamps do not look, because closing a batch in the middle of
 * closing one would. A timerfd with TFD_TIMER_CANCEL_ON_SET was left: it says that the clock was set, later than the
 * first sample, and a test cannot move it. Steps while the agent was off need no word: each message carries both
 * clocks. The floor is the larger of a constant and the newest time in the spool; a newest time in the future does no
 * harm, because it counts only while the clock is not set at all. Owned by agent.c. */
#include "wall.h"

#include <stddef.h>

#include "fieldline/clock.h"

static struct moment read_machine(void *self) {
    (void)self;
    return (struct moment){.mono_ms = clock_since_boot_ms(), .wall_ms = clock_wall_ms()};
}

struct wall_source wall_machine(void) {
    return (struct wall_source){.read = read_machine};
}

static int64_t offset_of(struct wall *w, const struct moment *raw) {
    w->is_held = raw->wall_ms < WALL_LEAST_MS;
    return w->is_held ? w->known_ms - w->known_mono_ms : raw->wall_ms - raw->mono_ms;
}

void wall_init(struct wall *w, struct wall_source source, int64_t known_ms) {
    struct moment raw = source.read(source.self);
    *w = (struct wall){.source = source, .known_ms = known_ms > WALL_LEAST_MS ? known_ms : WALL_LEAST_MS};
    w->known_mono_ms = raw.mono_ms;
    w->offset_ms = offset_of(w, &raw);
}

void wall_tell(struct wall *w, struct wall_owner owner) {
    w->owner = owner;
}

static bool is_step(int64_t by_ms) {
    return by_ms >= WALL_STEP_MS || by_ms <= -WALL_STEP_MS;
}

static void step(struct wall *w, int64_t offset_ms) {
    int64_t by_ms = offset_ms - w->offset_ms;
    w->is_stepping = true;
    if (w->owner.before_step != NULL) {
        w->owner.before_step(w->owner.self);
    }
    w->is_stepping = false;
    w->offset_ms = offset_ms;
    w->step_count++;
    w->step_sum_ms += by_ms;
    if (w->owner.stepped != NULL) {
        w->owner.stepped(w->owner.self, by_ms);
    }
}

struct moment wall_now(struct wall *w) {
    struct moment raw = w->source.read(w->source.self);
    int64_t offset_ms = offset_of(w, &raw);
    if (!is_step(offset_ms - w->offset_ms)) {
        w->offset_ms = offset_ms;
    }
    return (struct moment){.mono_ms = raw.mono_ms, .wall_ms = raw.mono_ms + w->offset_ms};
}

int64_t wall_now_ms(struct wall *w) {
    return wall_now(w).wall_ms;
}

struct moment wall_look(struct wall *w) {
    struct moment raw = w->source.read(w->source.self);
    int64_t offset_ms = offset_of(w, &raw);
    if (!w->is_stepping && is_step(offset_ms - w->offset_ms)) {
        step(w, offset_ms);
    }
    return wall_now(w);
}

int64_t wall_believe(struct wall *w, int64_t event_ms) {
    return event_ms < WALL_LEAST_MS ? wall_now_ms(w) : event_ms;
}
