/* firing -> alarm row -> ticket. The decisions are pure functions (rules/alarm.h, tickets/fold.h); here are only the
 * lookups before and the writes after them. Alarms and tickets are rare beside samples, so both are asked from the
 * store each time: nothing in memory has to be rolled back. */
#include "cases.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "pull.h"
#include "store/cases.h"

enum { TICKETS_LOOKED_AT = 32 /* open or lately resolved ones of one device */ };

/* Lets the policy decide what the alarm's change does to the device's tickets, and writes that. */
static enum result fold_into_ticket(struct core *core, struct device *device, struct alarm *alarm,
                                    enum alarm_change change) {
    struct ticket tickets[TICKETS_LOOKED_AT], ticket;
    struct ticket_event event;
    size_t count = 0;
    enum result result = store_tickets_of_device(core->store, device->row, core->now_ms - TICKET_REOPEN_MS, tickets,
                                                 TICKETS_LOOKED_AT, &count);
    if (result != RESULT_OK)
        return result;
    const enum ticket_effect effect =
        ticket_for_alarm(tickets, count, device->model, alarm, change, core->now_ms, &ticket, &event);
    if (effect == TICKET_NOT_CONCERNED)
        return RESULT_OK;
    result = store_ticket_put(core->store, &ticket, &event, event.kind == TICKET_EVENT_NONE ? 0 : 1);
    if (result != RESULT_OK)
        return result;
    alarm->ticket = ticket.id;
    if (effect == TICKET_OPENED) {
        core->figures.tickets_opened++;
        log_info("gateway.cases", "ticket_opened", "ticket=%lld device=%s alarm=%s severity=%s", (long long)ticket.id,
                 device->id, alarm->alarm, alarm_severity_name(alarm->severity));
    }
    effects_notify_row(core->effects, "ticket", ticket.id, device->id);
    return RESULT_OK;
}

static enum result take_one(struct core *core, struct device *device, const struct firing *firing) {
    struct alarm before, after;
    enum alarm_change change;
    enum result result = store_alarm_newest(core->store, device->row, firing->alarm, firing->part, &before);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    alarm_apply(result == RESULT_OK ? &before : NULL, firing, &after, &change);
    if (change == ALARM_SAME)
        return RESULT_OK;
    after.device_id = device->row;
    snprintf(after.device, sizeof after.device, "%s", device->id);
    result = after.id ? RESULT_OK : store_alarm_put(core->store, &after); /* the ticket's history names it by its id */
    if (result == RESULT_OK)
        result = fold_into_ticket(core, device, &after, change);
    if (result == RESULT_OK)
        result = store_alarm_put(core->store, &after);
    if (result == RESULT_OK && (change == ALARM_RAISED || change == ALARM_REPEATED))
        result = pull_begin(core, device, &after);
    if (result != RESULT_OK)
        return result;
    if (change == ALARM_RAISED || change == ALARM_REPEATED)
        core->figures.alarms_raised++;
    else if (change == ALARM_CLEARED)
        core->figures.alarms_cleared++;
    log_info("gateway.cases", "alarm", "device=%s alarm=%s part=%s change=%s severity=%s", device->id, after.alarm,
             log_text(after.part), alarm_change_name(change), alarm_severity_name(after.severity));
    effects_notify_row(core->effects, "alarm", after.id, device->id);
    effects_notify(core->effects, "device", device->id, device->id);
    return RESULT_OK;
}

enum result cases_take(struct core *core, struct device *device, const struct firings *firings, int64_t recv_mono_us) {
    for (size_t i = 0; i < firings->count; i++) {
        const enum result result = take_one(core, device, &firings->items[i]);
        if (result != RESULT_OK)
            return result;
    }
    if (firings->count > 0)
        timing_landed(&core->timing, LANDING_ALARM, recv_mono_us);
    return RESULT_OK;
}

/* A second call about a product whose owner's ticket is still open is a line in that ticket. */
static enum result fold_call(struct core *core, struct device *device, const char *text, bool *is_folded) {
    struct ticket tickets[TICKETS_LOOKED_AT], after;
    struct ticket_event event;
    size_t count = 0;
    *is_folded = false;
    enum result result =
        store_tickets_of_device(core->store, device->row, core->now_ms, tickets, TICKETS_LOOKED_AT, &count);
    for (size_t i = 0; i < count && result == RESULT_OK && !*is_folded; i++) {
        if (tickets[i].source != TICKET_FROM_OWNER || !ticket_state_is_open(tickets[i].state))
            continue;
        ticket_note(&tickets[i], TICKET_EVENT_COMMENT, "owner", text, "", core->now_ms, &after, &event);
        after.repeats++;
        result = store_ticket_put(core->store, &after, &event, 1);
        effects_notify_row(core->effects, "ticket", after.id, device->id);
        *is_folded = true;
    }
    return result;
}

enum result cases_call(struct core *core, struct device *device, const char *words) {
    struct ticket first = {.device_id = device->row, .source = TICKET_FROM_OWNER}, ticket;
    struct ticket_event event;
    struct fault fault;
    bool is_folded;
    const char *text = words[strspn(words, " \t\r\n")] ? words : "Call for service";
    enum result result = fold_call(core, device, text, &is_folded);
    if (result != RESULT_OK || is_folded)
        return result;
    const size_t chars = strlen(text);
    const size_t kept = chars <= TICKET_SUBJECT_BYTES ? chars : utf8_cut(text, TICKET_SUBJECT_BYTES);
    snprintf(first.device, sizeof first.device, "%s", device->id);
    snprintf(first.model, sizeof first.model, "%s", device->model);
    snprintf(first.subject, sizeof first.subject, "%.*s", (int)kept, text);
    if (ticket_open(&first, "owner", text, core->now_ms, &ticket, &event, &fault) != RESULT_OK) {
        log_warn("gateway.cases", "call_refused", "device=%s reason=%s", device->id, log_text(fault.text));
        return RESULT_OK;
    }
    result = store_ticket_put(core->store, &ticket, &event, 1);
    if (result != RESULT_OK)
        return result;
    core->figures.tickets_opened++;
    log_info("gateway.cases", "ticket_opened", "ticket=%lld device=%s by=owner", (long long)ticket.id, device->id);
    effects_notify_row(core->effects, "ticket", ticket.id, device->id);
    return RESULT_OK;
}
