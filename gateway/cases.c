/* firing -> alarm row -> silent? -> an incident of the fleet? -> ticket. The decisions are pure functions
 * (rules/alarm.h, rules/silence.h, tickets/storm.h, tickets/fold.h); here are only the lookups before and the writes
 * after them. Alarms and tickets are rare beside samples, so both are asked from the store each time: nothing in memory
 * has to be rolled back. */
#include "cases.h"

#include <stdio.h>
#include <string.h>

#include "attention.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fleet.h"
#include "pull.h"
#include "rules/policy.h"
#include "store/cases.h"

enum { TICKETS_LOOKED_AT = 32 /* open or lately resolved ones of one device */ };

/* How a raise is judged. */
struct raise {
    bool is_past;     /* of a backlog that has not drained */
    bool is_gathered; /* it waited for a storm, and none came */
};

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
    const bool is_told = event.kind != TICKET_EVENT_NONE;
    result = store_ticket_put(core->store, &ticket, &event, is_told ? 1 : 0);
    if (result != RESULT_OK)
        return result;
    alarm->ticket = ticket.id;
    alarm->is_in_ticket = alarm->is_active;
    if (effect == TICKET_OPENED) {
        core->figures.tickets_opened++;
        log_info("gateway.cases", "ticket_opened", "ticket=%lld device=%s alarm=%s severity=%s", (long long)ticket.id,
                 device->id, alarm->alarm, alarm_severity_name(alarm->severity));
    }
    if (is_told || !alarm->is_flapping)
        effects_notify_row(core->effects, "ticket", ticket.id, device->id);
    return RESULT_OK;
}

static enum result is_ticket_open(struct core *core, int64_t id, bool *out) {
    struct ticket ticket;
    const enum result result = store_ticket_find(core->store, id, &ticket);
    *out = result == RESULT_OK && ticket_state_is_open(ticket.state);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* It is told by itself from now on, or by another incident: the one that it belonged to counts it no more. */
static enum result leave_incident(struct core *core, const struct alarm *member, struct alarm *alarm, bool is_alone) {
    struct alarm copy = *member;
    if (is_alone) {
        alarm->is_in_ticket = false;
        alarm->ticket = 0;
    }
    return fleet_clear(core, &copy);
}

/* A raise, or what counts as one. It counts in one place only: where it counted before, it is a repeat. */
static enum result attend(struct core *core, struct device *device, struct alarm *alarm, enum alarm_change change,
                          const struct raise *raise) {
    struct location location;
    enum fleet_verdict fleet = FLEET_ALONE;
    const enum silence before = alarm->silence;
    const struct alarm member = *alarm;
    alarm->surface_ms = 0;
    alarm->silence = SILENCE_NONE;
    if (!alarm->opens_ticket)
        return RESULT_OK;
    enum result result = attention_look(core, device, alarm, raise->is_past, &location, &alarm->silence);
    if (result == RESULT_OK && alarm->silence == SILENCE_NONE)
        result = fleet_raise(core, device, alarm, &location, &fleet);
    const bool is_same = fleet == FLEET_MEMBER && alarm->incident == member.incident;
    if (result == RESULT_OK && before == SILENCE_FLEET && member.is_in_ticket && !is_same)
        result = leave_incident(core, &member, alarm, fleet != FLEET_MEMBER);
    if (result != RESULT_OK || fleet == FLEET_MEMBER)
        return result;
    if (fleet == FLEET_GATHERING && !raise->is_gathered)
        alarm->silence = SILENCE_GATHERING;
    if (alarm->silence == SILENCE_NONE) {
        result = fold_into_ticket(core, device, alarm, change);
        return result == RESULT_OK ? pull_begin(core, device, alarm) : result;
    }
    if (alarm->silence != before)
        core->figures.alarms_silenced++;
    return RESULT_OK;
}

/* Its incident's ticket says so; when that is closed, the alarm speaks for itself again. */
static enum result rise_in_fleet(struct core *core, struct device *device, struct alarm *alarm,
                                 const struct raise *raise) {
    bool is_open;
    const enum result result = is_ticket_open(core, alarm->ticket, &is_open);
    if (result != RESULT_OK)
        return result;
    return is_open ? fleet_rise(core, alarm) : attend(core, device, alarm, ALARM_REPEATED, raise);
}

/* What the change of an alarm, which is stored already, does beyond its row. */
static enum result carry(struct core *core, struct device *device, struct alarm *alarm, enum alarm_change change,
                         const struct raise *raise) {
    const bool is_of_fleet = alarm->silence == SILENCE_FLEET;
    switch (change) {
    case ALARM_RAISED:
    case ALARM_REPEATED: return attend(core, device, alarm, change, raise);
    case ALARM_ROSE:
        if (is_of_fleet)
            return rise_in_fleet(core, device, alarm, raise);
        if (alarm->silence != SILENCE_NONE)
            return RESULT_OK; /* told when it surfaces */
        return alarm->is_in_ticket ? fold_into_ticket(core, device, alarm, change)
                                   : attend(core, device, alarm, ALARM_REPEATED, raise); /* too mild until now */
    case ALARM_CLEARED: {
        enum result result = RESULT_OK;
        if (alarm->is_in_ticket)
            result = is_of_fleet ? fleet_clear(core, alarm) : fold_into_ticket(core, device, alarm, change);
        alarm->is_in_ticket = false;
        alarm->surface_ms = 0;
        return result;
    }
    case ALARM_FELL:
    case ALARM_LATCHED:
        return alarm->is_in_ticket && !is_of_fleet ? fold_into_ticket(core, device, alarm, change) : RESULT_OK;
    case ALARM_CALMED:
        return alarm->ticket && !is_of_fleet && (alarm->is_in_ticket || !alarm->is_active)
                   ? fold_into_ticket(core, device, alarm, change)
                   : RESULT_OK;
    case ALARM_SAME:
    case ALARM_CHANGED:
    case ALARM_LOST:
    case ALARM_CHANGE_COUNT: break;
    }
    return RESULT_OK;
}

static void tell(struct core *core, const struct device *device, const struct alarm *alarm, enum alarm_change change) {
    if (change == ALARM_RAISED || change == ALARM_REPEATED)
        core->figures.alarms_raised++;
    else if (change == ALARM_CLEARED)
        core->figures.alarms_cleared++;
    log_info("gateway.cases", "alarm", "device=%s alarm=%s part=%s change=%s severity=%s silent=%s", device->id,
             alarm->alarm, log_text(alarm->part), alarm_change_name(change), alarm_severity_name(alarm->severity),
             silence_name(alarm->is_active ? alarm->silence : SILENCE_NONE));
    effects_notify_row(core->effects, "alarm", alarm->id, device->id);
    effects_notify(core->effects, "device", device->id, device->id);
}

enum result cases_change(struct core *core, struct device *device, struct alarm *alarm, enum alarm_change change) {
    enum result result = carry(core, device, alarm, change, &(struct raise){0});
    if (result == RESULT_OK)
        result = store_alarm_put(core->store, alarm);
    if (result == RESULT_OK)
        tell(core, device, alarm, change);
    return result;
}

enum result cases_surface(struct core *core, struct device *device, struct alarm *alarm, bool is_gathered) {
    const enum silence before = alarm->silence;
    bool is_open = false;
    enum result result = alarm->is_in_ticket ? is_ticket_open(core, alarm->ticket, &is_open) : RESULT_OK;
    if (result != RESULT_OK)
        return result;
    alarm->is_in_ticket = is_open; /* one that was closed meanwhile counts it no more */
    /* what its ticket counts already is no news there, but for what rose meanwhile */
    const enum alarm_change change = alarm->is_in_ticket ? ALARM_ROSE : ALARM_RAISED;
    alarm->taken_ms = core->now_ms;
    result = attend(core, device, alarm, change, &(struct raise){.is_gathered = is_gathered});
    if (result == RESULT_OK)
        result = store_alarm_put(core->store, alarm);
    if (result != RESULT_OK)
        return result;
    if (alarm->silence == SILENCE_NONE || alarm->silence == SILENCE_FLEET)
        core->figures.alarms_surfaced++;
    log_info("gateway.cases", "alarm_surfaced", "device=%s alarm=%s part=%s was=%s is=%s ticket=%lld", device->id,
             alarm->alarm, log_text(alarm->part), silence_name(before), silence_name(alarm->silence),
             (long long)alarm->ticket);
    effects_notify_row(core->effects, "alarm", alarm->id, device->id);
    return RESULT_OK;
}

static enum result take_one(struct core *core, struct device *device, const struct firing *firing, bool is_past) {
    struct alarm before = {0}, after;
    enum alarm_change change;
    const struct alarm_traits traits = {.latches = policy_latches(device->pack, firing->alarm),
                                        .isolates = policy_isolates(device->pack, firing->alarm)};
    enum result result = store_alarm_newest(core->store, device->row, firing->alarm, firing->part, &before);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    alarm_apply(result == RESULT_OK ? &before : NULL, firing, &traits, &after, &change);
    if (change == ALARM_SAME)
        return RESULT_OK;
    after.device_id = device->row;
    after.shelf = before.shelf;
    snprintf(after.device, sizeof after.device, "%s", device->id);
    if (change == ALARM_RAISED || change == ALARM_REPEATED || change == ALARM_CLEARED || change == ALARM_LATCHED)
        after.taken_ms = core->now_ms;
    result = after.id ? RESULT_OK : store_alarm_put(core->store, &after); /* the ticket's history names it by its id */
    if (result == RESULT_OK)
        result = carry(core, device, &after, change, &(struct raise){.is_past = is_past});
    if (result == RESULT_OK)
        result = store_alarm_put(core->store, &after);
    if (result == RESULT_OK)
        tell(core, device, &after, change);
    return result;
}

/* Raised and over again in the same piece of a backlog. */
static bool is_over_long_ago(const struct firings *firings, size_t index, int64_t now_ms) {
    const struct firing *raised = &firings->items[index];
    for (size_t i = index + 1; i < firings->count; i++) {
        const struct firing *f = &firings->items[i];
        if (f->kind == FIRING_CLEAR && f->event_ms < now_ms - SILENCE_PAST_MS && strcmp(f->alarm, raised->alarm) == 0 &&
            strcmp(f->part, raised->part) == 0)
            return true;
    }
    return false;
}

enum result cases_take(struct core *core, struct device *device, const struct firings *firings, int64_t at_ms,
                       int64_t recv_mono_us) {
    const bool is_backlog = at_ms < core->now_ms - SILENCE_PAST_MS;
    for (size_t i = 0; i < firings->count; i++) {
        const bool is_past = is_backlog || is_over_long_ago(firings, i, core->now_ms);
        const enum result result = take_one(core, device, &firings->items[i], is_past);
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
