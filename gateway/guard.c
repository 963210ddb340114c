/* Signs come by the thousand (a flood, a product that flaps); rows are written when something begins or ends. Devices
 * in trouble are on a list that is walked once a second, so nothing here costs anything for the others.
 *
 * Our own clock: due times of commands and of open questions are kept by wall time, because they outlive a restart.
 * When the wall clock is set they are moved, and so are the zeros of all products' clocks. */
#include "guard.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "session_desk.h"
#include "store/conduct.h"
#include "store/outbox.h"
#include "store/records.h"

enum {
    OWN_STEP_MS = 1000,
    OWN_LEAP_MS = 3600 * 1000,
    SETTLE_MS = 3600 * 1000,
    ZERO_KEPT_MS = 1000,
    STRANGERS_EVERY_MS = 60 * 1000
};
static const char SHARED_ALARM[] = "identity_shared";

static void list(struct core *core, struct device *device) {
    if (device->conduct.is_listed)
        return;
    device->conduct.is_listed = true;
    device->next_listed = core->guard.listed;
    core->guard.listed = device;
}

static enum result keep(struct core *core, struct device *device) {
    device->conduct.kept_zero_ms = device->conduct.clock.now.zero_ms;
    return store_conduct_put(core->store, device->row, &device->conduct);
}

/* Among the device's events, in the log, on consoles, and kept. */
static enum result FL_PRINTF(5, 6)
    tell(struct core *core, struct device *device, enum conduct_kind kind, int severity, const char *format, ...) {
    struct event_message event = {.event_ms = core->now_ms, .kind = EVENT_INFO, .severity = severity};
    va_list args;
    va_start(args, format);
    vsnprintf(event.text, sizeof event.text, format, args);
    va_end(args);
    log_warn("gateway.guard", "conduct", "device=%s trouble=%s active=%d text=%s", device->id, conduct_name(kind),
             conduct_has(&device->conduct, kind), log_text(event.text));
    effects_notify(core->effects, "device", device->id, device->id);
    const enum result result = store_event_add(core->store, device->row, core->now_ms, &event);
    return result == RESULT_OK ? keep(core, device) : result;
}

/* ---- the clock of a product ---- */

static enum result tell_clock(struct core *core, struct device *device) {
    struct conduct *c = &device->conduct;
    const int64_t error_s = c->clock.now.error_ms / 1000;
    c->told_error_ms = c->clock.now.error_ms;
    c->told_mono_ms = core->now_mono_ms;
    core->figures.clock_jumps++;
    if (c->clock.now.error_ms == 0) {
        c->troubles[CONDUCT_CLOCK].since_ms = 0;
        return tell(core, device, CONDUCT_CLOCK, SEVERITY_INFO, "the clock of the product is right again");
    }
    conduct_sign(c, CONDUCT_CLOCK, 1, core->now_ms, core->now_mono_ms);
    return tell(core, device, CONDUCT_CLOCK, SEVERITY_NOTICE,
                "the clock of the product is off by %+lld s; times of its records are corrected", (long long)error_s);
}

/* A clock that jumps about is told of once a minute; the last word is never lost. */
static bool has_clock_news(const struct core *core, const struct conduct *c) {
    return c->clock.now.error_ms != c->told_error_ms &&
           (c->told_mono_ms == 0 || core->now_mono_ms >= c->told_mono_ms + CONDUCT_TELL_MS);
}

enum result guard_clock(struct core *core, struct device *device, const struct inbound *m, bool is_birth) {
    struct conduct *c = &device->conduct;
    /* When it came, by our clock of now: the wall clock may have been set since. */
    const int64_t recv_ms = core->now_ms - (core->now_mono_ms - m->recv_mono_us / 1000);
    if (m->bad_stamp || m->is_retained || m->stamp.boot[0] == '\0')
        return RESULT_OK;
    if (m->has_stamp) {
        const int64_t error_ms = device_clock_error(&c->clock, &m->stamp, recv_ms);
        normalizer_rebase(core->normalizer, error_ms, m->stamp.wall_ms);
        if (error_ms != 0)
            core->figures.clock_rebased++;
    } else if (!is_birth || !device_clock_introduce(&c->clock, &m->stamp, recv_ms)) {
        return RESULT_OK;
    }
    if (device->row == 0)
        return RESULT_OK;
    if (c->clock.now.error_ms != c->told_error_ms) {
        list(core, device);
        if (has_clock_news(core, c))
            return tell_clock(core, device);
    }
    return llabs(c->clock.now.zero_ms - c->kept_zero_ms) > ZERO_KEPT_MS ? keep(core, device) : RESULT_OK;
}

/* ---- our own clock ---- */

enum result guard_own_clock(struct core *core, int64_t wall_ms, int64_t boot_ms) {
    struct guard *g = &core->guard;
    const int64_t offset_ms = wall_ms - boot_ms, step_ms = offset_ms - g->own_offset_ms;
    const bool is_step = g->has_own_offset && llabs(step_ms) >= OWN_STEP_MS;
    g->own_offset_ms = offset_ms;
    g->has_own_offset = true;
    if (!is_step)
        return RESULT_OK;
    core->figures.own_clock_steps++;
    if (step_ms >= OWN_LEAP_MS)
        g->unsettled_until_mono_ms = core->now_mono_ms + SETTLE_MS;
    log_warn("gateway.guard", "own_clock_set", "step_ms=%lld", (long long)step_ms);
    for (struct device *d = NULL; (d = registry_next(core->registry, d));)
        device_clock_step(&d->conduct.clock, step_ms);
    return store_due_step(core->store, step_ms);
}

/* ---- two programs, one certificate ---- */

static enum result shared_alarm(struct core *core, struct device *device, enum firing_kind kind) {
    struct firing firing = {.kind = kind,
                            .alarm = SHARED_ALARM,
                            .part = "",
                            .severity = SEVERITY_IS_MAJOR,
                            .opens_ticket = true,
                            .event_ms = core->now_ms};
    const struct firings firings = {.items = &firing, .count = 1};
    snprintf(firing.summary, sizeof firing.summary, "Two programs use the certificate of %s", device->id);
    snprintf(firing.description, sizeof firing.description,
             "A stream of %s came back after another had taken its place, which a spool that was replaced never does. "
             "Find the second machine and give it a certificate of its own, or revoke this one if it was copied. If "
             "there is one machine only, an old copy of its spool folder was put back.",
             device->id);
    return cases_take(core, device, &firings, core->now_ms, core->now_mono_ms * 1000);
}

enum result guard_stream(struct core *core, struct device *device, struct device_stream *stream, enum lane lane) {
    if (!device_stream_returned(device, stream, lane) || device->row == 0)
        return RESULT_OK;
    core->figures.identity_switches++;
    list(core, device);
    if (!conduct_sign(&device->conduct, CONDUCT_SHARED, 1, core->now_ms, core->now_mono_ms))
        return RESULT_OK;
    const enum result result =
        tell(core, device, CONDUCT_SHARED, SEVERITY_ERROR,
             "two programs send as this device: a stream came back after another took its place");
    return result == RESULT_OK ? shared_alarm(core, device, FIRING_RAISE) : result;
}

/* ---- flapping ---- */

enum result guard_connected(struct core *core, struct device *device) {
    struct conduct *c = &device->conduct;
    const bool is_often = conduct_reconnected(c, core->now_mono_ms);
    if (device->row == 0)
        return RESULT_OK;
    if (!is_often) {
        if (conduct_has(c, CONDUCT_FLAPPING))
            c->troubles[CONDUCT_FLAPPING].count++;
        return RESULT_OK;
    }
    list(core, device);
    if (!conduct_sign(c, CONDUCT_FLAPPING, 1, core->now_ms, core->now_mono_ms))
        return RESULT_OK;
    c->troubles[CONDUCT_FLAPPING].count = (uint64_t)c->reconnects;
    core->figures.flapping_begun++;
    return tell(
        core, device, CONDUCT_FLAPPING, SEVERITY_WARNING,
        "flapping: connected %d times within a minute; single changes are not told until it has been steady for "
        "%lld minutes",
        c->reconnects, (long long)conduct_quiet_ms(CONDUCT_FLAPPING) / 60000);
}

/* ---- floods ---- */

static enum result put_aside(struct core *core, const char *device, const char *topic, uint64_t dropped) {
    char reason[200];
    snprintf(reason, sizeof reason,
             "flood: %llu messages beyond what one device may bring were dropped; stamped ones are sent again",
             (unsigned long long)dropped);
    const struct quarantined q = {.at_ms = core->now_ms, .topic = topic, .device = device, .reason = reason};
    core->figures.quarantined++;
    effects_notify(core->effects, "quarantine", "", device);
    return store_quarantine_add(core->store, &q);
}

static enum result flooded(struct core *core, struct device *device, uint64_t dropped) {
    list(core, device);
    if (!conduct_sign(&device->conduct, CONDUCT_FLOODING, dropped, core->now_ms, core->now_mono_ms))
        return keep(core, device);
    enum result result = tell(core, device, CONDUCT_FLOODING, SEVERITY_WARNING,
                              "flooding: it sends more than one device may; what is beyond is dropped and counted");
    return result == RESULT_OK ? put_aside(core, device->id, "", dropped) : result;
}

static enum result take_floods(struct core *core) {
    struct inbox_flood floods[INBOX_FLOODS_KEPT];
    struct guard *g = &core->guard;
    const size_t count = inbox_take_floods(core->inbox, floods);
    enum result result = RESULT_OK;
    for (size_t i = 0; i < count && result == RESULT_OK; i++) {
        struct device *device = registry_find(core->registry, floods[i].device);
        if (device && device->row != 0) {
            result = flooded(core, device, floods[i].dropped);
            continue;
        }
        g->strangers_dropped += floods[i].dropped;
        if (g->strangers_told_mono_ms && core->now_mono_ms < g->strangers_told_mono_ms + STRANGERS_EVERY_MS)
            continue;
        g->strangers_told_mono_ms = core->now_mono_ms;
        log_warn("gateway.guard", "stranger_floods", "topic=%s dropped=%llu", log_text(floods[i].device),
                 (unsigned long long)g->strangers_dropped);
        result = put_aside(core, "", floods[i].device, g->strangers_dropped);
        g->strangers_dropped = 0;
    }
    return result;
}

/* ---- what is over ---- */

static enum result over(struct core *core, struct device *device, enum conduct_kind kind) {
    const unsigned long long count = device->conduct.troubles[kind].count;
    device->conduct.troubles[kind].since_ms = 0;
    enum result result = RESULT_OK;
    switch (kind) {
    case CONDUCT_SHARED:
        result = tell(core, device, kind, SEVERITY_INFO, "one program sends as this device again");
        return result == RESULT_OK ? shared_alarm(core, device, FIRING_CLEAR) : result;
    case CONDUCT_FLAPPING:
        result = tell(core, device, kind, SEVERITY_INFO, "steady again after %llu connections", count);
        return result == RESULT_OK && !device->is_online ? session_desk_device_gone(core, device) : result;
    case CONDUCT_FLOODING:
        result = tell(core, device, kind, SEVERITY_INFO, "the flood is over: %llu messages were dropped", count);
        return result == RESULT_OK ? put_aside(core, device->id, "", count) : result;
    case CONDUCT_CLOCK:
    case CONDUCT_COUNT: break; /* ends by itself only */
    }
    return result;
}

static enum result look_at(struct core *core, struct device *device, bool *is_quiet) {
    struct conduct *c = &device->conduct;
    enum result result = has_clock_news(core, c) ? tell_clock(core, device) : RESULT_OK;
    *is_quiet = c->clock.now.error_ms == c->told_error_ms;
    for (int kind = 0; kind < CONDUCT_COUNT && result == RESULT_OK; kind++) {
        if (conduct_is_over(c, (enum conduct_kind)kind, core->now_mono_ms))
            result = over(core, device, (enum conduct_kind)kind);
        if (conduct_has(c, (enum conduct_kind)kind) && conduct_quiet_ms((enum conduct_kind)kind) != 0)
            *is_quiet = false;
    }
    return result;
}

enum result guard_tick(struct core *core) {
    enum result result = take_floods(core);
    for (struct device **at = &core->guard.listed; *at && result == RESULT_OK;) {
        struct device *device = *at;
        bool is_quiet;
        result = look_at(core, device, &is_quiet);
        if (result != RESULT_OK)
            return result;
        if (is_quiet) {
            device->conduct.is_listed = false;
            *at = device->next_listed;
        } else {
            at = &device->next_listed;
        }
    }
    return result;
}

void guard_load(struct core *core, struct device *device, const struct conduct *kept) {
    device->conduct = *kept;
    conduct_resume(&device->conduct, clock_mono_ms());
    list(core, device);
}
