/* All active alarms are read once, those without a rule are kept in memory, and then cleared like any alarm that is
 * over. Fault codes need no rule; an alarm that latches waits for a person anyway; a device without a pack is left as
 * it is: its pack may come back. */
#include "orphans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "rules/rule.h"
#include "store/cases.h"

struct orphans {
    struct core *core;
    struct alarm *items;
    size_t count, room;
};

static void look_at(void *self, const struct alarm *alarm) {
    struct orphans *o = self;
    if (!alarm->is_active || alarm->is_latched || alarm->is_fault_code)
        return;
    const struct device *device = registry_find(o->core->registry, alarm->device);
    if (!device || !device->pack || pack_has_alert(device->pack, alarm->alarm))
        return;
    if (o->count == o->room) {
        o->room = o->room ? o->room * 2 : 16;
        o->items = mem_realloc(o->items, o->room * sizeof *o->items);
    }
    o->items[o->count++] = *alarm;
}

/* The ticket's history says that it was the rule that went away, not the fault. */
static enum result explain(struct core *core, const struct device *device, const char *alert, const char *part) {
    struct alarm alarm;
    struct ticket ticket, after;
    struct ticket_event event;
    char text[ALARM_NAME_BYTES + 100];
    enum result result = store_alarm_newest(core->store, device->row, alert, part, &alarm);
    if (result == RESULT_OK && alarm.ticket != 0)
        result = store_ticket_find(core->store, alarm.ticket, &ticket);
    if (result != RESULT_OK || alarm.ticket == 0)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    snprintf(text, sizeof text, "The rule %s is no longer part of the product pack; its alarm was cleared.", alert);
    ticket_note(&ticket, TICKET_EVENT_COMMENT, TICKET_BY_GATEWAY, text, "", core->now_ms, &after, &event);
    return store_ticket_put(core->store, &after, &event, 1);
}

enum result orphan_clear(struct core *core, struct device *device, const struct firing *last) {
    struct firing clear = *last;
    const enum result result = explain(core, device, last->alarm, last->part);
    clear.kind = FIRING_CLEAR;
    clear.event_ms = core->now_ms;
    snprintf(clear.summary, sizeof clear.summary, "%.100s: its rule is gone", last->alarm);
    log_info("gateway.orphans", "alarm_without_rule", "device=%s alarm=%s part=%s", device->id, last->alarm,
             log_text(last->part));
    if (result != RESULT_OK)
        return result;
    return cases_take(core, device, &(struct firings){.items = &clear, .count = 1}, core->now_ms, clock_mono_us());
}

enum result orphans_turn(struct core *core) {
    struct orphans found = {.core = core};
    if (!core->may_have_orphans)
        return RESULT_OK;
    enum result result = store_alarms_load(core->store, INT64_MAX, look_at, &found);
    for (size_t i = 0; i < found.count && result == RESULT_OK; i++) {
        const struct alarm *alarm = &found.items[i];
        struct device *device = registry_find(core->registry, alarm->device);
        struct firing last = {.alarm = alarm->alarm,
                              .part = alarm->part,
                              .severity = alarm->severity,
                              .opens_ticket = alarm->opens_ticket,
                              .value = alarm->value};
        result = orphan_clear(core, device, &last);
    }
    free(found.items);
    core->may_have_orphans = result != RESULT_OK;
    return result;
}
