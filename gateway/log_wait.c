/* A list that is walked once a second: on it are devices that said something within the last seconds and whose
 * telemetry is slower than that, or missing. Leaving it in the middle is cheap because the walk rebuilds it. */
#include "log_wait.h"

#include "cases.h"
#include "core.h"
#include "fieldline/clock.h"

void log_wait_note(struct log_wait *wait, struct device *device, int64_t now_mono_ms) {
    if (device->log_wait.is_listed || !device->rules || rule_device_waiting_ms(device->rules) == INT64_MAX)
        return;
    device->log_wait.is_listed = true;
    device->log_wait.since_mono_ms = now_mono_ms;
    device->log_wait.next = wait->first;
    wait->first = device;
}

static bool is_due(const struct device *device, int64_t now_mono_ms) {
    const int64_t since_ms =
        device->tele_mono_ms > device->log_wait.since_mono_ms ? device->tele_mono_ms : device->log_wait.since_mono_ms;
    return now_mono_ms - since_ms >= LOG_WAIT_MS;
}

enum result log_wait_tick(struct core *core) {
    struct device *device = core->log_wait.first, *next;
    enum result result = RESULT_OK;
    core->log_wait.first = NULL;
    for (; device; device = next) {
        next = device->log_wait.next;
        device->log_wait.is_listed = false;
        if (!device->rules || rule_device_waiting_ms(device->rules) == INT64_MAX)
            continue;
        if (result == RESULT_OK && is_due(device, core->now_mono_ms)) {
            firings_reset(&core->firings);
            const int64_t at_ms = rule_device_pass(device->rules, &core->firings);
            result = cases_take(core, device, &core->firings, at_ms, clock_mono_us());
            continue;
        }
        device->log_wait.is_listed = true; /* stays, since when it did */
        device->log_wait.next = core->log_wait.first;
        core->log_wait.first = device;
    }
    return result;
}
