/* Bounds, so that nothing is silent for ever: a window has an end, not too far off, and begins soon enough to be
 * remembered. A month's silence of the whole fleet is allowed: who asks is in the audit log, and the console shows it
 * on every list of alarms. */
#include "tickets/maintenance.h"

#include <stdio.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

static const char *const names[MAINTENANCE_SCOPES] = {"all", "model", "site", "device"};

const char *maintenance_scope_name(enum maintenance_scope scope) {
    return names[scope];
}

bool maintenance_scope_parse(const char *text, enum maintenance_scope *out) {
    for (int i = 0; i < MAINTENANCE_SCOPES; i++)
        if (strcmp(names[i], text) == 0) {
            *out = (enum maintenance_scope)i;
            return true;
        }
    return false;
}

enum result maintenance_check(const struct maintenance *window, int64_t now_ms, struct fault *fault) {
    const bool has_target = window->target[0] != '\0';
    if (has_target != (window->scope != MAINTENANCE_ALL))
        return fault_set(fault, RESULT_BAD_INPUT,
                         has_target ? "'target' is given, but the scope is all" : "'target' is missing: which %s",
                         names[window->scope]);
    if (window->reason[strspn(window->reason, " \t\r\n")] == '\0')
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' is empty");
    if (window->to_ms <= window->from_ms)
        return fault_set(fault, RESULT_BAD_INPUT, "'to_ms' is not after 'from_ms'");
    if (window->to_ms <= now_ms)
        return fault_set(fault, RESULT_BAD_INPUT, "'to_ms' is in the past");
    if (window->to_ms - window->from_ms > MAINTENANCE_LENGTH_MS)
        return fault_set(fault, RESULT_BAD_INPUT, "the window is longer than %lld days",
                         (long long)(MAINTENANCE_LENGTH_MS / DAY_MS));
    if (window->from_ms > now_ms + MAINTENANCE_AHEAD_MS)
        return fault_set(fault, RESULT_BAD_INPUT, "'from_ms' is more than %lld days ahead",
                         (long long)(MAINTENANCE_AHEAD_MS / DAY_MS));
    return RESULT_OK;
}

enum result maintenance_end(struct maintenance *window, const char *who, int64_t now_ms, struct fault *fault) {
    if (window->to_ms <= now_ms)
        return fault_set(fault, RESULT_CONFLICT, "the window is over already");
    window->to_ms = now_ms;
    if (window->from_ms > now_ms)
        window->from_ms = now_ms;
    snprintf(window->ended_by, sizeof window->ended_by, "%s", who);
    return RESULT_OK;
}
