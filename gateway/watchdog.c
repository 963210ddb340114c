/* Only the pipeline thread feeds, and only where it has got on: it needs no judgement of its own, a stuck one simply
 * does not come here. The edge thread is looked at from here, through the stamp that it leaves four times a second; the
 * reader threads are not, because a slow query is no reason to end sessions. A turn that fails is getting on, too: a
 * full disk stays full when the gateway is started again.
 *
 * `every_ms` is half of what the manager allows; it is fed twice as often as that, so one late turn does no harm. */
#include "watchdog.h"

#include <stdio.h>
#include <stdlib.h>

#include "fieldline/clock.h"
#include "fieldline/service.h"

enum { STATUS_EVERY_MS = 10 * 1000 };

struct watchdog {
    int64_t every_ms, fed_mono_ms, status_mono_ms;
    uint64_t messages; /* when the status line was told last */
};

struct watchdog *watchdog_new(int64_t every_ms) {
    struct watchdog *watchdog = mem_alloc(sizeof *watchdog);
    watchdog->every_ms = every_ms;
    return watchdog;
}

void watchdog_free(struct watchdog *watchdog) {
    free(watchdog);
}

bool watchdog_feeds(int64_t every_ms, int64_t fed_ago_ms, int64_t edge_silent_ms) {
    return every_ms > 0 && fed_ago_ms >= every_ms / 2 && edge_silent_ms < every_ms;
}

static void tell_status(struct watchdog *watchdog, const struct core *core, int64_t now_mono_ms) {
    char line[200];
    const uint64_t messages = core->figures.messages;
    const double seconds = (double)(now_mono_ms - watchdog->status_mono_ms) / 1000;
    const bool is_connected = mqtt_read_figures(core->mqtt).is_connected;
    snprintf(line, sizeof line, "STATUS=%s; %zu devices, %.0f messages/s, %zu waiting%s",
             is_connected ? "connected to the broker" : "no connection to the broker", (size_t)core->figures.devices,
             seconds > 0 ? (double)(messages - watchdog->messages) / seconds : 0, inbox_read_figures(core->inbox).depth,
             core->health.is_store_failing ? "; THE STORE FAILS" : "");
    watchdog->messages = messages;
    watchdog->status_mono_ms = now_mono_ms;
    service_notify(line);
}

void watchdog_beat(struct watchdog *watchdog, struct core *core) {
    const int64_t now_mono_ms = clock_mono_ms();
    core->health.progress_mono_ms = now_mono_ms;
    if (!watchdog)
        return;
    if (watchdog_feeds(watchdog->every_ms, now_mono_ms - watchdog->fed_mono_ms,
                       core->web ? now_mono_ms - web_alive_mono_ms(core->web) : 0)) {
        service_notify("WATCHDOG=1");
        watchdog->fed_mono_ms = now_mono_ms;
    }
    if (core->web && now_mono_ms - watchdog->status_mono_ms >= STATUS_EVERY_MS)
        tell_status(watchdog, core, now_mono_ms);
}
